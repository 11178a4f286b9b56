#!/bin/bash
# docs.t: the documents say what the code does: the sample policy, each key, option, event and field, the man pages,
# the reports, the paths and links.
# shellcheck disable=SC2016 # the words looked for stand in backticks
. "$(dirname "$0")/../lib/env.sh"
cd "$TEST_TOP" || exit 1

# named FILE WORD…: each word stands in the file as `word`; prints those that do not.
named() {
    local file=$1 word
    shift
    for word in "$@"; do
        grep -qF -- "\`$word\`" "$file" || printf '%s ' "$word"
    done
}

# --- the sample policy

is "$(awk '/^```ini$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' README.md)" "$(<docs/sample-policy.conf)" \
    'README shows docs/sample-policy.conf'

env_start good
port=$(env_port good)
install -m 0644 "$PKI/root.pem" /etc/pgseal/roots.pem
install -m 0644 "$PKI/root.pem" /etc/pgseal/rds-global-bundle.pem
install -m 0644 "$PKI/crl.pem" /etc/pgseal/crl.pem
printf '127.0.0.1 %s\n' orders.internal legacy.internal x.rds.amazonaws.com >>/etc/hosts
sample() { # [sed's own arguments]: the sample as it stands, but for where the log goes and a day that has not come yet
    # shellcheck disable=SC2153 # EVENTS is env.sh's
    sed -e "s|^log = .*|log = file:$EVENTS|" -e 's/^log_level = .*/log_level = all/' \
        -e "s/^exempt_until = .*/exempt_until = $(date -u -d '+2 days' +%F)/" "$@" docs/sample-policy.conf \
        >/etc/pgseal/policy.conf
}
sample
psql_to() { run sealed psql -XAtw "$1 dbname=app user=app application_name=docs" -c 'select 1'; }
declare -A want=(
    ["host=localhost port=$port sslmode=disable"]='downgrade/sealed witness'
    ["host=localhost port=$port"]='seal/sealed witness'
    ["host=legacy.internal port=$port sslmode=disable"]='downgrade/would-seal'
    ["host=orders.internal port=$port"]='seal/sealed failed'
    ["host=x.rds.amazonaws.com port=$port"]='seal/sealed failed'
    ["host=127.0.0.1 port=6432 connect_timeout=2"]='exempt/allowed'
    ["host=$(env_socket_dir good) port=$port"]='socket/allowed'
)
for target in "${!want[@]}"; do
    forget_events
    psql_to "$target"
    is "$(events 'select(.event != "process") | .event + if .event | IN("witness", "failed") then "" else "/" + .action end' |
        tr -d '"' | paste -sd ' ')" "${want[$target]}" "the sample: $target"
done
forget_events
psql_to "host=orders.internal port=$port"
is "$(events 'select(.changes) | .changes[] | select(.option == "host").enforced')" \
    '"orders.cluster-x1.eu-west-1.rds.amazonaws.com"' 'the sample: verify_as'
forget_events
psql_to "host=x.rds.amazonaws.com port=$port"
is "$(events 'select(.changes) | .changes[] | select(.option == "channel_binding").enforced')" '"require"' \
    'the sample: a pin'
sample -e 's/^unlisted_hosts/unlisted_host/'
psql_to "host=localhost port=$port"
has "$ERR" 'policy.conf:6: unknown key "unlisted_host"' 'a sample with a fault is refused: the above can fail'

# --- keys, variables, options

mapfile -t keys < <(sed -n 's/^ *\[KEY_[A-Z_]*\] = {"\([a-z_]*\)",.*/\1/p' lib/core/policy/policy_keys.c)
mapfile -t variables < <(sed -n 's/^ *\[KEY_[A-Z_]*\] = {"[a-z_]*", "\(PGSEAL_[A-Z_]*\)",.*/\1/p' lib/core/policy/policy_keys.c)
mapfile -t pins < <(sed -n 's/^ *{"\([a-z_]*\)", PIN,.*/\1/p' lib/core/options/options.c)
mapfile -t fixed < <(sed -n 's/^ *{"\([a-z_]*\)", FIXED,.*/\1/p' lib/core/options/options.c)
is "$((${#keys[@]} > 8 && ${#variables[@]} > 5 && ${#pins[@]} == 18 && ${#fixed[@]} > 30))" 1 'the tables were found'
is "$(named docs/policy.md "${keys[@]}")" '' 'docs/policy.md has every key'
is "$(named docs/policy.md "${variables[@]}" PGSEAL_POLICY)" '' 'docs/policy.md has every variable'
is "$(named README.md "${variables[@]}" PGSEAL_POLICY)" '' 'README has every variable'
is "$(named docs/policy.md "${pins[@]}")" '' 'docs/policy.md has every option that can be pinned'
is "$(for key in "${keys[@]}"; do grep -qE "^\.(B|BR) $key\b" docs/man/pgseal-policy.5 || echo "$key"; done)" '' \
    'pgseal-policy(5) has every key'
