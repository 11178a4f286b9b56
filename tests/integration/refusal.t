#!/bin/bash
# refusal.t: what a refused program sees: a failed connection, in libpq's own way, with advice. No server and no
# listener on the network gets a byte.
. "$(dirname "$0")/../lib/env.sh"

env_start good
recorder_start plain N
recorder_start ldap raw
port=$(env_port plain)
target="host=localhost port=$port dbname=app user=app"
policy <<END
sslrootcert = $PKI/root.pem
unlisted_hosts = refuse
[host elsewhere.example]
END

# psql would ask for the password here: the recorder demands one.
printf 'hunter2\n' >"$TEST_DIR/typed"
run bare setsid psql -XAt "$target sslmode=disable" -c 'select 1'
isnt "$(recorded plain)" '' 'bare: the server saw bytes'
forget_recorded plain
run sealed setsid psql -XAt "$target sslmode=disable" -c 'select 1'
is "$RC" 2 'psql: its own exit status for a failed connection'
has "$ERR" 'pgseal: refused: ' 'psql shows the refusal'
like "$ERR" 'pgseal: refused: .*localhost' 'which names the host'
hasnt "$ERR" 'Password' 'psql asks for no password'
is "$(recorded plain)" '' 'the server saw no byte'

run sealed psql -XAt -w "postgresql://app:s3same@localhost:$port/app" -c 'select 1'
hasnt "$ERR$OUT" s3same 'the text shows no secret'
run sealed psql -XAt -W "$target" -c 'select 1' <"$TEST_DIR/typed"
is "$RC" 2 'psql -W: refused as well'
is "$(recorded plain)" '' 'and no byte after it'

run sealed pg_isready -d "$target"
is "$RC" 3 'pg_isready: no attempt'
run sealed pg_dump -w -d "$target"
is "$RC" 1 'pg_dump: its own exit status'
has "$ERR" 'pgseal: refused: ' 'pg_dump shows the refusal'

forget_events
rows=()
for entry in connectdb start ping; do
    rows+=("$entry"$'\t'"$entry"$'\t--\t'"$target application_name=$entry")
done
for entry in params startparams pingparams params0 startparams0 pingparams0; do
    rows+=("$entry"$'\t'"$entry"$'\t--\thost=localhost\t'"port=$port"$'\tdbname=app\tuser=app\t'"application_name=$entry")
done
rows+=($'setdblogin\tsetdblogin\tenv:PGAPPNAME=setdblogin\t--\thost=localhost\t'"port=$port"$'\tdbname=app\tuser=app')
printf '%s\n' "${rows[@]}" | sealed "$ENTRY_POINTS" - >"$TEST_DIR/out.jsonl"
while IFS=$'\t' read -r row status error; do
    case $row in
    ping*) is "$status" no_attempt "$row: PQPING_NO_ATTEMPT" ;;
    *)
        is "$status" bad "$row: CONNECTION_BAD"
        has "$error" 'pgseal: refused: ' "$row: the message says who refused"
        ;;
    esac
done < <(jq -r '[.row, .status, .error] | @tsv' "$TEST_DIR/out.jsonl")
is "$(jq -s length "$TEST_DIR/out.jsonl")" 10 'all entry points answered'
is "$(jq -s 'map(select(.needs_password)) | length' "$TEST_DIR/out.jsonl")" 0 'none asks for a password'
is "$(events 'select(.event == "refuse" and .action == "refused") | .application_name' | sort | tr -d '\n')" \
    "$(printf '%s\n' "${rows[@]}" | cut -f1 | sed 's/.*/"&"/' | sort | tr -d '\n')" 'one refusal in the log for each'
is "$(events 'select(.event == "refuse" and (.reason | test("localhost") | not))' | wc -l)" 0 'with a reason'
is "$(recorded plain)" '' 'the server saw no byte of any entry point'

# The message is the caller's to read more than once, and a reset of a refused connection stays refused.
sealed "$ENTRY_POINTS" again params reset=sync -- host=localhost "port=$port" user=app dbname=app >"$TEST_DIR/out.jsonl"
is "$(jq -rs 'map(.status) | join(" ")' "$TEST_DIR/out.jsonl")" 'bad bad' 'PQreset of a refused connection fails'
sealed "$ENTRY_POINTS" again start reset=start -- "$target" >"$TEST_DIR/out.jsonl"
is "$(jq -rs 'map(.status) | join(" ")' "$TEST_DIR/out.jsonl")" 'bad bad' 'PQresetStart too'
is "$(recorded plain)" '' 'still no byte'

