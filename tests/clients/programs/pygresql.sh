# shellcheck shell=bash disable=SC2034,SC2154
# PyGreSQL: a Python module in C, opened RTLD_LOCAL, with the oldest entry point of all.
packages="python3-pygresql python3"
way="module, RTLD_LOCAL"
modes="classic:PQsetdbLogin dbapi:PQsetdbLogin"
connect() {
    PGSSLMODE=disable /usr/bin/python3 - "$mode" "$HOST" "$PORT" <<'CODE'
import sys
import pg, pgdb

mode, host, port = sys.argv[1:]
if mode == "classic":
    connection = pg.connect(dbname="app", host=host, port=int(port), user="app")
    assert len(connection.query("select * from fruit").getresult()) == 2
else:
    connection = pgdb.connect(database="app", host=f"{host}:{port}", user="app")
    cursor = connection.cursor()
    cursor.execute("select * from fruit")
    assert len(cursor.fetchall()) == 2
CODE
}
