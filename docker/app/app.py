#!/usr/bin/python3
"""The example application: app.py [--once] [HOST…]. Asks each host (else those of DATABASES, names with commas) how it is
connected, every ten seconds for as long as it lives.

It is careless on purpose: it asks for sslmode=disable. With --once it asks once, and its exit status is the number of
hosts that it could not ask.
"""
import os
import signal
import sys
import time

import psycopg2

QUESTION = "select case when ssl then version else 'no TLS' end from pg_stat_ssl where pid = pg_backend_pid()"


def ask(host):
    settings = {
        "host": host,
        "port": os.environ.get("PGPORT", "5432"),
        "dbname": "app",
        "user": "app",
        "password": os.environ["DATABASE_PASSWORD"],
        "sslmode": "disable",
        "application_name": "example",
        "connect_timeout": 10,
    }
    try:
        connection = psycopg2.connect(**settings)
    except psycopg2.OperationalError as error:
        print("%s: %s" % (host, str(error).strip()), flush=True)
        return False
    with connection.cursor() as cursor:
        cursor.execute(QUESTION)
        print("%s: %s" % (host, cursor.fetchone()[0]), flush=True)
    connection.close()
    return True


def main():
    # The first process of a container ends by a signal only if it says so.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    once = sys.argv[1:2] == ["--once"]
    hosts = sys.argv[2 if once else 1:] or os.environ.get("DATABASES", "postgres").split(",")
    while True:
        failed = sum(not ask(host) for host in hosts)
        if once:
            return failed
        time.sleep(10)


sys.exit(main())
