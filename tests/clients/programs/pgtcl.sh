# shellcheck shell=bash disable=SC2034,SC2154
# libpgtcl: a Tcl extension opened RTLD_LOCAL.
packages="libpgtcl tcl"
way="module, RTLD_LOCAL"
modes="connect:PQconnectdb"
connect() {
    # shellcheck disable=SC2016
    echo 'package require Pgtcl
        set connection [pg_connect -conninfo [lindex $argv 0]]
        set result [pg_exec $connection "select * from fruit"]
        if {[pg_result $result -numTuples] != 2} {exit 1}
        exit 0' >fruit.tcl
    tclsh fruit.tcl "$CONNINFO"
}
