# shellcheck shell=bash
# env.sh: what every integration test sources: certificates, real PostgreSQL servers, the object under test, its log.
#
# The script that sources it runs as root in a mount namespace of its own, with a private copy of /etc, so that it may
# write /etc/pgseal/policy.conf, /etc/hosts and /etc/ld.so.preload without touching the machine or another test.
#
# Set here: TEST_DIR (a temporary directory, removed at the end), PKI (see pki.sh), OBJECT (the object), ENTRY_POINTS (see entry_points.c),
# EVENTS (the log's file), TESTUSER (a user without privileges), TEST_TOP (the source tree).
# Environment: TEST_SHARED (a directory that env_prepare filled, made by tests/run), OBJECT.
set -euo pipefail

TEST_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
_env_object=${OBJECT:-$TEST_TOP/build/libpgseal.so}

if [[ $EUID != 0 ]]; then
    echo "Bail out! the integration tests run as root (they make mount namespaces and change users)"
    exit 1
fi
if [[ ${TEST_NAMESPACE:-} != "$$" ]]; then
    # unshare(1) and the script that it runs keep this process number.
    TEST_NAMESPACE=$$ exec unshare -m --propagation private -- "$BASH" "$0" "$@"
fi
unset TEST_NAMESPACE

# shellcheck source=tests/lib/tap.sh
. "$TEST_TOP/tests/lib/tap.sh"
# shellcheck source=tests/lib/pki.sh
. "$TEST_TOP/tests/lib/pki.sh"

# Nothing of the caller's own settings may reach a test.
for _env_name in $(compgen -e | grep -E '^(PG|LD_PRELOAD$|SSL_CERT_|OPENSSL_)' || true); do
    unset "$_env_name"
done
export LC_ALL=C TZ=UTC
exec </dev/null # a program that asks for a password must not wait for the tester's
umask 022

TEST_DIR=$(mktemp -d /tmp/pgseal-test.XXXXXX)
chmod 0755 "$TEST_DIR"
TESTUSER=${TESTUSER:-nobody}
EVENTS=$TEST_DIR/log/events.jsonl
TEST_HBA=() # further lines of pg_hba.conf for the servers that env_start starts
declare -A _env_pid=() _env_port=() _env_mark=() _env_signal=()

