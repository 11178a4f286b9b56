# shellcheck shell=bash disable=SC2153 # TEST_DIR is that of env.sh
# bypasses.sh: what weakens verify-full with a root, in the libpq of this world; sourced by libpq_matrix.t.

from() { # VERSION THEN ELSE: THEN where this libpq is of that major version or newer
    if ((MAJOR >= $1)); then printf '%s' "$2"; else printf '%s' "$3"; fi
}
R=$(env_port revoked)
full="dbname=app user=app sslmode=verify-full sslrootcert=$PKI/root.pem"
good="host=localhost port=$P $full" bad="host=localhost port=$I $full" revoked="host=localhost port=$R $full"
unset_bad="host=localhost port=$I user=app dbname=app"
for home in mixed pure roots broken none; do mkdir -p "$TEST_DIR/homes/$home/.postgresql"; done
cp "$PKI/crl-mixed.pem" "$TEST_DIR/homes/mixed/.postgresql/root.crl"
cp "$PKI/crl.pem" "$TEST_DIR/homes/pure/.postgresql/root.crl"
cp "$PKI/foreign.pem" "$TEST_DIR/homes/roots/.postgresql/root.crt"
cp "$PKI/client.crt" "$TEST_DIR/homes/broken/.postgresql/postgresql.crt" # and no key
chmod -R a+rX "$TEST_DIR/homes"
homes=$TEST_DIR/homes

# --- CRL files and directories are trust anchors; the default file is in $HOME from 15, in the passwd entry's home before
world_home "$homes/none"
rows world_bare <<END
bare: sslcrl makes the impostor trusted|ok t|-|$bad sslcrl=$PKI/crl-mixed.pem
bare: so does PGSSLCRL|ok t|-|$bad|env:PGSSLCRL=$PKI/crl-mixed.pem
bare: sslcrldir from 14|$(from 14 'ok t' bad)|-|$bad sslcrldir=$PKI/crl-mixed.d
bare: PGSSLCRLDIR from 14|$(from 14 'ok t' bad)|-|$bad|env:PGSSLCRLDIR=$PKI/crl-mixed.d
bare: root.crl in HOME from 15|$(from 15 'ok t' bad)|-|$bad|env:HOME=$homes/mixed
bare: root.crt in HOME from 15|$(from 15 'ok t' bad)|-|$unset_bad sslmode=verify-full|env:HOME=$homes/roots
bare: TLS 1.3 is not beyond this OpenSSL|ok t|-|$good ssl_min_protocol_version=TLSv1.3
END
rows world <<END
a mixed sslcrl|bad|refuse/refused|$bad sslcrl=$PKI/crl-mixed.pem
a mixed PGSSLCRL|bad|refuse/refused|$bad|env:PGSSLCRL=$PKI/crl-mixed.pem
sslcrldir|bad|$(from 14 refuse/refused none)|$bad sslcrldir=$PKI/crl-mixed.d
PGSSLCRLDIR|bad|$(from 14 refuse/refused seal/sealed)|$bad|env:PGSSLCRLDIR=$PKI/crl-mixed.d
a mixed root.crl in HOME|bad|seal/sealed|$bad|env:HOME=$homes/mixed
a root in HOME counts for nothing|bad|seal/sealed|$unset_bad|env:HOME=$homes/roots
another root counts for nothing|bad|downgrade/sealed|${bad/root.pem/foreign.pem}
a pure CRL is kept|bad|seal/sealed|$revoked sslcrl=$PKI/crl.pem
a pure CRL in HOME is kept|$(from 15 bad 'ok t')|seal/sealed|$revoked|env:HOME=$homes/pure
no CRL anywhere|ok t|seal/sealed|$revoked
END
world_home "$homes/mixed"
rows world_bare <<<"bare: root.crl in the passwd entry's home before 15|$(from 15 bad 'ok t')|-|$bad|env:HOME=$homes/none"
rows world <<<"a mixed root.crl in the passwd entry's home|bad|seal/sealed|$bad|env:HOME=$homes/none"
world_home "$homes/pure"
rows world <<<"a pure one there is kept|$(from 15 'ok t' bad)|seal/sealed|$revoked|env:HOME=$homes/none"
world_home "$homes/none"

