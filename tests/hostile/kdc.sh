# shellcheck shell=bash
# kdc.sh: a real Kerberos realm on loopback, with a ticket for user app. Needs env.sh.

# kdc_start DIR: a realm in DIR (krb5.conf, ticket, server.keytab); env_stop kdc ends it.
kdc_start() {
    local dir=$1 port=$((33000 + RANDOM % 9000)) i
    cat >"$dir/krb5.conf" <<END
[libdefaults]
default_realm = PGSEAL.TEST
dns_canonicalize_hostname = false
dns_lookup_realm = false
dns_lookup_kdc = false
rdns = false
udp_preference_limit = 1
[realms]
PGSEAL.TEST = {
    kdc = 127.0.0.1:$port
}
END
    cat >"$dir/kdc.conf" <<END
[kdcdefaults]
kdc_listen = 127.0.0.1:$port
kdc_tcp_listen = 127.0.0.1:$port
[realms]
PGSEAL.TEST = {
    database_name = $dir/principal
    key_stash_file = $dir/stash
    acl_file = $dir/acl
}
END
    export KRB5_CONFIG=$dir/krb5.conf KRB5_KDC_PROFILE=$dir/kdc.conf
    {
        kdb5_util create -s -r PGSEAL.TEST -P masterkey-7391
        kadmin.local -q 'addprinc -pw ticket-7391 app'
        kadmin.local -q 'addprinc -randkey postgres/localhost'
        kadmin.local -q "ktadd -k $dir/server.keytab postgres/localhost"
    } >"$dir/kdc.log" 2>&1
    krb5kdc -n >>"$dir/kdc.log" 2>&1 &
    _env_pid["kdc"]=$!
    _env_signal["kdc"]=TERM
    for ((i = 0; i < 100; i++)); do
        kinit -c "FILE:$dir/ticket" app <<<ticket-7391 >>"$dir/kdc.log" 2>&1 && break
        sleep 0.1
    done
    klist -s -c "FILE:$dir/ticket" || diag "no ticket: $(tail -n 5 "$dir/kdc.log")"
    chown postgres "$dir/server.keytab"
    chmod 0755 "$dir"
}

# kdc_serve NAME DIR: the server NAME of env.sh takes GSS-encrypted sessions.
kdc_serve() {
    local name=$1 dir=$2
    sed -i '1i hostgssenc all app 127.0.0.0/8 gss include_realm=0' "$TEST_DIR/srv/$name/pg_hba.conf"
    echo "krb_server_keyfile = '$dir/server.keytab'" >>"$TEST_DIR/srv/$name/postgresql.conf"
    kill -HUP "${_env_pid[$name]}"
    sleep 0.3
}
