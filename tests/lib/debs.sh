#!/bin/sh
# debs.sh PACKAGE…: unpacks Debian packages below build/debs without installing them: of daemons whose programs check their own
# configurations, and that must not come up here.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$top/build/debs/stamps"
cd "$top/build/debs"
missing=
for package in "$@"; do
    [ -e "stamps/$package" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "make deps downloads with apt-get, and does not install:$missing"
# shellcheck disable=SC2086
apt-get download -q $missing 2>/dev/null || {
    apt-get update -q
    apt-get download -q $missing
}
for package in $missing; do
    dpkg-deb -x "${package}"_*.deb .
    rm "${package}"_*.deb
    touch "stamps/$package"
done
