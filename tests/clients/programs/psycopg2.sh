# shellcheck shell=bash disable=SC2034,SC2154
# psycopg2: a Python module in C, opened RTLD_LOCAL; the plain way, with a wait callback's own loop, and pooled.
packages="python3-psycopg2 python3"
way="module, RTLD_LOCAL"
modes="sync:PQconnectdb async:PQconnectStart pool:PQconnectdb"
connect() {
    /usr/bin/python3 - "$mode" "$CONNINFO" <<'CODE'
import select, sys
import psycopg2, psycopg2.extensions, psycopg2.pool

mode, conninfo = sys.argv[1:]

def wait(connection):
    while True:
        state = connection.poll()
        if state == psycopg2.extensions.POLL_OK:
            return
        if state == psycopg2.extensions.POLL_READ:
            select.select([connection.fileno()], [], [])
        else:
            select.select([], [connection.fileno()], [])

if mode == "sync":
    connections = [psycopg2.connect(conninfo)]
elif mode == "pool":
    pool = psycopg2.pool.ThreadedConnectionPool(2, 4, conninfo)
    connections = [pool.getconn() for _ in range(3)]
else:
    connections = [psycopg2.connect(conninfo, async_=True)]
    wait(connections[0])
for connection in connections:
    cursor = connection.cursor()
    cursor.execute("select * from fruit")
    if mode == "async":
        wait(connection)
    assert len(cursor.fetchall()) == 2
CODE
}
