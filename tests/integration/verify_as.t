#!/bin/bash
# verify_as.t: a server that is connected to under one name and verified under another; everything else stays as it
# was.
. "$(dirname "$0")/../lib/env.sh"

cp "$PKI/good.crt" "$PKI/second.crt"
cp "$PKI/good.key" "$PKI/second.key"
env_start good impostor wrongname second
# The good one is at 127.0.0.3 too; nobody is at 127.0.0.2.
env_stop good
echo "listen_addresses = '127.0.0.1, 127.0.0.3'" >>"$TEST_DIR/srv/good/postgresql.conf"
_env_launch good
_env_wait good
log_mark good
P=$(env_port good) I=$(env_port impostor) W=$(env_port wrongname) S=$(env_port second)
cp /etc/hosts "$TEST_DIR/hosts"
hosts() { { cat "$TEST_DIR/hosts"; printf '%s\n' "$@"; } >/etc/hosts; }
hosts '127.0.0.1 orders.internal' '127.0.0.1 elsewhere.example'
w='dbname=app user=app sslmode=disable'
policy <<END
sslrootcert = $PKI/root.pem
[host orders.internal]
verify_as = prod.example
[host good-by-address.internal]
verify_as = prod.example
[host localhost:$W]
verify_as = elsewhere.example
END
rows bare <<END
bare: the certificate does not name what is dialled|bad|-|host=orders.internal port=$P user=app dbname=app sslmode=verify-full sslrootcert=$PKI/root.pem
END
rows <<END
dials the old name, verifies the new|ok t|downgrade/sealed rule [host orders.internal]|host=orders.internal port=$P $w
the impostor has the name but not the root|bad|downgrade/sealed|host=orders.internal port=$I $w
another certificate under the root has not the name|bad|downgrade/sealed|host=orders.internal port=$W $w
by the environment|ok t|downgrade/sealed|port=$P $w|env:PGHOST=orders.internal
in a URI|ok t|seal/sealed|postgresql://app@orders.internal:$P/app
start and poll|ok t|downgrade/sealed|host=orders.internal port=$P $w|entry:start
array|ok t|seal/sealed|host=orders.internal ; port=$P ; user=app ; dbname=app|entry:params
login|ok t|seal/sealed|host=orders.internal ; port=$P ; user=app ; dbname=app|entry:setdblogin
an address beside it|ok t|downgrade/sealed|host=good-by-address.internal hostaddr=127.0.0.1 port=$P $w
an address beside it that is elsewhere|bad|downgrade/sealed|host=good-by-address.internal hostaddr=127.0.0.2 port=$P $w
a name that resolves nowhere|bad|downgrade/sealed|host=good-by-address.internal port=$P $w
the second of a list|ok t|downgrade/sealed|host=nowhere.invalid,orders.internal port=$P $w
the first of a list|ok t|downgrade/sealed|host=orders.internal,nowhere.invalid port=$P $w
another server under another name|ok t|downgrade/sealed|host=localhost port=$W $w
one that no section names|ok t|downgrade/sealed|host=localhost port=$P $w
END
like "${ROW_ERROR[a_name_that_resolves_nowhere]}" 'good-by-address.internal|prod.example' 'the message names what could not be resolved'
is "$(sessions impostor)" '' 'no session on the impostor'
printf 'pinged\tping\tenv:PGAPPNAME=pinged\t--\thost=orders.internal port=%s %s\n' "$P" "$w" | sealed "$ENTRY_POINTS" - >"$TEST_DIR/out.jsonl"
is "$(jq -r .status "$TEST_DIR/out.jsonl")" ok 'ping'
# The name that is verified resolves elsewhere: it must not be where the connection goes.
hosts '127.0.0.1 orders.internal' '127.0.0.2 prod.example'
rows <<<"the verified name's own address counts for nothing|ok t|downgrade/sealed|host=orders.internal port=$P $w"

