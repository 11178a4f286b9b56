# shellcheck shell=bash disable=SC2034,SC2154
# Django: psycopg2 behind its database layer.
packages="python3-django python3-psycopg2 python3"
way="module (psycopg2), RTLD_LOCAL"
modes="connect:PQconnectdb"
connect() {
    /usr/bin/python3 - "$HOST" "$PORT" <<'CODE'
import sys
from django.conf import settings

settings.configure(DATABASES={"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": "app", "USER": "app",
    "HOST": sys.argv[1], "PORT": sys.argv[2], "OPTIONS": {"sslmode": "disable"}}})
from django.db import connection

with connection.cursor() as cursor:
    cursor.execute("select * from fruit")
    assert len(cursor.fetchall()) == 2
CODE
}
