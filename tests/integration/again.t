#!/bin/bash
# again.t: what comes a second time, and what was wrong once: connections after a longjmp, resets, children of a fork; the
# system's service file; look-ups under verify_as; patterns and addresses that are nearly another.
. "$(dirname "$0")/../lib/env.sh"

again=$LAB/bin/again
gcc -std=gnu17 -D_GNU_SOURCE= -O2 -g -Wall -Wextra -rdynamic -I"$(pg_config --includedir)" -o "$again" \
    "$LAB_TOP/tests/integration/src/again.c" -lpq
# Another server with the good certificate; the good one speaks IPv6 too.
cp "$PKI/good.crt" "$PKI/second.crt"
cp "$PKI/good.key" "$PKI/second.key"
lab_start good second nossl
recorder_start hung raw
recorder_start ldap raw
lab_stop good
echo "listen_addresses = '127.0.0.1, ::1'" >>"$LAB/srv/good/postgresql.conf"
echo 'host all all ::1/128 trust' >>"$LAB/srv/good/pg_hba.conf"
_lab_launch good
_lab_wait good
log_mark good
P=$(lab_port good) S=$(lab_port second) N=$(lab_port nossl) LDAP=$(lab_port ldap)
cp /etc/hosts "$LAB/hosts"
hosts() { { cat "$LAB/hosts"; printf '%s\n' "$@"; } >/etc/hosts; }
w='user=app dbname=app sslmode=disable'

# --- a longjmp out of a connection that hangs: the next one is judged like any other
policy <<END
sslrootcert = $PKI/root.pem
[host 127.0.0.1:$(lab_port hung)]
exempt = a sidecar that hangs
END
hung="host=127.0.0.1 port=$(lab_port hung) $w"
run bare "$again" longjmp "$hung" "host=localhost port=$P $w"
is "$OUT" $'left\nok f' 'bare: left by longjmp, then a session in clear'
log_mark good
forget_events
run sealed "$again" longjmp "$hung" "host=localhost port=$P $w application_name=next"
is "$OUT" $'left\nok t' 'after a longjmp out of an exempt connection the next is sealed'
is "$(sessions good)" 'next ssl' 'the server says so'
is "$(verdicts)" 'exempt/allowed downgrade/sealed' 'both are in the log'
forget_events
run sealed "$again" longjmp "$hung" "host=localhost port=$N $w application_name=next"
like "$OUT" $'^left\nbad ' 'and where the server has no TLS there is no session'
is "$(sessions nossl)" '' 'nor does that server know of one'
is "$(verdicts)" 'exempt/allowed downgrade/sealed' 'both are in the log then too'

# --- PQreset: the CRL file has become empty, and the server has the certificate that was revoked
crl=/etc/pgseal/crl.pem
policy <<END
sslrootcert = $PKI/root.pem
sslcrl = $crl
END
cat >"$LAB/bin/replace" <<END
#!/bin/bash
# replace NAME: from now on the good server shows this certificate.
install -o postgres -m 0600 "$PKI/\$1.key" "$LAB/srv/good/server.key"
install -o postgres "$PKI/\$1.crt" "$LAB/srv/good/server.crt"
kill -HUP "\$(head -n 1 "$LAB/srv/good/postmaster.pid")"
want=\$(openssl x509 -noout -serial -in "$PKI/\$1.crt")
for ((i = 0; i < 300; i++)); do
    got=\$(openssl s_client -starttls postgres -connect 127.0.0.1:$P </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null)
    [[ \$got != "\$want" ]] || exit 0
    sleep 0.05
