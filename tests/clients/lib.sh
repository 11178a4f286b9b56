# shellcheck shell=bash
# lib.sh: what the runner needs around the programs: two servers, their logs, the packages.
#
# Both servers are real, both answer to localhost and let everybody in (trust); only their certificates differ. "good"
# has one of the CA that the seal is told to trust, "impostor" one of a foreign CA with the same names. So whether a
# session came about at the impostor is decided by the client alone, and the server's log says it.

# shellcheck source=tests/lib/pki.sh
. "$TOP/tests/lib/pki.sh"

declare -A SERVER_PID=() SERVER_PORT=() SERVER_IDLE=()

note() { printf '# %s\n' "$*" >&2; }

as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }

# template_make DIR: the data directory that every server here is a copy of.
template_make() {
    local dir=$1
    install -d -o postgres -m 0700 "$dir"
    (
        cd /
        as_postgres "$PGBIN/initdb" -D "$dir" --no-sync -A trust -U postgres --wal-segsize=1 -E UTF8 --locale=C
        as_postgres "$PGBIN/postgres" --single -F -D "$dir" postgres <<'SQL'
create role app login superuser replication
create database app owner app
SQL
        # What the programs look at.
        as_postgres "$PGBIN/postgres" --single -F -D "$dir" app <<'SQL'
create table fruit (id int primary key, name text)
insert into fruit values (1, 'apple'), (2, 'pear')
create table mirrored (id int primary key, name text)
insert into mirrored values (1, 'apple')
create publication mirror for table mirrored
SQL
    ) >"$dir.log" 2>&1
    cat >>"$dir/postgresql.conf" <<'CONF'
fsync = off
jit = off
autovacuum = off
shared_buffers = 8MB
max_connections = 40
max_wal_size = 64MB
wal_level = logical
max_replication_slots = 8
max_wal_senders = 8
log_line_prefix = ''
log_connections = on
CONF
}

# server_start NAME CERTIFICATE: on a free port of localhost.
server_start() {
    local name=$1 certificate=$2 dir=$WORK/$1 port try
    cp -a --reflink=auto "$WORK/template" "$dir"
    install -o postgres -m 0600 "$WORK/pki/$certificate.key" "$dir/server.key"
    install -o postgres "$WORK/pki/$certificate.crt" "$dir/server.crt"
    printf '%s\n' 'host all all localhost trust' 'host replication all localhost trust' >"$dir/pg_hba.conf"
    printf '%s\n' 'ssl = on' "listen_addresses = 'localhost'" "unix_socket_directories = ''" \
        >>"$dir/postgresql.conf"
    for ((try = 0; try < 20; try++)); do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        (cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups \
            "$PGBIN/postgres" -D "$dir" -p "$port") >"$dir.log" 2>&1 </dev/null &
        SERVER_PID[$name]=$!
        # shellcheck disable=SC2034
        SERVER_PORT[$name]=$port
        while kill -0 "${SERVER_PID[$name]}" 2>/dev/null; do
            if grep -q 'ready to accept connections' "$dir.log"; then
                sleep 0.3
                SERVER_IDLE[$name]=$(server_children "$name")
                return 0
            fi
            sleep 0.05
        done
    done
    note "server $name did not start: $(<"$dir.log")"
    return 1
}

server_children() { pgrep -c -P "${SERVER_PID[$1]}" || true; }

# server_settle NAME: waits until the last session has ended, so that the log is whole.
server_settle() {
    local i
    for ((i = 0; i < 60; i++)); do
        (($(server_children "$1") <= SERVER_IDLE[$1])) && return 0
        sleep 0.05
    done
}

servers_stop() {
    local name
    for name in "${!SERVER_PID[@]}"; do
        kill -QUIT "${SERVER_PID[$name]}" 2>/dev/null || true
        wait "${SERVER_PID[$name]}" 2>/dev/null || true
    done
}

# seen: what the part of a server's log on standard input says of one run: "RECEIVED SEALED PLAIN", that is connections
# that arrived, sessions authorised under TLS, sessions authorised without.
seen() {
    awk '/connection received: host=/ { received++ }
         /connection authorized: / { if (/ SSL enabled /) sealed++; else plain++ }
         END { print received + 0, sealed + 0, plain + 0 }'
}

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