# What libpq itself would have refused stays libpq's own message.
run bare "$ENTRY_POINTS" x connectdb -- 'foo'
bare_error=$(out error)
run sealed "$ENTRY_POINTS" x connectdb -- 'foo'
is "$(out error)" "$bare_error" 'a string that cannot be parsed: the message of libpq'
run sealed "$ENTRY_POINTS" x connectdb -- "$target nonsense=1"
has "$(out error)" 'invalid connection option "nonsense"' 'an unknown option too'
hasnt "$(out error)" 'pgseal' 'without our name'

# A server that takes no TLS sees the question for it and nothing else; one that fails verification sees only TLS.
policy <<END
sslrootcert = $PKI/root.pem
END
recorder_start impostor S --cert "$PKI/impostor.crt" --key "$PKI/impostor.key"
forget_recorded plain
run bare "$ENTRY_POINTS" x connectdb -- "$target sslmode=prefer password=s3same"
has "$(recorded plain)" "$(printf s3same | od -An -tx1 | tr -d ' \n')" 'bare: prefer gives the password to a server without TLS'
forget_recorded plain
for mode in disable allow prefer require verify-ca verify-full; do
    run sealed "$ENTRY_POINTS" x connectdb -- "$target sslmode=$mode password=s3same"
    is "$(out status)" bad "$mode: no connection without TLS"
done
is "$(recorded plain | sort -u)" "$SSL_REQUEST" 'the server saw the request for TLS and no other byte'
run bare "$ENTRY_POINTS" x connectdb -- "host=localhost port=$(env_port impostor) user=app dbname=app sslmode=require password=s3same"
has "$(recorded_tls impostor)" "$(printf s3same | od -An -tx1 | tr -d ' \n')" 'bare: the impostor gets the password'
forget_recorded impostor
for mode in disable allow prefer require verify-ca; do
    run sealed "$ENTRY_POINTS" x connectdb -- "host=localhost port=$(env_port impostor) user=app dbname=app sslmode=$mode password=s3same"
    is "$(out status)" bad "$mode: no connection to an impostor"
done
is "$(recorded_tls impostor | tr -d '\n')" '' 'the impostor saw no byte inside TLS'
is "$(recorded impostor | sort -u)" "$SSL_REQUEST" 'and only the request for TLS before it'
for answer in E close; do
    recorder_start "r$answer" "$answer"
    run sealed "$ENTRY_POINTS" x connectdb -- "host=localhost port=$(env_port "r$answer") user=app dbname=app sslmode=prefer password=s3same"
    is "$(recorded "r$answer" | sort -u)" "$SSL_REQUEST" "a server that answers with $answer: no second, plain attempt"
done
recorder_start rsilent silent
run sealed "$ENTRY_POINTS" x connectdb -- "host=localhost port=$(env_port rsilent) user=app dbname=app connect_timeout=2"
is "$(recorded rsilent | sort -u)" "$SSL_REQUEST" 'a silent server: only the request'

# A long value is shown in part: what to do about it is still there, and no character is cut in two.
policy <<END
sslrootcert = $PKI/root.pem
unlisted_hosts = refuse
unix_sockets = /nowhere
END
for pad in '' a; do
    name=$pad$(printf 'é%.0s' {1..700})
    for row in "$name|add a [host …] section for it" "/$name|allow the socket's directory in unix_sockets"; do
        run sealed "$ENTRY_POINTS" x connectdb -- "host=${row%|*} port=1"
        text=$(jq -r .error <<<"$OUT" | iconv -f UTF-8 -t LATIN1) # entry_points prints bytes
        has "$text" 'é…"' "a long host${pad:+, an odd length}: shown in part, ${row#*|}"
        has "$text" "${row#*|}" 'with what to do about it'
        is "$(iconv -f UTF-8 -t UTF-8 <<<"$text" 2>&1)" "$text" 'in whole characters'
    done
done

# After a refusal the same process connects where it may.
policy <<END
sslrootcert = $PKI/root.pem
unlisted_hosts = refuse
[host localhost:$(env_port good)]
END
printf 'a\tconnectdb\t--\t%s\nb\tconnectdb\t--\t%s\n' "$target" "host=localhost port=$(env_port good) user=app dbname=app" |
    sealed "$ENTRY_POINTS" - >"$TEST_DIR/out.jsonl"
is "$(jq -rs 'map(.status) | join(" ")' "$TEST_DIR/out.jsonl")" 'bad ok' 'a refusal leaves the process able to connect where it may'
done_testing
