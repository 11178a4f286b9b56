# shellcheck shell=bash
# ca.sh: what the tests of `pgseal ca` share: how it is run, and certificates made on the spot, in a directory of their own.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/tap.sh
. "$top/tests/lib/tap.sh"
pgseal=${CLI:-$top/build/pgseal}
export LC_ALL=C TZ=UTC
unset NO_COLOR SSL_CERT_FILE SSL_CERT_DIR OPENSSL_CONF https_proxy HTTPS_PROXY all_proxy ALL_PROXY
umask 022
work=$(mktemp -d /tmp/pgseal-ca.XXXXXX)
server= # the process to stop at the end
cleanup() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT
cd "$work"

status=0
run() { # ARG…: sets status, out and err
    status=0
    "$pgseal" "$@" >out 2>err </dev/null || status=$?
    out=$(cat out) err=$(cat err)
}
field() { jq -r "$1" <out; }

# --- certificates made on the spot -------------------------------------------------------------------------------------
cat >ca.conf <<'END'
[ca]
default_ca = here
[here]
database = index
serial = serial
crlnumber = crlnumber
new_certs_dir = .
policy = any
unique_subject = no
default_md = sha256
default_crl_days = 30
[any]
commonName = supplied
[root]
basicConstraints = critical,CA:TRUE
[leaf]
basicConstraints = CA:FALSE
subjectAltName = DNS:localhost
[req]
distinguished_name = dn
[dn]
END
: >index
echo 01 >serial
echo 01 >crlnumber
days_from_now() { date -u -d "$1 days" +%Y%m%d%H%M%SZ; }
# root NAME START END [KEY OPTIONS [DIGEST]]: a self-signed CA of these dates.
root() {
    local name=$1 start=$2 end=$3 key=${4:-"-algorithm EC -pkeyopt ec_paramgen_curve:prime256v1"} digest=${5:-sha256}
    # shellcheck disable=SC2086
    openssl genpkey $key -out "$name.key" 2>/dev/null
    openssl req -new -key "$name.key" -subj "/CN=$name" -config ca.conf -out "$name.csr" 2>/dev/null
    openssl ca -batch -config ca.conf -selfsign -keyfile "$name.key" -in "$name.csr" -extensions root -notext \
        -startdate "$start" -enddate "$end" -md "$digest" -out "$name.pem" 2>/dev/null
}
# signed NAME ISSUER EXTENSIONS [DIGEST]
signed() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$1.key" 2>/dev/null
    openssl req -new -key "$1.key" -subj "/CN=$1" -config ca.conf -out "$1.csr" 2>/dev/null
    openssl ca -batch -config ca.conf -keyfile "$2.key" -cert "$2.pem" -in "$1.csr" -extensions "$3" -notext \
        -startdate "$(days_from_now -10)" -enddate "$(days_from_now +1000)" -md "${4:-sha256}" -out "$1.pem" 2>/dev/null
}
past=$(days_from_now -10)
future=$(days_from_now +1000)
root good "$past" "$future"
root good2 "$past" "$future" "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"
root expired "$(days_from_now -400)" "$(date -u -d "-3 days -10 seconds" +%Y%m%d%H%M%SZ)"
root soon "$past" "$(days_from_now +20)"
root early "$(days_from_now +5)" "$future"
root small "$past" "$future" "-algorithm RSA -pkeyopt rsa_keygen_bits:1024"
root tiny "$past" "$future" "-algorithm EC -pkeyopt ec_paramgen_curve:prime192v1"
root sha1root "$past" "$future" "-algorithm RSA -pkeyopt rsa_keygen_bits:2048" sha1
root md5root "$past" "$future" "-algorithm RSA -pkeyopt rsa_keygen_bits:2048" md5
signed sha1 good root sha1
signed leaf good leaf
openssl ca -config ca.conf -gencrl -keyfile good.key -cert good.pem -out good.crl 2>/dev/null
openssl x509 -in good2.pem -trustout -addtrust serverAuth -out trusted.pem
