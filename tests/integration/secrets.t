#!/bin/bash
# secrets.t: no password ever reaches the log, standard error or a message, however it comes in and whatever the
# verdict.
pgseal_cli=${CLI:-} # env.sh forgets what begins with PG
. "$(dirname "$0")/../lib/env.sh"
pgseal=${pgseal_cli:-$TEST_TOP/build/pgseal}

env_start good impostor
P=$(env_port good)
X=s3kr1tPa55 # every secret contains it
good="host=localhost port=$P dbname=app user=app"
printf 'localhost:*:*:*:%s\n' "$X" >"$HOME/.pgpass"
chmod 0600 "$HOME/.pgpass"
printf '[s]\nhost=localhost\nport=%s\npassword=%s\n' "$P" "$X" >"$TEST_DIR/services.conf"
openssl ec -aes256 -in "$PKI/client.key" -passout "pass:$X" -out "$TEST_DIR/locked.key" 2>"$TEST_DIR/ec.log"
chmod 0600 "$TEST_DIR/locked.key"

table() {
    local entry
    for entry in connectdb start ping; do
        cat <<END
a	$entry	--	$good sslmode=disable password=$X
b	$entry	env:PGPASSWORD=$X	--	$good sslmode=disable
c	$entry	--	postgresql://app:$X@localhost:$P/app?sslmode=disable
d	$entry	--	$good sslmode=disable
e	$entry	--	$good sslmode=disable sslcert=$PKI/client.crt sslkey=$TEST_DIR/locked.key sslpassword=$X
f	$entry	--	postgresql://app:x@$X@localhost:$P/app?sslmode=disable
g	$entry	--	postgresql://app:x/$X@localhost:$P/app?sslmode=disable
h	$entry	--	postgresql://app:$X/y@localhost:$P/app?sslmode=disable
i	$entry	env:PGSERVICEFILE=$TEST_DIR/services.conf	--	service=s user=app dbname=app sslmode=disable
j	$entry	--	postgresql://localhost:$P/app?user=app&password=$X&sslmode=disable
k	$entry	--	$good sslmode=disable application_name='password=$X'
l	$entry	--	$good sslmode=disable application_name=postgresql://app:$X@h/
m	$entry	--	$good sslmode='password=$X'
n	$entry	--	host=localhost port=$P dbname='postgresql://app:$X@localhost/app' user=app sslmode=disable
o	$entry	--	host=app:$X@localhost port=$P user=app sslmode=disable
p	$entry	--	host=localhost port=$X@1 user=app sslmode=disable
q	$entry	--	postgresql://app:x#$X@localhost:$P/app
r	$entry	--	postgresql://app:x?$X@localhost:$P/app
s	$entry	--	postgresql://app:x%zz$X@localhost:$P/app
t	$entry	--	$good sslrootcert='/tmp/password=$X' sslcrl='postgres://app:$X@x'
u	$entry	--	$good sslmode=disable application_name='oauth_client_secret%3D$X'
v	$entry	--	$good sslmode=disable application_name='p%2561ssword%20=$X'
w	$entry	--	$good sslmode=disable sslrootcert='pkcs11:object=x?pin-value=$X'
x	$entry	--	postgres://app:a@$X:c@localhost/app?sslmode=disable
y	$entry	--	postgres://svc%40project.iam:a/$X@localhost/app?sslmode=disable
z	$entry	--	postgres://app:a@$X,@localhost/app?sslmode=disable
END
    done
    for entry in params params0 startparams startparams0 pingparams pingparams0; do
        cat <<END
A	$entry	--	host=localhost	port=$P	user=app	dbname=app	sslmode=disable	password=$X
B	$entry	--	dbname=postgresql://app:$X@localhost:$P/app	sslmode=disable
C	$entry	--	dbname=host=localhost port=$P user=app password=$X	sslmode=disable
D	$entry	--	host=localhost	port=$P	user=app	dbname=app	sslmode=disable	options=-c password=$X
E	$entry	--	host=postgresql://app:$X@localhost	port=$P	user=app
F	$entry	--	dbname=postgresql://app:$X/y@localhost:$P/app
G	$entry	--	host=localhost	port=$P	user=app	sslmode=disable	dbname=host=db user=app oauth_client_secret=$X
H	$entry	--	host=localhost	port=$P	sslmode=disable	dbname=app	user=scram_client_key = $X
I	$entry	--	host=localhost	port=$P	sslmode=disable	user=app	dbname=postgresql%3A%2F%2Fapp:$X
J	$entry	--	dbname=postgres://app:a@$X:c@localhost/app	port=$P
END
    done
    cat <<END
1	setdblogin	--	host=localhost	port=$P	user=app	dbname=app	password=$X
2	setdblogin	--	host=localhost	port=$P	user=app	dbname=postgresql://app:$X@localhost:$P/app
3	setdblogin	--	host=localhost	port=$P	user=app	dbname=password=$X sslmode=disable
4	setdblogin	--	port=$P	user=app	dbname=postgres://app:a@$X:c@localhost/app
END
}
table >"$TEST_DIR/table"
rows=$(wc -l <"$TEST_DIR/table")

for what in sealed refused audit exempt mixed; do
    case $what in
    sealed) policy <<<"sslrootcert = $PKI/root.pem" ;;
    refused) policy <<<"sslrootcert = $PKI/root.pem
unlisted_hosts = refuse" ;;
    audit) policy <<<"mode = audit
sslrootcert = $PKI/root.pem" ;;
    exempt) policy <<<"sslrootcert = $PKI/root.pem