policy <<<"sslrootcert = $PKI/root.pem"$'\n'"sslcrl = $PKI/crl.pem"
rows world <<END
policy CRL: a mixed sslcrl|bad|downgrade/sealed|$bad sslcrl=$PKI/crl-mixed.pem
policy CRL: sslcrldir|bad|$(from 14 downgrade/sealed none)|$bad sslcrldir=$PKI/crl-mixed.d
policy CRL: PGSSLCRLDIR|bad|$(from 14 downgrade/sealed seal/sealed)|$bad|env:PGSSLCRLDIR=$PKI/crl-mixed.d
policy CRL: root.crl in HOME|bad|seal/sealed|$bad|env:HOME=$homes/mixed
policy CRL: revoked|bad|downgrade/sealed|$revoked sslcrl=/dev/null
policy CRL: good|ok t|seal/sealed|$good
END

# --- under `program`
policy <<<'sslrootcert = program'
rows world <<END
program: its root|ok t|seal/sealed|$good
program: its other root is its own matter|ok t|-|$unset_bad sslrootcert=$PKI/foreign.pem
program: root.crt in HOME from 15|$(from 15 'ok t' bad)|seal/sealed|$unset_bad|env:HOME=$homes/roots
END

world_home "$homes/roots"
rows world <<<"program: root.crt in the passwd entry's home before 15|$(from 15 bad 'ok t')|seal/sealed|$unset_bad|env:HOME=$homes/none"
world_home "$homes/none"

# --- a client certificate that libpq could not use
policy <<<"sslrootcert = $PKI/root.pem"
rows world_bare <<<"bare: a client certificate without a key, in HOME from 15|$(from 15 bad 'ok t')|-|$good|env:HOME=$homes/broken"
rows world <<<"a client certificate without a key is not used|ok t|seal/sealed|$good|env:HOME=$homes/broken"
world_home "$homes/broken"
rows world_bare <<<"bare: in the passwd entry's home before 15|$(from 15 'ok t' bad)|-|$good|env:HOME=$homes/none"
rows world <<<"nor one in the passwd entry's home|ok t|seal/sealed|$good|env:HOME=$homes/none"
is "$(from 15 '' "$(events 'select(.event == "witness") | .reason')")" \
    "$(from 15 '' '"the client certificate in ~/.postgresql is not used: it has no key"')" 'the witness says so'
world_home "$homes/none"

# --- the word system, and what replaces its store
mkdir -p "$WORLD_ETC/ssl/certs"
rm -f "$WORLD_ETC/ssl/certs/ca-certificates.crt"
cp "$PKI/root.pem" "$WORLD_ETC/ssl/certs/ca-certificates.crt"
policy <<<'sslrootcert = system'
system="user=app dbname=app sslrootcert=system"
rows world <<END
policy system: good|ok t|seal/sealed|host=localhost port=$P user=app dbname=app
policy system: SSL_CERT_FILE moves nothing|bad|seal/sealed|$unset_bad|env:SSL_CERT_FILE=$PKI/foreign.pem
policy system: and the word, and SSL_CERT_FILE|bad|seal/sealed|host=localhost port=$I $system|env:SSL_CERT_FILE=$PKI/foreign.pem
END
rows world_bare <<<"bare: SSL_CERT_FILE moves it from 16|$(from 16 'ok t' bad)|-|host=localhost port=$I $system sslmode=verify-full|env:SSL_CERT_FILE=$PKI/foreign.pem"
plain_policy
rows world <<END
the word system is another root|bad|downgrade/sealed|host=localhost port=$I $system|env:SSL_CERT_FILE=$PKI/foreign.pem
the word, and a weak sslmode: an error of libpq's own from 16|$(from 16 bad 'ok t')|$(from 16 none downgrade/sealed)|host=localhost port=$P $system sslmode=require
END

