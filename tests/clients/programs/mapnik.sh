# shellcheck shell=bash disable=SC2034,SC2154
# Mapnik's PostGIS plugin, as npm has it: libpq and OpenSSL are built into the module, but its functions are exported and
# called through the linkage table, so that the hooks come before them.
packages="nodejs"
modules="@mapnik/mapnik"
way="libpq inside a module, replaceable"
modes="datasource:PQconnectdb"
version() { module_version @mapnik/core-linux-x64; }
connect() {
    cat >fruit.js <<'CODE'
const path = require('path');
const mapnik = require('@mapnik/mapnik');
const core = path.dirname(require.resolve('@mapnik/core-linux-x64/package.json'));
mapnik.register_datasource(path.join(core, 'lib/mapnik/input/postgis+pgraster.input'));
const source = new mapnik.Datasource({
    type: 'postgis', host: process.argv[2], port: process.argv[3], user: 'app', dbname: 'app', table: 'fruit',
    geometry_field: 'name', srid: 4326, extent: '0,0,1,1', key_field: 'id',
});
process.exit(source.fields().id ? 0 : 1);
CODE
    node fruit.js "$HOST" "$PORT"
}
