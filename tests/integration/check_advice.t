#!/bin/bash
# check_advice.t: `pgseal check` repeats the server's own words, and blames the password only if the server does. Its
# advice about certificates names the certificate and the file, and works when it is followed.
cli=${CLI:-}
. "$(dirname "$0")/../lib/env.sh"
pgseal=${cli:-$TEST_TOP/build/pgseal}

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$PKI/self.key" -out "$PKI/self.crt" -days 90 -subj /CN=localhost \
    -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:localhost 2>/dev/null
openssl x509 -in "$PKI/good.crt" -out "$PKI/forgetful.crt"
cp "$PKI/good.key" "$PKI/forgetful.key"
# A root that has expired, and its successor: the same key and name. And one of the same name with another key.
root() { # OUT KEY START END
    : >"$TEST_DIR/index" && echo 01 >"$TEST_DIR/serial"
    openssl req -new -key "$2" -subj '/O=pgseal test/CN=old root' -out "$TEST_DIR/root.csr"
    openssl ca -batch -notext -selfsign -config <(_pki_config "$PKI" root '') -keyfile "$2" -in "$TEST_DIR/root.csr" \
        -extensions v3_ca -startdate "$3" -enddate "$4" -out "$1" 2>>"$TEST_DIR/root.log"
}
openssl ecparam -genkey -name prime256v1 -noout -out "$TEST_DIR/old.key"
openssl ecparam -genkey -name prime256v1 -noout -out "$TEST_DIR/other.key"
root "$TEST_DIR/old.pem" "$TEST_DIR/old.key" 20200101000000Z 20240101000000Z
root "$TEST_DIR/next.pem" "$TEST_DIR/old.key" 20200101000000Z 20991231000000Z
root "$TEST_DIR/rekeyed.pem" "$TEST_DIR/other.key" 20200101000000Z 20991231000000Z
openssl ecparam -genkey -name prime256v1 -noout -out "$PKI/below.key"
openssl req -new -key "$PKI/below.key" -subj /CN=localhost |
    openssl x509 -req -CA "$TEST_DIR/next.pem" -CAkey "$TEST_DIR/old.key" -set_serial 77 -days 3650 \
        -extfile <(printf 'basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n') -out "$PKI/below.crt" 2>/dev/null
cat "$TEST_DIR/next.pem" >>"$PKI/below.crt"
env_start good self forgetful below

roots=$TEST_DIR/roots.pem
policy() { printf 'sslrootcert = %s\nlog = none\n' "$roots" >/etc/pgseal/policy.conf; }
policy
at() { printf 'host=localhost port=%s user=%s dbname=%s' "$(env_port "$1")" "${2:-app}" "${3:-app}"; }
check() { run "$pgseal" check --json --no-plaintext-probe "$@"; }
field() { jq -r "$1" <<<"$OUT"; }
found() { field '[.findings[].finding] | join(" ")'; }
# advised SERVER FINDING TEXT ADVICE NAME: what is found, and what to do; nothing connects.
advised() {
    check "$(at "$1")"
    is "$RC $(found | tr ' ' '\n' | uniq) $(field .connected)" "1 $2 false" "$5: $2"
    has "$(field '.findings[0].text')" "$3" "$5: the text"
    has "$(field '.findings[0].advice')" "$4" "$5: the advice"
    run "$pgseal" check --no-plaintext-probe "$(at "$1")"
    has "$(tr -s ' \n' ' ' <<<"$OUT" | tr -d ' ')" "$(tr -d ' ' <<<"$4")" "$5: in text"
}
followed() { # SERVER NAME: what was advised has been done
    check "$(at "$1")"
    is "$RC $(found) $(field .connected)" '0  true' "$2"
}

cp "$PKI/intermediate.pem" "$roots"
advised good unknown-root "$roots:1 has the certificate of \"CN=good intermediate, O=pgseal test\", which is not a root" \
    "add its certificate, \"CN=good root, O=pgseal test\", to the root file $roots" 'an intermediate alone in the root file'
cat "$PKI/root.pem" >>"$roots"
followed good 'with that root in the file it is verified'

# The same, if the server does not send the intermediate either.
cp "$PKI/intermediate.pem" "$roots"
advised forgetful unknown-root "the chain names the CA \"CN=good root, O=pgseal test\", which is not in $roots. $roots:1 has the certificate of \"CN=good intermediate, O=pgseal test\", which is not a root" \
    "add its certificate, \"CN=good root, O=pgseal test\", to the root file $roots" 'an intermediate that the server does not send, alone in the root file'