# --- .pgpass of the old name, and the password in no PQconninfo that it was not in before
hosts '127.0.0.1 orders.internal'
printf 'orders.internal:%s:app:secret:hunter2-sesame\n*:*:*:*:wrong\n' "$P" >"$HOME/.pgpass"
chmod 0600 "$HOME/.pgpass"
run bare "$ENTRY_POINTS" x connectdb -- "host=orders.internal port=$P user=secret dbname=app sslmode=disable"
is "$(out status pass)" 'ok hunter2-sesame' 'bare: .pgpass of this name'
want=$(jq -r '.conninfo.password // "none"' <<<"$OUT")
for entry in connectdb start; do
    run sealed "$ENTRY_POINTS" x "$entry" -- "host=orders.internal port=$P user=secret dbname=app sslmode=disable"
    is "$(out status server)" 'ok t' "$entry: .pgpass entries of the old name are found"
    is "$(jq -r '.conninfo.password // "none"' <<<"$OUT")" "$want" "$entry: PQconninfo shows the password as little as before"
done
run sealed "$ENTRY_POINTS" x params -- host=orders.internal "port=$P" user=secret dbname=app
is "$(out status server)" 'ok t' 'array: .pgpass entries of the old name are found'
is "$(jq -r '.conninfo.password // "none"' <<<"$OUT")" "$want" 'array: nor there'
run sealed env PGPASSFILE="$TEST_DIR/other.pgpass" "$ENTRY_POINTS" x connectdb -- "host=orders.internal port=$P user=secret dbname=app password=hunter2-sesame"
is "$(jq -r '.status + " " + .conninfo.password' <<<"$OUT")" 'ok hunter2-sesame' 'a password of its own is shown as before'
run sealed psql -XAtw "host=orders.internal port=$P user=secret dbname=app" -c 'select ssl_is_used()' -c '\conninfo'
is "$(head -1 <<<"$OUT")" t 'psql finds it'
rm "$HOME/.pgpass"
run sealed psql -XAtw "host=orders.internal port=$P user=secret dbname=app" -c 'select 1'
is "$RC" 2 'without an entry there is none'
has "$ERR" 'no password supplied' 'and libpq says so'

# --- psql says under which name it verified the server, and \c asks for that name, wherever it points
hosts '127.0.0.1 orders.internal' '127.0.0.3 prod.example'
forget_events
run sealed psql -XAtw "host=orders.internal port=$P user=app dbname=app" -c '\conninfo' -c '\c - postgres' -c '\conninfo' \
    -c 'select ssl_is_used()'
has "$(sed -n 1p <<<"$OUT")" 'on host "prod.example" (address "127.0.0.1")' 'psql: \conninfo shows the verified name'
has "$(sed -n 3,4p <<<"$OUT" | grep conn)" 'as user "postgres" on host "prod.example" (address "127.0.0.3")' \
    'psql: \c goes to that name'
is "$(tail -n 1 <<<"$OUT")" t 'psql: in TLS'
is "$(events 'select(.event == "seal") | .host' | xargs)" 'orders.internal prod.example' 'psql: the log has the name that was asked for'
hosts '127.0.0.1 orders.internal'
run sealed psql -XAtw "host=orders.internal port=$P user=app dbname=app" -c '\c - postgres' -c 'select 1'
has "$ERR" 'could not translate host name "prod.example"' 'psql: where that name resolves nowhere \c fails'
is "$OUT" '' 'psql: and there is no session any more'

# --- several addresses are tried in turn
hosts '127.0.0.9 orders.internal' '127.0.0.1 orders.internal'
rows <<END
several addresses: the second answers|ok t|downgrade/sealed|host=orders.internal port=$P $w
several addresses: poll|ok t|downgrade/sealed|host=orders.internal port=$P $w|entry:start
END

# --- PQreset resolves anew
where='query=select inet_server_addr() || '"' '"' || ssl_is_used()'
moved() { # ENTRY RESET ADDRESS: the name points to 127.0.0.1 first, to ADDRESS before the reset; leaves FIRST, SECOND, WHY
    hosts '127.0.0.1 orders.internal'
    forget_events
    run sealed "$ENTRY_POINTS" x "$1" "reset=$2" "between=sed -i 's/^127.0.0.1 orders/$3 orders/' /etc/hosts" "$where" \
        -- "host=orders.internal port=$P $w"
    FIRST=$(jq -rs '.[0] | "\(.status) \(.server)"' <<<"$OUT")
    SECOND=$(jq -rs '.[1] | "\(.status) \(.server // "-")"' <<<"$OUT")
    WHY=$(jq -rs '.[1].error' <<<"$OUT")
}
for entry in connectdb start; do
    for reset in sync start; do
        moved $entry $reset 127.0.0.3
        is "$FIRST" 'ok 127.0.0.1/32 true' "$entry, $reset: first where the name points"
        is "$SECOND" 'ok 127.0.0.3/32 true' "$entry, $reset: the reset goes where it points by then"
        is "$(events 'select(.event == "witness") | .verified_name')" $'"prod.example"\n"prod.example"' \
            "$entry, $reset: the same name is verified both times"
        # Nobody listens there: a reset that dialled the old address would succeed.
        moved $entry $reset 127.0.0.2
        is "$FIRST, $SECOND" 'ok 127.0.0.1/32 true, bad -' "$entry, $reset: to an address where nobody is"
        like "$WHY" '\(127\.0\.0\.2\), port [0-9]+ failed: Connection refused' "$entry, $reset: it was dialled, in vain"
        hasnt "$WHY" 'pgseal' "$entry, $reset: and pgseal refused nothing"
    done
