#!/bin/bash
# impostor.t: `pgseal impostor`: what psql tells each server, bare, with its own settings, and under pgseal-run; all
# parts of the protocol; options, JSON, JUnit, exit statuses; COMMANDs that hang, fork, or print hostile text;
# clean-up.
# shellcheck disable=SC2016 # scripts for COMMAND's own shell
. "$(dirname "$0")/../lib/env.sh"
pgseal=$TEST_TOP/build/pgseal
raw=$TEST_TOP/tests/lib/pgraw.py
export TMPDIR=$TEST_DIR/tmp
mkdir -m 1777 "$TMPDIR"
cd "$TEST_DIR"
psql=(psql -XAtc 'select 1')

impostor() { run "$pgseal" impostor "$@"; }
json() { impostor --json "$@"; }
field() { jq -r "$1" <<<"$OUT"; }
# told: each trial with what it was told and how: "no-tls:user+password+query/clear …".
told() { field '[.trials[] | .name + ":" + (.told | join("+")) + "/" + .how] | join(" ")'; }
verdicts_of() { field '[.trials[] | .name + ":" + .verdict] | join(" ")'; }
all='user+password+query'
impostors='no-tls self-signed foreign-ca wrong-name expired not-yet-valid revoked old-tls stripped'
# every VERDICT: this verdict for every impostor, behind the control's.
every() { printf 'genuine:ok'; for name in $impostors; do printf ' %s:%s' "$name" "$1"; done; }

# --- psql: bare, with settings of its own, sealed

json --crl -- "${psql[@]}"
is "$RC" 1 'bare psql: exit status'
is "$(verdicts_of)" "$(every told)" 'bare psql: every impostor was told something'
# With a root file at hand, prefer verifies the chain and not the name; where that fails, it comes again in clear.
is "$(told)" "genuine:$all/tls no-tls:$all/clear self-signed:$all/clear foreign-ca:$all/clear wrong-name:$all/tls \
expired:$all/clear not-yet-valid:$all/clear revoked:$all/clear old-tls:$all/clear stripped:$all/clear" 'bare psql: what, and how'
is "$(field '[.schema, .command, .host, .login] | join(" ")')" 'pgseal-impostor/1 psql localhost password' 'JSON: the head'
is "$(field '.trials[0] | keys_unsorted | join(" ")')" 'name told how exit seconds verdict connections' 'JSON: the fields of a trial'
is "$(field '[.trials[] | .exit == 0 and .seconds > 0 and .seconds < 30 and .connections > 0] | all')" true 'JSON: exit, seconds, connections'
is "$(field '.trials[3].connections, .trials[1].connections' | paste -sd ' ')" '2 1' 'JSON: psql came twice where TLS failed'
hasnt "$OUT" 'select 1' 'JSON: what was told is not shown'

run "$pgseal" impostor --json --crl --env 'PGSEAL_SSLCRL={crl}' --env PGSEAL_LOG=none -- \
    "$TEST_TOP/build/pgseal-run" --lib "$OBJECT" --root '{root}' "${psql[@]}"
is "$RC $(verdicts_of)" "0 $(every ok)" 'psql under pgseal-run: no impostor is told anything'
is "$(told)" "genuine:$all/tls $(for name in $impostors; do printf '%s:/none ' "$name"; done | sed 's/ $//')" \
    'psql under pgseal-run: the genuine server has its query, inside TLS'
is "$(field '[.trials[] | .exit] | join(" ")')" '0 2 2 2 2 2 2 2 2 2' 'psql under pgseal-run: fails at each of them'
is "$(field '[.trials[1:][] | .connections > 0] | all')" true 'psql under pgseal-run: it did come to each of them'
like "$(field '.trials[3].reason')" 'unknown ca' 'JSON: why the handshake with an unknown CA failed'
like "$(field '.trials[8].reason')" 'version|protocol' 'JSON: why that with TLS 1.1 failed'
run "$pgseal" impostor --json --env PGSSLMODE=disable --env PGSEAL_LOG=none -- \
    "$TEST_TOP/build/pgseal-run" --lib "$OBJECT" --root '{root}' psql -XAtc 'select 1' 'sslmode=disable'