cat "$PKI/root.pem" >>"$roots"
followed forgetful 'with that root in the file it is verified'

cp "$PKI/root.pem" "$roots"
advised forgetful unknown-root 'the chain names the CA "CN=good intermediate, O=pgseal test"' \
    "append its certificate to the server's ssl_cert_file (until then, to the root file $roots, next to the root)" \
    'a server that forgets its intermediate'
cat "$PKI/intermediate.pem" >>"$roots"
followed forgetful 'with the intermediate beside the root it is verified'
cp "$PKI/root.pem" "$roots"
cat "$PKI/intermediate.pem" >>"$TEST_DIR/srv/forgetful/server.crt"
env_stop forgetful && _env_launch forgetful && _env_wait forgetful
followed forgetful 'and with the intermediate in the server'\''s own file'

advised self unknown-root "the server's certificate \"CN=localhost\" is self-signed and is not in $roots" \
    "(SHA-256 $(openssl x509 -in "$PKI/self.crt" -outform DER | sha256sum | cut -d' ' -f1)), add that certificate, the server's ssl_cert_file, to the root file $roots" \
    'a server with a certificate of its own'
cat "$PKI/self.crt" >>"$roots"
followed self 'with that certificate in the root file it is verified'

cat "$PKI/root.pem" "$TEST_DIR/old.pem" >"$roots"
line=$(($(wc -l <"$PKI/root.pem") + 1))
sed -i '/-----BEGIN/,$!d' "$TEST_DIR/srv/below/server.crt"
openssl x509 -in "$PKI/below.crt" -out "$TEST_DIR/srv/below/server.crt"
env_stop below && _env_launch below && _env_wait below
advised below expired 'the certificate of "CN=old root, O=pgseal test": certificate has expired' \
    "It is the one at $roots:$line: replace it there with the CA's current certificate" 'an expired certificate in the root file'
cat "$PKI/root.pem" "$TEST_DIR/next.pem" >"$roots"
followed below 'with the present certificate in its place it is verified'
cat "$PKI/root.pem" "$TEST_DIR/rekeyed.pem" >"$roots"
advised below unknown-root "$roots:$line has a certificate with that name but a different key, which does not count" \
    "if it is the root of the server's CA, add it to the root file" 'a root of the same name with another key'
openssl req -x509 -key "$TEST_DIR/old.key" -days 90 -subj '/O=pgseal test/CN=old root' -addext basicConstraints=critical,CA:TRUE \
    -addext subjectKeyIdentifier=01:02 -addext authorityKeyIdentifier=none -out "$TEST_DIR/renamed.pem"
cat "$PKI/root.pem" "$TEST_DIR/renamed.pem" >"$roots"
advised below unknown-root "$roots:$line has a certificate with that name but a different key identifier, which does not count" \
    "if it is the root of the server's CA, add it to the root file" 'a root of the same name and key, with another identifier'
openssl req -x509 -key "$TEST_DIR/old.key" -days 90 -subj '/O=pgseal test/CN=old root' -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,digitalSignature -out "$TEST_DIR/unfit.pem"
cat "$PKI/root.pem" "$TEST_DIR/unfit.pem" >"$roots"
advised below bad-chain 'the certificate of "CN=old root, O=pgseal test": ' \
    "It is the one at $roots:$line: replace it there with the CA's current certificate" 'a root that may not sign certificates'

# Nothing is to be added to the distribution's bundle: its next update would remove it.
printf 'sslrootcert = system\nlog = none\n' >/etc/pgseal/policy.conf
bundle=/etc/ssl/certs/ca-certificates.crt
advised good unknown-root "the chain names the CA \"CN=good root, O=pgseal test\", which is not in $bundle" \
    'set sslrootcert, in the policy or by PGSEAL_SSLROOTCERT, to a file with its certificate ("CN=good root, O=pgseal test")' "the distribution's bundle"
advised self unknown-root "is self-signed and is not in $bundle" \
    "set sslrootcert, in the policy or by PGSEAL_SSLROOTCERT, to a file with that certificate (the server's ssl_cert_file)" "the bundle, and a server with a certificate of its own"
advised below unknown-root 'the chain names the CA "CN=old root' \
    "append its certificate to the server's ssl_cert_file; if it is the root of the server's CA, set sslrootcert, in the policy or by PGSEAL_SSLROOTCERT, to a file with its certificate" "the bundle, and a server that sends one certificate"
