#!/bin/bash
# ca_anchors.t: a certificate that `pgseal ca` calls useless, or prunes, verifies no server: each bundle is tried
# against a real server, by libpq and sealed. `pgseal ca` reports whatever makes connections refuse a root file.
cli=${CLI:-}
. "$(dirname "$0")/../lib/env.sh"
# shellcheck source=tests/lib/provider.sh
. "$(dirname "$0")/../lib/provider.sh"
pgseal=${cli:-$TEST_TOP/build/pgseal}

# self: a server's own certificate, no CA. clientonly: the same, but not for servers.
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$PKI/self.key" -out "$PKI/self.crt" -days 90 -subj /CN=localhost \
    -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:localhost 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$TEST_DIR/clientonly.key" -out "$TEST_DIR/clientonly.crt" -days 90 -subj /CN=x \
    -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=clientAuth 2>/dev/null
openssl x509 -in "$PKI/good.crt" -out "$TEST_DIR/leaf.pem"
env_start good self
G=$(env_port good) S=$(env_port self)
field() { jq -r "$1" <<<"$OUT"; }
# verified WANT ROOTS PORT NAME: whether libpq, and the seal, verify this server with these roots ("ok t" or "bad").
verified() {
    run bare "$ENTRY_POINTS" x connectdb -- "host=localhost port=$3 user=app dbname=app sslmode=verify-full sslrootcert=$2"
    is "$(out status server)" "$1" "$4: libpq alone"
    run sealed env PGSEAL_SSLROOTCERT="$2" PGSEAL_LOG=none "$ENTRY_POINTS" x connectdb -- "host=localhost port=$3 user=app dbname=app"
    is "$(out status server)" "$1" "$4: sealed"
}

# --- anchors
roots=$TEST_DIR/roots.pem
cat "$PKI/self.crt" "$PKI/root.pem" "$PKI/intermediate.pem" "$TEST_DIR/leaf.pem" "$PKI/root.pem" "$TEST_DIR/clientonly.crt" >"$roots"
verified 'ok t' "$roots" "$S" 'a server that shows a self-signed certificate of the file'
run "$pgseal" ca --json --prune="$TEST_DIR/pruned.pem" "$roots"
is "$(field '.files[0].certificates | map(.findings | join("+")) | join(" ")')" '   not-a-ca duplicate not-a-ca' \
    'ca: a server'\''s own certificate is not called useless; another CA'\''s, a duplicate and one for clients only are'
is "$(grep -c BEGIN "$TEST_DIR/pruned.pem")" 3 'prune keeps the anchors and an intermediate of theirs'
verified 'ok t' "$TEST_DIR/pruned.pem" "$S" 'the same server with the pruned file'
verified 'ok t' "$TEST_DIR/pruned.pem" "$G" 'and the one of the other root'
run "$pgseal" ca "$roots"
has "$(tr -s ' \n' ' ' <<<"$OUT")" 'not a CA, for its own server only' 'in words'
verified "bad " "$TEST_DIR/leaf.pem" "$G" 'a certificate that another CA signed verifies not even its own server'
run "$pgseal" ca --json --prune="$TEST_DIR/none.pem" "$TEST_DIR/leaf.pem"
is "$RC $(field '.reason')" '1 no certificate would be left' 'and is pruned'
verified "bad " "$PKI/intermediate.pem" "$G" 'an intermediate alone verifies nothing'
run "$pgseal" ca --json "$PKI/intermediate.pem"
is "$RC $(field '.files[0].certificates[0].findings | join(" ")')" '1 no-issuer' 'ca says so of it'
run "$pgseal" ca "$PKI/intermediate.pem"
has "$(tr -s ' \n' ' ' <<<"$OUT")" 'not a root: its issuer is not in the file, so no chain can end with it' 'in words'
verified "bad " "$TEST_DIR/clientonly.crt" "$S" 'one for clients only verifies nothing'

# OpenSSL checks no signature of an anchor on itself: one on MD2, which it no longer knows, or a broken one, is no fault.
unsigned() { # CERTIFICATE OUT
    openssl x509 -in "$1" -outform DER | python3 -c 'import base64, sys
der = bytearray(sys.stdin.buffer.read())
der[-1] ^= 1
print("-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----" % base64.encodebytes(der).decode())' >"$2"
}
unsigned "$PKI/root.pem" "$TEST_DIR/unsigned.pem"
verified 'ok t' "$TEST_DIR/unsigned.pem" "$G" 'a root whose own signature on itself does not hold'
run "$pgseal" ca --json "$TEST_DIR/unsigned.pem"
is "$RC $(field '.files[0].certificates[0].findings | join(" ")')" '0 ' 'ca finds nothing wrong with it'
unsigned "$PKI/self.crt" "$TEST_DIR/unsigned.pem"
install -o postgres "$TEST_DIR/unsigned.pem" "$TEST_DIR/srv/self/server.crt"
reload self
verified 'ok t' "$TEST_DIR/unsigned.pem" "$S" 'a server that shows such a certificate'
run "$pgseal" ca --json --prune="$TEST_DIR/pruned.pem" "$TEST_DIR/unsigned.pem"
is "$RC $(grep -c BEGIN "$TEST_DIR/pruned.pem")" '0 1' 'prune keeps it'