is "$(for name in "${variables[@]}"; do grep -qx "\.B $name" docs/man/libpgseal.7 || echo "$name"; done)" '' \
    'libpgseal(7) has every variable'

# --- events and fields

mapfile -t fields < <({
    sed -nE 's/^ *F\(([a-z0-9_]+), [0-9]+\).*/\1/p' lib/core/event/event.c
    sed -nE 's/.*(number|number_if|json_key|begin_list|list_field|element_string)\(&?(w|j|w->j), "([a-z0-9_]+)".*/\3/p' lib/core/event/event.c
} | sort -u)
mapfile -t sources < <(find shim lib -name "*.c")
mapfile -t events < <({
    sed -nE 's/.*events\[\] = \{(.*)\};/\1/p' lib/core/verdict/parts.c shim/session/stop.c | grep -oE '"[a-z_]+"'
    grep -hoE 'log_outcome\([^;]*' "${sources[@]}" | grep -oE '"(witness|failed|violation|plaintext_cancel|[a-z_]+)", ?"?' |
        grep -oE '"[a-z_]+"'
    grep -hoE '\.event = "[a-z_]+"' "${sources[@]}" | grep -oE '"[a-z_]+"'
} | tr -d '"' | sort -u)
is "$((${#fields[@]} > 35))" 1 'the fields were found'
is "$(named docs/logging.md "${fields[@]}")" '' 'docs/logging.md has every field'
is "$(printf '%s\n' "${events[@]}" | grep -cxE 'downgrade|refuse|exempt|failed|violation|plaintext_cancel|seal|socket|witness|process')" \
    10 'the ten events were found'
is "$(named docs/logging.md "${events[@]}")" '' 'docs/logging.md has every event'
is "$(named README.md "${events[@]}")" '' 'README has every event'
mapfile -t noted < <(sed -n '/ watched\[\]/,/};/p' shim/log/log.c | grep -oE '"[A-Z_]+"' | tr -d '"')
is "${#noted[@]} $(named docs/logging.md "${noted[@]}")" '7 ' 'docs/logging.md has every variable that a process line notes'

# --- docs/json.md: every key that the tool writes, and its examples

