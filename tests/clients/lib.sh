# shellcheck shell=bash
# lib.sh: what a program's file says, and the packages and modules that it needs; for this suite and that of impostor/.
# Wants CACHE, the directory that modules are kept in.

note() { printf '# %s\n' "$*" >&2; }

# setting FILE NAME: this setting of a program's file, which need not be installed yet.
setting() { (
    # shellcheck disable=SC2034
    packages='' modules='' way='' modes='' expect=sealed
    # shellcheck source=/dev/null
    . "$1"
    printf '%s\n' "${!2}"
); }

# packages_install NAME…: what is missing of these Debian packages; returns non-zero if one of them stays missing.
packages_install() {
    local name missing=()
    for name in "$@"; do
        package_present "$name" || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    note "installing: ${missing[*]}"
    if ! apt_install "${missing[@]}"; then
        # One that cannot be had must not take the others with it: its own row fails, the others run.
        for name in "${missing[@]}"; do
            apt_install "$name" || note "cannot install $name"
        done
    fi
}

# packages_read: what package_present answers from.
packages_read() {
    # shellcheck disable=SC2016
    PRESENT=$'\n'$(dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' | sed -n 's/\(:[^ ]*\)\{0,1\} installed$//p')$'\n'
}
package_present() { [[ $PRESENT == *$'\n'"$1"$'\n'* ]]; }

# apt_install NAME…: programs only. Services that come with them (postfix, pdns, pgbouncer) must not start.
apt_install() {
    local policy=/usr/sbin/policy-rc.d status=0
    local -a get=(apt-get -y -q -o DPkg::Lock::Timeout=120 install --no-install-recommends "$@")
    if [[ -e $policy ]]; then
        policy=''
    else
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 0755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    # Perhaps the lists are missing or old.
    "${get[@]}" >&2 || { apt-get -q update && "${get[@]}"; } >&2 || status=1
    [[ -z $policy ]] || rm -f "$policy"
    return "$status"
}

# modules_install NAME…: npm modules, into $CACHE/npm; kept from one run to the next.
modules_install() {
    local name missing=()
    for name in "$@"; do
        module_present "$name" || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    note "npm install ${missing[*]}"
    command -v npm >/dev/null || apt_install npm || return 1
    # Addons are built with node's own headers, where its package brings them; Debian has them in one of their own.
    [[ -f /usr/include/node/node.h ]] || apt_install libnode-dev || return 1
    mkdir -p "$CACHE/npm"
    [[ -f $CACHE/npm/package.json ]] || printf '{"private": true}\n' >"$CACHE/npm/package.json"
    (
        cd "$CACHE/npm" || exit 1
        export npm_config_nodedir=/usr
        timeout 300 npm install --no-audit --no-fund "${missing[@]}" >&2 || exit 1
        if [[ -d node_modules/libpq && ! -f node_modules/libpq/build/Release/addon.node ]]; then
            npm rebuild --foreground-scripts libpq >&2
        fi
    )
}

module_present() { [[ -f $CACHE/npm/node_modules/$1/package.json ]]; }
