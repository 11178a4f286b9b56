# shellcheck shell=bash disable=SC2034,SC2154
# osm2pgsql: linked to libpq; it looks at the database before it looks at its input.
packages="osm2pgsql postgresql-15-postgis-3"
way="NEEDED"
modes="connect:PQconnectdb"
schema() { echo 'create extension postgis;'; }
connect() {
    echo '<osm version="0.6"><node id="1" lat="1" lon="1" version="1"/></osm>' >map.osm
    osm2pgsql --output=null --slim -d "$CONNINFO" map.osm
}
