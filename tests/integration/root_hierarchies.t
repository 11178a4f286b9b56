#!/bin/bash
# root_hierarchies.t: the same outcome as libpq's with the whole root file, bare beside sealed, with both OpenSSLs,
# over hierarchies in which a look-up by name could go wrong. (tests/unit/test_demand.c does this at random, without a
# server.)
# shellcheck source=tests/lib/env.sh
. "$(dirname "$0")/../lib/env.sh"
# shellcheck source=tests/lib/provider.sh
. "$(dirname "$0")/../lib/provider.sh"
cd "$PKI"

# --- the certificates

# ca NAME KEY SUBJECT [ISSUER [STRINGS [EXTENSION]]]: NAME.pem for the key of KEY, which is made where there is none.
# STRINGS: the string type of the name, as OpenSSL's string_mask has it.
ca() {
    local name=$1 key=$2 subject=$3 issuer=${4:-} strings=${5:-utf8only} extension=${6:-}
    local -a more=()
    [[ -f $key.key ]] || openssl ecparam -genkey -name prime256v1 -noout -out "$key.key"
    [[ -z $issuer ]] || more+=(-CA "$issuer.pem" -CAkey "$issuer.key")
    [[ -z $extension ]] || more+=(-addext "$extension")
    openssl req -x509 -new -config <(printf '[req]\nstring_mask = %s\ndistinguished_name = dn\n[dn]\n' "$strings") \
        -key "$key.key" -days 3650 -subj "$subject" -addext basicConstraints=critical,CA:TRUE "${more[@]}" -out "$name.pem"
    [[ $name == "$key" ]] || cp "$key.key" "$name.key"
}
# leaf NAME ISSUER [SENT…]: a server's certificate; SENT: what the server sends above it.
leaf() {
    local name=$1 issuer=$2 sent
    shift 2
    : >"$issuer.chain"
    certificate "$name" "$issuer" "/CN=$name" DNS:localhost
    for sent in "$@"; do cat "$sent.pem" >>"$name.crt"; done
}
# expired NAME OF: a root like OF, of the same name and key, that has expired.
expired() {
    mkdir "$1.d"
    : >"$1.d/index"
    printf '01\n' >"$1.d/serial"
    openssl req -new -key "$2.key" -subj "$(openssl x509 -in "$2.pem" -noout -subject -nameopt compat | sed 's/^subject= *//')" -out "$1.csr"
    openssl ca -batch -selfsign -notext -in "$1.csr" -keyfile "$2.key" -startdate 20200101000000Z -enddate 20210101000000Z -out "$1.pem" \
        -config <(printf '%s\n' '[ca]' 'default_ca = c' '[c]' "database = $PWD/$1.d/index" "serial = $PWD/$1.d/serial" \
            "new_certs_dir = $PWD/$1.d" 'default_md = sha256' 'policy = p' 'x509_extensions = e' '[p]' 'commonName = supplied' \
            '[e]' 'basicConstraints = critical,CA:TRUE') 2>/dev/null
}

ca one one /CN=One
ca two two /CN=Two one
leaf leaf1 one
leaf leaf2 two two
leaf leaf2-alone two
above=()
ca c0 c0 /CN=Chain0
for i in 1 2 3 4 5 6 7 8 9; do
    ca "c$i" "c$i" "/CN=Chain$i" "c$((i - 1))"
    above=("c$i" "${above[@]}")
done
leaf leaf10 c9 "${above[@]}"
leaf leaf10-alone c9
ca cross cross /CN=Cross
ca cross-by-one cross /CN=Cross one
leaf crossed cross
leaf crossed-sent cross cross-by-one
ca same same /CN=Same
ca same-below same-below /CN=Same same
leaf same-leaf same-below
leaf same-leaf-sent same-below same-below
ca again again /CN=Again
expired again-expired again
leaf again-leaf again
name='/CN=Pgseal Test Root'
ca spelt spelt "$name"
ca spelt-other-key spelt-other "$name"
ca spelt-printable spelt "$name" '' MASK:2
ca spelt-case spelt '/CN=pgseal  TEST root '
ca spelt-bmp spelt "$name" '' MASK:2048
ca spelt-t61 spelt "$name" '' MASK:4
leaf spelt-leaf spelt
ca inside inside /CN=Inside '' utf8only 'nameConstraints=critical,permitted;DNS:localhost'
ca outside outside /CN=Outside '' utf8only 'nameConstraints=critical,permitted;DNS:elsewhere.example'
ca without without /CN=Without '' utf8only 'nameConstraints=critical,excluded;DNS:localhost'
for i in inside outside without; do leaf "$i-leaf" "$i"; done
certificate self self /CN=self DNS:localhost
certificate self-other self /CN=self DNS:localhost
cp self.crt self.pem
cp self-other.crt self-other.pem
# A certificate whose outer length is written in more bytes than it takes: OpenSSL reads it, and writes it anew in fewer.
ca ber ber /CN=Ber
leaf ber-leaf ber
openssl x509 -in ber.pem -outform DER | python3 -c 'import base64, sys
der = sys.stdin.buffer.read()
print("-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----" %
      base64.encodebytes(b"\x30\x84" + (len(der) - 4).to_bytes(4, "big") + der[4:]).decode())' >ber-long.pem
