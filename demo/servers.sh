# shellcheck shell=bash disable=SC2034 # SERVER_PORT is for the script that sources this
# servers.sh: three throw-away PostgreSQL servers for the demo, on free ports of localhost:
#   genuine    TLS, with a certificate of our own CA
#   impostor   TLS, with a certificate for the same name that a foreign CA has signed
#   plain      no TLS at all
# Unlike tests/lib/env.sh it needs neither root nor a mount namespace.

# shellcheck source=tests/lib/pki.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tests/lib/pki.sh"

declare -A SERVER_PORT=() SERVER_PID=()

# PostgreSQL does not run as root.
_as_server() {
    if ((EUID == 0)); then
        setpriv --reuid=postgres --regid=postgres --init-groups "$@"
    else
        "$@"
    fi
}

_postgres_bin() {
    local dir
    for dir in /usr/lib/postgresql/*/bin; do
        [[ ! -x $dir/initdb ]] || printf '%s\n' "$dir"
    done | sort -V | tail -n 1
}

_free_port() {
    local port
    while port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    printf '%s\n' "$port"
}

# servers_start DIR: makes certificates (DIR/pki) and starts all three; non-zero, with the reason on stderr, if it cannot.
servers_start() {
    local dir=$1 bin name
    bin=$(_postgres_bin)
    [[ -n $bin ]] || { echo "no PostgreSQL server in /usr/lib/postgresql" >&2 && return 1; }
    (pki_make "$dir/pki") >"$dir/pki.log" 2>&1 &
    local pki=$!
    mkdir "$dir/data"
    ((EUID != 0)) || chown postgres "$dir/data"
    if ! (cd / && _as_server "$bin/initdb" -D "$dir/data/genuine" -A trust -U postgres -E UTF8 --locale=C --no-sync \
        --wal-segsize=1 >"$dir/initdb.log" 2>&1); then
        cat "$dir/initdb.log" >&2
        return 1
    fi
    wait "$pki" || { cat "$dir/pki.log" >&2 && return 1; }
    _as_server tee -a "$dir/data/genuine/postgresql.conf" >/dev/null <<'END'
listen_addresses = 'localhost'
unix_socket_directories = ''
log_connections = on
log_line_prefix = ''
fsync = off
shared_buffers = 4MB
END
    _as_server cp -a "$dir/data/genuine" "$dir/data/impostor"
    _as_server cp -a "$dir/data/genuine" "$dir/data/plain"
    _server_run "$dir" "$bin" genuine good
    _server_run "$dir" "$bin" impostor impostor
    _server_run "$dir" "$bin" plain ''
    for name in genuine impostor plain; do
        _server_wait "$dir" "$name" || return 1
    done
}

_server_run() { # DIR BIN NAME CERTIFICATE
    local dir=$1 bin=$2 name=$3 certificate=$4 data=$1/data/$3 port
    if [[ -n $certificate ]]; then
        _as_server tee "$data/server.key" <"$dir/pki/$certificate.key" >/dev/null
        _as_server tee "$data/server.crt" <"$dir/pki/$certificate.crt" >/dev/null
        _as_server chmod 0600 "$data/server.key"
        echo 'ssl = on' | _as_server tee -a "$data/postgresql.conf" >/dev/null
    fi
    port=$(_free_port)
    SERVER_PORT[$name]=$port
    # A subshell that becomes the server: its number is the server's.
    (
        cd /
        if ((EUID == 0)); then
            exec setpriv --reuid=postgres --regid=postgres --init-groups "$bin/postgres" -D "$data" -p "$port"
        fi
        exec "$bin/postgres" -D "$data" -p "$port"
    ) >"$dir/$name.log" 2>&1 </dev/null &
    SERVER_PID[$name]=$!
}

_server_wait() { # DIR NAME
    local i
    for ((i = 0; i < 600; i++)); do
        ! grep -q 'ready to accept connections' "$1/$2.log" || return 0
        kill -0 "${SERVER_PID[$2]}" 2>/dev/null || break
        sleep 0.05
    done
    echo "the server \"$2\" did not start:" >&2
    cat "$1/$2.log" >&2
    return 1
}

servers_stop() {
    local name
    for name in "${!SERVER_PID[@]}"; do
        kill -QUIT "${SERVER_PID[$name]}" 2>/dev/null || true
        wait "${SERVER_PID[$name]}" 2>/dev/null || true
    done
    SERVER_PID=()
}
