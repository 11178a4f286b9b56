#!/bin/bash
# clouds.t: docs/clouds.md: its policy sections, each with a server whose certificate is like the provider's, and with
# an impostor that has the same name in a certificate of a CA that the distribution trusts.
. "$(dirname "$0")/../lib/env.sh"
# shellcheck source=tests/lib/provider.sh
. "$TEST_TOP/tests/lib/provider.sh"
page=$TEST_TOP/docs/clouds.md conf=$TEST_TOP/docs/examples/clouds.conf

# --- the page shows what the file has

mapfile -t shown < <(awk '/^```ini$/ { inside = 1; next } /^```$/ { inside = 0 } inside && NF' "$page")
missing=''
for line in "${shown[@]}"; do
    grep -qxF -- "$line" "$conf" || missing+="$line; "
done
is "$missing" '' 'each line of a policy on the page is in docs/examples/clouds.conf'
is "$(grep -c '^\[host' "$conf")" "$(printf '%s\n' "${shown[@]}" | grep -c '^\[host')" 'and the page shows each section of the file'

# --- one server with the provider's certificate, one with a certificate that anybody could have got

env_start good impostor
P=$(env_port good) I=$(env_port impostor)
authority public '/C=US/O=A public CA/CN=Public Root X9'
mkdir -p /etc/ssl/certs
rm -f /etc/ssl/certs/ca-certificates.crt
install -m 0644 "$PKI/public.pem" /etc/ssl/certs/ca-certificates.crt
install -m 0644 "$conf" /etc/pgseal/policy.conf
# The address of the example is not this machine's.
{ printf 'log = file:%s\nlog_level = all\n' "$EVENTS" && sed 's/^\[host 10\.20\.0\.5\]$/[host 127.0.0.1]/' "$conf"; } \
    >/etc/pgseal/policy.conf
cp /etc/hosts "$TEST_DIR/hosts"

ask() { # PORT HOST [SSLMODE]: in OUT what pg_stat_ssl says
    run "${how:-sealed}" psql -XAtw "host=$2 port=$1 dbname=app user=app connect_timeout=10 application_name=app
        sslmode=${3:-require}" -c 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'
}
# provider NAME HOST ROOT SUBJECT SAN ISSUER VERIFIED: ISSUER is the CA's name, or "self". The server's name resolves to
# 127.0.0.1; ROOT is what the section names in /etc/pgseal.
provider() {
    local name=$1 dialled=$2 root=$3 subject=$4 san=$5 issuer=$6 verified=$7
    certificate server "$issuer" "$subject" "$san"
    certificate fake public "$subject" "$san"
    if [[ $issuer == self ]]; then install -m 0644 "$PKI/server.crt" "$root"; fi
    present good server
    present impostor fake
    { cat "$TEST_DIR/hosts" && printf '127.0.0.1 %s\n' "$dialled"; } >/etc/hosts
    log_mark good
    log_mark impostor
    how=bare ask "$I" "$dialled"
    is "$OUT" t "$name: bare, sslmode=require logs in at the impostor"
    log_mark impostor
    forget_events
    ask "$P" "$dialled" disable
    is "$RC $OUT" '0 t' "$name: sealed"
    is "$(sessions good)" 'app ssl' "$name: the server's log says so"
    is "$(events 'select(.event == "witness") | [.verified_name, .root]')" "[\"$verified\",\"$root\"]" "$name: which name, which root"
    ask "$I" "$dialled" disable
    has "$ERR" 'certificate verify failed' "$name: the impostor is refused, for its root"
    is "$(sessions impostor)" '' "$name: and saw no session"
    certificate other "$issuer" '/CN=other.example' 'DNS:other.example'
    [[ $issuer != self ]] || cat "$PKI/other.crt" >>"$root"
    present impostor other
    ask "$I" "$dialled" disable
    like "$ERR" 'server certificate for "other.example" does not match|for "other.example".*does not match' "$name: so is another name under the same root"
    is "$(sessions impostor)" '' "$name: and saw no session either"
}
file() { install -m 0644 "$PKI/$1.pem" "/etc/pgseal/$2.pem"; }

authority digicert '/C=US/O=DigiCert Inc/OU=www.digicert.com/CN=DigiCert Global Root G2'
authority microsoft '/C=US/O=Microsoft Corporation/CN=Microsoft RSA Root Certificate Authority 2017'
authority azure '/C=US/O=Microsoft Corporation/CN=Microsoft TLS RSA Root G2' digicert
authority azure2 '/C=US/O=Microsoft Corporation/CN=Microsoft Azure RSA TLS Issuing CA 03' microsoft
cat "$PKI/digicert.pem" "$PKI/microsoft.pem" >"$PKI/both.pem"
file both azure
azure=shop.postgres.database.azure.com
provider Azure "$azure" /etc/pgseal/azure.pem "/CN=$azure" "DNS:$azure" azure "$azure"
provider 'Azure, after a rotation to the other root' "$azure" /etc/pgseal/azure.pem "/CN=$azure" "DNS:$azure" azure2 "$azure"
run bare psql -XAtq -h "$(env_socket_dir good)" -p "$P" -U postgres -d app -c 'create role "app@shop" login'
run sealed psql -XAtw "postgresql://app%40shop@$azure:$P/app?sslmode=disable" \
    -c 'select usename, ssl from pg_stat_activity join pg_stat_ssl using (pid) where pid = pg_backend_pid()'
