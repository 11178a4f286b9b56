# shellcheck shell=bash disable=SC2034,SC2154
# pg-native: node-postgres over libpq, a Node addon built on the spot; sync, async, and in pg's pool.
packages="nodejs libpq-dev g++ make python3"
modules="pg-native pg"
way="module, RTLD_LOCAL"
modes="sync:PQconnectdb async:PQconnectdb pool:PQconnectdb"
version() { module_version pg-native; }
connect() {
    cat >fruit.js <<'CODE'
const [mode, conninfo, uri] = process.argv.slice(2);
const Client = require('pg-native');
function finish(error, rows) {
    if (!error && rows.length !== 2) error = new Error('not two rows');
    if (error) console.error(error);
    process.exit(error ? 1 : 0);
}
if (mode === 'sync') {
    const client = new Client();
    client.connectSync(conninfo);
    finish(null, client.querySync('select * from fruit'));
} else if (mode === 'async') {
    const client = new Client();
    client.connect(conninfo, (error) => {
        if (error) finish(error);
        client.query('select * from fruit', finish);
    });
} else {
    const pool = new (require('pg').native.Pool)({connectionString: uri, max: 2});
    pool.query('select * from fruit').then((result) => finish(null, result.rows), finish);
}
CODE
    node fruit.js "$mode" "$CONNINFO" "$URI"
}
