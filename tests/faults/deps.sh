#!/bin/sh
# deps.sh: installs what `make check-faults` needs besides `make deps`; says so first.
set -eu
missing=
for package in valgrind libc6-dbg; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
        missing="$missing $package"
    fi
done
[ -n "$missing" ] || exit 0
echo "make check-faults installs with apt-get:$missing"
if [ "$(id -u)" != 0 ]; then
    echo "make check-faults: only root may install; run it as root, or: sudo apt-get install$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086
apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 $missing
