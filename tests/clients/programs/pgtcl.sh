# shellcheck shell=bash disable=SC2034,SC2154
# libpgtcl: a Tcl extension opened RTLD_LOCAL; plain, and asynchronous with a polling loop.
packages="libpgtcl tcl"
way="module, RTLD_LOCAL"
modes="sync:PQconnectdb async:PQconnectStart"
connect() {
    cat >fruit.tcl <<'CODE'
package require Pgtcl
lassign $argv mode conninfo
set async [string equal $mode async]
set connection [pg_connect -conninfo $conninfo -async $async]
while {$async && [set state [pg_getdata $connection -connection]] ne "PGRES_POLLING_OK"} {
    if {$state eq "PGRES_POLLING_FAILED"} {exit 2}
    after 5
}
set result [pg_exec $connection "select * from fruit"]
exit [expr {[pg_result $result -numTuples] != 2}]
CODE
    tclsh fruit.tcl "$mode" "$CONNINFO"
}
