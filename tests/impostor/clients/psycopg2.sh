# shellcheck shell=bash disable=SC2016,SC2034
# psycopg 2: libpq in a Python module.
packages=python3-psycopg2
library='psycopg 2'
build() {
    cat >client.py <<'CODE'
import psycopg2, sys
cursor = psycopg2.connect(sys.argv[1]).cursor()
cursor.execute("select %s", ("1",))
assert cursor.fetchone() == ("1",)
CODE
}
bare=(/usr/bin/python3 client.py '{url}')
own=(/usr/bin/python3 client.py '{url}?sslmode=verify-full&sslrootcert={root}&sslcrl={crl}')
own_words='`sslmode=verify-full`, `sslrootcert`, `sslcrl`'
crl=own
told_bare='no-tls self-signed foreign-ca wrong-name expired not-yet-valid old-tls stripped'
