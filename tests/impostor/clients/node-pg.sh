# shellcheck shell=bash disable=SC2016,SC2034
# node-postgres without its native part: its default is no TLS.
packages='nodejs@node npm@npm'
module=pg
library=pg
build() {
    cat >client.js <<'CODE'
const pool = new (require('pg').Pool)({connectionString: process.argv[2]});
pool.query('select $1::text', ['1']).then(() => pool.end(), (error) => { console.error(error); process.exit(1); });
CODE
}
bare=(node client.js '{url}')
own=(node client.js '{url}?sslmode=verify-full&sslrootcert={root}')
own_words='`sslmode=verify-full`, `sslrootcert`'
told_bare=all
told_drivers=revoked