# --- other options
log_mark good
run world_bare "$ENTRY_POINTS" g connectdb -- "$good gssencmode=require"
gss=0 # whether this build has GSS at all; without a ticket the bare call fails either way
[[ $OUT == *'not compiled in'* ]] || gss=1
((gss == 0)) || contact_await good
rows world <<END
gssencmode=prefer|ok t|downgrade/sealed|$good gssencmode=prefer
gssencmode=require|$([[ $gss == 1 ]] && echo 'ok t|downgrade/sealed' || echo 'bad|none')|$good gssencmode=require
PGGSSENCMODE=prefer|ok t|downgrade/sealed|$good|env:PGGSSENCMODE=prefer
TLS 1.1 as the minimum|ok t|downgrade/sealed|$good ssl_min_protocol_version=TLSv1.1
TLS 1.1 as the maximum|ok t|downgrade/sealed|$good ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=TLSv1.1
PGSSLMINPROTOCOLVERSION|ok t|downgrade/sealed|$good|env:PGSSLMINPROTOCOLVERSION=TLSv1
a higher minimum is kept|ok t|seal/sealed|$good ssl_min_protocol_version=TLSv1.3
sslcompression=1|ok t|downgrade/sealed|$good sslcompression=1
an engine key|bad|refuse/refused|$good sslkey=pkcs11:slot
requiressl=0|ok t|downgrade/sealed|$good requiressl=0
ssl=true in a URI|ok t|downgrade/sealed|postgresql://app@localhost:$P/app?ssl=true
PGREQUIRESSL=1|ok t|downgrade/sealed|host=localhost port=$P user=app dbname=app|env:PGREQUIRESSL=1
the name to verify and where to dial|ok t|seal/sealed|host=prod.example hostaddr=127.0.0.1 port=$P user=app dbname=app
an impostor there|bad|seal/sealed|host=prod.example hostaddr=127.0.0.1 port=$I user=app dbname=app
an address in the environment|bad|downgrade/sealed|host=elsewhere.example port=$P user=app dbname=app sslmode=require|env:PGHOSTADDR=127.0.0.1
a socket directory with an address is TCP|bad|downgrade/sealed|host=/tmp hostaddr=127.0.0.1 port=$P user=app dbname=app sslmode=disable
sslcertmode from 16|$(from 16 'ok t|seal/sealed' 'bad|none')|$good sslcertmode=disable
require_auth from 16: what the server does|$(from 16 'ok t|seal/sealed' 'bad|none')|$good require_auth=none
require_auth from 16: what it does not|$(from 16 'bad|seal/sealed' 'bad|none')|$good require_auth=scram-sha-256
sslnegotiation from 17|$(from 17 'ok t|seal/sealed' 'bad|none')|$good sslnegotiation=postgres
PGOAUTHDEBUG from 18|$(from 18 'bad|refuse/refused' 'ok t|seal/sealed')|$good|env:PGOAUTHDEBUG=UNSAFE:http
PGOAUTHDEBUG as libpq 18 has it|$(from 18 'bad|refuse/refused' 'ok t|seal/sealed')|$good|env:PGOAUTHDEBUG=UNSAFE
PGOAUTHDEBUG as libpq 19 has it|$(from 18 'bad|refuse/refused' 'ok t|seal/sealed')|$good|env:PGOAUTHDEBUG=UNSAFE:http,trace,dos-endpoint
PGOAUTHDEBUG without what is unsafe|ok t|seal/sealed|$good|env:PGOAUTHDEBUG=call-count,plugin-errors
an unsafe word of PGOAUTHDEBUG without its prefix|ok t|seal/sealed|$good|env:PGOAUTHDEBUG=trace
oauth_ca_file from 19|$(from 19 'ok t|downgrade/sealed' 'bad|none')|$good oauth_ca_file=$PKI/foreign.pem
PGOAUTHCAFILE from 19|ok t|$(from 19 downgrade/sealed seal/sealed)|$good|env:PGOAUTHCAFILE=$PKI/foreign.pem
servicefile from 19: a weak one|$(from 19 'ok t|downgrade/sealed' 'bad|none')|servicefile=$TEST_DIR/log/services.conf service=good-weak
servicefile from 19: the impostor|$(from 19 'bad|downgrade/sealed' 'bad|none')|servicefile=$TEST_DIR/log/services.conf service=impostor-weak
END
rows world_bare <<<"bare: servicefile from 19|$(from 19 'ok f' bad)|-|servicefile=$TEST_DIR/log/services.conf service=impostor-weak"
rows world_bare <<<"bare: PGREQUIRESSL=1 asks for no more than TLS|ok t|-|host=localhost port=$I user=app dbname=app|env:PGREQUIRESSL=1"