done
hosts '127.0.0.2 orders.internal'
run sealed "$ENTRY_POINTS" x connectdb -- "host=orders.internal port=$P $w"
is "$(out status)" bad 'the same from the start'
hosts '127.0.0.1 orders.internal'
run sealed "$ENTRY_POINTS" x connectdb reset=sync "between=cp $TEST_DIR/hosts /etc/hosts" -- "host=orders.internal port=$P $w"
is "$(jq -rs 'map(.status) | join(" ")' <<<"$OUT")" 'ok bad' 'a name that is gone: PQreset fails'
isnt "$(jq -rs '.[1].error' <<<"$OUT")" '' 'with a reason'

# --- other look-ups of the process stay what they are
hosts '127.0.0.1 orders.internal' '127.0.0.7 prod.example'
run sealed getent ahostsv4 prod.example
has "$OUT" 127.0.0.7 'a look-up of the verified name by anyone else'
run sealed /usr/bin/python3 -c 'import socket; print(socket.gethostbyname("prod.example"), socket.getaddrinfo("prod.example", 1)[0][4][0])'
is "$OUT" '127.0.0.7 127.0.0.7' 'by getaddrinfo too'
run sealed "$ENTRY_POINTS" x connectdb threads=8 times=4 -- "host=orders.internal port=$P $w"
is "$(jq -rs 'map(.status + .server) | unique | join(" ") ' <<<"$OUT") $(jq -s length <<<"$OUT")" 'okt 32' 'in eight threads'

# --- passfiles: a pinned one, and the program's own, count as they do without verify_as
secret="user=secret dbname=app"
pass() { # FILE LINE…
    local file=$1
    shift
    printf '%s\n' "$@" >"$file"
    chmod 0600 "$file"
}
pass "$TEST_DIR/wrong.pass" 'orders.internal:*:*:*:wrong' 'prod.example:*:*:*:hunter2-sesame'
pass "$TEST_DIR/right.pass" 'orders.internal:*:*:*:hunter2-sesame' 'prod.example:*:*:*:wrong'
pass "$TEST_DIR/new.pass" 'prod.example:*:*:*:hunter2-sesame'
hosts '127.0.0.1 orders.internal'
own() { # FILE: connects with this passfile; leaves GOT: status and server, the passfile that PQconninfo shows, and the password there
    run sealed "$ENTRY_POINTS" x connectdb -- "host=orders.internal port=$P $secret passfile=$1"
    GOT="$(out status server) $(jq -r '.conninfo | .passfile + " " + (.password // "none")' <<<"$OUT")"
}
own "$TEST_DIR/right.pass"
is "$GOT" "ok t $TEST_DIR/right.pass none" "the program's own passfile: the old name's entry, and PQconninfo shows the file"
own "$TEST_DIR/wrong.pass"
is "$GOT" "bad  $TEST_DIR/wrong.pass none" 'the old name comes first'
own "$TEST_DIR/new.pass"
is "$GOT" "ok t $TEST_DIR/new.pass none" 'then the name that is verified'
run sealed "$ENTRY_POINTS" x connectdb -- "host=orders.internal,orders.internal hostaddr=127.0.0.1, port=1,$P $secret passfile=$TEST_DIR/right.pass"
is "$(out status server)" 'ok t' 'the entry of an element that has no address, in a list of which another has one'
pinned="sslrootcert = $PKI/root.pem
[host orders.internal]
verify_as = prod.example
passfile ="
policy <<<"$pinned $TEST_DIR/right.pass"
own "$TEST_DIR/wrong.pass"
is "$GOT" "ok t $TEST_DIR/right.pass none" "a pinned passfile: its entry of the old name, whatever the program's own says"
is "$(events '.changes[]? | select(.option == "passfile") | .enforced' | sort -u)" "\"$TEST_DIR/right.pass\"" 'the log names the file that was read'
policy <<<"$pinned $TEST_DIR/wrong.pass"
own "$TEST_DIR/right.pass"
is "$GOT" "bad  $TEST_DIR/wrong.pass none" 'and only that file'
for version in 13 16 18; do
    libs=$("$TEST_TOP/tests/lib/libpqs.sh" $version)
    policy <<<"$pinned $TEST_DIR/right.pass"
    run sealed env LD_LIBRARY_PATH="$libs" "$ENTRY_POINTS" x connectdb reset=sync -- "host=orders.internal port=$P $secret passfile=$TEST_DIR/wrong.pass"
    is "$(jq -rs 'map(.status + " " + .server) | join(", ")' <<<"$OUT")" 'ok t, ok t' "libpq $version: the same, after PQreset too"