_env_cleanup() {
    local status=$? name
    trap - EXIT
    for name in "${!_env_pid[@]}"; do
        kill "-${_env_signal[$name]:-QUIT}" "${_env_pid[$name]}" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    cd /
    # Nothing mounted below $TEST_DIR may be walked into when it is removed: a bind of /dev there would be emptied for all.
    while read -r _ _ _ _ name _; do
        [[ $name == "$TEST_DIR"/* || $name == /etc ]] && umount -l "$name" 2>/dev/null
    done < <(tac /proc/self/mountinfo)
    if [[ -n ${TEST_KEEP:-} ]]; then
        echo "# kept: $TEST_DIR"
    else
        rm -rf --one-file-system "$TEST_DIR" || true
    fi
    exit "$status"
}
trap _env_cleanup EXIT
trap 'exit 130' INT TERM

mkdir "$TEST_DIR/log" "$TEST_DIR/bin" "$TEST_DIR/home" "$TEST_DIR/etc" "$TEST_DIR/srv"
chmod 1777 "$TEST_DIR/log"
export HOME=$TEST_DIR/home
mount -t tmpfs -o mode=755 tmpfs "$TEST_DIR/etc"
cp -a /etc/. "$TEST_DIR/etc/"
rm -rf "$TEST_DIR/etc/pgseal" "$TEST_DIR/etc/ld.so.preload" "$TEST_DIR/etc/postgresql-common/pg_service.conf"
mkdir "$TEST_DIR/etc/pgseal"
mount --bind "$TEST_DIR/etc" /etc

OBJECT=$TEST_DIR/bin/libpgseal.so
ENTRY_POINTS=$TEST_DIR/bin/entry_points
# OBJECT=none runs everything bare: it shows that a test can fail.
[[ $_env_object == none ]] || cp "$_env_object" "$OBJECT"
cp "$TEST_TOP/build/tests/entry_points" "$ENTRY_POINTS"
chmod 0755 "$TEST_DIR/bin"/*

_env_bindir() {
    local dir
    for dir in /usr/lib/postgresql/*/bin; do
        [[ -x $dir/initdb ]] && printf '%s\n' "$dir"
    done | sort -V | tail -n 1
}
TEST_BIN=$(_env_bindir)

_env_as_postgres() {
    setpriv --reuid=postgres --regid=postgres --init-groups "$@"
}

# env_prepare DIR: makes the certificates and one data directory that all servers are copies of.
env_prepare() {
    local dir=$1
    mkdir -p "$dir"
    chmod 0755 "$dir"
    pki_make "$dir/pki"
    install -d -o postgres -m 0700 "$dir/data"
    (
        cd /
        _env_as_postgres "$TEST_BIN/initdb" -D "$dir/data" --no-sync -A trust -U postgres --wal-segsize=1 -E UTF8 \
            --locale=C >"$dir/initdb.log" 2>&1
        _env_as_postgres "$TEST_BIN/postgres" --single -F -D "$dir/data" template1 >"$dir/single.log" 2>&1 <<END
create extension sslinfo
create role app login
create role secret login password 'hunter2-sesame'
create database app owner app
grant pg_monitor to app
END
    )
    cat >>"$dir/data/postgresql.conf" <<'END'
listen_addresses = '127.0.0.1'
fsync = off
max_connections = 60
shared_buffers = 4MB
dynamic_shared_memory_type = mmap
max_wal_senders = 2
max_wal_size = 32MB
autovacuum = off
log_connections = on
log_line_prefix = ''
log_timezone = UTC
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
ssl_ca_file = 'root.crt'
jit = off
END
}

# env_start NAME…: starts these servers: good impostor wrongname expired revoked nossl demanding (a client certificate).
env_start() {
    local name dir
    for name in "$@"; do
        dir=$TEST_DIR/srv/$name
        cp -a --reflink=auto "$_env_template/data" "$dir"
        install -d -o postgres -m 0755 "$TEST_DIR/srv/$name.sock"
        local cert=$name ssl=on rule='host all all 127.0.0.0/8 trust'
        case $name in
        nossl) cert=good ssl=off ;;
        demanding) cert=good rule='hostssl all app 127.0.0.0/8 cert' ;;
        esac
        install -o postgres -m 0600 "$PKI/$cert.key" "$dir/server.key"
        install -o postgres "$PKI/$cert.crt" "$dir/server.crt"
        install -o postgres "$PKI/root.pem" "$dir/root.crt"
        printf '%s\n' 'local all all trust' 'host all secret 127.0.0.0/8 scram-sha-256' "$rule" \
            "${TEST_HBA[@]}" >"$dir/pg_hba.conf"
        printf '%s\n' "ssl = $ssl" "unix_socket_directories = '$TEST_DIR/srv/$name.sock'" >>"$dir/postgresql.conf"
        _env_launch "$name"
    done
    for name in "$@"; do
        _env_wait "$name"
        log_mark "$name"
    done
}

_env_launch() {
    local name=$1 port
    while :; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    _env_port[$name]=$port
    : >"$TEST_DIR/srv/$name.log" # what an earlier launch wrote is not this one being ready
    (cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups \
        "$TEST_BIN/postgres" -D "$TEST_DIR/srv/$name" -p "$port") >"$TEST_DIR/srv/$name.log" 2>&1 </dev/null &
    _env_pid[$name]=$!
}

_env_wait() {
    local name=$1 i
    for ((i = 0; i < 1000; i++)); do
        grep -q 'ready to accept connections' "$TEST_DIR/srv/$name.log" && return 0
        if ! kill -0 "${_env_pid[$name]}" 2>/dev/null; then
            grep -q 'could not create any TCP/IP sockets' "$TEST_DIR/srv/$name.log" || break
            _env_launch "$name"
        fi
        sleep 0.02
    done
    diag "server $name did not start: $(<"$TEST_DIR/srv/$name.log")"
    return 1
}