is "$RC" 0 'psql under pgseal-run, told to do without TLS: no impostor is told anything'

json --crl --env PGSSLMODE=verify-full -- "${psql[@]}"
is "$RC $(verdicts_of)" "0 $(every ok)" 'verify-full with the CRL (PGSSLCRL): no impostor is told anything'
PGSSLMODE=verify-full json --crl --env 'UNUSED={crl}' -- "${psql[@]}"
is "$RC $(verdicts_of)" "1 $(every ok | sed 's/revoked:ok/revoked:told/')" \
    "verify-full in the caller's environment, the CRL not looked at: only the revoked server is told something"
PGSSLMODE=verify-ca json -- "${psql[@]}"
is "$RC $(field '[.trials[] | select(.verdict == "told") | .name + "/" + .how] | join(" ")')" '1 wrong-name/tls' 'verify-ca: the other name'
PGSSLMODE=require json -- psql -XAtc 'select 1' 'sslrootcert=/nowhere'
is "$RC $(field '[.trials[] | select(.verdict == "told") | .name + "/" + .how] | join(" ")')" \
    '1 self-signed/tls foreign-ca/tls wrong-name/tls expired/tls not-yet-valid/tls' 'require: whoever speaks TLS'
PGSSLMODE=disable json -- "${psql[@]}"
is "$RC $(field '.trials[0] | .verdict + "/" + .how')" '1 told/clear' 'disable: even the genuine server is told in clear'
PGSSLMODE=allow json --trial foreign-ca -- "${psql[@]}"
is "$RC $(told)" "1 genuine:$all/clear foreign-ca:$all/clear" 'allow: the same'

# --- SCRAM

PGCHANNELBINDING=require PGSSLMODE=require json -- psql -XAtc 'select 1' sslrootcert=/nowhere
is "$RC $(field .login)" '1 scram-sha-256' 'a client that sends no password in clear is asked for SCRAM'
is "$(told)" "genuine:user+scram+query/tls no-tls:/none self-signed:user+scram/tls foreign-ca:user+scram/tls wrong-name:user+scram/tls \
expired:user+scram/tls not-yet-valid:user+scram/tls old-tls:/none stripped:/none" 'SCRAM-SHA-256-PLUS: bound at the genuine server, a proof for the others'
PGCHANNELBINDING=require PGSSLMODE=verify-full json --trial genuine -- \
    sh -c 'echo >>runs; psql -XAtc "select 1"; psql -XAtc "select 1"'
is "$RC $(field .login) $(wc -l <runs)" '0 scram-sha-256 1' 'SCRAM: one that comes again by itself is asked for it at once'
PGCHANNELBINDING=require PGSSLMODE=verify-full json -- "${psql[@]}"
is "$RC $(field .login)" '0 scram-sha-256' 'SCRAM under verify-full: no impostor is told anything'
PGCHANNELBINDING=require PGSSLMODE=require json -- sh -c 'PGPASSWORD=another psql -XAtc "select 1"'
is "$RC $(field '.trials[0].verdict, .trials[0].reason' | paste -sd ' ')" \
    '2 control-failed SCRAM with a password other than PGPASSWORD' 'SCRAM with another password: the control says so'

