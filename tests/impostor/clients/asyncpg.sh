# shellcheck shell=bash disable=SC2016,SC2034
# asyncpg: speaks the protocol itself; its default is prefer.
packages=python3-asyncpg
library=asyncpg
build() {
    cat >client.py <<'CODE'
import asyncio, asyncpg, sys

async def main():
    connection = await asyncpg.connect(sys.argv[1])
    assert await connection.fetchval("select $1::text", "1") == "1"
    await connection.close()

asyncio.run(main())
CODE
}
bare=(/usr/bin/python3 client.py '{url}')
own=(/usr/bin/python3 client.py '{url}?sslmode=verify-full&sslrootcert={root}&sslcrl={crl}')
own_words='`sslmode=verify-full`, `sslrootcert`, `sslcrl`'
crl=own
told_bare='no-tls self-signed foreign-ca wrong-name expired not-yet-valid'
told_drivers=revoked
