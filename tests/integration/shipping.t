#!/bin/bash
# shipping.t: docs/examples/logging: each configuration is checked by its own parser, if Debian has it; and rsyslog
# runs: the lines of pgseal's `syslog` sink can be read by `pgseal report`.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/tap.sh
. "$top/tests/lib/tap.sh"
pgseal=${CLI:-$top/build/pgseal}
export LC_ALL=C TZ=UTC
debs=$top/build/debs examples=$top/docs/examples/logging
work=$(mktemp -d /tmp/pgseal-shipping.XXXXXX)
daemon=
cleanup() {
    [[ -z $daemon ]] || kill "$daemon" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT
rsyslogd() {
    LD_LIBRARY_PATH=$debs/usr/lib/$(uname -m)-linux-gnu "$debs/usr/sbin/rsyslogd" -M "$debs/usr/lib/$(uname -m)-linux-gnu/rsyslog" "$@"
}

# --- by their own parsers

# says COMMAND…: what it prints, and its exit status last.
says() { { "$@" 2>&1 && echo 0; } || echo "$?"; }
is "$(says rsyslogd -N1 -f "$examples/rsyslog.conf" | tail -n 1)" 0 'rsyslog.conf'
sed 's/omfile/omfiel/' "$examples/rsyslog.conf" >"$work/wrong.conf"
is "$(says rsyslogd -N1 -f "$work/wrong.conf" | tail -n 1)" 1 'a wrong one would be found'
has "$(says "$debs/usr/bin/promtool" check rules "$examples/alerts.yaml")" 'SUCCESS: 7 rules found' 'alerts.yaml'
mkdir "$work/units"
cp "$examples"/pgseal-report.{service,timer} "$work/units/"
is "$(says systemd-analyze verify "$work"/units/pgseal-report.{service,timer} | grep -v '^/lib/systemd/system/')" 0 'pgseal-report.service, pgseal-report.timer'
for file in vector.yaml fluent-bit.yaml alerts.yaml; do
    ok "$file is YAML" /usr/bin/python3 -c 'import sys, yaml; yaml.safe_load(open(sys.argv[1]))' "$examples/$file"
done

# --- the rules' metrics are those that there are

line() { # EVENT ACTION [FIELDS]
    printf '{"schema":"pgseal/1","time":"2026-11-24T00:00:00.000Z","node":"n","event":"%s","action":"%s","exe":"/usr/bin/psql","host":"db.example"%s}\n' "$1" "$2" "${3:-}"
}
{ line downgrade sealed; line witness sealed ',"peer_sha256":"aa","peer_not_after":"2049-01-01T00:00:00Z"'; line violation refused; } >"$work/log"
"$pgseal" report --prometheus "$work/log" >"$work/metrics"
ok 'promtool takes the metrics' "$debs/usr/bin/promtool" check metrics <"$work/metrics"
is "$(grep -oE 'pgseal_[a-z_]+' "$examples/alerts.yaml" | sort -u | while read -r name; do grep -q "^$name" "$work/metrics" || echo "$name"; done)" '' \
    'each metric of the rules is in the report'

# --- rsyslog, run

{
    printf 'module(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" Socket="%s/log.sock")\n' "$work"
    sed -e "s|/var/log/pgseal|$work|; /omfwd/,/queue.type/d" "$examples/rsyslog.conf"
} >"$work/run.conf"
(exec env LD_LIBRARY_PATH="$debs/usr/lib/$(uname -m)-linux-gnu" "$debs/usr/sbin/rsyslogd" -M "$debs/usr/lib/$(uname -m)-linux-gnu/rsyslog" \
    -n -i "$work/pid" -f "$work/run.conf") >"$work/err" 2>&1 &
daemon=$!
for ((i = 0; i < 100; i++)); do [[ ! -S $work/log.sock ]] || break; sleep 0.1; done
python3 - "$work/log.sock" "$work/log" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(sys.argv[1])
for line in open(sys.argv[2]):
    s.send(("<84>pgseal[712]: " + line.strip()).encode())
s.send(b"<38>sshd[1]: Accepted publickey for root")
PY
for ((i = 0; i < 100; i++)); do [[ $(wc -l <"$work/pgseal.jsonl" 2>/dev/null) -ge 3 ]] && break; sleep 0.1; done
is "$(cat "$work/pgseal.jsonl" 2>&1)" "$(<"$work/log")" 'rsyslog writes the lines as they were, and no others'
is "$("$pgseal" report --json "$work/pgseal.jsonl" | jq -c '[.lines, .broken]')" '[3,0]' 'pgseal report reads them'
done_testing