# --- secrets of TLS in a file, from 18
rm -f "$TEST_DIR/log/keys"
rows world_bare <<<"bare: sslkeylogfile from 18|$(from 18 'ok t' bad)|-|$good sslkeylogfile=$TEST_DIR/log/keys"
is "$(test -s "$TEST_DIR/log/keys" && echo written)" "$(from 18 written '')" 'bare: the secrets are in the file'
rm -f "$TEST_DIR/log/keys"
rows world <<<"sslkeylogfile|$(from 18 'ok t|downgrade/sealed' 'bad|none')|$good sslkeylogfile=$TEST_DIR/log/keys"
is "$(ls "$TEST_DIR/log/keys" 2>/dev/null)" '' 'sealed: no such file'

# --- abstract sockets, from 14
policy <<<"sslrootcert = $PKI/root.pem"$'\n''unix_sockets = refuse'
at="host=@pgseal-nobody port=$P user=app dbname=app sslmode=disable"
rows world <<END
an abstract socket from 14, a host name before|bad|$(from 14 refuse/refused downgrade/sealed)|$at connect_timeout=5
a socket|bad|refuse/refused|host=/tmp port=$P user=app dbname=app
an empty element of a list|bad|refuse/refused|host=localhost,,localhost port=$P user=app dbname=app
END
plain_policy
rows world <<<"an abstract socket that is allowed|bad|$(from 14 socket/allowed downgrade/sealed)|$at connect_timeout=5"

# --- pins that not every libpq knows
policy <<END
sslrootcert = $PKI/root.pem
[host localhost]
require_auth = scram-sha-256
END
rows world <<<"a pin of require_auth|bad|$(from 16 downgrade/sealed refuse/refused)|host=localhost port=$P user=app dbname=app$(from 16 ' require_auth=none' '')"
((MAJOR >= 16)) || like "${ROW_REASON[a_pin_of_require_auth]}" "require_auth.*$MAJOR\." 'the reason names option and version'
plain_policy

policy <<END
sslrootcert = $PKI/root.pem
[host localhost]
oauth_ca_file = $PKI/root.pem
END
rows world <<<"a pin of oauth_ca_file|$(from 19 'ok t' bad)|$(from 19 seal/sealed refuse/refused)|host=localhost port=$P user=app dbname=app"
if ((MAJOR >= 19)); then
    policy <<END
sslrootcert = $PKI/root.pem
[host localhost]
oauth_ca_file = $PKI/crl.pem
END
    rows world <<<"a pinned oauth_ca_file that holds no roots|bad|refuse/refused|host=localhost port=$P user=app dbname=app"
    has "${ROW_REASON[a_pinned_oauth_ca_file_that_holds_no_roots]}" "oauth_ca_file: $PKI/crl.pem: contains a block other than CERTIFICATE" \
        'it is judged like a root'
fi
plain_policy

