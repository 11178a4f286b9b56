#!/bin/bash
# log.t: the log: lines are whole and valid whatever comes in; levels; sinks; never a secret.
. "$(dirname "$0")/../lib/env.sh"

env_start good impostor
P=$(env_port good) I=$(env_port impostor) S=$(env_socket_dir good)
good="host=localhost port=$P dbname=app user=app"
bad="host=localhost port=$I dbname=app user=app"

# --- fields
policy <<<"sslrootcert = $PKI/root.pem"
forget_events
run sealed "$ENTRY_POINTS" row params -- host=localhost "port=$P" dbname=app user=app sslmode=allow application_name=fields
line=$(events 'select(.event == "downgrade")')
is "$(jq -r '[.schema, .event, .action, .mode, .entry, .host, .port, .dbname, .user, .application_name] | join(" ")' <<<"$line")" \
    "pgseal/1 downgrade sealed enforce PQconnectdbParams localhost $P app app fields" 'the fields of a downgrade'
is "$(jq -c '.changes | map(select(.source != "default"))' <<<"$line")" \
    '[{"option":"sslmode","source":"params","requested":"allow","enforced":"verify-full"}]' 'its changes'
is "$(jq -r .exe <<<"$line")" "$ENTRY_POINTS" 'exe is absolute'
is "$(jq -r .object <<<"$line")" "$ENTRY_POINTS" 'object is what called'
is "$(jq -r .node <<<"$line")" "$(hostname)" 'node is the host name'
like "$(jq -r .libpq <<<"$line")" '^/.*/libpq\.so\.5' 'libpq is a path'
is "$(jq -r .libpq_version <<<"$line")" "$(sed -n 's/^#define PG_VERSION_NUM //p' "$(pg_config --includedir)"/pg_config.h 2>/dev/null ||
    echo 0)" 'libpq_version is its number'
like "$(jq -r .rule <<<"$line")" '^/etc/pgseal/policy\.conf:[0-9]+$' 'rule is file:line'
is "$(jq -r '[has("hostaddr"), has("reason"), has("lost")] | @tsv' <<<"$line")" $'false\tfalse\tfalse' 'fields that say nothing are absent'
is "$(jq -r '(.pid | type) + (.uid | type)' <<<"$line")" numbernumber 'pid and uid are numbers'
now=$(date -u +%FT%H:)
has "$(jq -r .time <<<"$line")" "${now%T*}" 'time is UTC'
forget_events
run sealed "$ENTRY_POINTS" row connectdb -- "$bad"
has "$(reason failed)" 'certificate verify failed' 'failed: the reason is the message of libpq'
is "$(verdicts)" 'seal/sealed' 'after one verdict'
is "$(events 'select(.event == "process")' | wc -l)" 1 'one process line'
# What fails once authentication has begun is the server's answer and no failure to seal.
for entry in connectdb start; do
    while IFS='|' read -r name what text; do
        forget_events
        run sealed "$ENTRY_POINTS" row "$entry" -- "host=localhost port=$P user=secret dbname=$what"
        like "$(out status error)" "^bad .*$text" "$entry: $name"
        is "$(events 'select(.event != "process") | .event + "/" + .action' | xargs)" 'seal/sealed witness/sealed' \
            "$entry: $name: no line says failed"
    done <<'END'
a wrong password|app password=wrong|password authentication failed
no password|app|no password supplied
no such database|nowhere password=hunter2-sesame|database .nowhere. does not exist
END
done
forget_events
run sealed env OPENSSL_CONF=/dev/null SSL_CERT_FILE=/x PGLOCALEDIR=/y "$ENTRY_POINTS" row connectdb -- "$good"
line=$(events 'select(.event == "process")')
for word in OPENSSL_CONF SSL_CERT_FILE PGLOCALEDIR libpq.so PQconnectdb /etc/pgseal/policy.conf; do
    has "$line" "$word" "the process line tells $word"
done