# What libpq 15 has not: require_auth, direct TLS.
libpq18=$("$TEST_TOP/tests/lib/libpqs.sh" 18)
PGREQUIREAUTH=scram-sha-256 LD_LIBRARY_PATH=$libpq18 json --trial no-tls,foreign-ca -- psql -XAtc 'select 1' 'sslrootcert='
is "$RC $(told)" '1 genuine:user+scram+query/tls no-tls:user+scram/clear foreign-ca:user+scram/tls' 'libpq 18, require_auth: SCRAM, in clear too'
LD_LIBRARY_PATH=$libpq18 json --trial no-tls,foreign-ca -- psql -XAtc 'select 1' 'sslnegotiation=direct sslmode=require sslrootcert='
is "$RC $(told)" "1 genuine:$all/tls no-tls:/none foreign-ca:$all/tls" 'libpq 18, direct TLS'

# --- the protocol, byte by byte

json --output out --trial foreign-ca,no-tls -- "$raw" gss direct direct-no-alpn extended cancel-tls newer empty garbage half silent
is "$RC" 0 'a client that verifies everything: exit status'
is "$(told)" 'genuine:user+password+query+cancel/tls no-tls:/none foreign-ca:/none' 'a client that verifies everything: what it told'
is "$(<out/genuine.out)" 'gss: N RRSSSSSSSSSSSSSKZI
direct: postgresql RRSSSSSSSSSSSSSKZI
direct-no-alpn: refused
extended: 1tT2DCZI
cancel-tls: sent
newer: v3.0:_pq_.grease RRSSSSSSSSSSSSSKZI
empty: IZI IZI TDCCTDCZT CZI
garbage: [Errno 104] Connection reset by peer
half: left
silent: left' 'the genuine server: GSSENCRequest, direct TLS, the extended protocol, cancelling, a newer protocol, many statements'
is "$(sed -n 1,2p out/no-tls.out | paste -sd ' ')" 'gss: N direct: [Errno 104] Connection reset by peer' 'no-tls: neither way'
json --output out --trial old-tls -- "$raw" old
is "$RC $(told) $(<out/old-tls.out)" '1 genuine:user+password/tls old-tls:user+password/tls old: TLSv1.1 RRSSSSSSSSSSSSSKZI' \
    'old-tls: a client that takes TLS 1.1 tells it'
json --trial no-tls,stripped -- "$raw" gss cancel
is "$RC $(told)" '1 genuine:user+password+cancel/clear no-tls:cancel/clear stripped:cancel/clear' 'a cancel request in clear'
is "$(field '.trials[0].verdict')" ok 'a cancel request in clear at the genuine server is not held against it'
json --trial no-tls -- "$raw" flood
is "$RC $(field '[.trials[] | .connections] | join(" ")')" '1 101 101' 'a hundred connections, one after the other'
json --trial no-tls -- sh -c "$raw"' crowd; psql -XAtc "select 1"'
is "$RC $(field '[.trials[] | .connections] | join(" ")')" '1 122 122' 'more connections at a time than there are sessions'

# --- what COMMAND gets

