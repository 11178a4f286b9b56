#!/bin/bash
# fault_injection.t: each system call and each allocation that pgseal makes for a connection fails once, with each
# errno that suits it; at each of them a child, a signal or a thread interferes. Never a connection below the policy,
# never a crash, no leak, an end in bounded time. inject.c has the method, drive.py the checks.
. "$(dirname "$0")/../lib/env.sh"

inject=$TEST_DIR/bin/inject.so
gcc -std=gnu17 -D_GNU_SOURCE= -Wall -Wextra -Werror -O1 -g -fPIC -shared -o "$inject" "$TEST_TOP"/tests/faults/inject*.c
chmod 0755 "$inject"
export TEST_DIR

# Every function that pgseal calls is either made to fail, or cannot fail: a new one must be added to one of the lists.
cannot="__environ environ __errno_location __stack_chk_fail dl_iterate_phdr free getauxval getenv inet_ntop
inet_pton memchr memcmp memcpy memmem memmove memset sigfillset strcasestr strchr strcmp strcspn strlen strncmp strrchr
strspn strstr strpbrk"
is "$(comm -23 <(nm -D --undefined-only "$OBJECT" | awk '$1 == "U" { sub(/@.*/, "", $2); print $2 }' | sort) \
    <(sort <(nm -D --defined-only "$inject" | awk '{ print $3 }') <(tr ' ' '\n' <<<"$cannot")))" '' \
    'every call that can fail is one that this test makes fail'

env_start good impostor
P=$(env_port good) I=$(env_port impostor)
good="host=localhost port=$P user=app dbname=app" bad="host=localhost port=$I user=app dbname=app"
services=$TEST_DIR/log/services.conf
printf '[weak]\nhost=localhost\nport=%s\nuser=app\ndbname=app\nsslmode=disable\n' "$P" >"$services"
printf 'old.example:%s:app:secret:hunter2-sesame\n' "$P" >"$TEST_DIR/pgpass"
chmod 0600 "$TEST_DIR/pgpass"
: >"$TEST_DIR/log/exempt.seen"
export FAULT_CONNINFO="$good application_name=other sslmode=disable"

# drive NAME ALLOWED WHAT WORD…: the words are those of entry_points; what was wrong must be nothing.
drive() {
    local name=$1 allowed=$2 what=$3 out
    shift 3
    log_mark good
    log_mark impostor
    forget_events
    out=$("$TEST_TOP/tests/faults/drive.py" "$name" "$allowed" "$what" env LD_PRELOAD="$OBJECT:$inject" "$ENTRY_POINTS" "$@" 2>&1) || out+=' died'
    is "$(grep -vE '^[0-9]+ steps, [0-9]+ runs$' <<<"$out")" '' "$name, $what: ${out##*$'\n'}: nothing wrong"
    like "${out##*$'\n'}" '^([3-9][0-9]|[1-9][0-9]{2,}) steps, ' "$name, $what: there were steps"
    is "$(events . >/dev/null 2>&1 && echo whole)" whole "$name, $what: every line of the log is whole"
}
sealed_only() { # NAME: the servers saw no session but in verified TLS
    is "$(sessions good | grep -v ' ssl$'), $(sessions impostor)" ', ' "$1: no session in plaintext, none with the impostor"
}

policy <<<"sslrootcert = $PKI/root.pem"$'\n'"sslcrl = $PKI/crl.pem"
drive connect 'ok t,bad' fail x connectdb -- "$good sslmode=disable"
sealed_only connect
drive impostor bad fail x connectdb -- "$bad sslmode=disable"
sealed_only impostor
drive polled 'ok t,bad' fail x start -- "$good"
sealed_only polled
drive params bad fail x params -- host=localhost port="$I" user=app dbname=app sslmode=allow
sealed_only params
drive service 'ok t,bad' fail x connectdb env:PGSERVICEFILE="$services" -- service=weak
sealed_only service
drive ping 'ok,no_response,no_attempt' fail x ping -- "$good sslmode=disable"
sealed_only ping
drive reset 'ok t,bad' fail x start reset=start -- "$good sslmode=disable"
sealed_only reset

# what each fault leaves undone in a program that goes on: other threads, children, signals
for what in fork vfork signal thread; do
    drive "$what" 'ok t,bad' "$what" x connectdb -- "$good sslmode=disable"
    sealed_only "$what"
done

policy <<<"sslrootcert = $PKI/root.pem"
mkdir -p "$TEST_DIR/home/.postgresql"
cp "$PKI/crl.pem" "$TEST_DIR/home/.postgresql/root.crl"
drive home 'ok t,bad' fail x connectdb -- "$good sslcrl=$PKI/crl.pem"
sealed_only home

# What libpq finds in ~/.postgresql: its root, a client certificate with a key, and one without.
policy <<<'sslrootcert = program'
rm "$TEST_DIR/home/.postgresql/root.crl"
cp "$PKI/root.pem" "$TEST_DIR/home/.postgresql/root.crt"
cp "$PKI/client.crt" "$TEST_DIR/home/.postgresql/postgresql.crt"
install -m 0600 "$PKI/client.key" "$TEST_DIR/home/.postgresql/postgresql.key"
drive found 'ok t,bad' fail x connectdb reset=sync -- "$good"
sealed_only found
rm "$TEST_DIR/home/.postgresql/postgresql.key"
drive found-no-key bad fail x connectdb -- "$bad"
sealed_only found-no-key
rm -r "$TEST_DIR/home/.postgresql"

policy <<END
sslrootcert = $PKI/root.pem
[host old.example]
verify_as = localhost
END
sed -i '/old\.example/d' /etc/hosts
echo '127.0.0.1 old.example' >>/etc/hosts
drive renamed 'ok t,bad' fail x connectdb env:PGPASSFILE="$TEST_DIR/pgpass" -- "host=old.example port=$P user=secret dbname=app"
sealed_only renamed

# A cancel request in plaintext: refused, it never leaves; allowed, whatever fails is no reason to crash.
for rule in refuse allow; do
    policy <<<"sslrootcert = $PKI/root.pem"$'\n'"plaintext_cancel = $rule"
    may=unsent
    [[ $rule == refuse ]] || may=sent,unsent
    drive "cancel-$rule" "ok t,bad,$may" fail x connectdb cancel -- "$good sslmode=disable"
    sealed_only "cancel-$rule"
done

# Refusals: whatever fails, it stays one.
policy <<<'unlisted_hosts = refuse'
drive refused bad fail x connectdb -- "$good sslmode=disable"
is "$(contacts good)" 0 'refused: nobody was dialled'

# An exemption holds only where its line was taken by a sink.
policy <<END
sslrootcert = $PKI/root.pem
[host localhost:$I]
exempt = to be seen
END
drive exempt 'ok f,bad' fail x connectdb -- "$bad sslmode=disable"
unlogged=$(comm -23 <(sessions impostor | sed -n 's/ plain$//p' | sort -u) \
    <({ cat "$TEST_DIR/log/exempt.seen"; events 'select(.event == "exempt") | .application_name' | tr -d '"'; } | sort -u))
is "$unlogged" '' 'exempt: no session in plaintext without its line'
isnt "$(sessions impostor)" '' 'exempt: there were such sessions'
done_testing
