#!/bin/bash
# verify_as.t: a server that is dialled under one name and verified under another, and that all else stays as it was.
. "$(dirname "$0")/../lib/env.sh"

lab_start good impostor wrongname
# The good one is at 127.0.0.3 too; nobody is at 127.0.0.2.
lab_stop good
echo "listen_addresses = '127.0.0.1, 127.0.0.3'" >>"$LAB/srv/good/postgresql.conf"
_lab_launch good
_lab_wait good
log_mark good
P=$(lab_port good) I=$(lab_port impostor) W=$(lab_port wrongname)
cp /etc/hosts "$LAB/hosts"
hosts() { { cat "$LAB/hosts"; printf '%s\n' "$@"; } >/etc/hosts; }
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
start and poll|ok t|downgrade/sealed|host=orders.internal port=$P $w|door:start
array|ok t|seal/sealed|host=orders.internal ; port=$P ; user=app ; dbname=app|door:params
login|ok t|seal/sealed|host=orders.internal ; port=$P ; user=app ; dbname=app|door:setdblogin
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
printf 'pinged\tping\tenv:PGAPPNAME=pinged\t--\thost=orders.internal port=%s %s\n' "$P" "$w" | sealed "$DOORS" - >"$LAB/out.jsonl"
is "$(jq -r .status "$LAB/out.jsonl")" ok 'ping'
# The name that is verified resolves elsewhere: it must not be where the connection goes.
hosts '127.0.0.1 orders.internal' '127.0.0.2 prod.example'
rows <<<"the verified name's own address counts for nothing|ok t|downgrade/sealed|host=orders.internal port=$P $w"

# --- .pgpass of the old name, and the password in no PQconninfo that it was not in before
hosts '127.0.0.1 orders.internal'
printf 'orders.internal:%s:app:secret:hunter2-sesame\n*:*:*:*:wrong\n' "$P" >"$HOME/.pgpass"
chmod 0600 "$HOME/.pgpass"
run bare "$DOORS" x connectdb -- "host=orders.internal port=$P user=secret dbname=app sslmode=disable"
is "$(out status pass)" 'ok hunter2-sesame' 'bare: .pgpass of this name'
want=$(jq -r '.conninfo.password // "none"' <<<"$OUT")
for door in connectdb start; do
    run sealed "$DOORS" x "$door" -- "host=orders.internal port=$P user=secret dbname=app sslmode=disable"
    is "$(out status server)" 'ok t' "$door: .pgpass entries of the old name are found"
    is "$(jq -r '.conninfo.password // "none"' <<<"$OUT")" "$want" "$door: PQconninfo shows the password as little as before"
done
run sealed "$DOORS" x params -- host=orders.internal "port=$P" user=secret dbname=app
is "$(out status server)" 'ok t' 'array: .pgpass entries of the old name are found'
is "$(jq -r '.conninfo.password // "none"' <<<"$OUT")" "$want" 'array: nor there'
run sealed env PGPASSFILE="$LAB/other.pgpass" "$DOORS" x connectdb -- "host=orders.internal port=$P user=secret dbname=app password=hunter2-sesame"
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
several addresses: poll|ok t|downgrade/sealed|host=orders.internal port=$P $w|door:start
END

# --- PQreset resolves anew
where='query=select inet_server_addr() || '"' '"' || ssl_is_used()'
moved() { # DOOR RESET ADDRESS: the name points to 127.0.0.1 first, to ADDRESS before the reset; leaves FIRST, SECOND, WHY
    hosts '127.0.0.1 orders.internal'
    forget_events
    run sealed "$DOORS" x "$1" "reset=$2" "between=sed -i 's/^127.0.0.1 orders/$3 orders/' /etc/hosts" "$where" \
        -- "host=orders.internal port=$P $w"
    FIRST=$(jq -rs '.[0] | "\(.status) \(.server)"' <<<"$OUT")
    SECOND=$(jq -rs '.[1] | "\(.status) \(.server // "-")"' <<<"$OUT")
    WHY=$(jq -rs '.[1].error' <<<"$OUT")
}
for door in connectdb start; do
    for reset in sync start; do
        moved $door $reset 127.0.0.3
        is "$FIRST" 'ok 127.0.0.1/32 true' "$door, $reset: first where the name points"
        is "$SECOND" 'ok 127.0.0.3/32 true' "$door, $reset: the reset goes where it points by then"
        is "$(events 'select(.event == "witness") | .verified_name')" $'"prod.example"\n"prod.example"' \
            "$door, $reset: the same name is verified both times"
        # Nobody listens there: a reset that dialled the old address would succeed.
        moved $door $reset 127.0.0.2
        is "$FIRST, $SECOND" 'ok 127.0.0.1/32 true, bad -' "$door, $reset: to an address where nobody is"
        like "$WHY" '\(127\.0\.0\.2\), port [0-9]+ failed: Connection refused' "$door, $reset: it was dialled, in vain"
        hasnt "$WHY" 'pgseal' "$door, $reset: and pgseal refused nothing"
    done
done
hosts '127.0.0.2 orders.internal'
run sealed "$DOORS" x connectdb -- "host=orders.internal port=$P $w"
is "$(out status)" bad 'the same from the start'
hosts '127.0.0.1 orders.internal'
run sealed "$DOORS" x connectdb reset=sync "between=cp $LAB/hosts /etc/hosts" -- "host=orders.internal port=$P $w"
is "$(jq -rs 'map(.status) | join(" ")' <<<"$OUT")" 'ok bad' 'a name that is gone: PQreset fails'
isnt "$(jq -rs '.[1].error' <<<"$OUT")" '' 'with a reason'

# --- other look-ups of the process stay what they are
hosts '127.0.0.1 orders.internal' '127.0.0.7 prod.example'
run sealed getent ahostsv4 prod.example
has "$OUT" 127.0.0.7 'a look-up of the verified name by anyone else'
run sealed /usr/bin/python3 -c 'import socket; print(socket.gethostbyname("prod.example"), socket.getaddrinfo("prod.example", 1)[0][4][0])'
is "$OUT" '127.0.0.7 127.0.0.7' 'by getaddrinfo too'
run sealed "$DOORS" x connectdb threads=8 times=4 -- "host=orders.internal port=$P $w"
is "$(jq -rs 'map(.status + .server) | unique | join(" ") ' <<<"$OUT") $(jq -s length <<<"$OUT")" 'okt 32' 'in eight threads'
policy <<END
sslrootcert = $PKI/root.pem
[host orders.internal]
verify_as = prod.example/x
END
run sealed "$DOORS" x connectdb -- "host=orders.internal port=$P $w"
has "$(out error)" "/etc/pgseal/policy.conf:$(policy_line verify_as): " 'a verify_as that is no name is a fault'
done_testing