# --- levels
policy <<<"log_level = downgrade
sslrootcert = $PKI/root.pem
unix_sockets = allow
[host 127.0.0.1:$P]
exempt = a reason
[host localhost:1]
sslrootcert = $PKI/crl.pem"
all=("$good" "$good sslmode=disable" "host=$S port=$P user=app dbname=app" "host=127.0.0.1 port=$P user=app dbname=app" "$bad"
    'host=localhost port=1 user=app')
several() {
    local conninfo
    forget_events
    for conninfo in "${all[@]}"; do printf 'x\tconnectdb\t--\t%s\n' "$conninfo"; done | sealed "$ENTRY_POINTS" - >"$TEST_DIR/out.jsonl"
}
several
is "$(events .event | tr -d '"' | grep -v witness | tr '\n' ' ')" 'downgrade exempt failed refuse ' 'log_level = downgrade'
sed -i 's/^log_level.*/log_level = all/' /etc/pgseal/policy.conf
several
is "$(events .event | tr -d '"' | grep -v witness | tr '\n' ' ')" \
    'process seal downgrade socket exempt seal failed refuse ' 'log_level = all'
policy <<<"log_level = downgrade
mode = audit
sslrootcert = $PKI/root.pem"
several
is "$(events '.event + "/" + .action' | tr -d '"' | tr '\n' ' ')" \
    'seal/would-seal downgrade/would-seal seal/would-seal seal/would-seal seal/would-seal ' 'in audit mode seal has the level downgrade'

# --- valid lines whatever bytes come in
policy <<<"sslrootcert = $PKI/root.pem"
forget_events
long=$(printf 'x%.0s' {1..6000})
rows=()
for value in "$long" $'\xff\xfe\x80' $'caf\xc3\xa9' $'\xf0\x9f\x98\x80' $'\xed\xa0\x80' $'a\x01\x1f\x7fb' 'quo"te' 'back\\\\slash' '{"a":1}' $'\xc3'; do
    rows+=("x"$'\tparams0\t--\thost=localhost\t'"port=$P"$'\tuser=app\tsslmode=disable\tdbname='"$value"$'\tapplication_name='"$value")
    rows+=("x"$'\tparams0\t--\thost='"$value"$'\tport='"$P"$'\tuser='"$value"$'\tsslmode=disable')
done
printf '%s\n' "${rows[@]}" | sealed "$ENTRY_POINTS" - >"$TEST_DIR/out.jsonl"
whole() { # FILE NAME: every line is JSON of the schema, UTF-8, short enough
    is "$(jq -r 'select(.schema == "pgseal/1") | 1' "$1" 2>&1 | sort | uniq -c | tr -d ' ')" "$(wc -l <"$1")1" "$2: each line is an object"
    ok "$2: UTF-8" iconv -f UTF-8 -t UTF-16 -o /dev/null "$1"
    is "$(awk 'length($0) + 1 > 4096' "$1" | wc -l)" 0 "$2: none is longer than 4,096 bytes"
}
whole "$EVENTS" 'odd bytes'
is "$(verdicts | wc -w)" "${#rows[@]}" 'odd bytes: a verdict for each'

# --- threads and processes
forget_events
for i in 1 2 3 4; do
    sealed "$ENTRY_POINTS" "p$i" connectdb threads=8 times=3 -- "$good sslmode=disable" >"$TEST_DIR/threads.$i" &
    pids[i]=$!
done
wait "${pids[@]}"
whole "$EVENTS" '8 threads in 4 processes'
is "$(verdicts | tr ' ' '\n' | sort | uniq -c | tr -s ' ')" ' 96 downgrade/sealed' 'one verdict a connection'
is "$(events 'select(.event == "process")' | wc -l)" 4 'one process line a process'
is "$(cat "$TEST_DIR"/threads.* | jq -r .server | sort | uniq -c | tr -s ' ')" ' 96 t' 'and all are verified'
no_policy
export PGSEAL_SSLROOTCERT=$PKI/root.pem PGSEAL_LOG_LEVEL=all
for i in 1 2; do
    sealed "$ENTRY_POINTS" "p$i" start threads=8 times=3 -- "$good sslmode=disable" >/dev/null 2>>"$TEST_DIR/pipe.err" &
    pids[i]=$!