mapfile -t json_keys < <(grep -hoE '(json_object_set(_new)?|term_json_set|set_answer)\([a-z]+, "[A-Za-z0-9_.]+"' \
    cli/{explain,check,ca,scan}/*.c | grep -oE '"[^"]+"' | tr -d '"' | grep -vxE 'schema' | sort -u)
is "$((${#json_keys[@]} > 80))" 1 'the keys of the JSON were found'
is "$(named docs/json.md "${json_keys[@]}")" '' 'docs/json.md has every key'
is "$(named docs/json.md pgseal-{explain,check,check-command,ca,scan}/1)" '' 'docs/json.md has every schema'
has "$(named docs/json.md no_such_key)" no_such_key 'a key that is missing would be found'

# --- man pages

for page in docs/man/*.[1-8]; do
    run groff -man -ww -z -Tutf8 "$page"
    is "$RC$OUT$ERR" 0 "$page renders without a warning"
    is "$(groff -man -Tascii "$page" 2>&1 | sed 's/\x1b\[[0-9;]*m//g; s/.\x08//g' | grep -cE '^(NAME|SYNOPSIS|DESCRIPTION|SEE ALSO)$')" 4 "$page has its sections"
done
printf '.TH X 1\n.SH NAME\n.TP\n.nonesuch x\n' >"$TEST_DIR/wrong.1"
isnt "$(groff -man -ww -z -Tutf8 "$TEST_DIR/wrong.1" 2>&1)" '' 'a wrong man page gives a warning'

# --- the reports, on a log that has a line of each kind

sample
forget_events
psql_to "host=localhost port=$port sslmode=disable"
psql_to "host=orders.internal port=$port"
cp "$EVENTS" "$TEST_DIR/pgseal.jsonl"
# Each ```sh block that begins with `pgseal report` or jq, its indentation taken off.
awk -v dir="$TEST_DIR" '/^ *```sh$/ { inside = 1; file = ""; next } /^ *```$/ { if (file) close(file); inside = 0; next }
    inside && !file { file = /^ *(jq|pgseal report) / ? dir "/report" ++n ".sh" : "/dev/null" } inside { print > file }' \
    docs/logging.md README.md
is "$(find "$TEST_DIR" -name 'report*.sh' | wc -l)" 4 'four reports in the documents'
cp docs/sample-policy.conf "$TEST_DIR/enforce.conf"
for report in "$TEST_DIR"/report*.sh; do
    OUT=$(cd "$TEST_DIR" && PATH=$TEST_TOP/build:$PATH bash -e "$report" 2>&1) && RC=0 || RC=$?
    is "$RC" 0 "$(head -n 1 "$report" | cut -c1-60): works"
    like "$OUT" 'psql|localhost' "$(head -n 1 "$report" | cut -c1-60): finds something"
done

# --- docs/coverage.md: what it says is shown is shown

# titles: each test title that the page quotes, with its file: `FILE` ("TITLE", "TITLE"), however the lines are broken.
titles() { perl -0777 -ne 's/\n/ /g; while (/`([^`]+)` \(((?:"[^"]+"(?:, )?)+)\)/g) { my ($f, $t) = ($1, $2);
    print "$f\t$1\n" while $t =~ /"([^"]+)"/g }' "$1"; }
# untrue PAGE: those that are no test of that file. A title may go on after the quoted words, and have others before.
untrue() {
    local file title
    while IFS=$'\t' read -r file title; do
        grep -v '^ *#' "$file" | grep -F -- "$title" | grep -q "['\"]" || printf '%s: %s; ' "$file" "$title"
    done < <(titles "$1")
}
is "$(titles docs/coverage.md | wc -l)" "$(perl -0777 -ne 'print scalar(() = /"[^"]+"/g)' docs/coverage.md)" \
    'coverage.md: each quoted title was found'
is "$(($(titles docs/coverage.md | wc -l) > 12))" 1 'coverage.md: there are some'
is "$(untrue docs/coverage.md)" '' 'coverage.md: each test that it quotes is there'
sed 's/("a module")/("no such title")/' docs/coverage.md >"$TEST_DIR/rotten.md"
is "$(untrue "$TEST_DIR/rotten.md")" 'tests/integration/resolve.t: no such title; ' 'coverage.md: one that is not there would be found'
is "$(awk '/^## Out of reach/ { exit } /^\*\*/ { if (way) print way; way = $0 } /\*Shown by\*/ { way = "" }
    END { if (way) print way }' docs/coverage.md)" '' 'coverage.md: each way in names its test'
is "$(grep -E '^\| [`a-z]' docs/coverage.md | grep -vE '^\| (entry point|what|runtime) \|' | grep -v '`tests/' || true)" \
    '| a program started with `LD_PRELOAD` scrubbed | nothing is loaded | was not asked | |' 'coverage.md: so does each row but one'
for program in tests/clients/programs/*.sh; do
    grep -q '^expect=unreachable' "$program" || continue
    has "$(<docs/coverage.md)" "\`$program\`" "coverage.md: $program is out of reach"
done

# --- docs/architecture.md: line numbers and counts, as `make graph` writes them, are about right

is "$(tests/lint/doc-lines --check docs/architecture.md)" '' 'architecture.md: functions and files are where and as long as it says'
sed -E 's/(hooks\.c:)[0-9]+/\19999/; s/^(\| `shim\/dynlink\/` \|) [0-9,]+/\1 7/' docs/architecture.md >"$TEST_DIR/rotten.md"
is "$(tests/lint/doc-lines --check "$TEST_DIR/rotten.md" | cut -d: -f1)" $'PQconnectdb\n`shim/dynlink/`' \
    'architecture.md: a wrong number would be found'

# --- paths and links

broken=''
for file in README.md docs/*.md; do
    while IFS= read -r link; do
        [[ -e $(dirname "$file")/$link ]] || broken+="$file: $link; "
    done < <(grep -oE '\]\([^)#]+' "$file" | sed 's/^](//' | grep -v '://')
    while IFS= read -r path; do
        [[ -e $path ]] || broken+="$file: $path; "
    done < <(grep -oE '`(tests|shim|docs|demo|launch|cli)/[A-Za-z0-9_./-]+`' "$file" | tr -d '`')
done
is "$broken" '' 'every link and path leads somewhere'
while IFS= read -r option; do
    ok "pgseal-run has $option" grep -q "{\"${option#--}\"" launch/main.c
done < <(grep -hoE '`?pgseal-run [^`]*' README.md docs/*.md | grep -oE -- '--[a-z]+(-[a-z]+)*' | sort -u)

done_testing
