#!/bin/bash
# bypasses.t: everything that weakens verify-full with a root: each bypass works without pgseal, and not with it.
. "$(dirname "$0")/../lib/env.sh"

env_start good impostor revoked demanding
P=$(env_port good) I=$(env_port impostor) R=$(env_port revoked) D=$(env_port demanding)
full="dbname=app user=app sslmode=verify-full sslrootcert=$PKI/root.pem"
good="host=localhost port=$P $full" bad="host=localhost port=$I $full" revoked="host=localhost port=$R $full"
with_crl() { policy <<<"sslrootcert = $PKI/root.pem"$'\n'"sslcrl = $PKI/crl.pem"; }
without_crl() { policy <<<"sslrootcert = $PKI/root.pem"; }
mkdir -p "$TEST_DIR/homes/mixed/.postgresql" "$TEST_DIR/homes/pure/.postgresql" "$TEST_DIR/homes/roots/.postgresql"
cp "$PKI/crl-mixed.pem" "$TEST_DIR/homes/mixed/.postgresql/root.crl"
cp "$PKI/crl.pem" "$TEST_DIR/homes/pure/.postgresql/root.crl"
cp "$PKI/foreign.pem" "$TEST_DIR/homes/roots/.postgresql/root.crt"

# --- CRL files and directories are trust anchors
without_crl
rows bare <<END
bare: sslcrl makes the impostor trusted|ok t|-|$bad sslcrl=$PKI/crl-mixed.pem
bare: so does PGSSLCRL|ok t|-|$bad|env:PGSSLCRL=$PKI/crl-mixed.pem
bare: so does sslcrldir|ok t|-|$bad sslcrldir=$PKI/crl-mixed.d
bare: so does PGSSLCRLDIR|ok t|-|$bad|env:PGSSLCRLDIR=$PKI/crl-mixed.d
bare: so does root.crl at home|ok t|-|$bad|env:HOME=$TEST_DIR/homes/mixed
bare: even a directory beside a good file|ok t|-|$bad sslcrl=$PKI/crl-foreign.pem sslcrldir=$PKI/crl-mixed.d
bare: a root of one's own|ok t|-|host=localhost port=$I user=app dbname=app sslmode=verify-full|env:HOME=$TEST_DIR/homes/roots
END
rows <<END
a mixed sslcrl|bad|refuse/refused|$bad sslcrl=$PKI/crl-mixed.pem
a mixed PGSSLCRL|bad|refuse/refused|$bad|env:PGSSLCRL=$PKI/crl-mixed.pem
sslcrldir|bad|refuse/refused|$bad sslcrldir=$PKI/crl-mixed.d
PGSSLCRLDIR|bad|refuse/refused|$bad|env:PGSSLCRLDIR=$PKI/crl-mixed.d
a mixed root.crl at home|bad|seal/sealed|$bad|env:HOME=$TEST_DIR/homes/mixed
a directory beside a good file|bad|refuse/refused|$bad sslcrl=$PKI/crl.pem sslcrldir=$PKI/crl-mixed.d
a root at home counts for nothing|bad|seal/sealed|host=localhost port=$I user=app dbname=app|env:HOME=$TEST_DIR/homes/roots
another root of the program counts for nothing|bad|downgrade/sealed|${bad/root.pem/foreign.pem}
a program's own pure CRL is kept: revoked|bad|seal/sealed|$revoked sslcrl=$PKI/crl.pem
and lets a good server in|ok t|seal/sealed|$good sslcrl=$PKI/crl.pem
a pure one of PGSSLCRL is kept|bad|seal/sealed|$revoked|env:PGSSLCRL=$PKI/crl.pem
a pure root.crl at home is kept|bad|seal/sealed|$revoked|env:HOME=$TEST_DIR/homes/pure
no CRL anywhere: nobody is revoked|ok t|seal/sealed|$revoked
END
for row in 'a_mixed_sslcrl' 'sslcrldir'; do
    isnt "${ROW_REASON[$row]}" - "$row: a reason"
