#!/bin/bash
# log_unwritable.t: if a log cannot be written, pgseal-run, explain, check and the line before the first one that goes
# elsewhere say so, with the reason, also in a worker that has given up root. A descriptor that the log names is
# written to only while it is the same file.
cli=${CLI:-}
. "$(dirname "$0")/../lib/env.sh"
pgseal=${cli:-$TEST_TOP/build/pgseal}
pgseal_run=$TEST_TOP/build/pgseal-run

env_start good
G=$(env_port good)
good="host=localhost port=$G user=app dbname=app sslmode=disable"
conf=$TEST_DIR/policy.conf
log() { printf 'log = %s\nsslrootcert = %s\n' "$1" "$PKI/root.pem" >"$conf"; }
flat() { tr -s ' \n' ' ' <<<"$1"; }

# told LOG REASON NAME: each of the three says it, and so does the program's standard error, with the line itself.
told() {
    log "$1"
    run "$pgseal_run" --lib "$OBJECT" --policy "$conf" true
    is "$RC" 0 "$3: pgseal-run starts the program"
    is "$ERR" "pgseal-run: warning: $1 cannot be written: $2; log lines go to standard error instead, or to syslog if that fails" "$3: pgseal-run"
    run "$pgseal" explain --policy "$conf" "$good"
    has "$(flat "$OUT")" "Log $1 cannot be written by this user: $2." "$3: explain"
    run "$pgseal" explain --json --policy "$conf" "$good"
    has "$(jq -r .log_fault <<<"$OUT")" "$1 cannot be written by this user: $2." "$3: explain, as JSON"
    run "$pgseal" check --policy "$conf" "$good"
    has "$(flat "$OUT")" "Log $1 cannot be written by this user: $2." "$3: check"
    run "$pgseal" check --json --policy "$conf" "$good"
    has "$(jq -r .log_fault <<<"$OUT")" "$1 cannot be written by this user: $2." "$3: check, as JSON"
    run sealed env PGSEAL_POLICY="$conf" "$ENTRY_POINTS" x connectdb -- "$good"
    is "$(out status server)" 'ok t' "$3: sealed all the same"
    is "$(jq -r '.event + " " + (.reason // "")' <<<"$ERR")" \
        "process log = $1: $2; log lines go to standard error instead, or to syslog if that fails"$'\n'"downgrade " "$3: the lines, and before them why"
}
told "file:$TEST_DIR/absent/pgseal.jsonl" 'its directory does not exist' 'no directory'
mkdir "$TEST_DIR/directory"
told "file:$TEST_DIR/directory" 'is a directory' 'a directory'
ln -s "$TEST_DIR/elsewhere" "$TEST_DIR/link"
told "file:$TEST_DIR/link" 'a symbolic link' 'a symbolic link'
touch "$TEST_DIR/one" && ln "$TEST_DIR/one" "$TEST_DIR/two"
told "file:$TEST_DIR/two" 'the file has more than one hard link' 'a hard link'
touch "$TEST_DIR/theirs" && chown "$TESTUSER" "$TEST_DIR/theirs"
told "file:$TEST_DIR/theirs" 'owned by neither root nor this user' 'a file of another user'
mkfifo "$TEST_DIR/fifo"
told "file:$TEST_DIR/fifo" 'not a regular file' 'a FIFO'
told "file:$TEST_DIR/one/log" 'a component of the path is not a directory' 'a file for a directory'
mkdir "$TEST_DIR/ro" && mount -t tmpfs -o ro tmpfs "$TEST_DIR/ro"
told "file:$TEST_DIR/ro/log" 'its directory is read-only' 'a read-only file system'
umount "$TEST_DIR/ro"
touch "$TEST_DIR/log/bound" && mount --bind "$TEST_DIR/log/bound" "$TEST_DIR/log/bound"
mount -o remount,bind,ro "$TEST_DIR/log/bound"
told "file:$TEST_DIR/log/bound" 'the file system is read-only' 'a file on a read-only file system'
umount "$TEST_DIR/log/bound"
log syslog
# shellcheck disable=SC2016
run unshare -m bash -c 'mount -t tmpfs tmpfs /dev && mknod /dev/null c 1 3 && chmod 666 /dev/null || exit 99
    python3 -c "import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind(\"/dev/log\")" && exec "$@"' - \
    "$pgseal_run" --lib "$OBJECT" --policy "$conf" true
is "$ERR" 'pgseal-run: warning: syslog cannot be written: no process listens there; log lines go to standard error instead' \
    'syslog: a socket that nothing listens to'

# A log that goes to syslog does not fall back to syslog.
log syslog
run unshare -m sh -c 'mount -t tmpfs tmpfs /dev && exec "$@"' sh "$pgseal_run" --lib "$OBJECT" --policy "$conf" true
is "$RC $ERR" '0 pgseal-run: warning: syslog cannot be written: there is no /dev/log; log lines go to standard error instead' \
    'no /dev/log: pgseal-run'

