#!/bin/bash
# lengths.t: no length of any value crashes or overruns anything: the ends of pgseal's buffers, plus and minus two
# bytes, in the object, in `pgseal explain` and in pgseal-run; alone and in lists. Values that are too long are
# refused.
pgseal_cli=${CLI:-} # env.sh forgets what begins with PG
. "$(dirname "$0")/../lib/env.sh"
pgseal=${pgseal_cli:-$TEST_TOP/build/pgseal}
launcher=${LAUNCHER:-$TEST_TOP/build/pgseal-run}
policy <<END
log = none
sslrootcert = $PKI/root.pem
[host *a]
verify_as = verified.example
END
sed -i "s/^hosts:.*/hosts: files/" /etc/nsswitch.conf # no name is asked of the network
export PGCONNECT_TIMEOUT=1 PGSSLCERT=/nonexistent PGSSLKEY=/nonexistent

# of N [CHARACTER]: that many of it.
of() { printf '%*s' "$1" '' | tr ' ' "${2:-A}"; }
# list N EACH: N bytes, a comma after each EACH of them.
list() { of "$1" a | sed "s/$(of "$2" a)a/$(of "$2" a),/g"; }

# 16,377 bytes of host, their NUL and the port with its own fill the verdict's memory (SEAL_WORDS) to the last byte.
lengths=(0 1)
for end in 64 256 300 1023 1024 1025 4096 8192 16384; do
    for around in -2 -1 0 1 2; do lengths+=($((end + around))); done
done
for ((n = 16340; n < 16382; n++)); do lengths+=("$n"); done

{
    for n in "${lengths[@]}"; do
        printf 'host-%d\tstart\t--\thost=%s port=5432 user=app dbname=app\n' "$n" "$(of "$n")"
        printf 'as-%d\tconnectdb\t--\thost=%s hostaddr=127.0.0.1 port=1 user=app dbname=app\n' "$n" "$(of "$n" a)"
        printf 'port-%d\tconnectdb\t--\thost=localhost port=%s user=app dbname=app\n' "$n" "$(of "$n" 1)"
        printf 'hostaddr-%d\tconnectdb\t--\thostaddr=%s port=1 user=app dbname=app\n' "$n" "$(of "$n" 1)"
        printf 'dbname-%d\tparams\t--\thost=localhost\tport=1\tuser=app\tdbname=%s\n' "$n" "$(of "$n")"
        printf 'user-%d\tparams0\t--\thost=localhost\tport=1\tuser=%s\tdbname=app\n' "$n" "$(of "$n")"
        printf 'sslkey-%d\tsetdblogin\t--\tdbname=host=localhost port=1 sslkey=/%s\n' "$n" "$(of "$n")"
        printf 'sslcrl-%d\tping\t--\thost=localhost port=1 sslcrl=/%s\n' "$n" "$(of "$n")"
        printf 'root-%d\tpingparams\t--\thost=localhost\tport=1\tsslrootcert=/%s\n' "$n" "$(of "$n")"
        printf 'options-%d\tstart\t--\thost=localhost port=1 options=%s\n' "$n" "$(of "$n")"
    done
    for each in 1 62 63 64 254 255 256 1024; do
        for n in $((each * 64)) $((each * 65)) 8184 8192 16000 16383; do
            printf 'hosts-%d-%d\tstart\t--\thost=%s port=1 hostaddr=%s\n' "$each" "$n" "$(list "$n" "$each")" "$(list "$n" "$each" | tr a ' ' | tr -d ' ')"
            printf 'ports-%d-%d\tstart\t--\thost=%s port=%s\n' "$each" "$n" "$(list "$n" "$each" | tr -cd ,)" "$(list "$n" "$each" | tr a 1)"
        done
    done
} >"$TEST_DIR/table"
for mode in enforce audit; do
    sed -i "s/^mode = .*//; 1i mode = $mode" /etc/pgseal/policy.conf
    RC=0
    sealed "$ENTRY_POINTS" - <"$TEST_DIR/table" >"$TEST_DIR/out.jsonl" 2>"$TEST_DIR/err" || RC=$?
    [[ $mode == audit ]] || too_long=$(jq -r 'select(.row == "host-16377") | .error' "$TEST_DIR/out.jsonl")
    is "$RC $(wc -l <"$TEST_DIR/out.jsonl") $(jq -r .status "$TEST_DIR/out.jsonl" | grep -cv -e bad -e no_ -e rejected)" "0 $(wc -l <"$TEST_DIR/table") 0" \
        "$mode: each of $(wc -l <"$TEST_DIR/table") calls is answered, none connects"