done
has "${ROW_ERROR[a_mixed_root_crl_at_home]}" 'pgseal: refused: sslcrl: ' 'a mixed root.crl at home: refused where libpq opens it'
with_crl
rows <<END
policy CRL: a mixed sslcrl beside it|bad|downgrade/sealed|$bad sslcrl=$PKI/crl-mixed.pem
policy CRL: PGSSLCRL beside it|bad|downgrade/sealed|$bad|env:PGSSLCRL=$PKI/crl-mixed.pem
policy CRL: sslcrldir beside it|bad|downgrade/sealed|$bad sslcrldir=$PKI/crl-mixed.d
policy CRL: PGSSLCRLDIR beside it|bad|downgrade/sealed|$bad|env:PGSSLCRLDIR=$PKI/crl-mixed.d
policy CRL: root.crl at home beside it|bad|seal/sealed|$bad|env:HOME=$TEST_DIR/homes/mixed
policy CRL: revoked|bad|seal/sealed|$revoked
policy CRL: revoked, and sslcrl=/dev/null|bad|downgrade/sealed|$revoked sslcrl=/dev/null
policy CRL: good|ok t|seal/sealed|$good
policy CRL: good, all at once|ok t|downgrade/sealed|$good sslcrl=$PKI/crl-mixed.pem sslcrldir=$PKI/crl-mixed.d
policy CRL itself named|ok t|seal/sealed|$good sslcrl=$PKI/crl.pem
END
without_crl

# --- other options that weaken, and that merely sound so
rows <<END
gssencmode=prefer|ok t|downgrade/sealed|$good gssencmode=prefer
PGGSSENCMODE=require|ok t|downgrade/sealed|$good|env:PGGSSENCMODE=require
gssencmode=disable is no less|ok t|seal/sealed|$good gssencmode=disable
TLS 1.1 as the minimum|ok t|downgrade/sealed|$good ssl_min_protocol_version=TLSv1.1
PGSSLMINPROTOCOLVERSION|ok t|downgrade/sealed|$good|env:PGSSLMINPROTOCOLVERSION=TLSv1
TLS 1.1 as the maximum|ok t|downgrade/sealed|$good ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=TLSv1.1
a higher minimum is kept|ok t|seal/sealed|$good ssl_min_protocol_version=TLSv1.3
sslcompression=1|ok t|downgrade/sealed|$good sslcompression=1
an engine key|bad|refuse/refused|$good sslkey=pkcs11:slot
an engine key in the environment|bad|refuse/refused|$good|env:PGSSLKEY=pkcs11:slot
verify-ca is less|ok t|downgrade/sealed|$good sslmode=verify-ca
verify-full is not|ok t|seal/sealed|$good
requiressl=0|ok t|downgrade/sealed|$good requiressl=0
requiressl=0 in a URI|ok t|downgrade/sealed|postgresql://app@localhost:$P/app?sslmode=verify-full&requiressl=0
ssl=true|ok t|downgrade/sealed|postgresql://app@localhost:$P/app?ssl=true
ssl=true with the impostor|bad|downgrade/sealed|postgresql://app@localhost:$I/app?ssl=true
PGREQUIRESSL=1|ok t|downgrade/sealed|host=localhost port=$P user=app dbname=app|env:PGREQUIRESSL=1
a backslash at the end|ok t|downgrade/sealed|host=localhost port=$P dbname=app user=app sslmode=disable password=x\\
nothing after the last equals sign|ok t|downgrade/sealed|host=localhost port=$P dbname=app user=app sslmode=disable password=
an open quote|bad|-|host=localhost port=$P dbname=app user=app sslmode=disable password='x
sslmode twice|ok t|downgrade/sealed|host=localhost port=$P user=app dbname=app sslmode=verify-full sslmode=disable
sslrootcert=system|bad|downgrade/sealed|host=localhost port=$I user=app dbname=app sslrootcert=system
SSL_CERT_FILE|bad|seal/sealed|$bad|env:SSL_CERT_FILE=$PKI/foreign.pem
an impostor under another name|bad|downgrade/sealed|host=elsewhere.example hostaddr=127.0.0.1 port=$P dbname=app user=app sslmode=require
the name in the certificate and where to dial|ok t|seal/sealed|host=prod.example hostaddr=127.0.0.1 port=$P user=app dbname=app
END
is "${ROW_ASKED[gssencmode_prefer]}" 'gssencmode conninfo prefer disable' 'GSS: what was asked'
is "${ROW_ASKED[TLS_1_1_as_the_minimum]}" 'ssl_min_protocol_version conninfo TLSv1.1 TLSv1.2' 'TLS minimum: what was asked'
is "${ROW_ASKED[sslcompression_1]}" 'sslcompression conninfo 1 0' 'compression: what was asked'
is "${ROW_ASKED[requiressl_0]}" 'sslmode conninfo prefer verify-full' 'requiressl=0: what it means'
is "${ROW_ASKED[ssl_true]}" 'sslmode uri require verify-full' 'ssl=true: what it means'
is "${ROW_ASKED[PGREQUIRESSL_1]}" 'sslmode environment require verify-full' 'PGREQUIRESSL=1: what it means'
has "${ROW_REASON[an_engine_key]}" sslkey 'the engine key: the reason'
rows bare <<END
bare: TLS 1.1 as the maximum fails or is weak|bad|-|$good ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=TLSv1.1
bare: requiressl=0 after verify-full: even plaintext|ok f|-|host=localhost port=$I user=app dbname=app sslmode=verify-full sslrootcert=$PKI/root.pem requiressl=0
bare: a backslash at the end|ok f|-|host=localhost port=$P dbname=app user=app sslmode=disable password=x\\
bare: nothing after the last equals sign|ok f|-|host=localhost port=$P dbname=app user=app sslmode=disable password=
bare: ssl=true takes the impostor|ok t|-|postgresql://app@localhost:$I/app?ssl=true
END