# nothing LOG NAME: of a log that can be written nothing is said, and the file is not made.
nothing() {
    log "$1"
    run "$pgseal_run" --lib "$OBJECT" --policy "$conf" true
    is "$RC $ERR" '0 ' "$2: pgseal-run says nothing"
    run "$pgseal" explain --json --policy "$conf" "$good"
    is "$(jq -r .log_fault <<<"$OUT")" null "$2: nor does explain"
    run "$pgseal" check --json --policy "$conf" "$good"
    is "$(jq -r .log_fault <<<"$OUT")" null "$2: nor check"
}
nothing "file:$TEST_DIR/log/new.jsonl" 'a file that is not there yet'
is "$([[ -e $TEST_DIR/log/new.jsonl ]] && echo there)" '' 'and looking did not make it'
touch "$TEST_DIR/log/old.jsonl"
nothing "file:$TEST_DIR/log/old.jsonl" 'a file that is there'
nothing stderr stderr
nothing none none
nothing file:/dev/stderr /dev/stderr

# --- a worker that has given up root, as php-fpm's
touch "$TEST_DIR/log/root.jsonl" && chmod 600 "$TEST_DIR/log/root.jsonl"
log "file:$TEST_DIR/log/root.jsonl"
run as_user "$pgseal_run" --lib "$OBJECT" --policy "$conf" true
has "$ERR" "log/root.jsonl cannot be written: permission denied" 'as another user pgseal-run says so'
run as_user "$pgseal" explain --json --policy "$conf" "$good"
has "$(jq -r .log_fault <<<"$OUT")" 'cannot be written by this user: permission denied' 'and explain'
run sealed env PGSEAL_POLICY="$conf" "$ENTRY_POINTS" x connectdb "first=uid:65534" -- "$good"
is "$(jq -r '.event + " " + (.uid | tostring) + " " + (.reason // "")' <<<"$ERR" | head -1)" \
    "process 65534 log = file:$TEST_DIR/log/root.jsonl: permission denied; log lines go to standard error instead, or to syslog if that fails" \
    'a worker: its first line says why'
is "$(wc -c <"$TEST_DIR/log/root.jsonl")" 0 'a worker: the file is empty'

# Before the first of its lines is lost, by the command of docs/platforms.md.
mkdir "$TEST_DIR/owned"
log "file:$TEST_DIR/owned/pgseal.jsonl"
run "$pgseal_run" --lib "$OBJECT" --policy "$conf" true
is "$RC $ERR" '0 ' 'a directory of root: pgseal-run, as root, says nothing'
for tool in explain check; do
    run runuser -u "$TESTUSER" -- "$pgseal" $tool --policy "$conf" "$good"
    has "$(flat "$OUT")" "pgseal.jsonl cannot be written by this user: its directory is not writable" "a directory of root: $tool as the worker's user says why"
done
chown "$TESTUSER" "$TEST_DIR/owned" # install -d -o
run runuser -u "$TESTUSER" -- "$pgseal" explain --json --policy "$conf" "$good"
is "$(jq -r .log_fault <<<"$OUT")" null 'a directory of its own: nothing'

# --- a descriptor that the log names
log file:/proc/self/fd/3
connect() { run env LD_PRELOAD="$OBJECT" PGSEAL_POLICY="$conf" "$ENTRY_POINTS" x connectdb "$@" -- "$good"; }
connect 3>"$TEST_DIR/third"
is "$(jq -r .event "$TEST_DIR/third") $ERR" 'downgrade ' 'a descriptor: it has the line'
run "$pgseal_run" --lib "$OBJECT" --policy "$conf" true 3>"$TEST_DIR/third"
is "$RC $ERR" '0 ' 'a descriptor: pgseal-run says nothing'
run "$pgseal_run" --lib "$OBJECT" --policy "$conf" true 3>&-
has "$ERR" 'file:/proc/self/fd/3 cannot be written: the descriptor is not open' 'a closed descriptor: pgseal-run says so'
run "$pgseal_run" --lib "$OBJECT" --policy "$conf" true 3<"$TEST_DIR/third"
has "$ERR" 'file:/proc/self/fd/3 cannot be written: the descriptor is read-only' 'a descriptor for reading'
connect 3>&-
is "$(jq -r 'select(.event == "process").reason' <<<"$ERR")" \
    'log = file:/proc/self/fd/3: the descriptor is not open; log lines go to standard error instead, or to syslog if that fails' 'a closed one: why'
: >"$TEST_DIR/data"
connect first="reopen:3:$TEST_DIR/data" 3>"$TEST_DIR/third"
is "$(wc -c <"$TEST_DIR/third") $(wc -c <"$TEST_DIR/data")" '0 0' 'what was opened under its number later is not written to'
is "$(jq -r .event <<<"$ERR" | paste -sd ' ')" 'process downgrade' 'its lines are handed over, and why'
done_testing
