# shellcheck shell=bash disable=SC2016,SC2034
# psycopg 3, pure Python: libpq through ctypes.
packages=python3-psycopg
library='psycopg 3'
build() {
    cat >client.py <<'CODE'
import psycopg, sys
with psycopg.connect(sys.argv[1]) as connection:
    assert connection.execute("select %s", ("1",)).fetchone() == ("1",)
CODE
}
bare=(/usr/bin/python3 client.py '{url}')
own=(/usr/bin/python3 client.py '{url}?sslmode=verify-full&sslrootcert={root}&sslcrl={crl}')
own_words='`sslmode=verify-full`, `sslrootcert`, `sslcrl`'
crl=own
told_bare='no-tls self-signed foreign-ca wrong-name expired not-yet-valid old-tls stripped'
