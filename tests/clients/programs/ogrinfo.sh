# shellcheck shell=bash disable=SC2034,SC2154
# ogrinfo: linked to libgdal, which is linked to libpq.
packages="gdal-bin"
way="NEEDED, through libgdal"
modes="connect:PQconnectdb"
connect() { ogrinfo -ro "PG:$CONNINFO tables=fruit" -sql 'select * from fruit'; }
