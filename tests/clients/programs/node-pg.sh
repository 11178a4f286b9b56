# shellcheck shell=bash disable=SC2034,SC2154
# node-postgres without its native part: speaks the protocol itself.
packages="nodejs"
modules="pg"
expect=unreachable
way="not libpq"
modes="connect:none"
version() { module_version pg; }
connect() {
    cat >fruit.js <<'CODE'
const pool = new (require('pg').Pool)({connectionString: process.argv[2]});
pool.query('select * from fruit').then((result) => process.exit(result.rows.length === 2 ? 0 : 1),
    (error) => { console.error(error); process.exit(1); });
CODE
    node fruit.js "$URI"
}