impostor --keep-going --trial no-tls --crl --output out --env 'DATABASE_URL=postgres://{user}:{password}@{host}:{port}/{dbname}?sslmode=verify-full' \
    --env 'EMPTY=' -- sh -c 'env; for word; do echo "arg $word"; done; stat -c "mode %a %F" "$PGSSLROOTCERT" "${PGSSLROOTCERT%/*}"
        ls "${PGSSLROOTCERT%/*}"; cat; setpriv --reuid=nobody --clear-groups cat "$PGSSLROOTCERT" && echo readable' \
    sh '{url}' '{root}:{crl}' '{host}{port}' '{unknown} {} {{user}' '{"a": "{dbname}"}'
got=$(<out/genuine.out)
variable() { sed -n "s/^$1=//p" <<<"$got"; }
user=$(variable PGUSER) password=$(variable PGPASSWORD) dbname=$(variable PGDATABASE) port=$(variable PGPORT) root=$(variable PGSSLROOTCERT)
like "$user $password $dbname" '^u[0-9a-f]{24} p[0-9a-f]{24} d[0-9a-f]{24}$' 'the variables: random words'
is "$(variable PGHOST)" localhost 'the variables: PGHOST'
is "$(variable PGSSLMODE)$(variable PGHOSTADDR)" '' 'the variables: neither PGSSLMODE nor PGHOSTADDR'
is "$(variable PGSSLCRL)" '' '--crl: no PGSSLCRL where {crl} is used'
is "$(variable DATABASE_URL)" "postgres://$user:$password@localhost:$port/$dbname?sslmode=verify-full" '--env: expanded'
has "$got" $'\nEMPTY=\n' '--env: an empty value'
is "$(sed -n 's/^arg //p' <<<"$got")" "postgresql://$user:$password@localhost:$port/$dbname
$root:${root%root.pem}crl.pem
localhost$port
{unknown} {} {$user
{\"a\": \"$dbname\"}" 'the arguments: expanded, other braces stay'
is "$(grep ^mode <<<"$got" | paste -sd ' ')" 'mode 644 regular file mode 711 directory' 'the directory can be entered by COMMAND under another user, not listed'
is "$(grep -xE '(root|crl)\.pem|.*key.*' <<<"$got" | paste -sd ' ')" 'crl.pem root.pem' 'the directory: no key in it'
has "$got" readable 'the root file can be read by another user'
is "$(grep -c "^PGUSER=$user\$" out/no-tls.out)" 1 "--output: each trial's own, the same words in each"
is "$RC" 2 'a COMMAND that does not connect: exit status'
PGHOSTADDR=192.0.2.1 PGSSLMODE=verify-full PGUSER=other json --trial no-tls -- "${psql[@]}"
is "$RC" 0 'variables of the caller that lead elsewhere: replaced'

# --- names and ports

printf '%s\n' '127.0.0.1 db.internal' '127.0.0.1 db.internal' '127.0.0.1 dual.internal' '::1 dual.internal' '192.0.2.1 away.internal' \
    '127.0.0.1 away.internal' >>/etc/hosts
for name in db.internal dual.internal 127.0.0.1 ::1; do
    PGSSLMODE=verify-full json --name "$name" --trial wrong-name -- "$raw" extended
    is "$RC $(field .host) $(told)" "0 $name genuine:$all/tls wrong-name:/none" "--name $name: verified by that name"
done
impostor --name away.internal -- true
is "$RC$OUT" 2 'a name that is not loopback: exit status'
has "$ERR" 'away.internal is 192.0.2.1, not loopback; add it to /etc/hosts' 'a name that is not loopback: what to do'
impostor --name nowhere.invalid -- true
is "$RC$OUT" 2 'a name that does not resolve: exit status'
port=$((20000 + RANDOM % 12000))
json --port "$port" --trial no-tls -- "${psql[@]}"
is "$RC $(field .port)" "1 $port" '--port'
recorder_start taken silent
impostor --port "$(env_port taken)" -- true
is "$RC$OUT" 2 'a port that is taken: exit status'
has "$ERR" "cannot listen on localhost port $(env_port taken): Address already in use" 'a port that is taken: why'
env_stop taken

# --- which trials

json --trial stripped,no-tls --trial old-tls,no-tls -- "${psql[@]}"
is "$(field '[.trials[].name] | join(" ")')" 'genuine no-tls old-tls stripped' '--trial: these, each once, and always the control'
json -- "${psql[@]}"
is "$(field '[.trials[].name] | join(" ")')" "genuine ${impostors/revoked /}" 'without --crl: all but revoked'
json -- false
is "$RC $(verdicts_of)" '2 genuine:control-failed' 'the control fails: nothing else is run'
is "$(field '.trials[0] | [.exit, .connections] | join(" ")')" '1 0' 'the control fails: its exit status and connections'
like "$(field '.trials[0].reason')" '^no connection was made to localhost port [0-9]+$' 'the control fails: why'
json --keep-going --trial no-tls -- psql -XAtc 'select 1' "sslmode=verify-full sslrootcert=$PKI/root.pem"
is "$RC $(verdicts_of)" '2 genuine:control-failed no-tls:ok' '--keep-going: the others are run, and the exit status is still 2'
impostor -- sh -c 'printf "line %s\n" 1 2 3 4 5 6 7 8 9 10 11 12; exit 3'
has "$OUT" 'The control failed: sh did not log in' 'text: the control failed'
is "$(grep -c '| line' <<<"$OUT")" 10 'text: the last ten lines of what it printed'

# --- timeouts, children, signals

json --timeout 0.5 --trial no-tls -- sh -c 'psql -XAtc "select 1"; exec sleep 60'
is "$RC $(field '[.trials[] | .verdict + "/" + (.exit | tostring)] | join(" ")')" '1 ok/143 told/143' '--timeout: what was told before counts'
PGSSLMODE=verify-full json --timeout 0.5 --trial no-tls -- sh -c 'psql -XAtc "select 1"; exec sleep 60'
is "$RC $(verdicts_of)" '2 genuine:ok no-tls:timed-out' '--timeout: nothing told in time is no proof'
json --timeout 0.5 -- sleep 60
is "$RC $(verdicts_of)" '2 genuine:timed-out' '--timeout at the control'
SECONDS=0
json --timeout 0.5 --trial genuine -- sh -c 'trap "" TERM; psql -XAtc "select 1"; echo $$ >>pids; while :; do sleep 1; done'
is "$RC $(field '.trials[0].exit') $((SECONDS < 15))" '0 137 1' 'a COMMAND that ignores SIGTERM is killed'
json --trial no-tls -- sh -c 'psql -XAtc "select 1" & exit 0'
is "$RC $(told)" "1 genuine:$all/tls no-tls:$all/clear" 'what a child tells after COMMAND has ended counts'
SECONDS=0
json --trial genuine -- sh -c 'psql -XAtc "select 1"; (trap "" TERM; echo "$PGUSER" >mark; exec setsid sleep 61) & exec >&- 2>&-'
is "$RC $((SECONDS < 20))" '0 1' 'a daemon that it leaves behind does not hold a trial up'
is "$(pgrep -fc 'sleep 61' || true)" 0 'and is ended with it'
json --trial no-tls -- sh -c 'psql -XAtc "select 1"; kill -SEGV $$'
is "$(field '.trials[1].exit')" 139 'a COMMAND that dies of a signal: as a shell has it'
impostor -- /nowhere/at/all
is "$RC$OUT" 2 'a COMMAND that is not there'
has "$ERR" '/nowhere/at/all: No such file or directory' 'a COMMAND that is not there: why'
PGSSLMODE=verify-full json --trial no-tls -- sh -c 'exec <&- >&- 2>&-; psql -XAtc "select 1"'
is "$RC" 0 'a COMMAND that closes its descriptors'

for signal in INT TERM HUP; do
    rm -f pids
    env --default-signal="$signal" "$pgseal" impostor -- sh -c 'trap "" TERM HUP INT; echo $$ >pids; '"$raw"' wait' >out.text 2>&1 &
    pid=$!
    for ((i = 0; i < 500; i++)); do if [[ -s pids ]]; then break; else sleep 0.02; fi; done
    sleep 0.3
    has "$(ls "$TMPDIR")" pgseal-impostor "SIG$signal: there is something to clean up"
    kill "-$signal" "$pid"
    RC=0
    wait "$pid" || RC=$?
    is "$RC" $((128 + $(kill -l "$signal"))) "SIG$signal: ends as the signal ends a program"
    is "$(ls "$TMPDIR")" '' "SIG$signal: the directory is gone"
    is "$(kill -0 "$(<pids)" 2>&1 | grep -c 'No such process')$(pgrep -fc 'pgraw.py wait' || true)" 10 "SIG$signal: COMMAND and its child are gone"
done

# --- output: hostile bytes, JUnit, --show, a terminal

printf '%s\n' '#!/bin/sh' 'printf "\033[2Jclear\007 <b>&amp; ]]> \"quoted\" \000nul \377\376 \342\200\256rtl \357\277\276 \033]0;title\007\n"' \
    'printf "\tTab\r\n"; head -c 200000 /dev/zero | tr "\0" A; printf "\nlast <![CDATA[ ]]>\n"' 'psql -XAtc "select 1"' >hostile
chmod +x hostile
PGSSLMODE=verify-full impostor --trial no-tls --junit report.xml --output out2 -- ./hostile
is "$RC" 0 'hostile output: exit status'
printable() { LC_ALL=C grep -qP '[^\x20-\x7e\n]' && echo no || echo yes; }
is "$(printable <<<"$OUT$ERR")" yes 'hostile output: not on the terminal'
is "$(tr -d A <out2/no-tls.out | head -c 20 | od -An -c | tr -d ' \n')" '033[2Jclear\a<b>&amp;' '--output: as it came'
xml() { python3 - "$1" <<'PY'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
print(root.tag, root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped"))
for case in root:
    print(case.get("classname"), case.get("name"), *(child.tag + ":" + (child.get("message") or "") for child in case
          if child.tag != "system-out"))
    text = case.findtext("system-out") or ""
    print(len(text) <= 400000, "last <![CDATA[ ]]>" in text)
PY
}
is "$(xml report.xml)" 'testsuite 2 0 0 0
pgseal.impostor genuine
True True
pgseal.impostor no-tls
True True' 'hostile output: the JUnit report is XML'
hasnt "$(<report.xml)" $'\033' 'hostile output: no escape in the JUnit report'
printf '%s\n' '#!/bin/sh' 'printf "\033[2J<&\000\357\277\276\342\200\256\n"; exit 1' >hostile
impostor --trial no-tls --junit report.xml -- ./hostile
is "$RC $(xml report.xml | sed 's/port [0-9]*/port N/' | paste -sd ' ')" '2 testsuite 2 0 1 1 pgseal.impostor genuine error:no connection was made to localhost port N True False pgseal.impostor no-tls skipped:the control failed True False' \
    'JUnit: the control failed'
is "$(printable <<<"$OUT$ERR")" yes 'the control failed: what it printed is made visible'
impostor --trial no-tls,wrong-name --junit report.xml -- "${psql[@]}"
is "$(xml report.xml | grep -v ^True | paste -sd ' ')" 'testsuite 3 2 0 0 pgseal.impostor genuine pgseal.impostor no-tls failure:told user password query, in clear pgseal.impostor wrong-name failure:told user password query, inside TLS' \
    'JUnit: failures'
impostor --junit /nowhere/report.xml --trial no-tls -- "${psql[@]}"
is "$RC $ERR" '2 pgseal: /nowhere: No such file or directory' 'JUnit: a file that cannot be written'
impostor --output /dev/null --trial no-tls -- "${psql[@]}"
is "$RC$OUT" 2 '--output: no directory'

PGUSER=ignored json --show --trial no-tls -- sh -c 'PGUSER=$(printf "eve\033[31m") psql -XAtc "select '"'hunter2'"'"'
is "$(field '.trials[1].values[] | .told + "/" + .how + "/" + .value' | sed 's/p[0-9a-f]\{24\}/P/' | paste -sd ' ')" \
    $'user/clear/eve\033[31m password/clear/P query/clear/select '"'hunter2'" '--show: in JSON'
impostor --show --trial no-tls -- sh -c 'PGUSER=$(printf "eve\033[31m") psql -XAtc "select '"'hunter2'"'"'
has "$OUT" 'no-tls   clear  user      eve\x1b[31m' '--show: in text, made visible'
has "$OUT" "select 'hunter2'" '--show: the query'
impostor -- "${psql[@]}"
hasnt "$OUT" 'select 1' 'without --show: only which'
is "$(awk 'length > 80' <<<"$OUT")" '' 'text: 80 columns'
like "$OUT" $'^Verdict +Trial +Told +How +Exit +Seconds\nok +genuine +user, password, query +tls +0 +[0-9.]+\ntold +no-tls' 'text: the table'
has "$OUT" 'Impostors that were told something: no-tls' 'text: who was told'
hasnt "$OUT$ERR" $'\033' 'no terminal: no colour, no progress'
terminal=$(TERM=xterm script -qec "$pgseal impostor --trial no-tls -- psql -XAtc 'select 1'" /dev/null || true)
has "$terminal" $'\033[31mtold' 'a terminal: colour'
has "$terminal" 'no-tls: answers N to SSLRequest' 'a terminal: progress'

# --- usage

for wrong in '' '--' '--nonsense x' '--trial nonsense true' '--trial revoked true' '--port 0 true' '--port 65536 true' '--port 1x true' \
    '--timeout 0 true' '--timeout x true' '--env =x true' '--env x true'; do
    # shellcheck disable=SC2086
    impostor $wrong
    is "$RC$OUT" 2 "wrong usage: ${wrong:-nothing}"
done
impostor --help
is "$RC" 0 '--help'
has "$OUT" 'Exit status: 0' '--help documents the exit status'
# --- the recipes of docs/impostor.md, as they stand but for a port that may be taken and seconds

mkdir recipes
cp "$OBJECT" "$TEST_TOP/build/pgseal-run" recipes/ # pgseal-run takes the object beside it
cp "$pgseal" recipes/pgseal
cd recipes
printf '%s\n' '#!/bin/sh' 'exec psql -XAtc "select 1" ${DATABASE_URL:+"$DATABASE_URL"}' >run-tests
printf '%s\n' '#!/bin/sh' 'psql -XAtc "select 1" "$DATABASE_URL"; exec sleep 60' >server
printf '%s\n' '#!/bin/sh' 'exec psql -XAtc "select 1" "host=db.internal port=5432 sslmode=verify-full sslrootcert=$SSLROOT"' >fixed-name
printf '%s\n' 'import os, psycopg2' 'def connect():' '    psycopg2.connect(os.environ["DATABASE_URL"]).cursor().execute("select 1")' >app.py
chmod +x run-tests server fixed-name
awk '/^```(sh|python)$/ { file = "recipe" ++n "." substr($0, 4); next } /^```$/ { if (file) close(file); file = ""; next } file { print > file }' \
    "$TEST_TOP/docs/impostor.md"
port=$((20000 + RANDOM % 12000))
sed -i "s/timeout 3/timeout 0.5/; s/5432/$port/" recipe*.sh fixed-name
is "$(ls recipe*)" 'recipe1.sh
recipe2.sh
recipe3.sh
recipe4.python
recipe5.sh' 'docs/impostor.md: the recipes were found'
for recipe in recipe*; do
    interpreter=bash
    [[ $recipe == *.sh ]] || interpreter=/usr/bin/python3
    RC=0
    OUT=$(PGSEAL_LOG=none PATH=$PWD:$PATH "$interpreter" "$recipe" 2>&1) || RC=$?
    is "$RC" 0 "docs/impostor.md: $recipe: $(grep -m1 pgseal "$recipe" | cut -c1-50)" || diag "$OUT"
done
is "$(xml impostor.xml | grep -c '^pgseal.impostor [a-z-]*$')" 9 'docs/impostor.md: the report is there'
PGSEAL_LOG=none PATH=$PWD:$PATH DATABASE_URL='' run bash -c "$(sed 's/verify-full/require/; s/&sslrootcert={root}//' recipe1.sh)"
is "$RC" 1 'docs/impostor.md: a recipe fails where it should'
cd ..

is "$(ls "$TMPDIR")" '' 'nothing is left behind'
is "$(pgrep -fc "$TMPDIR" || true)" 0 'no process is left behind'

done_testing