# env_stop NAME
env_stop() {
    kill "-${_env_signal[$1]:-INT}" "${_env_pid[$1]}"
    wait "${_env_pid[$1]}" || true
    unset "_env_pid[$1]"
}

env_port() { printf '%s\n' "${_env_port[$1]}"; }
env_log() { printf '%s\n' "$TEST_DIR/srv/$1.log"; }
env_socket_dir() { printf '%s\n' "$TEST_DIR/srv/$1.sock"; }

# log_mark NAME: what sessions and contacts look at begins here.
log_mark() { _env_mark[$1]=$(stat -c %s "$(env_log "$1")"); }
log_since() { tail -c "+$((_env_mark[$1] + 1))" "$(env_log "$1")"; }

# sessions NAME: each session that the server authorised since the mark: "APPLICATION ssl|plain".
sessions() {
    log_since "$1" | sed -n \
        -e 's/.*connection authorized:.* application_name=\([^ ]*\) SSL enabled .*/\1 ssl/p' -e t \
        -e 's/.*connection authorized:.* SSL enabled .*/- ssl/p' -e t \
        -e 's/.*connection authorized:.* application_name=\([^ ]*\).*/\1 plain/p' -e t \
        -e 's/.*connection authorized:.*/- plain/p'
}

# contacts NAME: how many connections the server accepted since the mark, whatever came of them.
contacts() { log_since "$1" | grep -c 'connection received' || true; }

# contact_await NAME: waits until the server has logged a connection since the mark. A client that hangs up at once may be
# gone before that, and the next look at the log would blame what came after it.
contact_await() {
    local i
    for ((i = 0; i < 100 && $(contacts "$1") == 0; i++)); do sleep 0.05; done
}