done
wait "${pids[@]}"
whole "$TEST_DIR/pipe.err" 'the same on stderr'
sealed "$ENTRY_POINTS" f connectdb fork -- "$good sslmode=disable" >/dev/null 2>"$TEST_DIR/fork.err"
is "$(jq -r 'select(.event == "downgrade") | .action' "$TEST_DIR/fork.err")" sealed 'a child of fork logs as well'

# --- sinks: stderr
want='ok t' # a sink never fails a connection
sink() { # NAME COMMAND…: runs, the connection stands
    local name=$1
    shift
    RC=0
    # shellcheck disable=SC2034
    OUT=$("$@") || RC=$?
    is "$(out status server) $RC" "$want 0" "$name: the connection stands"
}
connect() { sealed "$ENTRY_POINTS" s connectdb "$@" -- "$good sslmode=disable"; }
lines() { if [[ -f $1 ]]; then jq -r 'select(.event == "downgrade") | 1' "$1" | wc -l; else echo 0; fi; }
to() { local file=$1; shift; "$@" 2>"$file"; }
sink 'stderr' to "$TEST_DIR/sink.1" connect
is "$(lines "$TEST_DIR/sink.1")" 1 'stderr: it is there'
sink 'stderr closed by the program' to "$TEST_DIR/sink.2" connect first=close:2
is "$(wc -c <"$TEST_DIR/sink.2")" 0 'stderr closed by the program: nothing appears'
sink 'stderr now a data file' to "$TEST_DIR/sink.3" connect "first=reopen:2:$TEST_DIR/data"
is "$(wc -c <"$TEST_DIR/data") $(wc -c <"$TEST_DIR/sink.3")" '0 0' 'stderr now a data file: not a byte in it'
recorder_start net raw
to_net() { "$@" 2<>"/dev/tcp/127.0.0.1/$(env_port net)"; }
sink 'stderr is a network socket' to_net connect
is "$(recorded net | tr -d '\n')" '' 'stderr is a network socket: not a byte in it'
to_broken() { "$@" 2> >(exec true); }
sink 'stderr is a broken pipe' to_broken connect
sink 'stderr is full' to /dev/full connect
to_stuck() { # a pipe that nobody reads, filled to the brim
    mkfifo "$TEST_DIR/stuck"
    exec 8<>"$TEST_DIR/stuck"
    timeout 1 dd if=/dev/zero of="$TEST_DIR/stuck" bs=4096 2>/dev/null || true
    timeout 20 env LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" s connectdb -- "$good sslmode=disable" 2>&8
}
sink 'stderr is a pipe that nobody reads' to_stuck
exec 8>&-
to_closed() { "$@" 2>&-; }
sink 'stderr closed from the start' to_closed connect

# --- sinks: file
F=$TEST_DIR/log/sink.jsonl
export PGSEAL_LOG=file:$F
sink 'file' to "$TEST_DIR/sink.4" connect
is "$(lines "$F") $(stat -c %a "$F") $(wc -c <"$TEST_DIR/sink.4")" '1 600 0' 'file: created 0600, and nothing on stderr'
sink 'file again' to "$TEST_DIR/sink.4" connect
is "$(lines "$F")" 2 'file: appended'
falls_back() { # NAME: the line goes to stderr, F stays without it
    sink "$1" to "$TEST_DIR/sink.5" connect
    is "$(lines "$TEST_DIR/sink.5")" 1 "$1: the line goes to stderr"
}
rm "$F" && echo precious >"$TEST_DIR/precious" && ln -s "$TEST_DIR/precious" "$F"
falls_back 'file: a symlink'
is "$(<"$TEST_DIR/precious")" precious 'file: a symlink is not followed'
rm "$F" && ln "$TEST_DIR/precious" "$F"
falls_back 'file: a second link'
is "$(<"$TEST_DIR/precious")" precious 'file: a second link is not written'
rm "$F" && touch "$F" && chown "$TESTUSER" "$F"
falls_back 'file: of another user'
is "$(wc -c <"$F")" 0 'file: of another user is not written'
rm "$F" && mkfifo "$F"
falls_back 'file: a FIFO without a reader'
rm "$F" && mkdir "$F"
falls_back 'file: a directory'
rmdir "$F"
PGSEAL_LOG=file:$TEST_DIR/nowhere/log falls_back 'file: no such directory'
PGSEAL_LOG=file:/dev/full falls_back 'file: a device'
PGSEAL_LOG=file:/dev/stderr falls_back 'file: /dev/stderr'
PGSEAL_LOG=file:/proc/self/fd/2 falls_back 'file: /proc/self/fd/2'
mixed=$(PGSEAL_LOG=file:/dev/stdout sealed "$ENTRY_POINTS" s connectdb -- "$good sslmode=disable" 2>/dev/null)
is "$(jq -r 'select(.event == "downgrade") | 1' <<<"$mixed")" 1 'file: /dev/stdout'
PGSEAL_LOG=none sink 'none' to "$TEST_DIR/sink.6" connect
is "$(wc -c <"$TEST_DIR/sink.6")" 0 'none: nothing on stderr'

