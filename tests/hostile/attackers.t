#!/bin/bash
# attackers.t: recording servers that lie, over every entry point: what they learn, bare and sealed. If HOSTILE_TABLE
# names a page, the table of docs/hostile.md is written to it. Arguments: names of attackers; none means all.
. "$(dirname "$0")/../lib/env.sh"
here=$TEST_TOP/tests/hostile
MKCERT=$TEST_TOP/build/hostile/mkcert
# shellcheck source=tests/hostile/pki.sh
. "$here/pki.sh"
# shellcheck source=tests/hostile/kdc.sh
. "$here/kdc.sh"
hostile_pki >"$TEST_DIR/pki.log" 2>&1 || { echo "Bail out! $(tail -n 3 "$TEST_DIR/pki.log")"; exit 1; }
printf '%s\n' '127.0.0.1 localhost prod.example a.prod.example example b.example neighbour.example' \
    '127.0.0.9 refused.example' >/etc/hosts

conf=$TEST_DIR/conf
mkdir "$conf"
openssl_conf() { # NAME CIPHERS PROTOCOL
    printf '%s\n' 'openssl_conf = a' '[a]' 'ssl_conf = b' '[b]' 'system_default = c' '[c]' "CipherString = $2" \
        "MinProtocol = $3" >"$conf/$1.cnf"
}
openssl_conf legacy 'ALL:@SECLEVEL=0' TLSv1
openssl_conf null 'ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0' TLSv1.2

kdc_start "$conf"
env_start impostor
kdc_serve impostor "$conf"
python3 "$here/attackers.py" --pki "$PKI" --conf "$conf" --entry-points "$ENTRY_POINTS" --object "$OBJECT" \
    --kerberos "$(env_port impostor)" ${HOSTILE_TABLE:+--table "$HOSTILE_TABLE"} "$@"