like "$(openssl x509 -in spelt-bmp.pem -noout -subject -nameopt show_type)" BMPSTRING 'a name is a BMPString'
like "$(openssl x509 -in spelt-t61.pem -noout -subject -nameopt show_type)" T61STRING 'and another a T61String'

# --- bare beside sealed

env_start good
roots=$TEST_DIR/roots.pem
to="host=localhost port=$(env_port good) user=app dbname=app"
status() { # COMMAND…: the outcome, and OpenSSL's words
    run "$@"
    jq -r '.status + " " + (.error | sub(".*FATAL"; "FATAL") | gsub("\n"; " "))' <<<"$OUT"
}
declare -A count=()
presented=
while IFS='|' read -r row server files crl want; do
    : >"$roots"
    for file in $files; do cat "$file.pem" >>"$roots"; done
    if [[ $server != "$presented" ]]; then
        present good "$server"
        presented=$server
    fi
    printf 'sslrootcert = %s\nlog = none\n%s\n' "$roots" "${crl:+sslcrl = $PKI/$crl}" | policy
    for version in 15 13; do
        libraries=
        [[ $version == 15 ]] || libraries=$TEST_TOP/build/libpqs/$version/native/lib
        bare=$(status bare env LD_LIBRARY_PATH="$libraries" "$ENTRY_POINTS" x connectdb -- \
            "$to sslmode=verify-full sslrootcert=$roots ${crl:+sslcrl=$PKI/$crl}")
        sealed=$(status sealed env LD_LIBRARY_PATH="$libraries" "$ENTRY_POINTS" x connectdb -- "$to")
        is "${bare%% *}" "$want" "$row, libpq $version: bare"
        is "$sealed" "$bare" "$row, libpq $version: sealed"
        count[${bare%% *}]=$((${count[${bare%% *}]:-0} + 1))
    done
done <<END
a chain of 1|leaf1|one||ok
a chain of 1, its root twice|leaf1|one one||ok
a chain of 1, behind many|leaf1|two c0 cross again one||ok
a chain of 1, without its root|leaf1|two c0 cross again||bad
a chain of 2|leaf2|one||ok
a chain of 2, the intermediate alone|leaf2|two||bad
a chain of 2, the intermediate in the file|leaf2-alone|two one||ok
a chain of 2, the intermediate nowhere|leaf2-alone|one||bad
a chain of 10|leaf10|c0||ok
a chain of 10, all of it in the file|leaf10-alone|c9 c8 c7 c6 c5 c4 c3 c2 c1 c0||ok
a chain of 10, one is missing|leaf10-alone|c9 c8 c7 c6 c4 c3 c2 c1 c0||bad
cross-signed, its own root|crossed|cross||ok
cross-signed, the other root|crossed-sent|one||ok
cross-signed, the cross certificate in the file|crossed|cross-by-one one||ok
cross-signed, the cross certificate alone|crossed|cross-by-one||bad
cross-signed, both, its own first|crossed|cross cross-by-one||ok
cross-signed, both, its own last|crossed|cross-by-one cross||bad
a root and an intermediate of one name|same-leaf-sent|same||ok
both in the file|same-leaf|same same-below||ok
both in the file, the root last|same-leaf|same-below same||ok
of one name, the root alone|same-leaf|same||bad
of one name, the intermediate alone|same-leaf|same-below||bad
an expired twin alone|again-leaf|again-expired||bad
an expired twin first|again-leaf|again-expired again||ok
an expired twin last|again-leaf|again again-expired||ok
equal in canonical form: PrintableString|spelt-leaf|spelt-printable||ok
equal in canonical form: case and blanks|spelt-leaf|spelt-case||ok
equal in canonical form: BMPString|spelt-leaf|spelt-bmp||ok
equal in canonical form: T61String|spelt-leaf|spelt-t61||ok
exactly equal, another key|spelt-leaf|spelt-other-key||bad
exactly equal, another key, PrintableString behind it|spelt-leaf|spelt-other-key spelt-printable||ok
exactly equal, another key, case and blanks before it|spelt-leaf|spelt-case spelt-other-key||ok
exactly equal, another key, BMPString behind it|spelt-leaf|spelt-other-key spelt-bmp||ok
exactly equal, another key, BMPString before it|spelt-leaf|spelt-bmp spelt-other-key||ok
exactly equal, another key, T61String behind it|spelt-leaf|spelt-other-key spelt-t61||ok
two keys of one name, the right one last|spelt-leaf|spelt-other-key spelt||ok
two keys of one name, the right one first|spelt-leaf|spelt spelt-other-key||ok
name constraints that hold|inside-leaf|inside||ok
name constraints that do not hold|outside-leaf|outside||bad
name constraints that exclude|without-leaf|without||bad
a self-signed leaf as anchor|self|self||ok
a self-signed leaf among others|self|one self two||ok
another self-signed leaf of the name|self|self-other||bad
two self-signed leaves of one name|self|self-other self||ok
an outer length of four bytes|ber-leaf|ber-long||ok
a CRL, not revoked|good|root|crl.pem|ok
a CRL, revoked|revoked|root|crl.pem|bad
a CRL of another CA|good|root|crl-foreign.pem|bad
a CRL, another root|good|one|crl.pem|bad
no CRL, revoked|revoked|root||ok
END
is "${count[ok]} ${count[bad]}" '68 32' 'all were compared'
done_testing