# --- a path that libpq cuts
pad=$(printf './%.0s' {1..520})
short="$TEST_DIR/${pad:0:$((1023 - ${#TEST_DIR} - 1 - 1))}x"
cp "$PKI/foreign.pem" "$short"
rows bare <<<"bare: a root path that is cut names another file|ok t|-|host=localhost port=$I user=app dbname=app sslmode=verify-full sslrootcert=${short}tail"
rows <<<"a root path that would be cut|bad|downgrade/sealed|host=localhost port=$I user=app dbname=app sslmode=verify-full sslrootcert=${short}tail"

# --- under `program` the program's own root counts, judged as strictly
policy <<<'sslrootcert = program'
rows <<END
program: its root|ok t|seal/sealed|$good
program: its other root|ok t|-|host=localhost port=$I user=app dbname=app sslrootcert=$PKI/foreign.pem
program: root.crt at home|ok t|-|host=localhost port=$I user=app dbname=app|env:HOME=$TEST_DIR/homes/roots
program: none|bad|seal/sealed|host=localhost port=$I user=app dbname=app
program: other blocks in it|bad|refuse/refused|host=localhost port=$I user=app dbname=app sslrootcert=$PKI/crl-mixed.pem
END
without_crl

# --- client certificates
mkdir -p "$TEST_DIR/homes/client/.postgresql" "$TEST_DIR/homes/locked/.postgresql"
for home in client locked; do
    cp "$PKI/client.crt" "$TEST_DIR/homes/$home/.postgresql/postgresql.crt"
    cp "$PKI/client.key" "$TEST_DIR/homes/$home/.postgresql/postgresql.key"
done
rows <<END
a readable client certificate goes on working|ok t|seal/sealed|host=localhost port=$D user=app dbname=app|env:HOME=$TEST_DIR/homes/client
one that is named too|ok t|seal/sealed|host=localhost port=$D user=app dbname=app sslcert=$PKI/client.crt sslkey=$PKI/client.key
a home without any|bad|seal/sealed|host=localhost port=$D user=app dbname=app
END