# --- an ldap line in a service file
printf '[ldap]\nldap://127.0.0.1:%s/dc=x?description?one?(cn=y)\nhost=localhost\nport=%s\n' "$P" "$P" >"$TEST_DIR/log/ldap.conf"
log_mark good
rows world <<<"an ldap line|bad|none|service=ldap user=app dbname=app|env:PGSERVICEFILE=$TEST_DIR/log/ldap.conf"
# A libpq without LDAP calls the line a syntax error itself.
like "$(verdicts) $(contacts good)" '^(refuse/refused)? ?0$' 'an ldap line: refused, by pgseal or by libpq, and nothing was asked'
rows world <<<"an ldap line in a servicefile|bad|none|servicefile=$TEST_DIR/log/ldap.conf service=ldap user=app dbname=app"
like "$(verdicts) $(contacts good)" '^(refuse/refused)? ?0$' 'so is one in a servicefile'

# --- TLS from the first byte, from 17: the server is of 18
if ((MAJOR >= 17)); then
    bin=$TEST_DIR/pg18
    mkdir "$bin"
    mount --bind "$TEST_TOP/build/libpqs/18/native" "$bin"
    own=$TEST_BIN
    TEST_BIN=$bin/bin
    # shellcheck disable=SC2317 # a copy of what all servers have, made by another initdb
    install -d -o postgres -m 0700 "$TEST_DIR/template18"
    (cd / && _env_as_postgres env LD_LIBRARY_PATH="$bin/lib" "$TEST_BIN/initdb" -D "$TEST_DIR/template18" --no-sync -A trust \
        -U app --locale=C --no-instructions) >"$TEST_DIR/initdb18.log" 2>&1
    for name in direct direct-impostor; do
        cert=${name/direct-/}
        cert=${cert/direct/good}
        dir=$TEST_DIR/srv/$name
        cp -a "$TEST_DIR/template18" "$dir"
        install -d -o postgres -m 0755 "$TEST_DIR/srv/$name.sock"
        install -o postgres -m 0600 "$PKI/$cert.key" "$dir/server.key"
        install -o postgres "$PKI/$cert.crt" "$dir/server.crt"
        printf '%s\n' 'host all all 127.0.0.0/8 trust' >"$dir/pg_hba.conf"
        printf '%s\n' 'ssl = on' "unix_socket_directories = '$TEST_DIR/srv/$name.sock'" "listen_addresses = '127.0.0.1'" 'fsync = off' \
            'log_connections = on' "log_line_prefix = ''" 'shared_buffers = 4MB' >>"$dir/postgresql.conf"
        _env_launch "$name"
    done
    for name in direct direct-impostor; do
        _env_wait "$name"
        log_mark "$name"
    done
    TEST_BIN=$own
    direct="user=app dbname=postgres sslmode=require sslnegotiation=direct"
    query='query=select ssl from pg_stat_ssl where pid = pg_backend_pid()'
    rows world_bare <<<"bare: sslnegotiation=direct with an impostor|ok t|-|host=localhost port=$(env_port direct-impostor) $direct|$query"
    log_mark direct-impostor
    rows world <<END
sslnegotiation=direct|ok t|downgrade/sealed|host=localhost port=$(env_port direct) $direct|$query
sslnegotiation=direct with an impostor|bad|downgrade/sealed|host=localhost port=$(env_port direct-impostor) $direct|$query
direct, and polled|ok t|downgrade/sealed|host=localhost port=$(env_port direct) $direct|$query|entry:start
direct, polled, and an impostor|bad|downgrade/sealed|host=localhost port=$(env_port direct-impostor) $direct|$query|entry:start
PGSSLNEGOTIATION with an impostor|bad|downgrade/sealed|host=localhost port=$(env_port direct-impostor) user=app dbname=postgres sslmode=require|env:PGSSLNEGOTIATION=direct|$query
END
    is "$(events 'select(.event | IN("witness", "failed", "violation")) | .event' | xargs)" \
        'witness failed witness failed failed' 'direct: each has its outcome'
    is "$(sessions direct-impostor)" '' 'direct: no session with the impostor'
fi