done

# A libpq that was built for large files calls fopen64.
mkdir "$TEST_DIR/large"
"$TEST_TOP/tests/lib/large_files.py" "$(pg_config --libdir)/libpq.so.5" "$TEST_DIR/large/libpq.so.5"
policy <<<"$pinned $TEST_DIR/right.pass"
run sealed env LD_LIBRARY_PATH="$TEST_DIR/large" "$ENTRY_POINTS" x connectdb -- "host=orders.internal port=$P $secret passfile=$TEST_DIR/wrong.pass"
is "$(out status server)" 'ok t' 'a libpq built for large files: the old name'\''s entry'

# --- lists: one host's password is never sent to another
policy <<END
sslrootcert = $PKI/root.pem
[host orders.internal]
verify_as = prod.example
[host stock.internal]
verify_as = prod.example
[host localhost]
verify_as = b.example
END
hosts '127.0.0.9 stock.internal' '127.0.0.1 orders.internal' # nobody is at 127.0.0.9
list="port=$P $secret passfile=$TEST_DIR/list.pass"
pass "$TEST_DIR/list.pass" 'orders.internal:*:*:*:hunter2-sesame' 'localhost:*:*:*:wrong'
run sealed "$ENTRY_POINTS" x connectdb -- "host=nobody.invalid,orders.internal,localhost $list"
is "$(out status server)" 'ok t' "a list: each element's own entry"
run sealed "$ENTRY_POINTS" x connectdb -- "host=localhost,orders.internal $list"
has "$(out status error)" 'bad' 'a list: the first that answers gets its own, and no other'
pass "$TEST_DIR/list.pass" 'orders.internal:*:*:*:hunter2-sesame' 'stock.internal:*:*:*:wrong'
log_mark good
run sealed "$ENTRY_POINTS" x connectdb -- "host=stock.internal,orders.internal $list"
like "$(out status error)" '^bad .*pgseal: refused: verify_as: .*different passfile entries' 'two that are verified alike, and differ: refused'
pass "$TEST_DIR/list.pass" 'orders.internal:*:*:*:hunter2-sesame'
run sealed "$ENTRY_POINTS" x connectdb -- "host=stock.internal,orders.internal $list"
like "$(out status error)" '^bad .*pgseal: refused: verify_as: .*different passfile entries' 'one of them without an entry: refused'
is "$(contacts good)" 0 'and nobody was dialled'
pass "$TEST_DIR/list.pass" '*:*:*:*:hunter2-sesame'
run sealed "$ENTRY_POINTS" x connectdb -- "host=stock.internal,orders.internal $list"
is "$(out status server)" 'ok t' 'one password for both: none is mistaken'

# --- nothing is left open, and no path to a descriptor is left behind
policy <<<"$pinned $TEST_DIR/right.pass"
steps=$TEST_DIR/bin/steps
gcc -std=gnu17 -D_GNU_SOURCE= -O2 -g -Wall -Wextra -rdynamic -I"$(pg_config --includedir)" -o "$steps" \
    "$TEST_TOP/tests/integration/src/steps.c" -lpq
