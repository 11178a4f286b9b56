# shellcheck shell=bash
# pki.sh: makes the certificates of the test servers, on the spot, with openssl.
#
# In the directory it is given:
#   root.pem intermediate.pem        the good CA: servers' certificates come from the intermediate
#   foreign.pem                      another CA, the impostor's
#   crl.pem                          the good CA's CRLs (root and intermediate); crl-foreign.pem the foreign CA's
#   crl-mixed.pem                    a "CRL" file that holds the foreign CA beside its CRL: a trust anchor in disguise
#   crl-mixed.d/                     the same as a hashed directory
#   NAME.crt NAME.key                good wrongname expired revoked impostor; client is for user app
#   other-root.pem                   root.pem under another name (another path, the same trust)

_pki_ca() { # DIR NAME CN [ISSUER]
    local dir=$1 name=$2 cn=$3 issuer=${4:-}
    mkdir -p "$dir/$name.ca"
    : >"$dir/$name.ca/index"
    printf '1000\n' >"$dir/$name.ca/serial"
    printf '01\n' >"$dir/$name.ca/crlnumber"
    openssl ecparam -genkey -name prime256v1 -noout -out "$dir/$name.key"
    if [[ -z $issuer ]]; then
        openssl req -x509 -new -key "$dir/$name.key" -days 3650 -subj "/O=pgseal test/CN=$cn" \
            -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
            -out "$dir/$name.pem"
    else
        _pki_sign "$dir" "$issuer" "$name" "$cn" v3_ca '' 20200101000000Z 20991231000000Z
        mv "$dir/$name.crt" "$dir/$name.pem"
    fi
}

_pki_config() { # DIR CA SAN
    cat <<END
[ca]
default_ca = here
[here]
database = $1/$2.ca/index
serial = $1/$2.ca/serial
crlnumber = $1/$2.ca/crlnumber
new_certs_dir = $1/$2.ca
certificate = $1/$2.pem
private_key = $1/$2.key
default_md = sha256
default_crl_days = 3650
default_days = 3650
policy = any
unique_subject = no
[any]
organizationName = optional
commonName = supplied
[v3_ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[v3_leaf]
basicConstraints = CA:FALSE
subjectAltName = ${3:-DNS:unused.invalid}
END
}

_pki_sign() { # DIR CA NAME CN EXTENSIONS SAN START END
    local dir=$1 ca=$2 name=$3 cn=$4 extensions=$5 san=$6 start=$7 end=$8
    [[ -f $dir/$name.key ]] || openssl ecparam -genkey -name prime256v1 -noout -out "$dir/$name.key"
    openssl req -new -key "$dir/$name.key" -subj "/O=pgseal test/CN=$cn" -out "$dir/$name.csr"
    openssl ca -batch -notext -config <(_pki_config "$dir" "$ca" "$san") -extensions "$extensions" \
        -startdate "$start" -enddate "$end" -in "$dir/$name.csr" -out "$dir/$name.crt" 2>"$dir/$name.ca.log"
}

_pki_crl() { # DIR CA OUT
    openssl ca -gencrl -config <(_pki_config "$1" "$2" '') -out "$3" 2>>"$1/crl.log"
}

# pki_make DIR: all of the above; returns non-zero where openssl failed.
pki_make() {
    local dir=$1 from=20200101000000Z to=20491231000000Z name
    mkdir -p "$dir"
    _pki_ca "$dir" root 'good root'
    _pki_ca "$dir" intermediate 'good intermediate' root
    _pki_ca "$dir" foreign 'foreign root'
    _pki_sign "$dir" intermediate good localhost v3_leaf \
        'DNS:localhost,DNS:prod.example,DNS:b.example,IP:127.0.0.1' "$from" "$to"
    _pki_sign "$dir" intermediate wrongname elsewhere.example v3_leaf 'DNS:elsewhere.example' "$from" "$to"
    _pki_sign "$dir" intermediate expired localhost v3_leaf 'DNS:localhost' "$from" 20210101000000Z
    _pki_sign "$dir" intermediate revoked localhost v3_leaf 'DNS:localhost' "$from" "$to"
    _pki_sign "$dir" foreign impostor localhost v3_leaf \
        'DNS:localhost,DNS:prod.example,DNS:b.example,IP:127.0.0.1' "$from" "$to"
    _pki_sign "$dir" root client app v3_leaf 'DNS:client.invalid' "$from" "$to"
    for name in good wrongname expired revoked; do
        cat "$dir/intermediate.pem" >>"$dir/$name.crt"
    done
    openssl ca -config <(_pki_config "$dir" intermediate '') -revoke "$dir/revoked.crt" 2>"$dir/revoke.log"
    _pki_crl "$dir" root "$dir/crl-root.pem"
    _pki_crl "$dir" intermediate "$dir/crl-intermediate.pem"
    _pki_crl "$dir" foreign "$dir/crl-foreign.pem"
    cat "$dir/crl-intermediate.pem" "$dir/crl-root.pem" >"$dir/crl.pem"
    cat "$dir/foreign.pem" "$dir/crl-foreign.pem" >"$dir/crl-mixed.pem"
    cp "$dir/root.pem" "$dir/other-root.pem"
    mkdir -p "$dir/crl-mixed.d"
    cp "$dir/foreign.pem" "$dir/crl-mixed.d/"
    cp "$dir/crl-foreign.pem" "$dir/crl-mixed.d/"
    openssl rehash "$dir/crl-mixed.d"
    chmod -R a+rX "$dir"
    chmod 0600 "$dir"/*.key
}
