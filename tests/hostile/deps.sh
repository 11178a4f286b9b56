#!/bin/sh
# deps.sh: installs what `make check-hostile` needs besides `make deps`; says so first.
set -eu
missing=
for package in krb5-kdc krb5-admin-server krb5-user postgresql-server-dev-15 libssl-dev libkrb5-dev libldap-dev nodejs npm; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ] && ! command -v "$package" >/dev/null; then
        missing="$missing $package"
    fi
done
[ -n "$missing" ] || exit 0
echo "make check-hostile installs with apt-get:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086
apt-get install -q -y --no-install-recommends $missing