libs=$("$TEST_TOP/tests/lib/libpqs.sh" 18)
pass "$TEST_DIR/bare.pass" '*:*:*:*:hunter2-sesame'
run bare env LD_LIBRARY_PATH="$libs" "$steps" cancel "host=orders.internal port=$P $secret sslmode=require passfile=$TEST_DIR/bare.pass"
BARE=$OUT
run sealed env LD_LIBRARY_PATH="$libs" "$steps" cancel "host=orders.internal port=$P $secret"
is "$OUT" "$BARE" 'as many descriptors are open as bare; PQcancelCreate and PQcancelBlocking work'
has "$OUT" 'cancel 1' 'the cancel was sent'
is "$ERR" '' 'and nothing is said on standard error'

# --- the name that was asked for is the one that is dialled, however libpq resolves names
hosts '127.0.0.9 orders.internal' '127.0.0.1 prod.example' # nobody is where the program wants to go
policy <<END
sslrootcert = $PKI/root.pem
[host orders.internal]
verify_as = prod.example
END
gcc -O1 -o "$TEST_DIR/bin/deepbound" "$TEST_TOP/tests/integration/src/deepbound.c" -ldl
log_mark good
for version in 15 13 16 18; do
    libs=/nonexistent
    ((version == 15)) || libs=$("$TEST_TOP/tests/lib/libpqs.sh" $version)
    run sealed env LD_LIBRARY_PATH="$libs" "$TEST_DIR/bin/deepbound" "host=orders.internal port=$P $w connect_timeout=5"
    like "$OUT" 'refused.*127\.0\.0\.9|127\.0\.0\.9.*refused' "libpq $version opened RTLD_DEEPBIND: the program's host is dialled, not the verified name's"
done
is "$(sessions good)" '' 'and there was no session'
hosts '127.0.0.1 orders.internal' '127.0.0.9 prod.example'
for version in 15 13 16 18; do
    libs=/nonexistent
    ((version == 15)) || libs=$("$TEST_TOP/tests/lib/libpqs.sh" $version)
    run sealed env LD_LIBRARY_PATH="$libs" "$TEST_DIR/bin/deepbound" "host=orders.internal port=$P $w"
    is "$OUT" OK "libpq $version opened RTLD_DEEPBIND: verified there"
done
# What is dialled is another address than was found: it is seen before the first byte of the session.
gcc -shared -fPIC -x c -o "$TEST_DIR/elsewhere.so" - <<'C'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    struct sockaddr_in in = *(const struct sockaddr_in *)to;
    if (to->sa_family == AF_INET && in.sin_addr.s_addr == inet_addr("127.0.0.9"))
        in.sin_addr.s_addr = inet_addr("127.0.0.1");
    return syscall(SYS_connect, fd, &in, len);
}
C
hosts '127.0.0.9 orders.internal'
log_mark good
for entry in connectdb start; do
    forget_events
    run env LD_PRELOAD="$OBJECT:$TEST_DIR/elsewhere.so" "$ENTRY_POINTS" x $entry -- "host=orders.internal port=$P $w"
    has "$(out status error)" 'bad pgseal: refused: violation: the address did not come from a lookup of the requested name' \
        "$entry: another address than was found is a violation"
    is "$(events 'select(.event == "violation") | .action')" '"refused"' "$entry: and the log says so"
done
is "$(sessions good)" '' 'and there was no session'
hosts '127.0.0.1 orders.internal' '127.0.0.9 prod.example'
# A libpq that calls itself past any hook
mkdir "$TEST_DIR/symbolic"
python3 "$TEST_TOP/tests/matrix/symbolic.py" "$(realpath /usr/lib/*/libpq.so.5)" "$TEST_DIR/symbolic/libpq.so.5"
pass "$TEST_DIR/symbolic.pass" 'orders.internal:*:*:*:hunter2-sesame' 'prod.example:*:*:*:wrong'
symbolic() { run sealed env LD_LIBRARY_PATH="$TEST_DIR/symbolic" "$ENTRY_POINTS" x "$@"; }
for entry in connectdb start; do
    symbolic $entry reset=sync -- "host=orders.internal port=$P $w"
    is "$(jq -rs 'map(.status + " " + .server) | join(", ")' <<<"$OUT")" 'ok t, ok t' "-Bsymbolic, $entry: dialled there, after PQreset too"
    symbolic $entry -- "host=orders.internal port=$P $secret passfile=$TEST_DIR/symbolic.pass"
    is "$(out status server)" 'ok t' "-Bsymbolic, $entry: the old name's password"
    hosts '127.0.0.9 orders.internal' '127.0.0.1 prod.example'
    symbolic $entry -- "host=orders.internal port=$P $w connect_timeout=5"
    is "$(out status server)" 'bad ' "-Bsymbolic, $entry: nothing listens there, and no other host is connected to"
    hosts '127.0.0.1 orders.internal' '127.0.0.9 prod.example'
