# shellcheck shell=bash disable=SC2016,SC2034
# libpq's own client: its default is prefer.
packages=postgresql-client-15
library=psql
bare=(psql -XAt '{url}' -c 'select 1')
own=(psql -XAt '{url}?sslmode=verify-full&sslrootcert={root}&sslcrl={crl}' -c 'select 1')
own_words='`sslmode=verify-full`, `sslrootcert`, `sslcrl`'
crl=own
told_bare='no-tls self-signed foreign-ca wrong-name expired not-yet-valid old-tls stripped'