done
sed -i 's/^mode = .*//' /etc/pgseal/policy.conf
has "$too_long" 'pgseal: refused: the host list is too long to check' '16,377 bytes of host are refused, with the reason'

# --- explain: 0, 1 and 2 are its statuses; a signal is more than that
status() { # NAME COMMAND…
    local name=$1 rc=0
    shift
    "$@" >"$TEST_DIR/out" 2>&1 || rc=$?
    [[ $rc -le 2 || $rc == 12[567] ]] || crashed+=" $name:$rc"
    count=$((count + 1))
}
crashed='' count=0
for n in 1021 1022 1023 1024 1025 1026 4094 4096 4098 16372 16376 16377 16378 16379 16380 16382 16384 16386; do
    status "host-$n" "$pgseal" explain "host=$(of "$n") port=5432 user=app dbname=app"
    status "verify_as-$n" "$pgseal" explain "host=$(of "$n" a)"
    status "user-$n" "$pgseal" explain "host=a user=$(of "$n")"
    status "uri-$n" "$pgseal" explain --json "postgresql://$(of "$n")@a:1/$(of "$n")"
    status "hosts-$n" "$pgseal" explain "host=$(list "$n" 255)"
    status "root-$n" "$pgseal" explain --json "host=b sslrootcert=/$(of "$n")"
    status "policy-$n" "$pgseal" explain --policy "/$(of "$n")" 'host=b'
done
is "$crashed" '' "explain: $count runs, none ends by a signal"

# --- the launcher: whatever it says, it says it
no_policy
crashed='' count=0
for n in 254 255 256 1021 1022 1023 1024 1025 1026 4094 4095 4096 4097 4098 8190 8192 8194 16382 16384 16386; do
    long=/$(of $((n - 1)))
    status "policy-$n" "$launcher" --policy "$long" true
    status "root-$n" "$launcher" --root "$long" true
    status "lib-$n" "$launcher" --lib "$long" true
    status "log-$n" "$launcher" --root "$PKI/root.pem" --log "file:$long" true
    status "command-$n" "$launcher" --root "$PKI/root.pem" "$long"
    status "name-$n" "$launcher" --root "$PKI/root.pem" "$(of "$n")"
    status "variable-$n" env PGSEAL_SSLROOTCERT="$long" "$launcher" true
    status "unknown-$n" env "PGSEAL_UNIX_SOCKETS=$long" "$launcher" true
    status "path-$n" env PATH="$long:/usr/bin:/bin" "$launcher" --root "$PKI/root.pem" true
    status "preload-$n" env LD_PRELOAD="$long" "$launcher" --root "$PKI/root.pem" true
    printf '#!%s\n' "$long" >"$TEST_DIR/script"
    chmod +x "$TEST_DIR/script"
    status "script-$n" "$launcher" --root "$PKI/root.pem" "$TEST_DIR/script"
    status "object-$n" env LD_PRELOAD="$OBJECT" PGSEAL_SSLROOTCERT="$long" PGSEAL_LOG="file:$long" "$ENTRY_POINTS" first connectdb -- "host=localhost port=1"
done
is "$crashed" '' "pgseal-run: $count runs, none ends by a signal"
done_testing
