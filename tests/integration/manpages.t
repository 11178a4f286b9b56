#!/bin/bash
# manpages.t: pgseal(1), pgseal-run(1) and --help agree: every option is in both, and every finding and exit status is
# described. No line of a help or an error is wider than a terminal. Findings and schemas are taken from cli/*.c.
set -euo pipefail
TOP=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/tap.sh
. "$TOP/tests/lib/tap.sh"
build=${BUILD:-$TOP/build}
export LC_ALL=C
unset TERM COLUMNS ARGP_HELP_FMT
for name in $(compgen -e | grep -E '^(PG|LD_PRELOAD$)' || true); do
    unset "$name"
done
SCRATCH=$(mktemp -d /tmp/pgseal-manpages.XXXXXX)
trap 'rm -rf --one-file-system "$SCRATCH"' EXIT
mkdir "$SCRATCH/bin"
cp "$build/pgseal" "$build/pgseal-run" "$SCRATCH/bin/"
cd "$SCRATCH"
pgseal=$SCRATCH/bin/pgseal
launcher=$SCRATCH/bin/pgseal-run

# page FILE: the page as text, on long lines and without hyphenation, so that no word is cut.
page() { groff -man -Tascii -rLL=1000n -rHY=0 -P-c -P-b -P-u -P-o "$TOP/docs/man/$1"; }
page pgseal.1 >tool.txt
page pgseal-run.1 >launcher.txt
# part NAME: a part of pgseal(1), from its heading to the next one.
part() { awk -v name="$1" '/^(   )?[^ ]/ { inside = index($0, name) } inside' tool.txt; }
# lacks FILE WORD…: the words that do not stand in it as words.
lacks() {
    local file=$1 word
    shift
    for word in "$@"; do
        grep -qE -- "(^|[^a-z0-9-])${word}([^a-z0-9-]|\$)" "$file" || printf '%s ' "$word"
    done
}
# options COMMAND…: the long options that its --help lists.
options() { "$@" --help | grep -oE '^ +(-.,)? +--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+'; }
wide() { awk 'length > 80'; }

# --- options

mapfile -t commands < <("$pgseal" --help | sed -n 's/^  \([a-z]\{1,\}\)  .*/\1/p' | grep -vx help)
like "${commands[*]}" 'ca check explain' 'the commands were found'
for command in "${commands[@]}"; do
    mapfile -t found < <(options "$pgseal" "$command" | grep -vxE -- '--(json|help|usage|version)')
    is "$((${#found[@]} > 0))" 1 "pgseal $command: its options were found"
    part "pgseal $command" >part.txt
    is "$(lacks part.txt "${found[@]}")" '' "pgseal(1) has every option of $command, where it tells of it"
    ok "pgseal $command has --json" grep -qxF -- --json <(options "$pgseal" "$command")
done
part OUTPUT >part.txt
is "$(lacks part.txt --json)" '' 'pgseal(1) has --json, which all have'
is "$(lacks tool.txt --help --usage --version)" '' 'pgseal(1) has --help, --usage and --version'
mapfile -t found < <(options "$launcher")
is "$((${#found[@]} > 7))" 1 'pgseal-run: its options were found'
is "$(lacks launcher.txt "${found[@]}")" '' 'pgseal-run(1) has every option'

# --- findings: what check_found and check's COMMAND are given, what check makes of a fault of a chain, and the table of ca

mapfile -t found < <({
    cat "$TOP"/cli/check/{check,advise}.c | tr '\n' ' ' | grep -oE 'check_found\( *c, [^;]*' | sed 's/check_found( *c, //; s/, *xprintf.*//'
    cat "$TOP"/cli/check/{diagnose,session,chain,net}.c | tr '\n' ' ' | grep -oE 'check_found\( *c, "[a-z-]+"'
    grep -oE 'return "[a-z-]+";' "$TOP/cli/check/chain.c"
    grep -oE 'run->what = "[a-z-]+";' "$TOP/cli/check/command.c"
} | grep -oE '"[a-z-]+"' | tr -d '"' | sort -u)
has " ${found[*]} " ' bad-chain ' 'the findings of check were found: of a chain'
has " ${found[*]} " ' cannot-authenticate ' 'the findings of check were found: of a session'
has " ${found[*]} " ' log-hidden ' 'the findings of check were found: of a command'
is "$((${#found[@]} > 18))" 1 "the findings of check were found (${#found[@]})"
part 'pgseal check' >part.txt
is "$(lacks part.txt "${found[@]}")" '' 'pgseal(1) has every finding of check'
is "$(grep -ohE '[^{]"(no|weak|bad|cannot|not|log|tls|takes|wrong|unknown)-[a-z-]+"' "$TOP"/cli/check/*.c | tr -d ' ("' | sort -u |
    grep -vxF "$(printf '%s\n' "${found[@]}")")" '' 'no finding of check goes another way'
mapfile -t found < <(sed -n '/ca_finding_names\[CA_FINDINGS\] = {/,/};/p' "$TOP/cli/ca/judge.c" | grep -oE '"[a-z-]+"' | tr -d '"')
is "${#found[@]}" 10 'the findings of ca were found'
part 'pgseal ca' >part.txt
is "$(lacks part.txt "${found[@]}" fault)" '' 'pgseal(1) has every finding of ca'
mapfile -t found < <(sed -n 's/.*verdict_names\[\] = {\(.*\)};/\1/p' "$TOP/cli/scan/show.c" | grep -oE '"[a-z ]+"' | tr -d '"')
is "${#found[@]}" 3 'the verdicts of scan were found'
part 'pgseal scan' >part.txt
is "$(lacks part.txt "${found[@]}")" '' 'pgseal(1) has every verdict of scan'
mapfile -t found < <(sed -n '/trials\[TRIALS\] = {/,/};/p' "$TOP/cli/impostor/verdict.c" | grep -oE '\{"[a-z-]+"' | tr -d '{"')
is "${#found[@]}" 10 'the trials of impostor were found'
mapfile -t -O 10 found < <(sed -nE 's/.*(told|verdict)_names\[.*\] = \{(.*)/\2/p' "$TOP/cli/impostor/verdict.c" | grep -oE '"[a-z-]+"' | tr -d '"' |
    grep -vx not-run)
