# shellcheck shell=bash disable=SC2034,SC2154
# pgloader: Common Lisp, speaks the protocol itself.
packages="pgloader"
expect=unreachable
way="not libpq"
modes="connect:none"
connect() {
    printf '3,cherry\n' >fruit.csv
    cat >fruit.load <<LOAD
load csv from '$SCRATCH/fruit.csv' (id, name) into $URI target table public.mirrored (id, name)
    with truncate, fields terminated by ',';
LOAD
    pgloader --no-ssl-cert-verification --root-dir "$SCRATCH/root" fruit.load
}
