# shellcheck shell=bash
# scan.sh: what the tests of `pgseal scan` share: how it is run, how its answer is read, and a program that is linked to libpq.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/tap.sh
. "$top/tests/lib/tap.sh"
pgseal=${CLI:-$top/build/pgseal}
object=${OBJECT:-$top/build/libpgseal.so}
export LC_ALL=C
unset NO_COLOR LD_PRELOAD LD_LIBRARY_PATH
umask 022
work=$(mktemp -d /tmp/pgseal-scan.XXXXXX)
chmod 0755 "$work"
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT
cd "$work"

include=$(pg_config --includedir)
psql=$(pg_config --bindir)/psql
status=0
run() { # ARG…: sets status, out and err
    status=0
    "$pgseal" "$@" >out 2>err </dev/null || status=$?
    out=$(cat out) err=$(cat err)
}
scan() { run scan --json "$@"; }
field() { jq -r "$1" <out; }
# item PATH: "kind verdict way,way" of the item whose path ends so, or "none".
item() {
    jq -r --arg path "$1" '[.items[] | select(.path | endswith($path)) | "\(.kind) \(.verdict) \([.ways[].way] | join(","))"]
        | if length == 0 then "none" else join(" | ") end' <out
}
evidence() { jq -r --arg path "$1" '.items[] | select(.path | endswith($path)) | .ways[].evidence' <out; }
why() { jq -r --arg path "$1" '.items[] | select(.path | endswith($path)) | .why' <out; }

mkdir -p tree/bin tree/lib tree/app
cat >direct.c <<'END'
#include <libpq-fe.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 5)
        PQconnectdb("");
    pause();
    return PQlibVersion() == 0;
}
END
gcc -I"$include" -o tree/bin/direct direct.c -lpq