done
# A libpq whose look-ups do not go through its linkage table: here it asks for another name of the same function.
mkdir "$TEST_DIR/hidden"
sed 's/\x00getaddrinfo\x00/\x00getaddrinfx\x00/' "$(realpath /usr/lib/*/libpq.so.5)" >"$TEST_DIR/hidden/libpq.so.5"
gcc -shared -fPIC -x c -o "$TEST_DIR/hidden/libx.so" - <<'C'
#include <netdb.h>
int getaddrinfx(const char *a, const char *b, const struct addrinfo *c, struct addrinfo **d);
int getaddrinfx(const char *a, const char *b, const struct addrinfo *c, struct addrinfo **d)
{
    return getaddrinfo(a, b, c, d);
}
C
log_mark good
run env LD_LIBRARY_PATH="$TEST_DIR/hidden" LD_PRELOAD="$TEST_DIR/hidden/libx.so:$OBJECT" "$ENTRY_POINTS" x connectdb -- "host=localhost port=$P $w"
is "$(out status server)" 'ok t' 'a libpq that shows no look-ups: sealed as any other'
forget_events
run env LD_LIBRARY_PATH="$TEST_DIR/hidden" LD_PRELOAD="$TEST_DIR/hidden/libx.so:$OBJECT" "$ENTRY_POINTS" x connectdb -- "host=orders.internal port=$P $w"
has "$(out error)" "pgseal: refused: verify_as: cannot intercept this libpq's lookups" 'under verify_as it is refused'
is "$(verdicts) $(contacts good)" 'refuse/refused 1' 'and the log says so; only the first was dialled'
cp "$TEST_DIR/hosts" /etc/hosts

# --- look-ups under verify_as
policy <<END
mode = audit
[host a.invalid]
verify_as = localhost
END
list="host=a.invalid,localhost port=$P $w"
rows bare <<<"bare: the second of the list answers|ok f|-|$list"
rows <<<"audit mode: look-ups are as bare|ok f|downgrade/would-seal|$list"
policy <<END
sslrootcert = $PKI/root.pem
[host a.invalid]
verify_as = localhost
END
rows <<<"the verified name is itself in the list|ok t|downgrade/sealed|$list"
policy <<END
sslrootcert = $PKI/root.pem
[host orders.internal]
verify_as = prod.example
END
two() { # LIST OF NAMES: where the session came to be
    log_mark good
    log_mark second
    run sealed "$ENTRY_POINTS" x connectdb -- "host=$1 port=$P,$S $w"
    printf '%s: good %s, second %s\n' "$(out status server)" "$(contacts good)" "$(contacts second)"
}
hosts '127.0.0.1 orders.internal' '127.0.0.9 prod.example'
is "$(two orders.internal,prod.example)" 'ok t: good 1, second 0' 'orders.internal first, and it is there'
is "$(two prod.example,orders.internal)" 'ok t: good 0, second 1' 'prod.example first: it is dialled where it is, in vain'
hosts '127.0.0.9 orders.internal' '127.0.0.1 prod.example'
is "$(two orders.internal,prod.example)" 'ok t: good 0, second 1' 'prod.example second: it is dialled where it is'
is "$(two prod.example,orders.internal)" 'ok t: good 1, second 0' 'prod.example first, and it is there'
cp "$TEST_DIR/hosts" /etc/hosts


policy <<END
sslrootcert = $PKI/root.pem
[host orders.internal]
verify_as = prod.example/x
END
run sealed "$ENTRY_POINTS" x connectdb -- "host=orders.internal port=$P $w"
has "$(out error)" "/etc/pgseal/policy.conf:$(policy_line verify_as): " 'a verify_as that is no name is a fault'
done_testing
