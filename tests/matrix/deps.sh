#!/bin/sh
# deps.sh: installs what `make check-matrix` needs besides `make deps`; says so first.
set -eu
missing=
for package in nodejs npm debootstrap debian-archive-keyring qemu-user-static gcc-aarch64-linux-gnu \
    libc6-dev-arm64-cross postgresql-server-dev-15 libkrb5-dev libldap-dev; do
    case $package in
    nodejs) command -v node >/dev/null && continue ;;
    npm) command -v npm >/dev/null && continue ;;
    esac
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
        missing="$missing $package"
    fi
done
[ -n "$missing" ] || exit 0
echo "make check-matrix installs with apt-get:$missing"
if [ "$(id -u)" != 0 ]; then
    echo "make check-matrix: only root may install; run it as root, or: sudo apt-get install$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086
apt-get install -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends $missing
