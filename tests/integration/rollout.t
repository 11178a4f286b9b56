#!/bin/bash
# rollout.t: docs/rollout.md from audit to closed: three hosts, one of them without TLS, and an unknown host.
. "$(dirname "$0")/../lib/env.sh"
# shellcheck source=tests/lib/provider.sh
. "$TEST_TOP/tests/lib/provider.sh"
steps=$TEST_TOP/docs/examples/rollout
install -m 0755 "$TEST_TOP/build/pgseal" "$TEST_DIR/bin/"
export PATH=$TEST_DIR/bin:$PATH
cd "$TEST_DIR" || exit 1
authority root '/O=Example/CN=Example root'
certificate good root /CN=orders.internal DNS:orders.internal,DNS:billing.internal,DNS:new.internal
env_start good nossl
P=$(env_port good) N=$(env_port nossl)
install -m 0644 "$PKI/root.pem" /etc/pgseal/roots.pem
printf '127.0.0.1 %s\n' orders.internal billing.internal legacy.internal new.internal >>/etc/hosts

log=$TEST_DIR/pgseal.jsonl
step() { # FILE: the policy of this step, its log where a container's would be read
    sed "s|^log = .*|log = file:$log|" "$steps/$1" >/etc/pgseal/policy.conf
    rm -f "$log"
}
ask() { # HOST PORT: in GOT what became of it
    run sealed psql -XAtw "host=$1 port=$2 dbname=app user=app application_name=rollout sslmode=disable connect_timeout=10" \
        -c 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'
    case $OUT$ERR in
    t) GOT=TLS ;;
    f) GOT=plaintext ;;
    *'pgseal: refused'*) GOT=refused ;;
    *'does not support SSL'*) GOT='no TLS there' ;;
    *) GOT=$ERR ;;
    esac
}
all() { # leaves what became of each
    local host got=''
    for host in orders.internal:$P billing.internal:$P legacy.internal:$N new.internal:$P; do
        ask "${host%:*}" "${host#*:}"
        got+="${host%%.*} $GOT; "
    done
    printf '%s\n' "${got%; }"
}

step 1-audit.conf
is "$(all)" 'orders plaintext; billing plaintext; legacy plaintext; new plaintext' '1: in audit mode nothing changes'
is "$(jq -r 'select(.changes) | "\(.host) \(.action)"' "$log" | paste -sd';')" \
    'orders.internal would-seal;billing.internal would-seal;legacy.internal would-seal;new.internal would-seal' '1: all is logged'

# The container's log, as kubectl shows it: what the program wrote is between the lines.
{ echo 'INFO starting'; sed 's/$/\nGET \/ 200 {"took": 3}/' "$log"; } >"$TEST_DIR/container.log"
run pgseal report --json - <"$TEST_DIR/container.log"
is "$RC $(jq -r '[.pairs[] | "\(.host) \(.attempts) \(.downgrades)"] | sort | join(";")' <<<"$OUT")" \
    '0 billing.internal 1 1;legacy.internal 1 1;new.internal 1 1;orders.internal 1 1' "2: the report finds its lines among the program's"
run pgseal report - <"$TEST_DIR/container.log"
has "$OUT" 'legacy.internal' '2: also as text'
sed "s|^log = .*|log = none|" "$steps/4-closed.conf" >"$TEST_DIR/closed.conf"
run pgseal report --json --what-if "$TEST_DIR/closed.conf" "$log"
printf '%s\n' "$OUT" >"$TEST_DIR/what-if.json"
is "$(jq -r '.what_if | "\(.sealed) \(.refused)"' "$TEST_DIR/what-if.json")" '2 2' '2: what-if: step 4 would refuse two of the four'
for host in orders.internal:$P:0 legacy.internal:$N:1; do
    IFS=: read -r host port want <<<"$host"
    run pgseal check --policy "$TEST_DIR/closed.conf" --json "host=$host port=$port user=app dbname=app"
    [[ $want == 0 ]] || is "$RC" 1 "2: check finds that $host is not ready"
    # The good server takes plaintext as well, which check reports: hostssl comes last.
    [[ $want == 1 ]] || is "$(jq -r '[.. | .finding? // empty | strings] | unique | join(" ")' <<<"$OUT")" \
        takes-plaintext "2: check is content with $host, but for plaintext"
done

step 2-first.conf
is "$(all)" 'orders TLS; billing plaintext; legacy plaintext; new plaintext' '3: one host is enforced, the others are not'
run pgseal report --since 1h --fail-on refuse,failed,violation "$log"
is "$RC" 0 '3: nothing was refused and nothing failed'
step 1-audit.conf
ask orders.internal "$P"
is "$GOT" plaintext '3: the way back'

step 3-rest.conf
sed -i "s/^exempt_until = .*/exempt_until = $(date -u -d '+20 days' +%F)/" /etc/pgseal/policy.conf
is "$(all)" 'orders TLS; billing TLS; legacy plaintext; new TLS' '4: turned round: all but the exempt one'
run pgseal report --json "$log"
is "$(jq -r '[.exemptions[] | .host // .hosts[]?] | unique | join(" ")' <<<"$OUT")" legacy.internal '4: the report lists the exemption'
sed -i 's/^exempt_until = .*/exempt_until = 2020-01-01/' /etc/pgseal/policy.conf
ask legacy.internal "$N"
is "$GOT" 'no TLS there' '4: after its last day it is enforced'

step 4-closed.conf
hba good 'local all all trust' 'hostssl all all 127.0.0.0/8 trust'
is "$(all)" 'orders TLS; billing TLS; legacy refused; new refused' '5: closed: what is not listed is refused'
run pgseal report --fail-on downgrade,refuse,failed,violation "$log"
is "$RC" 1 '5: in CI the report fails'
ok '5: every attempt was logged' test "$(jq -r 'select(.event == "downgrade" or .event == "refuse").host' "$log" | sort -u | wc -l)" = 4
done_testing