hasnt "$(field '.findings[0].advice')" "$bundle" 'the bundle, and a server that sends one certificate: nothing is to be added to it'
rm -f "$bundle" && cat "$PKI/root.pem" "$TEST_DIR/old.pem" >"$bundle" # this test's own /etc
advised below expired 'the certificate of "CN=old root, O=pgseal test": certificate has expired' \
    "It is the one at $bundle:$line: update the distribution's bundle (the package ca-certificates), or set sslrootcert to a file with the CA's current certificate" 'an expired certificate in the bundle'
policy

# The common name counts where the certificate has no other name of the host's kind.
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$TEST_DIR/srv/self/server.key" -out "$TEST_DIR/srv/self/server.crt" -days 90 \
    -subj /CN=localhost -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:127.0.0.9 2>/dev/null
env_stop self && _env_launch self && _env_wait self
cp "$PKI/root.pem" "$roots"
check "$(at self)"
is "$(found)" unknown-root 'a name in the common name, and an address beside it: the name is not what is wrong'
cat "$TEST_DIR/srv/self/server.crt" >>"$roots"
followed self 'with that certificate in the root file it is verified'
is "$(field .matched)" CN:localhost 'and by which name'

# An address in another form than the certificate's, which libpq takes for the same.
cp "$PKI/root.pem" "$roots"
check "host=127.1 port=$(env_port good) user=app dbname=app"
is "$RC $(found) $(field '[.connected, .matched] | join(" ")')" '0  true IP:127.0.0.1' '127.1: verified, and by which name'
cp "$TEST_DIR/next.pem" "$roots"
check "host=127.1 port=$(env_port good) user=app dbname=app"
is "$(found)" unknown-root '127.1, and another root: the name is not what is wrong'

# --- the server's own words
cp "$PKI/root.pem" "$roots"
printf '%s\n' 'local all all trust' 'hostssl all rejected 127.0.0.0/8 reject' 'hostssl all secret 127.0.0.0/8 scram-sha-256' \
    'hostssl all all 127.0.0.0/8 trust' >"$TEST_DIR/srv/good/pg_hba.conf"
env_stop good && _env_launch good && _env_wait good
# says CONNINFO FINDING WORDS ADVICE NAME
says() {
    check "$1"
    is "$RC $(found) $(field .connected)" "1 $2 false" "$5: $2"
    has "$(field .failure)" "$3" "$5: the server's own words"
    has "$(field '.findings[0].text')" "$3" "$5: in the finding too"
    has "$(field '.findings[0].advice')" "$4" "$5: the advice"
    run "$pgseal" check --no-plaintext-probe "$1"
    has "$(tr -s ' \n' ' ' <<<"$OUT")" "$(tr -s ' ' <<<"$3")" "$5: in text"
}
says "$(at good secret nope) password=hunter2-sesame" cannot-connect 'FATAL:  database "nope" does not exist' "Check the database name." \
    'a database that is not there, and the right password'
says "$(at good app 'password')" cannot-connect 'FATAL:  database "password" does not exist' "Check the database name." \
    'a database of that name'
says "$(at good secret) password=wrong" cannot-authenticate 'FATAL:  password authentication failed for user "secret"' \
    "Check the user name and the password" 'a wrong password'
says "$(at good secret)" cannot-authenticate 'no password supplied' 'Supply the password' 'no password'
says "$(at good nobody)" cannot-authenticate 'FATAL:  role "nobody" does not exist' "Check the user name." 'no such user'
says "$(at good rejected)" cannot-authenticate 'pg_hba.conf rejects connection' "the server's pg_hba.conf" 'a user who is rejected'
hasnt "$OUT" wrong 'nobody'\''s password is shown'
# What the policy or the program requires besides verify-full.
says "$(at good) channel_binding=require" cannot-authenticate 'channel binding required' \
    'remove channel_binding where pgseal explain shows' 'channel binding, and a server that does not ask for the password'
for row in 'require_auth=scram-sha-256|authentication method requirement' 'sslcertmode=require|valid SSL certificate'; do
    LD_LIBRARY_PATH=$TEST_TOP/build/libpqs/18/native/lib says "$(at good) ${row%%|*}" cannot-authenticate "${row#*|}" \
        "change ${row%%=*} where pgseal explain shows" "${row%%|*}, and a server that does not ask for it"
done
done_testing
