# shellcheck shell=bash
# provider.sh: certificates shaped like those of a database provider, and a server that changes from one to the next.
# After env.sh; everything is made in $PKI.

# authority NAME SUBJECT [ISSUER]: a CA; NAME.pem, and NAME.chain, which is what a server sends above its own certificate.
authority() {
    local name=$PKI/$1 subject=$2 issuer=${3:-}
    local usage=(-addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign')
    [[ -z $issuer ]] || usage+=(-CA "$PKI/$issuer.pem" -CAkey "$PKI/$issuer.key")
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -utf8 -subj "$subject" "${usage[@]}" \
        -keyout "$name.key" -out "$name.pem" 2>/dev/null
    if [[ -z $issuer ]]; then : >"$name.chain"; else cat "$name.pem" "$PKI/$issuer.chain" >"$name.chain"; fi
}

# certificate NAME ISSUER SUBJECT [SAN]: a server's; ISSUER "self" signs itself. NAME.crt is what the server sends.
certificate() {
    local name=$PKI/$1 issuer=$2 subject=$3 san=${4:-}
    local extensions=(-addext 'basicConstraints=critical,CA:FALSE')
    [[ -z $san ]] || extensions+=(-addext "subjectAltName=$san")
    [[ $issuer == self ]] || extensions+=(-CA "$PKI/$issuer.pem" -CAkey "$PKI/$issuer.key")
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "$subject" "${extensions[@]}" \
        -keyout "$name.key" -out "$name.crt" 2>/dev/null
    [[ $issuer == self ]] || cat "$PKI/$issuer.chain" >>"$name.crt"
}

# reload SERVER: it reads its files again; back when it has. The postmaster does so between two connections.
reload() {
    local log before i
    log=$(env_log "$1")
    before=$(grep -c 'received SIGHUP' "$log" || true)
    # shellcheck disable=SC2154 # env.sh's
    kill -HUP "${_env_pid[$1]}"
    for ((i = 0; i < 500; i++)); do
        (($(grep -c 'received SIGHUP' "$log" || true) == before)) || return 0
        sleep 0.01
    done
    return 1
}

# present SERVER CERTIFICATE: from now on the server has this certificate.
present() {
    install -o postgres -m 0600 "$PKI/$2.key" "$TEST_DIR/srv/$1/server.key"
    install -o postgres "$PKI/$2.crt" "$TEST_DIR/srv/$1/server.crt"
    reload "$1"
}

# hba SERVER LINE…: from now on these are the server's rules.
hba() {
    local server=$1
    shift
    printf '%s\n' "$@" >"$TEST_DIR/srv/$server/pg_hba.conf"
    reload "$server"
}