is "$OUT" 'app@shop|t' 'Azure: a user with an @'

authority cas '/O=Google LLC/CN=Google Cloud SQL Shared CA europe-west1'
authority cas-sub '/O=Google LLC/CN=Google Cloud SQL Subordinate CA europe-west1' cas
file cas cloudsql-europe-west1
dns=1a23b4cd5e67.1x2y3z4a5b6c.europe-west1.sql.goog
provider 'Cloud SQL, shared CA' "$dns" /etc/pgseal/cloudsql-europe-west1.pem '/CN=shop-prod:orders' "DNS:$dns" cas-sub "$dns"

authority instance '/C=US/O=Google, Inc/CN=Google Cloud SQL Server CA'
authority rotated '/C=US/O=Google, Inc/CN=Google Cloud SQL Server CA'
cat "$PKI/instance.pem" "$PKI/rotated.pem" >"$PKI/server-ca.pem"
file server-ca shop-orders-server-ca
for ca in instance rotated; do
    provider "Cloud SQL, $ca CA" 127.0.0.1 /etc/pgseal/shop-orders-server-ca.pem '/O=Google, Inc/CN=shop-prod:orders' '' $ca \
        shop-prod:orders
done

authority supabase '/C=US/O=Supabase Inc/CN=Supabase Root 2021 CA'
authority supabase-sub '/C=US/O=Supabase Inc/CN=Supabase Intermediate 2021 CA' supabase
file supabase supabase
direct=db.abcdefghijklmnopqrst.supabase.co pooler=aws-0-eu-central-1.pooler.supabase.com
provider Supabase "$direct" /etc/pgseal/supabase.pem "/CN=$direct" "DNS:$direct" supabase-sub "$direct"
provider "Supabase's pooler" "$pooler" /etc/pgseal/supabase.pem '/CN=*.pooler.supabase.com' 'DNS:*.pooler.supabase.com' \
    supabase-sub "$pooler"

authority isrg '/C=US/O=Internet Security Research Group/CN=ISRG Root X1'
authority isrg-sub "/C=US/O=Let's Encrypt/CN=R13" isrg
file isrg isrg
neon=ep-cool-darkness-123456.eu-central-1.aws.neon.tech
provider Neon "$neon" /etc/pgseal/isrg.pem '/CN=*.eu-central-1.aws.neon.tech' 'DNS:*.eu-central-1.aws.neon.tech' isrg-sub "$neon"

heroku=ec2-198-51-100-7.compute-1.amazonaws.com
provider Heroku "$heroku" /etc/pgseal/heroku-orders.pem "/CN=$heroku" "DNS:$heroku" self "$heroku"

authority aiven '/CN=0a1b2c3d-1111-2222-3333-444455556666 Project CA'
file aiven aiven
aiven=orders-shop.h.aivencloud.com
provider Aiven "$aiven" /etc/pgseal/aiven.pem "/CN=$aiven" "DNS:$aiven" aiven "$aiven"

authority ocean '/CN=0f9e8d7c-1111-2222-3333-444455556666 Project CA'
file ocean digitalocean
public=orders-do-user-1-0.g.db.ondigitalocean.com
provider DigitalOcean "$public" /etc/pgseal/digitalocean.pem "/CN=$public" "DNS:$public,DNS:private-$public" ocean "$public"
provider 'DigitalOcean, private network' "private-$public" /etc/pgseal/digitalocean.pem "/CN=$public" \
    "DNS:$public,DNS:private-$public" ocean "private-$public"

# --- a host of no section

forget_events
ask "$P" localhost
has "$ERR" 'pgseal: refused:' 'a host that no section names is refused'
is "$(verdicts)" refuse/refused 'and logged'

# --- Heroku: the page's command fetches the certificate

certificate server self "/CN=$heroku" "DNS:$heroku"
present good server
command=$(awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$page" | grep 's_client')
{ cat "$TEST_DIR/hosts" && printf '127.0.0.1 %s\n' "$heroku"; } >/etc/hosts
(cd "$TEST_DIR" && bash -c "${command//5432/$P}") >/dev/null 2>&1
is "$(openssl x509 -in "$TEST_DIR/heroku-orders.pem" -noout -fingerprint -sha256)" \
    "$(openssl x509 -in "$PKI/server.crt" -noout -fingerprint -sha256)" 'the command for Heroku keeps the certificate of the server'
done_testing