done
exit 1
END
chmod 0755 "$LAB/bin/replace"
replace="env -u LD_PRELOAD '$LAB/bin/replace'"
reset() { # sync|start COMMAND: leaves RESET, what came of it, RESET_ERROR, and RESET_CONTACTS, what the server saw of the reset
    cp "$PKI/crl.pem" "$crl"
    forget_events
    run sealed "$DOORS" x connectdb "between=$2 && stat -c %s '$(lab_log good)' >'$LAB/mark'" "reset=$1" \
        -- "host=localhost port=$P user=app dbname=app"
    sleep 0.05
    RESET_CONTACTS=$(tail -c "+$(($(<"$LAB/mark") + 1))" "$(lab_log good)" | grep -c 'connection received' || true)
    RESET=$(jq -rs '[.[] | .step + " " + .status + " " + (.server // "-")] | join(", ")' <<<"$OUT")
    RESET_ERROR=$(jq -rs '.[1].error' <<<"$OUT")
}
for how in sync start; do
    reset "$how" true
    is "$RESET" 'connect ok t, reset ok t' "$how: a reset while nothing has changed"
    is "$RESET_CONTACTS" 1 "$how: the server saw it come"
    reset "$how" "$replace revoked"
    is "$RESET" 'connect ok t, reset bad -' "$how: a reset to a revoked certificate fails by the CRL"
    "$LAB/bin/replace" good
    reset "$how" ": >$crl; $replace revoked"
    is "$RESET" 'connect ok t, reset bad -' "$how: nor is there one when the CRL file is empty by then"
    is "$RESET_CONTACTS" 0 "$how: the server saw nothing of it"
    has "$RESET_ERROR" "pgseal: refused: sslcrl: $crl: " "$how: the caller is told why"
    is "$(verdicts)" 'seal/sealed refuse/refused' "$how: the refusal is logged"
    has "$(reason refuse)" "sslcrl: $crl: " "$how: with its reason"
    run bare "$DOORS" x connectdb -- "host=localhost port=$P user=app dbname=app sslmode=verify-full sslrootcert=$PKI/root.pem"
    is "$(out status server)" 'ok t' "$how: (that server takes who does not ask for a CRL)"
    "$LAB/bin/replace" good
    reset "$how" "rm $crl"
    is "$RESET, $RESET_CONTACTS" 'connect ok t, reset bad -, 0' "$how: nor when it is missing, and the server saw nothing of it"
done
cp "$PKI/root.pem" /etc/pgseal/roots.pem
policy <<<"sslrootcert = /etc/pgseal/roots.pem"
reset sync 'chmod o+w /etc/pgseal/roots.pem'
is "$RESET, $RESET_CONTACTS" 'connect ok t, reset bad -, 0' 'nor when anybody may write the root by then'
has "$RESET_ERROR" 'pgseal: refused: sslrootcert: /etc/pgseal/roots.pem: ' 'the caller is told'

# --- PQreset of an exempt connection: logged each time, and no longer than the exemption lasts
exempt="sslrootcert = $PKI/root.pem
[host 127.0.0.1:$N]
exempt = an old server
exempt_until = $(date -u -d tomorrow +%F)"
policy <<<"$exempt"
forget_events
log_mark nossl
run sealed "$again" reset "host=127.0.0.1 port=$N $w" sync start
is "$OUT" $'ok f\nok f\nok f' 'an exempt connection may be reset'
is "$(verdicts)" 'exempt/allowed exempt/allowed exempt/allowed' 'each use of the exemption is logged'
is "$(events 'select(.reason == "an old server") | .event' | wc -l)" 3 'with its reason'
forget_events
log_mark nossl
run sealed "$again" reset "host=127.0.0.1 port=$N $w application_name=old" sync +3 sync start
like "$OUT" $'^ok f\nok f\nbad pgseal: refused: the exemption at [^\n]* has ended[^\n]*\nbad pgseal: refused: the exemption' \
    'after its last day there is no reset'
is "$(verdicts)" 'exempt/allowed exempt/allowed refuse/refused refuse/refused' 'which is logged'
is "$(sessions nossl | sort | uniq -c | xargs)" '2 old plain' 'the server saw the first two'
is "$(contacts nossl)" 2 'and not so much as a connection of the others'
policy <<<"mode = audit
log = file:$LAB/log/missing/events.jsonl
$exempt"
# shellcheck disable=SC2016
run bash -c 'LD_PRELOAD=$0 exec "$@" 2>&-' "$OBJECT" "$again" reset "host=127.0.0.1 port=$N $w" sync +3 sync
is "$OUT" $'ok f\nok f\nok f' 'in audit mode neither a lost line nor the date changes anything'

# --- [host 10.*] is of addresses
hosts '127.0.0.1 10.evil.example'
policy <<END
sslrootcert = $PKI/root.pem
[host 10.*]
exempt = the inner network
END
log_mark nossl
rows <<<"10.* exempts no name|bad|downgrade/sealed|host=10.evil.example port=$N $w"
is "$(sessions nossl)" '' 'and no session came of it'

