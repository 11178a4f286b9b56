#!/bin/sh
# roots.sh SUITE…: sets up a small Debian of each suite (bullseye trixie sid), of experimental (sid with the next libpq and
# its OAuth module), arm64 (a bookworm of that machine, unpacked and not configured) or experimental-arm64, with libpq and psql, in
# build/roots/SUITE. What is there is not fetched again. --mirror: prints where it comes from.
set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cache=$top/build/roots
# The arm64 root is also what `make arm64` links to; musl-dev is for the programs of musl.t.
sysroot=musl-dev,libc6-dev,libcurl4-openssl-dev,libelf-dev,libjansson-dev,libpq-dev,libssl-dev,libzstd-dev,zlib1g-dev

# The mirror that this machine itself uses.
mirror=$(sed -n -e 's/^URIs: *\([^ ]*\).*/\1/p' -e 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\(http[^ ]*\).*/\2/p' \
    /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list 2>/dev/null |
    grep -v security | head -n 1)
: "${mirror:?no mirror is named in apt sources}"

if [ "${1:-}" = --mirror ]; then
    echo "$mirror"
    exit 0
fi

discard() {
    if [ -d "$1" ]; then
        # debootstrap leaves proc mounted where it was interrupted.
        umount "$1/proc" "$1/sys" 2>/dev/null || true
        rm -rf --one-file-system "$1"
    fi
}

# The newest major version that experimental has; sid's own is an older one.
add_experimental() {
    echo "deb $mirror experimental main" >"$1/etc/apt/sources.list.d/experimental.list"
    # A mirror that stands still is as good here: what counts is the version.
    echo 'Acquire::Check-Valid-Until "false";' >"$1/etc/apt/apt.conf.d/90still"
    for command in update '-y --no-install-recommends -t experimental install libpq5 libpq-oauth postgresql-client-19'; do
        # shellcheck disable=SC2086
        chroot "$1" env DEBIAN_FRONTEND=noninteractive apt-get -q $command
    done
}

# What libpq needs of that machine, by apt with a state of its own: nothing is installed there already.
unpack_experimental_arm64() {
    mkdir -p "$1/apt/lists/partial" "$1/apt/archives/partial"
    printf 'deb %s sid main\ndeb %s experimental main\n' "$mirror" "$mirror" >"$1/apt/sources.list"
    : >"$1/apt/status"
    for command in update '--no-install-recommends --download-only -t experimental install libpq5 libpq-oauth postgresql-client-19'; do
        # shellcheck disable=SC2086
        apt-get -q -y -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root -o Acquire::Languages=none \
            -o Acquire::Check-Valid-Until=false -o Dir::State="$1/apt" -o Dir::State::status="$1/apt/status" -o Dir::Cache="$1/apt" \
            -o Dir::Etc::sourcelist="$1/apt/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=- $command || return 1
    done
    for deb in "$1"/apt/archives/*.deb; do
        dpkg -x "$deb" "$1" || return 1
    done
    rm -rf "$1/apt"
    [ -e "$1/lib" ] || ln -s usr/lib "$1/lib"
}

fetch() {
    suite=$1
    [ ! -e "$cache/$suite.complete" ] || return 0
    part=$cache/$suite.part log=$cache/$suite.log
    mkdir -p "$cache"
    discard "$part"
    discard "$cache/$suite"
    if [ "$suite" = experimental-arm64 ]; then
        echo "setting up $suite in build/roots (apt-get from $mirror)" >&2
        mkdir "$part"
        if ! unpack_experimental_arm64 "$part" >"$log" 2>&1; then
            tail -n 20 "$log" >&2
            return 1
        fi
        mv "$part" "$cache/$suite"
        touch "$cache/$suite.complete"
        return 0
    fi
    echo "setting up $suite in build/roots (debootstrap from $mirror)" >&2
    if [ "$suite" = arm64 ]; then
        set -- --foreign --arch=arm64 --include=libpq5,postgresql-client,python3-psycopg2,"$sysroot" bookworm
    elif [ "$suite" = experimental ]; then
        set -- sid
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
        # The linker follows absolute links from this machine's root, finds nothing and takes a static library instead.
        find "$part/usr/lib" -lname '/*' | while read -r link; do
            ln -srfn "$part$(readlink "$link")" "$link"
        done
    fi
    if [ "$suite" = experimental ] && ! add_experimental "$part" >>"$log" 2>&1; then
        tail -n 20 "$log" >&2
        return 1
    fi
    rm -f "$part"/var/cache/apt/archives/*.deb
    mv "$part" "$cache/$suite"
    touch "$cache/$suite.complete"
}

for suite; do
    fetch "$suite"
done