# An engine key: bare, libpq loads the engine, code that the connection string names, before it knows who the server is.
mkdir "$TEST_DIR/engines"
gcc -shared -fPIC -o "$TEST_DIR/engines/leaves.so" "$TEST_TOP/tests/integration/src/engine.c" -lcrypto
engine="host=localhost port=$I user=app dbname=app sslmode=verify-full sslrootcert=$PKI/root.pem sslcert=$PKI/client.crt sslkey=leaves:slot"
run env OPENSSL_ENGINES="$TEST_DIR/engines" ENGINE_LOADED="$TEST_DIR/loaded" "$ENTRY_POINTS" row connectdb -- "$engine"
is "$(out status) $(ls "$TEST_DIR/loaded")" "bad $TEST_DIR/loaded" 'bare: an engine key has the engine loaded'
rm -f "$TEST_DIR/loaded"
run env OPENSSL_ENGINES="$TEST_DIR/engines" ENGINE_LOADED="$TEST_DIR/loaded" LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" row connectdb -- "$engine"
is "$(out status) $(ls "$TEST_DIR/loaded" 2>/dev/null)" 'bad ' 'an engine key: no engine is loaded'
chmod 0700 "$TEST_DIR/homes/locked/.postgresql"
locked="HOME=$TEST_DIR/homes/locked"
rows as_user <<<"bare: a home that may not be read breaks verify-full|bad|-|$good|env:$locked"
rows as_user <<<"bare: and prefer falls back to plaintext|ok f|-|host=localhost port=$P user=app dbname=app|env:$locked"
rows sealed_as_user <<END
a home that may not be read does not break it|ok t|seal/sealed|$good|env:$locked
nor under prefer|ok t|seal/sealed|host=localhost port=$P user=app dbname=app|env:$locked
END
chmod 0755 "$TEST_DIR/homes/locked/.postgresql" # now the certificate may be read, the key may not
rows sealed_as_user <<<"a key that may not be read does not break it|ok t|seal/sealed|$good|env:$locked"

# --- service files
recorder_start ldap raw
services=$TEST_DIR/services.conf
printf '[direct]\nhost=localhost\nport=%s\n[ldap]\nldap://127.0.0.1:%s/dc=x?description?one?(cn=y)\nhost=localhost\nport=%s\n' \
    "$P" "$(env_port ldap)" "$P" >"$services"
run bare timeout 5 "$ENTRY_POINTS" x connectdb env:PGSERVICEFILE="$services" -- 'service=ldap connect_timeout=2'
isnt "$(recorded ldap)" '' 'bare: an ldap line makes libpq talk to the LDAP server'
forget_recorded ldap
# alone NAME ENTRY [OPTION…] -- ARGUMENT…: refused; a process of its own, since no application_name is known by then.
alone() {
    local name=$1
    shift
    forget_events
    run "${COMMAND:-sealed}" timeout 10 "$ENTRY_POINTS" x "$@"
    like "$(out status)" '^(bad|no_attempt)$' "$name: no connection"
    is "$(verdicts)" refuse/refused "$name: one line says so"
    is "$(events 'select(.event == "refuse" and (.reason // "") == "")' | wc -l)" 0 "$name: and why"
}
mkdir -p "$TEST_DIR/homes/svc" "$TEST_DIR/sys"
cp "$services" "$TEST_DIR/homes/svc/.pg_service.conf"
cp "$services" "$TEST_DIR/sys/pg_service.conf"
mkfifo "$TEST_DIR/fifo.conf"
file=env:PGSERVICEFILE=$services
alone 'an ldap line' connectdb "$file" -- 'service=ldap user=app dbname=app'
alone 'an ldap line by PGSERVICE' start "$file" env:PGSERVICE=ldap -- 'user=app'
alone 'an ldap line in a URI' ping "$file" -- 'postgresql:///app?service=ldap'
alone 'an ldap line in an array' params "$file" -- service=ldap user=app
alone 'an ldap line in an array, unexpanded' startparams0 "$file" -- service=ldap user=app
alone 'an ldap line in an expanded dbname' pingparams "$file" -- dbname=service=ldap
alone 'an ldap line in login' setdblogin "$file" -- dbname=service=ldap
alone 'an ldap line at home' connectdb "env:HOME=$TEST_DIR/homes/svc" -- 'service=ldap user=app'
alone "an ldap line in the system's file" connectdb "env:PGSYSCONFDIR=$TEST_DIR/sys" -- 'service=ldap user=app'
is "$(recorded ldap)" '' 'not one byte to the LDAP server'
rows <<<"another stanza beside it|ok t|seal/sealed|service=direct user=app dbname=app|env:PGSERVICEFILE=$services"
alone 'a FIFO' connectdb "env:PGSERVICEFILE=$TEST_DIR/fifo.conf" -- 'service=direct user=app'
mkdir "$TEST_DIR/large"
"$TEST_TOP/tests/lib/large_files.py" "$(pg_config --libdir)/libpq.so.5" "$TEST_DIR/large/libpq.so.5"
large_files() { sealed env LD_LIBRARY_PATH="$TEST_DIR/large" "$@"; }
COMMAND=large_files alone 'a FIFO, and a libpq that calls fopen64' connectdb "env:PGSERVICEFILE=$TEST_DIR/fifo.conf" -- 'service=direct user=app'

