# shellcheck shell=bash
# pki.sh: the certificates of the attackers, in the test environment's PKI directory, beside those of tests/lib/pki.sh.
# Needs tests/lib/env.sh and MKCERT (build/hostile/mkcert).

# _leaf NAME ISSUER CN FIELD…: a server's certificate, and what it sends: itself, then the named chain file if any.
_leaf() { "$MKCERT" "$PKI" "$@"; }

# _chain NAME LENGTH ISSUER: a leaf for localhost below LENGTH - 1 intermediates.
_chain() {
    local name=$1 length=$2 above=$3 i sent=
    for ((i = 1; i < length; i++)); do
        "$MKCERT" "$PKI" "$name-$i" "$above" "$name link $i" basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign
        above=$name-$i
        sent="$PKI/$above.crt $sent"
    done
    _leaf "$name" "$above" localhost subjectAltName=DNS:localhost
    # shellcheck disable=SC2086
    cat $sent >>"$PKI/$name.crt"
}

# hostile_pki: makes them all.
hostile_pki() {
    local nul=82176c6f63616c686f7374002e6576696c2e6578616d706c65 # [2] "localhost", NUL, ".evil.example"
    _leaf selfsigned - localhost subjectAltName=DNS:localhost
    _leaf samenameca - 'good root' subjectAltName=DNS:localhost basicConstraints=critical,CA:TRUE
    _leaf future root localhost subjectAltName=DNS:localhost from=20480101000000Z
    _leaf cnonly root localhost
    _leaf cnother root localhost subjectAltName=DNS:elsewhere.example
    _leaf nulsan root evil.example "subjectAltName=DER:3019$nul"
    _leaf nulcn root 'localhost\0.evil.example'
    _leaf star root 'x' 'subjectAltName=DNS:*'
    _leaf starlabel root 'x' 'subjectAltName=DNS:*.example'
    _leaf starpart root 'x' 'subjectAltName=DNS:pr*.example'
    _leaf starsuffix root 'x' 'subjectAltName=DNS:*d.example'
    _leaf starmiddle root 'x' 'subjectAltName=DNS:a.*.example'
    _leaf startwo root 'x' 'subjectAltName=DNS:*.*.example'
    _leaf starlast root 'x' 'subjectAltName=DNS:prod.*'
    _leaf starcn root '*.example'
    _leaf ipother root 'x' subjectAltName=IP:127.0.0.2
    _leaf ipstar root 'x' 'subjectAltName=DNS:*.0.0.1'
    _leaf iponly root 'x' subjectAltName=IP:127.0.0.1
    _leaf emailsan root 'x' 'subjectAltName=email:localhost,URI:localhost'
    _leaf clientonly root localhost subjectAltName=DNS:localhost extendedKeyUsage=clientAuth
    _leaf underleaf good localhost subjectAltName=DNS:localhost
    cat "$PKI/good.crt" >>"$PKI/underleaf.crt"
    _leaf megabyte root localhost subjectAltName=DNS:localhost pad=1048576
    _leaf prodexample root prod.example subjectAltName=DNS:prod.example
    _leaf neighbour root neighbour.example subjectAltName=DNS:neighbour.example
    _chain chain50 50 root
    _chain chain50foreign 50 foreign
    _chain chain110 110 root
    chmod a+r "$PKI"/*.crt
}
