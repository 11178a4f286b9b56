#!/bin/sh
# npm.sh NAME@VERSION…: fetches packages from npm into build/npm and prints the directory of each. What is there is not
# fetched again.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cache=$root/build/npm

for package; do
    dir=$cache/$(printf '%s' "$package" | tr '/@' '__')
    if [ ! -e "$dir/package/package.json" ]; then
        mkdir -p "$cache"
        tmp=$(mktemp -d "$cache/fetch.XXXXXX")
        (
            cd "$tmp"
            npm pack --silent "$package" >/dev/null
            tar xzf ./*.tgz
            rm -f ./*.tgz
            mv ./* package 2>/dev/null || true
        )
        # Another run may have been quicker.
        mv -T "$tmp" "$dir" 2>/dev/null || [ -e "$dir/package/package.json" ]
        rm -rf "$tmp"
    fi
    echo "$dir/package"
done
