#!/bin/bash
# cli_report.t: `pgseal report`: which lines it reads, what it counts, its filters, formats and exit statuses; and
# that nothing in a log can harm the reader's terminal, browser or spreadsheet.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/tap.sh
. "$top/tests/lib/tap.sh"
pgseal=${CLI:-$top/build/pgseal}
export LC_ALL=C.UTF-8 TZ=UTC
unset NO_COLOR
umask 022
work=$(mktemp -d /tmp/pgseal-report.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
cd "$work"

status=0
run() { # ARG…: pgseal report; sets status, out and err
    status=0
    "$pgseal" report "$@" >out 2>err </dev/null || status=$?
    out=$(tr -d '\0' <out) err=$(<err)
}
field() { jq -rc "$1" <out; }
day() { date -u -d "$1" +%F; }

# --- what is counted ---------------------------------------------------------------------------------------------------

# event EVENT ACTION EXE HOST TIME NODE [FIELDS]: one line of the log.
event() {
    printf '{"schema":"pgseal/1","time":"%s","node":"%s","event":"%s","action":"%s","mode":"enforce","entry":"PQconnectdb","pid":7,"uid":0,"exe":"%s","libpq":"/usr/lib/libpq.so.5","libpq_version":150018,"host":"%s"%s}\n' \
        "$5" "$6" "$1" "$2" "$3" "$4" "${7:+,$7}"
}
asked() { # OPTION REQUESTED SOURCE
    printf '"changes":[{"option":"%s","source":"%s","requested":"%s","enforced":"x"},{"option":"gssencmode","source":"default","requested":"prefer","enforced":"disable"}]' "$1" "$3" "$2"
}
certificate() { # SHA256 NAME END
    printf '"protocol":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384","bits":256,"peer_subject":"/CN=%s","peer_issuer":"/CN=Root","peer_names":"%s,alt.%s","peer_not_after":"%sT12:00:00Z","peer_sha256":"%s","verified_name":"%s","root":"/etc/pgseal/roots.pem"' \
        "$2" "$2" "$2" "$3" "$1" "$2"
}
{
    event downgrade sealed /usr/bin/psql db.example 2026-11-01T10:00:00.000Z n1 "$(asked sslmode disable conninfo)"
    event downgrade sealed /usr/bin/psql db.example 2026-11-02T10:00:00.000Z n2 "$(asked sslmode disable conninfo)"
    event downgrade sealed /usr/bin/psql db.example 2026-11-03T10:00:00.000Z n1 "$(asked sslmode require environment)"
    event seal sealed /usr/bin/psql db.example 2026-11-03T11:00:00.000Z n1 '"changes":[{"option":"sslmode","source":"default","requested":"prefer","enforced":"verify-full"}]'
    event witness sealed /usr/bin/psql db.example 2026-11-03T11:00:01.000Z n1 "$(certificate aa db.example "$(day '+9 days')")"
    event witness sealed /usr/bin/psql db.example 2026-11-03T11:00:02.000Z n1 "$(certificate aa db.example "$(day '+9 days')")"
    event witness sealed /srv/app other.example 2026-11-03T11:00:03.000Z n1 "$(certificate bb other.example 2049-01-01)"
    event seal sealed /srv/app other.example 2026-11-03T11:00:03.000Z n1
    event failed sealed /srv/app bad.example 2026-11-04T10:00:00.000Z n1 '"reason":"certificate verify failed"'
    event refuse refused /srv/app bad.example 2026-11-04T10:00:01.000Z n1 '"reason":"no such file","rule":"/etc/pgseal/policy.conf:4"'
    event exempt allowed /srv/app 127.0.0.1 2026-11-05T10:00:00.000Z n1 "\"rule\":\"/etc/pgseal/policy.conf:40\",\"reason\":\"sidecar\",\"exempt_until\":\"$(day '+3 days')\""
    event plaintext_cancel allowed /srv/app db.example 2026-11-05T10:00:00.000Z n1
    event violation refused /srv/app db.example 2026-11-05T10:00:00.000Z n1 '"reason":"TLSv1.1","lost":3'
    event socket allowed /srv/app /var/run/postgresql 2026-11-05T10:00:00.000Z n1
    printf '{"schema":"pgseal/1","time":"2026-11-05T11:00:00.000Z","node":"n3","event":"process","pid":1,"uid":0,"exe":"/srv/app","libpq_copies":[{"path":"/opt/libpq.so.5","version":170002}]}\n'
} >known.jsonl
run --json known.jsonl
is "$status$err" 0 'a report that was made is fine, whatever it says'
is "$(field '[.schema, .lines, .broken, .from, .until, .lost] | join(" ")')" \
    'pgseal-report/1 15 0 2026-11-01T10:00:00.000Z 2026-11-05T11:00:00.000Z 3' 'lines, broken, from, until, lost'
is "$(field '.events | [.downgrade, .refuse, .exempt, .failed, .violation, .plaintext_cancel, .seal, .socket, .witness, .process] | join(" ")')" \
    '3 1 1 1 1 1 2 1 3 1' 'lines by event'
pair() { field ".pairs[] | select(.exe == \"$1\" and .host == \"$2\") | $3"; }
is "$(pair /usr/bin/psql db.example 'del(.asked, .nodes, .actions)')" \
    '{"exe":"/usr/bin/psql","host":"db.example","attempts":4,"downgrades":3,"refused":0,"failed":0,"violations":0,"exempt":0,"sockets":0,"verified":2,"first":"2026-11-01T10:00:00.000Z","last":"2026-11-03T11:00:02.000Z","reasons":[]}' \
    'a pair: its counts, first and last'
is "$(pair /usr/bin/psql db.example '.asked')" \
    '[{"option":"sslmode","requested":"disable","source":"conninfo","count":2},{"option":"sslmode","requested":"require","source":"environment","count":1}]' \
    'a pair: what was asked, from where, without defaults'
is "$(pair /usr/bin/psql db.example '[.nodes, .actions]')" '[["n1","n2"],{"sealed":4}]' 'a pair: machines and actions'
is "$(pair /srv/app bad.example '[.attempts, .refused, .failed, .reasons]')" \
    '[1,1,1,["certificate verify failed","no such file"]]' 'a pair: reasons'
is "$(pair /srv/app 127.0.0.1 '[.attempts, .exempt]')" '[1,1]' 'a pair: exempt'
is "$(pair /srv/app db.example '[.attempts, .violations]')" '[0,1]' 'a pair: a violation is no attempt'
is "$(pair /srv/app /var/run/postgresql '[.attempts, .sockets]')" '[1,1]' 'a pair: a socket'
is "$(field '.certificates[0] | del(.days, .not_after, .ciphers, .first, .last, .nodes)')" \
    '{"sha256":"aa","subject":"/CN=db.example","issuer":"/CN=Root","names":["db.example","alt.db.example"],"sessions":2,"protocols":["TLSv1.3"],"roots":["/etc/pgseal/roots.pem"]}' \
    'a certificate'
is "$(field '[.certificates[] | [.sha256, .not_after[:10], .days < 30]]')" "[[\"aa\",\"$(day '+9 days')\",true],[\"bb\",\"2049-01-01\",false]]" \
    'certificates: when they end'
is "$(field '.exemptions[0] | [.exe, .host, .rule, .reason, .exempt_until, .count] | join(" ")')" \
    "/srv/app 127.0.0.1 /etc/pgseal/policy.conf:40 sidecar $(day '+3 days') 1" 'an exemption'
is "$(field '.plaintext_cancels | map([.exe, .host, .action, .count])')" '[["/srv/app","db.example","allowed",1]]' 'a plaintext cancel'
is "$(field '.libpq | map([.path, .version, .count])')" '[["/usr/lib/libpq.so.5",150018,14],["/opt/libpq.so.5",170002,1]]' \
    'libpq copies, of process lines too'
is "$(field '.nodes | map([.node, .count])')" '[["n1",13],["n2",1],["n3",1]]' 'machines'
is "$(field '[.timeline.spans[] | del(.start) | to_entries[]] | group_by(.key) | map([.[0].key, (map(.value) | add)])')" \
    '[["allowed",2],["failed",1],["refused",1],["sealed",5],["violation",1]]' 'the time line has every attempt and outcome'
is "$(field '[.timeline.spans[].start[:10]] | unique | length')" 5 'the time line has every day'

printf '{"schema":"pgseal/1","time":"2026-11-05T11:00:00.000Z","node":"n3","event":"process","action":"allowed","exe":"/srv/app","reason":"a namespace cannot be looked at"}\n' >process.jsonl
run --json process.jsonl
is "$(pair /srv/app '' '[.attempts, .reasons]')" '[0,["a namespace cannot be looked at"]]' 'what a process line has to tell is among the reasons'

openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out root.pem -days 30 -subj /CN=a 2>/dev/null
PGSSLMODE=disable "$top/build/pgseal-run" --drivers=only --root "$PWD/root.pem" true 2>launcher.jsonl
sed -i '/^pgseal-run/d' launcher.jsonl
run --json launcher.jsonl
is "$(field '.pairs[0] | [(.exe | endswith("true")), .attempts, .downgrades, .asked[0].option, .asked[0].requested] | join(" ")')" \
    'true 0 1 PGSSLMODE disable' "what pgseal-run changed: no attempt, but asking for less"
run launcher.jsonl
has "$(tr -s ' ' <<<"$out")" 'attempts 0; asked for less 1×' 'what pgseal-run changed: text'
hasnt "$out" 'done' 'what pgseal-run changed: nothing was done'
run known.jsonl
is "$status$err" 0 'text'
is "$(grep -E '.{81}' out || true)" '' 'text: 80 columns'
text=$(tr -s ' \n' '  ' <out)
has "$text" 'violations /srv/app → db.example: 1 session' 'text: a finding: the violation'
has "$text" 'cancels /srv/app → db.example: 1 cancel request in plaintext, sent' 'text: a finding: the cancel'
has "$text" 'exemptions /srv/app → 127.0.0.1: /etc/pgseal/policy.conf:40 expires in 3 days (sidecar)' 'text: a finding: an exemption that ends'
like "$text" 'certs /CN=db.example [^/]*expires in [89] days' 'text: a finding: a certificate that ends'
hasnt "$text" 'certs /CN=other.example' 'text: a certificate with decades left is no finding'
has "$text" 'asked sslmode=disable (conninfo, 2×) sslmode=require (environment, 1×)' 'text: what was asked'
has "$text" 'libpq 17.2 /opt/libpq.so.5' 'text: libpq'
has "$text" 'done 1 refused, 1 failed reasons certificate verify failed no such file' 'text: what was done, and why'
like "$(head -n 9 out)" 'Findings' 'text: findings come first'
run --top 1 known.jsonl
has "$out" '(1 of 6; --top 0 shows all)' '--top: it says what is left out'
run --json --top 1 known.jsonl
is "$(field '[.pairs, .certificates, .nodes] | map(length)')" '[1,1,1]' '--top: JSON'

# --- inputs ------------------------------------------------------------------------------------------------------------

sum() { "$pgseal" report --json "$@" 2>err | jq -c '[.lines, .broken, .other_lines, (.pairs | map(.attempts) | add)]'; }
is "$(sum known.jsonl)" '[15,0,0,8]' 'a file'
is "$(sum - <known.jsonl)" '[15,0,0,8]' 'standard input'
gzip -k known.jsonl && zstd -qk known.jsonl
is "$(sum known.jsonl.gz)" '[15,0,0,8]' 'gzip'
is "$(sum known.jsonl.zst)" '[15,0,0,8]' 'zstd'
is "$(sum - <known.jsonl.zst)" '[15,0,0,8]' 'zstd on standard input, whatever its name'
cat known.jsonl.gz known.jsonl.gz >twice.gz
is "$(sum twice.gz)" '[30,0,0,16]' 'gzip of two members'
cat known.jsonl.zst known.jsonl.zst >twice.zst
is "$(sum twice.zst)" '[30,0,0,16]' 'zstd of two frames'
mkdir -p logs/n1 logs/n2
cp known.jsonl logs/n1/pgseal.jsonl && cp known.jsonl logs/n1/pgseal.jsonl.1 && cp known.jsonl.gz logs/n1/pgseal.jsonl.2.gz
cp known.jsonl.zst logs/n2/pgseal.jsonl-20261101.zst && head -c 3000 /dev/zero >logs/n2/wtmp && : >logs/n2/empty
ln -s /nowhere logs/n2/dangling
is "$(sum logs)" '[60,0,0,32]' 'a directory with rotated sets; what is no text is left out'
is "$(sum logs logs/n1/pgseal.jsonl logs/n1)" '[60,0,0,32]' 'a file that is named twice is read once'
is "$(sum <(cat known.jsonl) <(cat known.jsonl.gz))" '[30,0,0,16]' 'pipes'
printf '%s' "$(<known.jsonl)" >cut.jsonl
is "$(sum cut.jsonl)" '[15,0,0,8]' 'the last line needs no newline'
sed 's/$/\r/' known.jsonl >crlf.jsonl
is "$(sum crlf.jsonl)" '[15,0,0,8]' 'CRLF'

# Each line as others hand it on.
while IFS= read -r line; do
    jq -nc --arg m "$line" '{__CURSOR: "s=1", _HOSTNAME: "h", PRIORITY: "6", MESSAGE: $m, SYSLOG_IDENTIFIER: "psql"}' >>journald.json
    jq -nc --arg m "$line" '{MESSAGE: ($m | explode), PRIORITY: "6"}' >>journald-bytes.json
    jq -nc --arg m "$line"$'\n' '{log: $m, stream: "stderr", time: "2026-11-24T03:39:00.1Z"}' >>docker.json
    jq -nc --arg m "$line"$'\n' '{"@timestamp": "x", message: ({log: $m, stream: "stderr"} | tojson), host: {name: "n"}}' >>shipped.json
    jq -c '{"@timestamp": "x", log: .}' <<<"$line" >>parsed.json
    printf 'Nov 24 03:39:00 host.example psql[712]: %s\n' "$line" >>rfc3164.log
    printf '<14>1 2026-11-24T03:39:00.1Z host psql 712 - [x y="{"] %s\n' "$line" >>rfc5424.log
    printf '2026-11-24T03:39:00.123456789Z stderr F %s\n' "$line" >>cri.log
    printf 'app-1  | %s\n' "$line" >>compose.log
    jq . <<<"$line" | tr -d '\n' >>spaced.jsonl && echo >>spaced.jsonl
done <known.jsonl
for file in journald.json journald-bytes.json docker.json shipped.json parsed.json rfc3164.log rfc5424.log cri.log compose.log spaced.jsonl; do
    is "$(sum "$file")" '[15,0,0,8]' "lines in $file"
done

# --- lines that are broken, lines of others -------------------------------------------------------------------------------

{
    head -n 1 known.jsonl
    echo '{"schema":"pgseal/1","time":"2026-11-24T03:39'
    echo '"host":"db.example","port":"5432"}'
    echo
    echo '{"schema":"pgseal/1","event":"seal"}'
    echo '{"schema":"pgseal/1","time":"2026-11-31T00:00:00Z","event":"seal"}'
    echo '{"schema":"pgseal/1","time":"2026-11-24T00:00:00Z","event":7}'
    echo '{"schema":"pgseal/9","time":"2026-11-24T00:00:00Z","event":"seal"}'
    echo '{"log":"{\"schema\":\"pgseal/1\",\"ev","stream":"stderr"}'
    printf '{"schema":"pgseal/1","time":"2026-11-24T00:00:00Z","event":"seal","host":"\xff\xfe"}\n'
    echo "$(head -n 1 known.jsonl)$(head -n 1 known.jsonl)"
    echo '{"MESSAGE":"Started Session 1 of User root.","PRIORITY":"6"}'
    echo 'Nov 24 03:39:00 host sshd[1]: Accepted publickey for root'
    echo 'neither a log nor JSON'
    echo '2026/11/24 03:39 served {"status":200}'
    echo '{"schema":"pgseal/1","time":"2026-11-24T00:00:00Z","event":"of-tomorrow"}'
} >mixed.jsonl
run --json mixed.jsonl
is "$status" 0 'broken lines are never fatal'
is "$(field '[.lines, .broken, .other_lines]')" '[2,9,4]' 'broken lines and those of others are counted'
is "$(field '[.broken_lines[].line]')" '[2,3,5,6,7,8,9,10,11]' 'broken lines are named'
is "$(field '[.broken_lines[].file] | unique')" '["mixed.jsonl"]' 'broken lines: the file'
run mixed.jsonl
has "$(tr -s ' \n' '  ' <out)" 'mixed.jsonl:2 (not complete JSON), mixed.jsonl:3 (the end of a torn line)' 'text: file:line'
printf '{broken\n%.0s' {1..500} >all-broken
run --json all-broken
is "$(field '[.broken, (.broken_lines | length)]')" '[500,20]' 'of many broken lines the first are named'
head -c 200 known.jsonl.gz >half.gz
run --json half.gz
is "$status $(field '.broken_lines[-1].reason')" '0 the compressed data is truncated' 'gzip data that breaks off is a broken line'
head -c 300 known.jsonl.zst >half.zst
run --json half.zst
is "$status $(field '.broken_lines[-1].reason')" '0 the compressed data is truncated' 'zstd data that breaks off is a broken line'

# --- filters -----------------------------------------------------------------------------------------------------------

lines() { "$pgseal" report --json "$@" known.jsonl | jq -c '[.lines, .filtered]'; }
is "$(lines --since 2026-11-04)" '[7,8]' '--since a day'
is "$(lines --since 2026-11-04T10:00:01Z)" '[6,9]' '--since a second'
is "$(lines --since 2026-11-04T11:00:01+01:00)" '[6,9]' '--since, with an offset'
is "$(lines --until 2026-11-04)" '[8,7]' '--until a day: before it'
is "$(lines --since 2026-11-02 --until 2026-11-03)" '[1,14]' '--since and --until'
is "$(lines --node n2)" '[1,14]' '--node'
is "$(lines --host '*.example')" '[12,3]' '--host, a pattern'
is "$(lines --exe /srv/app)" '[9,6]' '--exe'
is "$(lines --event failed,refuse)" '[2,13]' '--event'
is "$(lines --event failed --event exempt)" '[2,13]' '--event, twice'
event seal sealed /x y "$(date -u -d '-2 hours' +%FT%T).000Z" n1 >recent.jsonl
is "$("$pgseal" report --json --since 3h recent.jsonl | jq .lines)$("$pgseal" report --json --since 1h recent.jsonl | jq .lines)" 10 '--since an age'

# --- exit statuses -----------------------------------------------------------------------------------------------------

run --fail-on violation known.jsonl
is "$status" 1 '--fail-on: it is in the log'
run --fail-on failed,violation --json known.jsonl
is "$status" 1 '--fail-on: one of two'
run --fail-on violation --until 2026-11-04 known.jsonl
is "$status" 0 '--fail-on: not in what the filters let through'
run /nowhere known.jsonl
is "$status" 2 'an input that is not there: exit status 2'
has "$out" 'Lines         15' 'an input that is not there: the others are reported'
is "$err" 'pgseal: /nowhere: No such file or directory' 'an input that is not there: it is named'
run --fail-on violation /nowhere known.jsonl
is "$status" 2 '2 comes before 1'
printf 'LPKSHHRH%200s' '' >system.journal
run system.journal
is "$status" 2 'a journal'
has "$err" 'journalctl --file FILE -o json | pgseal report -' 'a journal: what to do'
for row in 'xz|\xfd7zXZ\x00' 'bzip2|BZh91AY&SY' 'lz4|\x04\x22\x4d\x18'; do
    rm -rf other && mkdir other && cp known.jsonl other/pgseal.jsonl
    printf "${row#*|}%200s" '' >"other/pgseal.jsonl.1"
    run other
    is "$status" 2 "${row%%|*}, in a directory: it is not passed over"
    has "$err" "other/pgseal.jsonl.1: compressed with ${row%%|*}; decompress it: ${row%%|*} -dc FILE | pgseal report -" "${row%%|*}: what to do"
    has "$(<out)" '15 of pgseal' "${row%%|*}: the rest is reported"
done
run logs/n2/empty
is "$status$err" 0 'an empty file is fine'
for wrong in '' '--event nonsense x' '--since yesterday x' '--top x x' '--json --csv x' '--csv=nonsense x' '--fail-on , x' '--nonsense'; do
    # shellcheck disable=SC2086
    run $wrong
    is "$status$out" 2 "wrong usage: ${wrong:-nothing}"
done
if "$pgseal" report known.jsonl >/dev/full 2>err; then status=0; else status=$?; fi
is "$status" 2 'output that does not get out is no success'
run --html /nowhere/x.html known.jsonl
is "$status" 2 'a page that cannot be written'
run --html page.html known.jsonl
is "$status$out$(head -c 15 page.html)" '0<!doctype html>' '--html writes the file and nothing else'
run --html page.html --json known.jsonl
is "$status$(field .lines)" 015 '--html beside --json'

# --- hostile values ----------------------------------------------------------------------------------------------------

python3 - >hostile.jsonl <<'PY'
import json
values = ["\x1b[31mred\x1b]0;title\x07", "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", " =1", "|x", "a\"b'c`d$(e)", "</script><script>alert(1)</script>",
          "<!--<script>", "]]>", "a,b;c\r\nd", "\u202egnp.exe", "\u200fmark", "\u2066x\u2069", "\x7f\u009b31m", "line\u2028sep", "back\\slash", "\\x1b[31m", "\u0001",
          "x" * 150000, "é" * 3000, "other", "", "nul", "%s%n", "ends with backslash\\", "host\",injected=\"1"]
for i, v in enumerate(values):
    for event, extra in (("refuse", {"action": "refused", "reason": v, "rule": v}), ("exempt", {"action": "allowed", "reason": v, "rule": v, "exempt_until": v}),
                         ("downgrade", {"action": v, "changes": [{"option": v, "source": v, "requested": v, "enforced": v}]}),
                         ("witness", {"peer_sha256": v, "peer_subject": v, "peer_issuer": v, "peer_names": v, "peer_not_after": v, "protocol": v, "cipher": v, "root": v}),
                         ("plaintext_cancel", {"action": v}), (v, {})):
        print(json.dumps({"schema": "pgseal/1", "time": "2026-11-24T00:00:00.000Z", "event": event, "node": v, "exe": v, "host": v, "libpq": v, **extra}))
PY
harmless() { # NAME: out holds no control but newline, nothing that turns the writing round, and is UTF-8
    is "$(python3 - <<'PY'
import sys
text = open("out", "rb").read().decode()
print({hex(ord(c)) for c in text if (ord(c) < 32 and c != "\n") or 0x7f <= ord(c) < 0xa0 or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\u200f"} or "")
PY
)" '' "$1: no control character gets out"
}
run --top 0 hostile.jsonl
is "$status" 0 'hostile values: text'
harmless text
is "$(python3 -c 'print([l for l in open("out", encoding="utf-8") if len(l) > 81])')" '[]' 'hostile values: 80 columns'
run --json hostile.jsonl
harmless JSON
is "$(field '[.lines, .broken]')" '[174,0]' 'hostile values: JSON that is whole'
is "$(field '[.pairs[].host | length] | max < 2000')" true 'hostile values: long ones are cut'
is "$(field '[.pairs[] | select(.host == "</script><script>alert(1)</script>")] | length')" 1 'hostile values: JSON has them as they are'
for table in pairs certificates exemptions plaintext_cancels libpq nodes; do
    run --csv=$table hostile.jsonl
    harmless "CSV, $table"
    is "$(python3 - <<'PY'
import csv
rows = list(csv.reader(open("out", newline="", encoding="utf-8"), strict=True))
print({len(r) for r in rows} == {len(rows[0])}, len(rows) > 15, [c for r in rows for c in r if c.lstrip()[:1] in ("=", "+", "-", "@", "|", "%")])
PY
)" 'True True []' "CSV, $table: whole rows, no formula"
done
run --csv known.jsonl
is "$(head -n 2 out | cut -d, -f1-8)" 'exe,host,attempts,downgrades,refused,failed,violations,exempt
"/usr/bin/psql","db.example",4,3,0,0,0,0' 'CSV: the pairs'
run --prometheus hostile.jsonl
harmless Prometheus
metrics() {
    /usr/bin/python3 - "$@" <<'PY'
import sys
from prometheus_client.parser import text_string_to_metric_families
seen, n = set(), 0
for family in text_string_to_metric_families(open("out", encoding="utf-8").read()):
    for s in family.samples:
        key = (s.name, tuple(sorted(s.labels.items())))
        assert key not in seen, key
        seen.add(key)
        n += 1
        if len(sys.argv) > 1 and s.name == sys.argv[1] and s.labels.get("host", s.labels.get("event")) == sys.argv[2]:
            print(int(s.value))
print("whole" if n > 30 else n)
PY
}
is "$(metrics)" whole 'Prometheus: valid, and no series twice'
run --prometheus known.jsonl
is "$(metrics pgseal_downgrades db.example)" $'3\n0\nwhole' 'Prometheus: a pair'
is "$(metrics pgseal_events witness)" $'3\nwhole' 'Prometheus: an event'
run --html - hostile.jsonl
is "$(grep -c '</script' out) $(grep -o '<script' out | wc -l)" '2 2' 'hostile values: no element of the page begins or ends with one'
hasnt "$out" 'alert(1)</' 'hostile values: none is markup'

# --- memory ------------------------------------------------------------------------------------------------------------

peak() { # ARG…: sets out; prints the most memory that pgseal report had, in MiB
    python3 - "$pgseal" "$@" <<'PY'
import resource, subprocess, sys
with open("out", "wb") as out:
    subprocess.run([sys.argv[1], "report"] + sys.argv[2:], stdin=open("in", "rb"), stdout=out, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
PY
}
python3 - >in <<'PY'
for i in range(200000):
    print('{"schema":"pgseal/1","time":"2026-11-24T00:00:00Z","node":"n","event":"downgrade","action":"sealed","exe":"/usr/bin/psql","host":"%s"}'
          % ("often.example" if i % 20 == 0 else "host-%d.with.a.long.name.example.org" % i))
PY
most=$(peak --json -)
is "$((most < 64))" 1 "hundreds of thousands of hosts: under 64 MiB ($most)"
is "$(field '[.pairs | map(.attempts) | add, length < 190000]')" '[200000,true]' 'what is merged is still counted'
is "$(field '.pairs[-1] | [.exe, .host]')" '["other","other"]' 'the least frequent go into other'
is "$(field '.merged.pairs > 0')" true 'JSON says so'
is "$(pair /usr/bin/psql often.example .attempts)" 10000 'the frequent one is kept, to the last line'
peak - >/dev/null
has "$(tr -s ' \n' '  ' <out)" 'too many programs × hosts to list separately: the least frequent are combined as "other"' 'text says so'
{ head -c 100000000 /dev/zero | tr '\0' x; echo; cat known.jsonl; head -c 50000000 /dev/zero | tr '\0' '{'; } >in
most=$(peak --json -)
is "$((most < 64))" 1 "lines without an end: under 64 MiB ($most)"
is "$(field '[.lines, .broken, [.broken_lines[].line]]')" '[15,2,[1,17]]' 'lines without an end are broken lines, the others are read'

# --- a terminal ----------------------------------------------------------------------------------------------------------

terminal() { script -qec "stty cols 80; TERM=xterm '$pgseal' report $*" /dev/null </dev/null; }
has "$(terminal known.jsonl)" $'\033[31m' 'colour on a terminal'
mkfifo fifo
{ cat in; sleep 0.3; cat known.jsonl; } >fifo &
has "$(terminal fifo)" ' MB' 'progress on a terminal'
wait
run known.jsonl
hasnt "$out$err" $'\033' 'no colour and no progress elsewhere'
done_testing
