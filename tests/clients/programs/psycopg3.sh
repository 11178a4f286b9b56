# shellcheck shell=bash disable=SC2034,SC2154
# psycopg 3, pure Python: libpq by ctypes, that is dlopen and dlsym; plain, asyncio and its pools.
packages="python3-psycopg python3-psycopg-pool python3"
way="ctypes: dlsym(handle)"
modes="sync:PQconnectStart async:PQconnectStart pool:PQconnectStart asyncpool:PQconnectStart ping:PQping"
connect() {
    PSYCOPG_IMPL=python /usr/bin/python3 - "$mode" "$CONNINFO" <<'CODE'
import asyncio, sys
import psycopg, psycopg_pool

mode, conninfo = sys.argv[1:]
assert psycopg.pq.__impl__ == "python"

async def fetch(connection):
    cursor = await connection.execute("select * from fruit")
    assert len(await cursor.fetchall()) == 2

async def single():
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        await fetch(connection)

async def pooled():
    async with psycopg_pool.AsyncConnectionPool(conninfo, min_size=2, open=False) as pool:
        await pool.wait(timeout=3)
        async with pool.connection() as connection:
            await fetch(connection)

if mode == "sync":
    with psycopg.connect(conninfo) as connection:
        assert len(connection.execute("select * from fruit").fetchall()) == 2
elif mode == "async":
    asyncio.run(single())
elif mode == "asyncpool":
    asyncio.run(pooled())
elif mode == "ping":
    assert psycopg.pq.PGconn.ping(conninfo.encode()) == psycopg.pq.Ping.OK
else:
    with psycopg_pool.ConnectionPool(conninfo, min_size=2) as pool:
        pool.wait(timeout=3)
        with pool.connection() as connection:
            assert len(connection.execute("select * from fruit").fetchall()) == 2
CODE
}
