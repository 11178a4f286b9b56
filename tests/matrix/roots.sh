#!/bin/sh
# roots.sh SUITE…: sets up a small Debian of each suite (bullseye trixie sid), or arm64 (a bookworm of that machine, unpacked
# and not configured), with libpq and psql, in build/roots/SUITE. What is there is not fetched again.
set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cache=$top/build/roots
# The arm64 root is also what `make arm64` links to; musl-dev is for the programs of musl.t.
sysroot=musl-dev,libc6-dev,libcurl4-openssl-dev,libelf-dev,libjansson-dev,libpq-dev,libssl-dev,libzstd-dev,zlib1g-dev

# The mirror that this machine itself uses.
mirror=$(sed -n -e 's/^URIs: *\([^ ]*\).*/\1/p' -e 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\(http[^ ]*\).*/\2/p' \
    /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list 2>/dev/null |
    grep -v security | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian}

discard() {
    if [ -d "$1" ]; then
        # debootstrap leaves proc mounted where it was interrupted.
        umount "$1/proc" "$1/sys" 2>/dev/null || true
        rm -rf --one-file-system "$1"
    fi
}

fetch() {
    suite=$1
    [ ! -e "$cache/$suite.complete" ] || return 0
    part=$cache/$suite.part log=$cache/$suite.log
    mkdir -p "$cache"
    discard "$part"
    discard "$cache/$suite"
    echo "setting up $suite in build/roots (debootstrap from $mirror)" >&2
    if [ "$suite" = arm64 ]; then
        set -- --foreign --arch=arm64 --include=libpq5,postgresql-client,python3-psycopg2,"$sysroot" bookworm
    else
        set -- --include=libpq5,postgresql-client "$suite"
    fi
    if ! debootstrap --variant=minbase "$@" "$part" "$mirror" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        return 1
    fi
    if [ "$suite" = arm64 ]; then
        for deb in "$part"/var/cache/apt/archives/*.deb; do
            dpkg -x "$deb" "$part"
        done
    fi
    rm -f "$part"/var/cache/apt/archives/*.deb
    mv "$part" "$cache/$suite"
    touch "$cache/$suite.complete"
}

for suite; do
    fetch "$suite"
done
