#!/bin/bash
# direct.t: sslnegotiation = direct (libpq 17): TLS begins with the first byte, without an SSLRequest. libpq 18 and
# servers of version 18.
. "$(dirname "$0")/../lib/env.sh"

lib=$("$TEST_TOP/tests/lib/libpqs.sh" 18)
mkdir "$TEST_DIR/18"
cp -rL "$lib/../bin" "$lib/../lib" "$lib/../share" "$TEST_DIR/18/"
chmod -R a+rX "$TEST_DIR/18"

as_18() { LD_LIBRARY_PATH=$TEST_DIR/18/lib _env_as_postgres "$@"; }
# start_18 NAME: a server with the certificate of this name; env_port, sessions and env_stop know it by NAME.
start_18() {
    local name=$1 dir=$TEST_DIR/srv/$1
    [[ -d $TEST_DIR/18/data ]] || {
        install -d -o postgres -m 0700 "$TEST_DIR/18/data"
        (cd / && as_18 "$TEST_DIR/18/bin/initdb" -D "$TEST_DIR/18/data" --no-sync -A trust -U app --locale=C >"$TEST_DIR/18/log" 2>&1)
    }
    cp -a "$TEST_DIR/18/data" "$dir"
    install -o postgres -m 0600 "$PKI/$name.key" "$dir/server.key"
    install -o postgres "$PKI/$name.crt" "$dir/server.crt"
    [[ $name != good ]] || cat "$PKI/intermediate.pem" >>"$dir/server.crt"
    printf '%s\n' 'ssl = on' "listen_addresses = '127.0.0.1'" "unix_socket_directories = ''" 'log_connections = on' 'fsync = off' \
        "log_line_prefix = ''" >>"$dir/postgresql.conf"
    TEST_BIN=$TEST_DIR/18/bin LD_LIBRARY_PATH=$TEST_DIR/18/lib _env_launch "$name"
    _env_wait "$name"
    log_mark "$name"
}
start_18 good
start_18 impostor
G=$(env_port good) I=$(env_port impostor)
echo '127.0.0.1 orders.internal b.example' >>/etc/hosts
export LD_LIBRARY_PATH=$lib
policy <<END
sslrootcert = $PKI/root.pem
[host orders.internal]
verify_as = localhost
[host b.example]
sslnegotiation = direct
END
q='query=select ssl from pg_stat_ssl where pid = pg_backend_pid()' w='user=app dbname=postgres' d='sslnegotiation=direct sslmode=require'
rows bare <<END
bare: the impostor is connected to|ok t|-|host=localhost port=$I $w $d|$q
bare: prefer is too weak|bad|-|host=localhost port=$G $w sslnegotiation=direct|$q
END
log_mark impostor
for entry in connectdb start; do
    rows <<END
$entry: direct|ok t|downgrade/sealed|host=localhost port=$G $w $d|$q|entry:$entry
$entry: prefer is too weak, in libpq's own words|bad|-|host=localhost port=$G $w sslnegotiation=direct|$q|entry:$entry
$entry: the impostor|bad|downgrade/sealed|host=localhost port=$I $w $d|$q|entry:$entry
$entry: under verify_as|ok t|downgrade/sealed|host=orders.internal port=$G $w $d|$q|entry:$entry
$entry: pinned|ok t|seal/sealed|host=b.example port=$G $w|$q|entry:$entry
$entry: pinned, the impostor|bad|seal/sealed|host=b.example port=$I $w|$q|entry:$entry
END
    is "$(events 'select(.event == "witness") | .protocol')" $'"TLSv1.3"\n"TLSv1.3"\n"TLSv1.3"' "$entry: each session is looked at"
    is "$(events 'select(.event == "violation") | .reason')" '' "$entry: and none found fault with"
done
is "$(log_since impostor | grep -c 'connection authorized')" 0 'no session on the impostor'
# A server that is asked with the first byte, and one that must be asked first.
recorder_start raw raw
rows <<END
nothing but TLS is sent|bad|downgrade/sealed|host=localhost port=$(env_port raw) $w $d connect_timeout=2|$q
END
like "$(recorded raw)" '^1603' 'nothing but TLS is sent: a ClientHello comes first'
done_testing