# A service file that changes between the look and the connection: whichever look comes first, nothing weaker comes of it.
swap() { # ROW-NAME BEFORE AFTER POLICY: tries it at each of the first four looks; leaves OUTCOMES
    local at
    OUTCOMES=''
    policy <<<"$4"
    for at in 2 3 4 5; do
        printf '%b' "$2" >"$TEST_DIR/race.conf"
        printf '%b' "$3" >"$TEST_DIR/race.new"
        run env LD_PRELOAD="$OBJECT:$TEST_TOP/build/tests/swap.so" SWAP_FILE="$TEST_DIR/race.conf" SWAP_WITH="$TEST_DIR/race.new" SWAP_AT=$at \
            PGSERVICEFILE="$TEST_DIR/race.conf" "$ENTRY_POINTS" x connectdb -- "service=s user=app dbname=app"
        OUTCOMES+="$(out status server) "
    done
}
exempting="sslrootcert = $PKI/root.pem
[host localhost:$P]
exempt = only this one"
weak="[s]\nhost=localhost\nport=$P\nsslmode=disable\n"
log_mark impostor
swap 'to an impostor' "$weak" "[s]\nhost=localhost\nport=$I\nsslmode=disable\n" "$exempting"
is "$(sessions impostor)" '' 'an exemption does not follow a service file to another port'
swap 'to an address' "$weak" "[s]\nhost=localhost\nhostaddr=127.0.0.1\nport=$I\nsslmode=disable\n" "$exempting"
is "$(sessions impostor)" '' 'nor to another address'
swap 'audit' "$weak" "[s]\nhost=localhost\nport=$I\nsslmode=disable\n" "${exempting/exempt*/mode = audit}"
is "$(sessions impostor)" '' 'nor does a section in audit mode'
swap 'to a socket' "[s]\nhost=localhost\nport=$P\n" "[s]\nhost=$(env_socket_dir impostor)\nport=$I\n" \
    "sslrootcert = $PKI/root.pem"$'\n''unix_sockets = refuse'
is "$(sessions impostor)" '' 'nor to a socket where sockets are refused'
swap 'to a mixed CRL' "[s]\nhost=localhost\nport=$I\n" "[s]\nhost=localhost\nport=$I\nsslcrl=$PKI/crl-mixed.pem\nsslcrldir=$PKI/crl-mixed.d\n" \
    "sslrootcert = $PKI/root.pem"