[host *]
exempt = all of it" ;;
    mixed) policy <<<"sslrootcert = $PKI/crl-mixed.pem" ;;
    esac
    forget_events
    sealed "$ENTRY_POINTS" - <"$TEST_DIR/table" >"$TEST_DIR/out.jsonl" 2>"$TEST_DIR/err"
    is "$(wc -l <"$TEST_DIR/out.jsonl")" "$rows" "$what: every row answered"
    is "$(grep -c "$X" "$EVENTS" || true)" 0 "$what: the log has no secret"
    diag "$(grep "$X" "$EVENTS" | head -n 3)"
    is "$(grep -c "$X" "$TEST_DIR/err" || true)" 0 "$what: nor has stderr"
    is "$(jq -r 'select(.error and (.error | contains("pgseal")) and (.error | contains("'"$X"'"))) | .row' "$TEST_DIR/out.jsonl")" '' \
        "$what: nor has a message of ours"
    # A policy's own fault is one line a process; else each row that libpq can parse has its line.
    if [[ $what == mixed ]]; then
        isnt "$(verdicts)" '' "$what: but lines there are"
    else
        ok "$what: but lines there are" test "$(verdicts | wc -w)" -gt $((rows / 3))
    fi
    is "$(jq -r .schema "$EVENTS" | sort -u)" pgseal/1 "$what: all of them whole"
done
isnt "$(events 'select(.dbname == "(hidden)")' | wc -l)" 0 'a URI as dbname is logged as hidden'

# --- a user with an '@' (Azure, IAM) hides nothing: who asks for what at which host can be read
user='svc%40project.iam'
policy <<<"sslrootcert = $PKI/root.pem"
forget_events
for server in good impostor; do
    run sealed "$ENTRY_POINTS" at connectdb -- "postgresql://$user:$X@localhost:$(env_port $server)/app?sslmode=require"
done
is "$(events 'select(.event == "downgrade") | [.host, .dbname, .user, .port]' | tr -d '\n')" \
    "[\"localhost\",\"app\",\"svc@project.iam\",\"$P\"][\"localhost\",\"app\",\"svc@project.iam\",\"$(env_port impostor)\"]" \
    'host, dbname, user and port of the verdict'
has "$(reason failed)" 'certificate verify failed' 'and the reason of one that fails'
policy <<<"sslrootcert = $PKI/root.pem
unlisted_hosts = refuse"
forget_events
run sealed "$ENTRY_POINTS" at connectdb -- "postgresql://$user:$X@localhost:$P/app"
has "$(reason refuse)" 'no section names the host "localhost"' 'a refusal names the host'
policy <<<"sslrootcert = $PKI/root.pem"
run "$pgseal" explain --json "postgresql://$user:$X@db.example:6543/orders?sslmode=require"
is "$(jq -r '.options[] | select(.option | IN("host", "port", "dbname", "user")) | .requested' <<<"$OUT" | sort | xargs)" \
    '6543 db.example orders svc@project.iam' 'explain shows them all'
hasnt "$OUT" "$X" 'but not the password'
for uri in "postgresql://app:$X,@db.example/orders" "postgresql://app@/orders?host=db.example,@abstract"; do
    run "$pgseal" explain --json "$uri"
    like "$(jq -r '.options[] | select(.option == "host") | .requested' <<<"$OUT")" '^db\.example' \
        "a comma before an @ hides no host: ${uri//$X/…}"
done

# --- of a URI that was cut in the wrong place no piece is shown, in explain either
for uri in "postgres://app:a@$X:c@db.example/app" "postgres://app:$X/b@db.example/app" "postgres://app:a/$X@db.example/app" \
    "postgres://svc%40x:a@$X:c@db.example/app" "postgres://app:$X?w=x@db.example/app" "postgres://app:p?$X@db.example/app" \
    "postgres://app:$X%zz@db.example/app" "host=x password=my $X" "host=x password=$X nonsense" \
    "host=x dbname='user=app oauth_client_secret=$X'" "host=a,$X@b" "host=localhost,$X@b port=1" "host=x service=nowhere password=$X"; do
    for form in '' --json; do
        run "$pgseal" explain ${form:+"$form"} "$uri"
        hasnt "$OUT$ERR" "$X" "explain${form:+ $form} ${uri/$X/…} shows no secret"
    done
done
for uri in "postgres://app:a@$X:c@127.0.0.1/app" "postgres://app:$X/b@127.0.0.1/app" "postgres://app:1/$X@127.0.0.1/app" \
    "host=$X@b port=1"; do
    for form in '' --json; do
        run "$pgseal" check ${form:+"$form"} "$uri"
        is "$RC $(grep -c "$X" <<<"$OUT$ERR" || true)" '2 0' "check${form:+ $form} ${uri/$X/…} asks nobody and shows no secret"
    done
done
has "$ERR" 'write @ as %40' 'and says what to write instead'
run "$pgseal" explain 'postgresql://app@db.example/app?sslmod=require'
has "$ERR" 'invalid URI query parameter: "sslmod"' 'an error of libpq that quotes no secret is shown'
run "$pgseal" explain 'postgres://app:a@b:c@db.example/app'
hasnt "$OUT" '"b"' 'the piece that libpq takes for the host is not shown'

grep -q "$X" "$TEST_DIR/out.jsonl" || diag 'the table holds no secret'
ok 'the secret was there to be leaked' grep -q "$X" "$TEST_DIR/out.jsonl"
done_testing
