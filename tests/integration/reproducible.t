#!/bin/bash
# Building twice gives the same two binaries, bit for bit: after a clean, and in another directory at another time.
set -euo pipefail
TOP=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/tap.sh
. "$TOP/tests/lib/tap.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL PREFIX DESTDIR LIBDIR
SCRATCH=$(mktemp -d /tmp/pgseal-repro.XXXXXX)
trap 'rm -rf --one-file-system "$SCRATCH"' EXIT
two() { make -s -C "$1" clean && make -s -C "$1" build/libpgseal.so build/pgseal-run; }
here=$SCRATCH/here there=$SCRATCH/a/rather/longer/name
for tree in "$here" "$there"; do
    mkdir -p "$tree"
    tar -C "$TOP" --exclude=./build --exclude=./.git -cf - . | tar --touch -C "$tree" -xf -
done
ok "it is built" two "$here"
mv "$here/build" "$SCRATCH/first"
ok "and again, in another zone and language" env TZ=Asia/Tokyo LC_ALL=C.UTF-8 make -s -C "$here" build/libpgseal.so build/pgseal-run
ok "and in another directory" two "$there"
for file in libpgseal.so pgseal-run; do
    ok "$file is the same after a clean" cmp "$SCRATCH/first/$file" "$here/build/$file"
    ok "$file is the same from another directory" cmp "$SCRATCH/first/$file" "$there/build/$file"
    nok "$file does not say where it was built" grep -qF "$SCRATCH" "$here/build/$file"
done
done_testing