# --- what makes connections refuse a root file
refused() { # WANT FILE NAME [FAULT]
    run "$pgseal" ca --json "$2"
    is "$RC $(field '.files[0].refused')" "1 $1" "$3: ca, as JSON"
    run "$pgseal" ca "$2"
    is "$RC" 1 "$3: ca: status 1"
    has "$(tr -s ' \n' ' ' <<<"$OUT")" "$1" "$3: ca"
    hasnt "$OUT" 'nothing wrong' "$3: ca does not call it good"
    run sealed env PGSEAL_SSLROOTCERT="$2" PGSEAL_LOG=none "$ENTRY_POINTS" x connectdb -- "host=localhost port=$G"
    has "$(out error)" "$2: $1" "$3: the connection's own words"
}
umask 002
loose=$TEST_DIR/loose.pem
cp "$PKI/root.pem" "$loose"
chmod 664 "$loose"
refused 'writable by users other than its owner' "$loose" 'mode 0664'
chmod 602 "$loose"
refused 'writable by users other than its owner' "$loose" 'mode 0602'
umask 022
run "$pgseal" ca --json "$PKI/root.pem"
is "$RC $(field '.files[0].refused')" '0 null' 'nothing of the kind of a file that is taken'
cp "$PKI/crl.pem" "$TEST_DIR/loose-crl.pem"
chmod 664 "$TEST_DIR/loose-crl.pem"
run "$pgseal" ca --json "$TEST_DIR/loose-crl.pem"
is "$RC $(field '.files[0].refused')" '0 null' 'nor of a CRL file, whose mode connections do not judge'
printf '\xef\xbb\xbf' | cat - "$PKI/root.pem" >"$TEST_DIR/bom.pem"
refused 'begins with a byte order mark; save it without one' "$TEST_DIR/bom.pem" 'a byte order mark'
{ printf '\xff\xfe' && iconv -t UTF-16LE "$PKI/root.pem"; } >"$TEST_DIR/utf16.pem"
refused 'is UTF-16; save it as plain ASCII text' "$TEST_DIR/utf16.pem" UTF-16
iconv -t UTF-16LE "$PKI/root.pem" >"$TEST_DIR/utf16le.pem"
refused 'is UTF-16; save it as plain ASCII text' "$TEST_DIR/utf16le.pem" 'UTF-16 without a mark'
openssl x509 -in "$PKI/root.pem" -outform DER -out "$TEST_DIR/root.der"
refused 'is DER; convert it to PEM, for instance with openssl x509 -inform DER' "$TEST_DIR/root.der" DER
# As CAs publish their CRLs.
openssl crl -in "$PKI/crl.pem" -outform DER -out "$TEST_DIR/crl.der"
run "$pgseal" ca --json "$TEST_DIR/crl.der"
is "$RC $(field '.files[0].refused')" '1 is DER; convert it to PEM, for instance with openssl crl -inform DER' 'a CRL in DER: ca'
run sealed env PGSEAL_SSLROOTCERT="$PKI/root.pem" PGSEAL_SSLCRL="$TEST_DIR/crl.der" PGSEAL_LOG=none "$ENTRY_POINTS" x connectdb -- "host=localhost port=$G"
has "$(out error)" 'is DER; convert it to PEM, for instance with openssl crl -inform DER' 'a CRL in DER: the connection'
: >"$TEST_DIR/empty.pem"
refused empty "$TEST_DIR/empty.pem" 'an empty file'
printf 'no block\n' >"$TEST_DIR/text.pem"
refused 'contains no certificate' "$TEST_DIR/text.pem" 'text alone'
{ printf 'one\ntwo\n' && cat "$PKI/good.key"; } >"$TEST_DIR/key.pem"
refused 'contains a block other than CERTIFICATE (line 3)' "$TEST_DIR/key.pem" 'a private key'
{ cat "$PKI/root.pem" && sed '$d' "$PKI/intermediate.pem"; } >"$TEST_DIR/cut.pem"
refused "a block is truncated (line $(($(wc -l <"$PKI/root.pem") + 1)))" "$TEST_DIR/cut.pem" 'a cut block'
# A certificate that OpenSSL reads and pgseal does not: its subject is of indefinite length (BER).
openssl x509 -in "$PKI/root.pem" -outform DER | python3 -c 'import base64, sys
def element(der, at=0):
    size = der[at + 1]
    head = 2 + (size & 127 if size & 128 else 0)
    size = int.from_bytes(der[at + 2:at + head], "big") if size & 128 else size
    return der[at:at + head + size], der[at + head:at + head + size]
def wrap(content):
    return b"\x30\x82" + len(content).to_bytes(2, "big") + content
_, certificate = element(sys.stdin.buffer.read())
whole, signed = element(certificate)
parts, at = [], 0
while at < len(signed):
    parts.append(element(signed, at)[0])
    at += len(parts[-1])
parts[5] = b"\x30\x80" + element(parts[5])[1] + b"\0\0"
der = wrap(wrap(b"".join(parts)) + certificate[len(whole):])
print("-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----" % base64.encodebytes(der).decode())' >"$TEST_DIR/ber.pem"
run bare "$ENTRY_POINTS" x connectdb -- "host=localhost port=$G user=app dbname=app sslmode=verify-full sslrootcert=$TEST_DIR/ber.pem"
is "$(out status)" ok 'BER: libpq takes it'
cat "$PKI/root.pem" "$TEST_DIR/ber.pem" >"$TEST_DIR/both.pem"
refused "a block is not a certificate (line $(($(wc -l <"$PKI/root.pem") + 1)))" "$TEST_DIR/both.pem" BER
run "$pgseal" ca --json --prune="$TEST_DIR/pruned.pem" "$TEST_DIR/both.pem"
verified 'ok t' "$TEST_DIR/pruned.pem" "$G" 'without it, as prune leaves it'
done_testing