is "${#found[@]}" 19 'what is told to impostors and its verdicts were found'
part 'pgseal impostor' >part.txt
is "$(lacks part.txt "${found[@]}")" '' 'pgseal(1) has every trial of impostor, what is told, and every verdict'
mapfile -t found < <(grep -oE '^    \[[A-Z]+\] = \{"[^;]*' "$TOP/cli/report/csv.c" | grep -oE '"[a-z_0-9]+"' | tr -d '"' | sort -u)
is "$((${#found[@]} > 25))" 1 'the fields of report were found'
part 'pgseal report' >part.txt
is "$(lacks part.txt "${found[@]}")" '' 'pgseal(1) has every field of report'
mapfile -t found < <(grep -rohE --include="*.c" '"pgseal-[a-z-]+/[0-9]+"' "$TOP/cli" | tr -d '"' | sort -u)
is "${#found[@]}" 7 'the schemas were found'
is "$(lacks tool.txt "${found[@]}")" '' 'pgseal(1) has every schema'

# --- exit statuses

statuses() { # TEXT NAME STATUS…: each is told
    local text=$1 name=$2 status
    shift 2
    text=$(tr -s ' \n' '  ' <<<"$text")
    for status in "$@"; do
        like "${text#*Exit status}" "[ :;]$status " "$name: exit status $status"
    done
}
statuses "$("$pgseal" --help)" 'pgseal --help' 0 1 2
for command in "${commands[@]}"; do
    statuses "$("$pgseal" "$command" --help)" "pgseal $command --help" 0 1 2
done
statuses "$("$launcher" --help)" 'pgseal-run --help' 125 126 127
statuses "Exit status $(part 'EXIT STATUS')" 'pgseal(1)' 0 1 2
statuses "Exit status $(awk '/^EXIT STATUS/ { inside = 1; next } /^[A-Z]/ { inside = 0 } inside' launcher.txt)" 'pgseal-run(1)' 125 126 127

# --- 80 columns; a line on standard error that repeats what it was given may be longer, as that may be

fits() { # NAME COMMAND…: it says something, and no line of it is wider
    local name=$1 text
    shift
    text=$("$@" 2>&1 </dev/null) || true
    isnt "$text" '' "$name: says something"
    is "$(wide <<<"$text")" '' "$name: 80 columns"
}
fits 'pgseal --help' "$pgseal" --help
fits pgseal "$pgseal"
fits 'pgseal nonsense' "$pgseal" nonsense
for command in "${commands[@]}"; do
    fits "pgseal $command --help" "$pgseal" "$command" --help
    fits "pgseal help $command" "$pgseal" help "$command"
    fits "pgseal $command --usage" "$pgseal" "$command" --usage
    fits "pgseal $command" "$pgseal" "$command"
    fits "pgseal $command --nonsense" "$pgseal" "$command" --nonsense
done
fits 'pgseal ca, of nothing that is there' "$pgseal" ca /nowhere
fits 'pgseal scan, of nothing that is there' "$pgseal" scan /nowhere
fits 'pgseal report, of nothing that is there' "$pgseal" report /nowhere
fits 'pgseal report, of an event that is none' "$pgseal" report --event x /nowhere
fits 'pgseal check, of what cannot be reached' "$pgseal" check 'host=localhost port=1 user=app'
fits 'pgseal check, of no host' "$pgseal" check 'host=nowhere.invalid user=app'
fits 'pgseal check, refused' "$pgseal" check 'host=localhost sslkey=engine:key'
fits 'pgseal check, without an object' "$pgseal" check -- true
fits 'pgseal check, of a COMMAND that is not there' "$pgseal" check --lib "$build/libpgseal.so" -- /nowhere
fits 'pgseal check, of a COMMAND that does nothing' "$pgseal" check --lib "$build/libpgseal.so" -- sleep 0.3
fits 'pgseal impostor, of nothing that is there' "$pgseal" impostor -- /nowhere
fits 'pgseal impostor, of what does not connect' "$pgseal" impostor -- true
fits 'pgseal impostor, another name' "$pgseal" impostor --name nowhere.invalid -- true
fits 'pgseal explain, refused' "$pgseal" explain 'host=localhost sslkey=engine:key'
fits 'pgseal ca, two that cannot be' "$pgseal" ca --fetch http://nowhere.invalid/
fits 'pgseal ca, a number that is none' "$pgseal" ca --days x /nowhere
fits 'pgseal-run --help' "$launcher" --help
fits 'pgseal-run --usage' "$launcher" --usage
fits pgseal-run "$launcher"
fits 'pgseal-run --nonsense' "$launcher" --nonsense
fits 'pgseal-run --root=' "$launcher" --root= true
fits 'pgseal-run, of nothing that is there' "$launcher" --root program /nowhere
fits 'pgseal-run, no object' "$launcher" --root program true
fits 'pgseal-run --policy --root' "$launcher" --policy x --root y true
fits 'pgseal-run beside PGSEAL_POLICY' env PGSEAL_POLICY=/x "$launcher" --audit true
fits 'pgseal-run --drivers --audit' "$launcher" --audit --root program --lib "$build/libpgseal.so" --drivers true
done_testing