# --- service files
policy <<<"sslrootcert = $PKI/root.pem"
system=/etc/postgresql-common/pg_service.conf # Debian's libpq has the directory compiled in
mkdir -p /etc/postgresql-common
ldap="ldap://127.0.0.1:$LDAP/dc=x?y?one?(cn=*)"
by_service() { # NAME WANT [COMMAND…]: whether the LDAP server was asked
    local name=$1 want=$2 got='not asked'
    shift 2
    forget_recorded ldap
    forget_events
    run timeout 20 env PGHOST=localhost "PGPORT=$P" "$@" "$DOORS" x connectdb -- 'service=x user=app dbname=app'
    [[ -z $(recorded ldap) ]] || got=asked
    is "$got" "$want" "$name"
}
preload=LD_PRELOAD=$OBJECT
printf '[x]\n%s\n' "$ldap" >"$system"
by_service 'bare: libpq finds the system service file by itself, and asks' asked
by_service 'an LDAP line there: no byte to the LDAP server' 'not asked' "$preload"
is "$(out status) $(verdicts)" 'bad refuse/refused' 'the connection is refused'
has "$(reason refuse)" "$system" 'the reason names the file'
has "$(reason refuse)" 'LDAP' 'and the fault'
printf '[y]\n%s\n[x]\nsslmode=disable\n' "$ldap" >"$system"
by_service 'a stanza there that asks nobody' 'not asked' "$preload"
is "$(out status server)" 'ok t' 'is used, and sealed'
rm "$system"
export PGSERVICEFILE=$LAB/service.conf
printf '[x]\nuser=app\0[other]\n%s\n' "$ldap" >"$PGSERVICEFILE"
by_service 'bare: a NUL byte hides a header from libpq' asked
by_service 'a service file with a NUL byte: no byte to the LDAP server' 'not asked' "$preload"
is "$(out status) $(verdicts)" 'bad refuse/refused' 'it refuses'
has "$(reason refuse)" 'NUL byte' 'and says why'
printf '[x]\nuser=app\n#\0\n' >"$PGSERVICEFILE"
by_service 'a NUL byte where there is no LDAP line' 'not asked' "$preload"
has "$(out status error)" 'NUL byte' 'refuses too'
unset PGSERVICEFILE

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
    run sealed "$DOORS" x connectdb -- "host=$1 port=$P,$S $w"
    printf '%s: good %s, second %s\n' "$(out status server)" "$(contacts good)" "$(contacts second)"
}
hosts '127.0.0.1 orders.internal' '127.0.0.9 prod.example'
is "$(two orders.internal,prod.example)" 'ok t: good 1, second 0' 'orders.internal first, and it is there'
is "$(two prod.example,orders.internal)" 'ok t: good 0, second 1' 'prod.example first: it is dialled where it is, in vain'
hosts '127.0.0.9 orders.internal' '127.0.0.1 prod.example'
is "$(two orders.internal,prod.example)" 'ok t: good 0, second 1' 'prod.example second: it is dialled where it is'
is "$(two prod.example,orders.internal)" 'ok t: good 1, second 0' 'prod.example first, and it is there'
cp "$LAB/hosts" /etc/hosts

# --- an address with a scope
policy <<<"sslrootcert = $PKI/root.pem"
scoped="host=localhost hostaddr=::1%1 port=$P user=app dbname=app"
rows bare <<<"bare: an address with a scope|ok t|-|$scoped"
rows <<<"an address with a scope is no other|ok t|seal/sealed|$scoped"
is "$(events 'select(.event == "violation") | .reason')" '' 'and no violation'

# --- a child of a fork
# family: a parent, its child twice, and the parent again, in one process and its fork
family() {
    local name
    for name in $'parent\tconnectdb' $'child\tconnectdb\tfork\ttimes=2' $'parent\tconnectdb'; do
        printf '%s\t--\thost=localhost port=%s %s\n' "$name" "$P" "$w"
    done | sealed "$DOORS" - | jq -r '.row + " " + .status' | xargs
}
policy <<<'mode = of'
forget_events
is "$(family)" 'parent bad child bad child bad parent bad' 'a fault in the policy refuses in parent and child'
is "$(events 'select(.event == "refuse") | .pid' | sort | uniq -c | awk '{ print $1 }' | xargs)" '1 1' 'each process logs it once'
like "$(reason refuse)" 'policy.conf:[0-9]+: ' 'with the fault'
policy <<<"sslrootcert = $PKI/root.pem"
forget_events
is "$(family)" 'parent ok child ok child ok parent ok' 'parent and child without a fault'
is "$(events 'select(.event == "process") | .pid' | sort | uniq -c | awk '{ print $1 }' | xargs)" '1 1' 'a process line of each'

done_testing
