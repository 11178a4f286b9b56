# shellcheck shell=bash disable=SC2034,SC2154
# asyncpg: speaks the protocol itself.
packages="python3-asyncpg python3"
expect=unreachable
way="not libpq"
modes="connect:none"
connect() {
    /usr/bin/python3 - "$URI" <<'CODE'
import asyncio, sys
import asyncpg

async def main():
    connection = await asyncpg.connect(sys.argv[1])
    assert len(await connection.fetch("select * from fruit")) == 2
    await connection.close()

asyncio.run(main())
CODE
}