is "$(sessions impostor)" '' 'nor does a CRL come in that way'
swap 'weaker' "[s]\nhost=localhost\nport=$P\n" "$weak" "sslrootcert = $PKI/root.pem"
hasnt "$OUTCOMES" 'ok f' 'nor a weaker sslmode'
swap 'to LDAP' "[s]\nhost=localhost\nport=$P\n" "[s]\nldap://127.0.0.1:$(env_port ldap)/dc=x?a?one?(b=c)\n" "sslrootcert = $PKI/root.pem"
hasnt "$OUTCOMES" 'ok f' 'nor to LDAP'
is "$(recorded ldap)" '' 'not one byte to the LDAP server by then either'

# A variable that another thread sets between the look and the connection.
turn() { # POLICY VARIABLE=VALUE OPTION…: at each look; leaves OUTCOMES
    local at set=$2
    OUTCOMES=''
    policy <<<"$1"
    shift 2
    for at in 1 2 3 4 5 6; do
        run env LD_PRELOAD="$OBJECT:$TEST_TOP/build/tests/swap.so" SWAP_ENV="$set" SWAP_AT=$at "$@" PGSSLMODE=disable "$ENTRY_POINTS" x \
            connectdb -- 'user=app dbname=app'
        OUTCOMES+="$(out status server hostaddr) "
    done
}
log_mark impostor
turn "$exempting" "PGPORT=$I" PGHOST=localhost PGPORT="$P"
is "$(sessions impostor)" '' 'an exemption does not follow a variable to another port'
has "$OUTCOMES" 'ok f 127.0.0.1' 'and holds for the one that was seen'
turn "${exempting/exempt*/mode = audit}" "PGPORT=$I" PGHOST=localhost PGPORT="$P"
is "$(sessions impostor)" '' 'nor does a section in audit mode'
turn "sslrootcert = $PKI/root.pem" PGHOST=localhost PGPORT="$I"
is "$(sessions impostor)" '' 'a socket does not become a host'
turn "sslrootcert = $PKI/root.pem"$'\n''unix_sockets = refuse' "PGHOST=$(env_socket_dir impostor)" PGHOST=localhost PGPORT="$I"
is "$(sessions impostor)" '' 'nor a host a socket where sockets are refused'
S=$(env_socket_dir good)
turn "sslrootcert = $PKI/root.pem"$'\n'"unix_sockets = $S" "PGHOST=localhost,$(env_socket_dir impostor)" PGHOST="localhost,$S" PGPORT="1,$I"
is "$(sessions impostor)" '' 'nor a socket of a list another one'
turn "sslrootcert = $PKI/root.pem" PGHOSTADDR=127.0.0.1 PGHOST="$(env_socket_dir impostor)" PGPORT="$I"
hasnt "$OUTCOMES" 'ok f 127.0.0.1' 'nor an address'
has "$OUTCOMES" 'ok f' 'and the socket that was seen is connected to'

# --- the same rows in other words bare, so that the swap itself is known to work
run env LD_PRELOAD="$TEST_TOP/build/tests/swap.so" SWAP_ENV="PGPORT=$I" SWAP_AT=1 PGPORT="$P" PGSSLMODE=disable "$ENTRY_POINTS" x connectdb -- \
    'host=localhost user=app dbname=app'
is "$(jq -r .port <<<"$OUT")" "$I" 'bare: the variable that was set is what libpq read'
no_policy
printf '%b' "$weak" >"$TEST_DIR/race.conf"
printf '%b' "[s]\nhost=localhost\nport=$I\nsslmode=disable\n" >"$TEST_DIR/race.new"
run env LD_PRELOAD="$TEST_TOP/build/tests/swap.so" SWAP_FILE="$TEST_DIR/race.conf" SWAP_WITH="$TEST_DIR/race.new" SWAP_AT=1 \
    PGSERVICEFILE="$TEST_DIR/race.conf" "$ENTRY_POINTS" x connectdb -- "service=s user=app dbname=app"
is "$(jq -r .port <<<"$OUT")" "$I" 'bare: the file that was swapped in is what libpq read'
done_testing