# --- sinks: syslog, in a /dev of our own: copies of nodes on a new file system, nothing of the machine's is bound into it
mkdir "$TEST_DIR/dev"
mount -t tmpfs tmpfs "$TEST_DIR/dev"
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty "$TEST_DIR/dev/"
for node in fd:fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do ln -s "/proc/self/${node#*:}" "$TEST_DIR/dev/${node%%:*}"; done
mkdir "$TEST_DIR/dev/shm" && mount --bind /dev/shm "$TEST_DIR/dev/shm" # the servers keep their shared memory there
mount --move "$TEST_DIR/dev" /dev
/usr/bin/python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/dev/log")
while True:
    sys.stdout.buffer.write(s.recv(65536) + b"\n"); sys.stdout.flush()' >"$TEST_DIR/syslog" &
syslogd=$!
for ((i = 0; i < 200; i++)); do
    [[ -S /dev/log ]] && break
    sleep 0.02
done
chmod 0666 /dev/log
PGSEAL_LOG=syslog sink 'syslog' to "$TEST_DIR/sink.7" connect
sleep 0.2
is "$(grep -c '"event":"downgrade"' "$TEST_DIR/syslog") $(wc -c <"$TEST_DIR/sink.7")" '1 0' 'syslog: one datagram, nothing on stderr'
like "$(head -1 "$TEST_DIR/syslog")" '^<[0-9]+>.*pgseal.*\{"schema":"pgseal/1"' 'syslog: with a priority, the JSON whole'
sink 'stderr fails, syslog takes it' to_closed env PGSEAL_LOG="file:$TEST_DIR/nowhere/log" LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" s connectdb \
    -- "$good sslmode=disable"
sleep 0.2
is "$(grep -c '"event":"downgrade"' "$TEST_DIR/syslog")" 2 'stderr fails, syslog takes it: it is there'
kill "$syslogd"
wait "$syslogd" || true
rm -f /dev/log
PGSEAL_LOG=syslog falls_back 'syslog: nobody there'

# --- what no sink took is counted
mkdir "$TEST_DIR/later.d"
printf 'a\tconnectdb\tfirst=close:2\treset=sync\tbetween=mkdir %s/log\t--\t%s\nb\tconnectdb\t--\t%s\n' "$TEST_DIR/later.d" "$good sslmode=disable" \
    "$good sslmode=disable" | PGSEAL_LOG=file:$TEST_DIR/later.d/log/f PGSEAL_LOG_LEVEL='' sealed "$ENTRY_POINTS" - >/dev/null 2>&1
is "$(jq -s '[.[] | select(.lost)][0].lost >= 1' "$TEST_DIR/later.d/log/f")" true 'the next line carries lost'
is "$(jq -s '.[0] | has("lost")' "$TEST_DIR/later.d/log/f")" true 'the very next'
unset PGSEAL_SSLROOTCERT PGSEAL_LOG PGSEAL_LOG_LEVEL
done_testing
