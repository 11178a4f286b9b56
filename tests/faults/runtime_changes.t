#!/bin/bash
# runtime_changes.t: what changes while a program runs: policy and root files, descriptors, limits, disks, the clock.
# No change leads to a connection below the policy or to a crash, and when it is undone, connections work again.
. "$(dirname "$0")/../lib/env.sh"

inject=$TEST_DIR/bin/inject.so
gcc -std=gnu17 -D_GNU_SOURCE= -Wall -Wextra -Werror -O1 -g -fPIC -shared -o "$inject" "$TEST_TOP"/tests/faults/inject*.c
chmod 0755 "$inject"
env_start good impostor
P=$(env_port good) I=$(env_port impostor)
good="host=localhost port=$P user=app dbname=app sslmode=disable" bad="host=localhost port=$I user=app dbname=app sslmode=disable"
root=$TEST_DIR/log/root.pem
set_root() { # FILE: as a careful operator does it, by rename
    cp "$1" "$root.new"
    mv "$root.new" "$root"
}
sealed_only() { is "$(sessions good | grep -v ' ssl$' || true), $(sessions impostor)" ', ' "$1: nothing in plaintext, nothing with the impostor"; }

# --- one program that lives through it all
set_root "$PKI/root.pem"
policy <<<"sslrootcert = $root"
coproc LIVES { exec env LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" - 2>"$TEST_DIR/lives.err"; }
lives=$LIVES_PID # bash forgets it when the program has ended
ask() { # CONNINFO: leaves OUT
    printf 'x\tconnectdb\t--\t%s\n' "$1" >&"${LIVES[1]}"
    IFS= read -r -t 60 OUT <&"${LIVES[0]}" || OUT='no answer'
}
reason_of() { jq -rs '[.[] | select(.event == "refuse")][-1].reason // ""' "$EVENTS"; }
ask "$good"
is "$(out status server)" 'ok t' 'at first'
no_policy
ask "$good"
is "$(out status server)" 'ok t' 'the policy file is removed: what was read at load is in force'
ask "$bad"
is "$(out status)" bad 'for the impostor too'
policy <<<$'mode = audit\nsslrootcert = program'
ask "$bad"
is "$(out status)" bad 'the policy file is replaced by a weaker one: a running program keeps its own'
chmod 0 /etc/pgseal/policy.conf
ask "$good"
is "$(out status server)" 'ok t' 'the policy file cannot be read any more'
for fault in 'rm -f' 'truncate -s 0' 'chmod 0666' "cp $PKI/crl-mixed.pem" "cp $PKI/good.key" 'ln -sf /nonexistent'; do
    $fault "$root"
    ask "$good"
    is "$(out status)" bad "the root: $fault: refused"
    has "$(reason_of)" "$root" "the root: $fault: the reason names it"
    rm -f "$root"
    set_root "$PKI/root.pem"
    ask "$good"
    is "$(out status server)" 'ok t' "the root: $fault: mended, and the next connection is fine"
done
set_root "$PKI/foreign.pem"
ask "$good"
is "$(out status)" bad 'the root is another one: the server does not fit it'
ask "$bad"
is "$(out status server)" 'ok t' 'and the one that does fit is the one that the operator now names'
set_root "$PKI/root.pem"
log_mark impostor
ask "$bad"
is "$(out status)" bad 'and back'
eval "exec ${LIVES[1]}>&-"
wait "$lives"
is "$? $(<"$TEST_DIR/lives.err")" '0 ' 'it ended as programs end, and stderr is quiet'
sealed_only 'a program that lives through it'

# --- the bundle is rotated while eight threads connect: no false alarm
policy <<<"sslrootcert = $root"
cat "$PKI/root.pem" "$PKI/foreign.pem" >"$TEST_DIR/both.pem"
cat "$PKI/other-root.pem" >"$TEST_DIR/one.pem"
forget_events
(
    while [[ ! -e $TEST_DIR/rotated ]]; do
        cp "$TEST_DIR/both.pem" "$root.new" && mv "$root.new" "$root"
        cp "$TEST_DIR/one.pem" "$root.new" && mv "$root.new" "$root"
    done
) &
rotating=$!
run sealed "$ENTRY_POINTS" x params threads=8 times=12 -- host=localhost port="$P" user=app dbname=app
touch "$TEST_DIR/rotated"
wait "$rotating"
set_root "$PKI/root.pem"
is "$(jq -rs 'map(.status + .server) | group_by(.) | map("\(.[0]) \(length)") | join(" ")' <<<"$OUT")" 'okt 96' 'rotated under eight threads: all are sealed'
is "$(events .event | sort | uniq -c | xargs)" '1 process 96 seal 96 witness' 'no violation among them'

# --- descriptors and limits: every number of descriptors, and sizes of memory and stack
name_all() { sort | uniq -c | xargs; }
log_mark good
log_mark impostor
for limit in $(seq 3 24); do
    for to in "$good" "$bad"; do
        run bash -c "ulimit -n $limit; LD_PRELOAD=$OBJECT exec $ENTRY_POINTS x connectdb -- '$to'"
        [[ $RC == 127 && $ERR == *'shared libraries'* ]] || echo "$RC $(out status server)"
    done
done | name_all >"$TEST_DIR/limits"
is "$(sed -E 's/[0-9]+ 0 (bad|ok t)//g' "$TEST_DIR/limits" | xargs)" '' "RLIMIT_NOFILE from 3 to 24: $(<"$TEST_DIR/limits")"
# An object that may not be mapped is not preloaded: the dynamic linker says so and goes on. That is the launcher's to see,
# and not looked at here; nor what a program does that dies bare as well.
for limit in $(seq 12000 4000 120000); do
    run bash -c "ulimit -v $limit; exec $ENTRY_POINTS x connectdb -- '$good'"
    bare_rc=$RC
    run bash -c "ulimit -v $limit; LD_PRELOAD=$OBJECT exec $ENTRY_POINTS x connectdb -- '$bad'"
    [[ $ERR == *'cannot be preloaded'* || $bare_rc != 0 ]] || echo "$RC $(out status server)"
done | name_all >"$TEST_DIR/limits"
is "$(sed -E 's/[0-9]+ 0 bad//g' "$TEST_DIR/limits" | xargs)" '' "RLIMIT_AS from 12 to 120 MB, an impostor: $(<"$TEST_DIR/limits")"
isnt "$(<"$TEST_DIR/limits")" '' 'RLIMIT_AS: some were large enough to run'
for limit in $(seq 12000 4000 120000); do
    run bash -c "ulimit -v $limit; exec $ENTRY_POINTS x connectdb -- '$good'"
    bare_rc=$RC
    run bash -c "ulimit -v $limit; LD_PRELOAD=$OBJECT exec $ENTRY_POINTS x connectdb -- '$good'"
    [[ $ERR == *'cannot be preloaded'* || $bare_rc != 0 ]] || echo "$RC $(out status server)"
done | name_all >"$TEST_DIR/limits"
is "$(sed -E 's/[0-9]+ 0 (bad|ok t)//g' "$TEST_DIR/limits" | xargs)" '' "RLIMIT_AS from 12 to 120 MB: $(<"$TEST_DIR/limits")"
for limit in 48 64 96 128 256; do
    run bash -c "ulimit -s $limit; exec $ENTRY_POINTS x connectdb -- '$good sslmode=verify-full sslrootcert=$root'"
    bare_rc=$RC
    run bash -c "ulimit -s $limit; LD_PRELOAD=$OBJECT exec $ENTRY_POINTS x connectdb -- '$good'"
    [[ $bare_rc != 0 ]] || echo "$RC $(out status server)"
done | name_all >"$TEST_DIR/limits"
is "$(sed -E 's/[0-9]+ 0 (bad|ok t)//g' "$TEST_DIR/limits" | xargs)" '' "RLIMIT_STACK from 48 KiB: $(<"$TEST_DIR/limits")"
# What ran bare, or was too small for the object, is no witness; the server itself has told the others what they got.
log_mark good
log_mark impostor
run bash -c "ulimit -f 0; LD_PRELOAD=$OBJECT exec $ENTRY_POINTS x connectdb -- '$good'"
like "$RC $(out status server)" '^0 (ok t)$' 'RLIMIT_FSIZE of nothing: no signal, and a sealed connection'
for closed in '<&-' '>&-' '2>&-' '<&- 2>&-' '<&- >&- 2>&-'; do
    run bash -c "LD_PRELOAD=$OBJECT exec $ENTRY_POINTS x connectdb 'query=select 1' -- '$good' $closed"
    is "$RC" 0 "without descriptors ($closed)"
done
sealed_only 'limits'

# --- disks: full, read-only; the line goes elsewhere, the connection stands; an exemption that no sink took is refused
mkdir "$TEST_DIR/disk"
mount -t tmpfs -o size=64k,mode=1777 tmpfs "$TEST_DIR/disk"
touch "$TEST_DIR/disk/full.jsonl"
dd if=/dev/zero of="$TEST_DIR/disk/fill" bs=4k 2>/dev/null || true
disk_policy() { printf 'sslrootcert = %s\nlog = file:%s\nlog_level = all\n%s\n' "$root" "$1" "${2:-}" >/etc/pgseal/policy.conf; }
exemption="[host localhost:$I]"$'\n''exempt = to be seen'
for what in full read-only; do
    [[ $what == full ]] || mount -o remount,ro "$TEST_DIR/disk"
    disk_policy "$TEST_DIR/disk/full.jsonl"
    run sealed "$ENTRY_POINTS" x connectdb -- "$good"
    is "$RC $(out status server) $(grep -c '"event":"downgrade"' <<<"$ERR")" '0 ok t 1' "a disk that is $what: the line goes to stderr"
    disk_policy "$TEST_DIR/disk/full.jsonl" "$exemption"
    log_mark impostor
    run sealed "$ENTRY_POINTS" x connectdb -- "$bad"
    is "$(out status server) $(grep -c '"event":"exempt"' <<<"$ERR")" 'ok f 1' "a disk that is $what: an exemption is seen on stderr"
    log_mark impostor
    run bash -c "LD_PRELOAD=$OBJECT exec $ENTRY_POINTS x connectdb -- '$bad' 2>&-"
    # Where this machine has a /dev/log, that is a sink too.
    if [[ -S /dev/log ]]; then
        like "$(out status)" '^(ok|bad)$' "a disk that is $what, no stderr: /dev/log may have taken it"
    else
        is "$(out status), $(sessions impostor)" 'bad, ' "a disk that is $what, no stderr, no /dev/log: no exemption"
    fi
done
umount "$TEST_DIR/disk"
log_mark impostor

# --- a pipe without a reader, and one that is full: neither a signal nor a wait
disk_policy /dev/stderr
run bash -c "LD_PRELOAD=$OBJECT $ENTRY_POINTS x connectdb -- '$good' 2> >(exec <&-; sleep 1)"
is "$RC $(out status server)" '0 ok t' 'a pipe without a reader'
cat >"$TEST_DIR/full.py" <<'END'
import fcntl, os, subprocess, sys, time
r, w = os.pipe()
fcntl.fcntl(w, fcntl.F_SETFL, os.O_NONBLOCK)
try:
    while True:
        os.write(w, b"x" * 65536)
except BlockingIOError:
    pass
fcntl.fcntl(w, fcntl.F_SETFL, 0)
began = time.monotonic()
done = subprocess.run(sys.argv[1:], stderr=w, timeout=60)
sys.exit(done.returncode or (time.monotonic() - began > 30))
END
run python3 "$TEST_DIR/full.py" env LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" x connectdb -- "$good"
is "$RC $(out status server)" '0 ok t' 'a pipe that is full and blocks its writers'

# --- the clock: an exemption's last day, certificates, the line's own time
policy <<END
sslrootcert = $root
[host localhost:$I]
exempt = for a while
exempt_until = 2027-03-31
END
at() { # SECONDS-SINCE-EPOCH CONNINFO
    run env FAULT_CLOCK="$(($1 - $(date +%s)))" LD_PRELOAD="$OBJECT:$inject" "$ENTRY_POINTS" x connectdb -- "$2"
}
day=$(date -u -d 2027-03-31 +%s)
forget_events
at "$((day + 86000))" "$bad"
is "$(out status server) $(verdicts)" 'ok f exempt/allowed' 'the exemption holds on its last day'
forget_events
at "$((day + 86400))" "$bad"
is "$(out status) $(verdicts)" 'bad downgrade/sealed' 'and not one longer'
# Set back while the program runs: the day is the clock's own, no more than that is remembered; each use has its line.
forget_events
log_mark impostor
off() { echo "env:FAULT_CLOCK=$((day + $1 - $(date +%s)))"; }
printf 'x\tconnectdb\t%s\t--\t%s\n' "$(off 86400)" "$bad" "$(off 86000)" "$bad" "$(off 90000)" "$bad" |
    env LD_PRELOAD="$OBJECT:$inject" "$ENTRY_POINTS" - >"$TEST_DIR/back.jsonl"
is "$(jq -r '.status + (.server // "")' "$TEST_DIR/back.jsonl" | xargs), $(verdicts)" \
    'bad okf bad, downgrade/sealed exempt/allowed downgrade/sealed' 'a clock that is set back: the exemption that holds again is logged again'
is "$(sessions impostor | wc -l)" "$(events 'select(.event == "exempt")' | wc -l)" 'a clock that is set back: no session without a line'
for time in -86400 0 1 951782400 1582934400 2147483648 4102444799 253402300800; do
    forget_events
    at "$time" "$good"
    like "$RC $(out status server)" '^0 (bad|ok t)' "the clock says $time: sealed or refused"
    is "$(events .time | grep -cvE '^"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z"$')" 0 "the clock says $time: lines have a time"
done
log_mark impostor
sealed_only 'clocks'

# --- chroot and another user after load
policy <<<"sslrootcert = $root"
mkdir -p "$TEST_DIR/cage"
run sealed "$ENTRY_POINTS" x connectdb "first=chroot:$TEST_DIR/cage" -- "host=127.0.0.1 port=$P user=app dbname=app sslmode=disable"
is "$(out status)" bad 'in a chroot without the root: refused'
has "$(out error)" 'pgseal: refused' 'in words'
mkdir -p "$TEST_DIR/cage$TEST_DIR/log"
cp "$root" "$TEST_DIR/cage$root"
run sealed "$ENTRY_POINTS" x connectdb "first=chroot:$TEST_DIR/cage" -- "host=127.0.0.1 port=$P user=app dbname=app sslmode=disable"
is "$(out status server)" 'ok t' 'in a chroot with it: sealed'
run sealed "$ENTRY_POINTS" x connectdb first=uid:65534 -- "$good"
is "$(out status server)" 'ok t' 'as another user after load'
sealed_only 'chroot'

# --- another namespace after load: the one without a network reaches nobody; the one without users owns nothing
log_mark good
for space in mount net user; do
    for to in "$good" "$bad"; do
        forget_events
        run sealed "$ENTRY_POINTS" x connectdb "first=unshare:$space" -- "$to"
        echo "$space $RC $(out status server) $(verdicts)"
    done
done >"$TEST_DIR/spaces"
is "$(sed -n 's/^mount //p;s/^net //p' "$TEST_DIR/spaces" | xargs)" \
    '0 ok t downgrade/sealed 0 bad downgrade/sealed 0 bad downgrade/sealed 0 bad downgrade/sealed' 'unshared mounts, an unshared network: sealed, or failing'
is "$(sed -n 's/^user //p' "$TEST_DIR/spaces" | sed -E 's/^0 (ok t|bad) +(downgrade|refuse)\/.*//' | xargs)" '' \
    "unshared users: $(sed -n 's/^user //p' "$TEST_DIR/spaces" | xargs)"
isnt "$(grep -c '^user 0' "$TEST_DIR/spaces")" 0 'unshared users: it ran'
sealed_only 'namespaces'
done_testing