# _env_contacts: each running server or recorder, and how many connections it ever accepted: "good=3 impostor=0".
_env_contacts() {
    local name line=
    local -a files
    for name in "${!_env_pid[@]}"; do
        if [[ -f $TEST_DIR/srv/$name/port ]]; then
            files=("$TEST_DIR/srv/$name"/*.raw)
            [[ -e ${files[0]} ]] || files=()
            line+="$name=${#files[@]} "
        else
            line+="$name=$(grep -c 'connection received' "$(env_log "$name")" || true) "
        fi
    done
    printf '%s\n' "${line% }"
}

# --- the object under test and its log

# sealed COMMAND…: under the object; bare COMMAND…: without. (sealed_)as_user COMMAND…: as TESTUSER.
sealed() { env LD_PRELOAD="$OBJECT" "$@"; }
sealed_as_user() { as_user env LD_PRELOAD="$OBJECT" "$@"; }
bare() { env -u LD_PRELOAD "$@"; }
as_user() {
    setpriv --reuid="$TESTUSER" --regid="$(id -g "$TESTUSER")" --clear-groups "$@"
}

# run COMMAND…: leaves OUT, ERR and RC.
# shellcheck disable=SC2034
run() {
    RC=0
    OUT=$("$@" 2>"$TEST_DIR/run.err") || RC=$?
    ERR=$(<"$TEST_DIR/run.err")
}

# out KEY…: these fields of the line of entry_points in OUT, with blanks between (jq would cost more than the connection).
out() {
    local key line='' value
    for key in "$@"; do
        value=
        if [[ $OUT =~ \"$key\":\"(([^\"\\]|\\.)*)\" ]]; then
            value=${BASH_REMATCH[1]//\\\"/\"}
            value=${value//\\\\/\\}
            value=${value//\\u000a/$'\n'}
        fi
        line+="$value "
    done
    printf '%s\n' "${line% }"
}

# policy: writes /etc/pgseal/policy.conf from standard input, with a log for the test in front unless it has one.
policy() {
    local text
    text=$(cat)
    rm -rf /etc/pgseal/policy.conf
    {
        [[ $text == log\ * || $text == *$'\nlog '* ]] || printf 'log = file:%s\n' "$EVENTS"
        [[ $text == *log_level* ]] || printf 'log_level = all\n'
        printf '%s\n' "$text"
    } >/etc/pgseal/policy.conf
}
no_policy() { rm -rf /etc/pgseal/policy.conf; }
# policy_line TEXT: the number of the policy's first line that begins so.
policy_line() { grep -nF -- "$1" /etc/pgseal/policy.conf | head -n 1 | cut -d: -f1; }

forget_events() { rm -f "$EVENTS"; }
# events FILTER: the log's lines through jq -c (all lines must be JSON).
events() { if [[ -f $EVENTS ]]; then jq -c "$1" "$EVENTS"; fi; }
# verdicts: event and action of each verdict line, in order, as one string.
verdicts() {
    if [[ -f $EVENTS ]]; then
        jq -rs '[.[] | select(.event | IN("refuse","exempt","downgrade","socket","seal")) | .event + "/" + .action]
            | join(" ")' "$EVENTS"
    fi
}
# asked: what was explicitly asked for otherwise, as "option source requested enforced; …", of the first verdict line.
asked() {
    if [[ -f $EVENTS ]]; then
        jq -rs '[.[] | select(.changes)][0] // {} | [.changes // [] | .[] | select(.source != "default")
            | "\(.option) \(.source) \(.requested) \(.enforced)"] | sort | join("; ")' "$EVENTS"
    fi
}
# reason EVENT: the reason of the first such line.
reason() { if [[ -f $EVENTS ]]; then jq -rs --arg e "$1" '[.[] | select(.event == $e)][0].reason // ""' "$EVENTS"; fi; }

if [[ -n ${TEST_SHARED:-} && -d ${TEST_SHARED}/data ]]; then
    _env_template=$TEST_SHARED
else
    _env_template=$TEST_DIR/template
    env_prepare "$_env_template"
fi
PKI=$TEST_DIR/pki
cp -a "$_env_template/pki" "$PKI"

# tap_context: what a reader of a failure wants to see (tap.sh calls it).
tap_context() {
    local name
    if [[ -f /etc/pgseal/policy.conf ]]; then diag "policy: $(grep -vE '^ *(#|$)' /etc/pgseal/policy.conf | head -n 12)"; fi
    if [[ -s $EVENTS ]]; then diag "events: $(tail -n 3 "$EVENTS" | cut -c1-700)"; fi
    for name in "${!_env_pid[@]}"; do
        if [[ -n ${_env_mark[$name]:-} ]]; then
            diag "server $name: $(log_since "$name" | tail -n 5 | cut -c1-300)"
        fi
    done
    return 0
}

# --- servers that only record

# recorder_start NAME ANSWER [OPTION…]: see tests/lib/recorder; env_port and env_stop know it by NAME.
recorder_start() {
    local name=$1 i
    shift
    mkdir "$TEST_DIR/srv/$name"
    "$TEST_TOP/tests/lib/recorder" "$TEST_DIR/srv/$name" "$@" </dev/null >"$TEST_DIR/srv/$name.log" 2>&1 &
    _env_pid[$name]=$!
    _env_signal[$name]=TERM
    for ((i = 0; i < 500; i++)); do
        if [[ -f $TEST_DIR/srv/$name/port ]]; then
            _env_port[$name]=$(<"$TEST_DIR/srv/$name/port")
            return 0
        fi
        sleep 0.02
    done
    diag "recorder $name did not start"
    return 1
}

# recorded NAME: what came so far outside TLS, as hexadecimal, a connection a line; recorded_tls NAME: inside.
recorded() { _recorded "$1" raw; }
recorded_tls() { _recorded "$1" tls; }
_recorded() {
    local file
    sleep 0.1 # what a client that has gone by now sent is being written
    for file in "$TEST_DIR/srv/$1"/*."$2"; do
        if [[ -f $file ]]; then
            od -An -v -tx1 "$file" | tr -d ' \n'
            echo
        fi
    done
}
forget_recorded() { rm -f "$TEST_DIR/srv/$1"/*.raw "$TEST_DIR/srv/$1"/*.tls; }
export SSL_REQUEST=0000000804d2162f

# shellcheck source=tests/lib/rows.sh
. "$TEST_TOP/tests/lib/rows.sh"
