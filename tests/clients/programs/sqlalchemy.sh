# shellcheck shell=bash disable=SC2034,SC2154
# SQLAlchemy: psycopg2 behind an engine with a pool.
packages="python3-sqlalchemy python3-psycopg2 python3"
way="module (psycopg2), RTLD_LOCAL"
modes="pool:PQconnectdb"
connect() {
    /usr/bin/python3 - "$URI" <<'CODE'
import sys
import sqlalchemy

engine = sqlalchemy.create_engine(sys.argv[1], pool_size=2)
connections = [engine.connect() for _ in range(2)]
for connection in connections:
    assert len(connection.execute(sqlalchemy.text("select * from fruit")).fetchall()) == 2
    connection.close()
CODE
}
