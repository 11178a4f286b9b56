#!/bin/bash
# completion.t: bash completion for `pgseal` and `pgseal-run`: every command and option of --help and no other, the
# values of options, and the completion of the command that is to be run.
set -euo pipefail
TOP=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/tap.sh
. "$TOP/tests/lib/tap.sh"
build=${BUILD:-$TOP/build}
export LC_ALL=C
SCRATCH=$(mktemp -d /tmp/pgseal-completion.XXXXXX)
trap 'rm -rf --one-file-system "$SCRATCH"' EXIT
mkdir "$SCRATCH/bin" "$SCRATCH/here" "$SCRATCH/here/tree"
touch "$SCRATCH/here/roots.pem"
cp "$build/pgseal" "$build/pgseal-run" "$SCRATCH/bin/"
cd "$SCRATCH/here"

# offered WORD…: what is offered for the last word, sorted, in one line. The words are as readline cuts them: "=" and ":" are
# words of their own.
offered() {
    bash --norc -c '. "$1/cli/pgseal.bash-completion" && . "$1/launch/pgseal-run.bash-completion" && shift
        spec=$(complete -p "$1") && [[ $spec =~ -F\ ([^ ]+) ]] || exit
        [[ -z ${OFFSET:-} ]] || eval "_command_offset() { COMPREPLY=(\"command $OFFSET \$1\"); }"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
        "${BASH_REMATCH[1]}" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s\n" "${COMPREPLY[@]}"' bash "$TOP" "$@" 2>&1 | sort | paste -sd ' '
}
# options COMMAND…: the long options that its --help lists.
options() { "$@" --help | grep -oE '^ +(-.,)? +--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' | sort | paste -sd ' '; }

mapfile -t commands < <("$build/pgseal" --help | sed -n 's/^  \([a-z]\{1,\}\)  .*/\1/p')
like "${commands[*]}" 'ca check explain .*help' 'the commands of --help were found'
is "$(offered pgseal '')" "$({ printf '%s\n' "${commands[@]}"; options "$build/pgseal" | tr ' ' '\n'; } | sort | paste -sd ' ')" \
    'pgseal: every command and option of --help, and no other'
is "$(offered pgseal c)" 'ca check' 'pgseal c: what begins so'
for command in "${commands[@]}"; do
    [[ $command != help ]] || continue
    wanted=$(options "$build/pgseal" "$command")
    has "$wanted" '--json' "pgseal $command: its options were found"
    is "$(offered pgseal "$command" --)" "$wanted" "pgseal $command --: every long option of --help, and no other"
    first=${wanted%% *}
    has " $(offered pgseal "$command" "${first:0:5}") " " $first " "pgseal $command ${first:0:5}: what begins so"
    has "$(offered pgseal help '')" "$command" "pgseal help: $command"
done
is "$(offered pgseal nonsense --)" '' 'pgseal: an unknown command has no options'
is "$(offered pgseal ca '')" 'roots.pem tree' 'pgseal ca: files'
is "$(offered pgseal explain '')" '' 'pgseal explain: a connection string is no file'
is "$(offered pgseal scan --root '')" tree 'pgseal scan --root: directories'
is "$(offered pgseal scan --root = t)" tree 'pgseal scan --root=: directories'
is "$(offered pgseal scan --root =)" tree 'pgseal scan --root=: with nothing behind it yet'
for option in ca:--prune ca:--output ca:-o ca:--cacert explain:--policy check:--policy check:--lib report:--what-if report:--html report:--csv; do
    is "$(offered pgseal "${option%:*}" "${option#*:}" r)" roots.pem "pgseal ${option%:*} ${option#*:}: files"
done
for option in ca:--days ca:-d ca:--fetch ca:--sha256 check:--days report:--since report:--host report:--top; do
    is "$(offered pgseal "${option%:*}" "${option#*:}" '')" '' "pgseal ${option%:*} ${option#*:}: nothing that could be known"
done
is "$(offered pgseal report '')" 'roots.pem tree' 'pgseal report: files and directories'
is "$(offered pgseal report --fail-on v)" violation 'pgseal report --fail-on: events'
is "$(offered pgseal report --event = f)" failed 'pgseal report --event=: events'
is "$(offered pgseal report --csv = c)" certificates 'pgseal report --csv=: tables'
has " $(offered pgseal check -- tru) " ' true ' 'pgseal check --: commands'
is "$(offered pgseal check -- psql --)" '' "pgseal check -- COMMAND: not pgseal's options"
is "$(offered pgseal check -- psql r)" roots.pem 'pgseal check -- COMMAND: files'
is "$(OFFSET='at' offered pgseal check --json -- psql --)" 'command at 4' "pgseal check -- COMMAND: bash-completion's own, if it is there"
has " $(offered pgseal impostor --json -- tru) " ' true ' 'pgseal impostor --: commands'
is "$(offered pgseal impostor --trial old)" old-tls 'pgseal impostor --trial: trials'
is "$(offered pgseal impostor --trial no-tls,ex)" no-tls,expired 'pgseal impostor --trial: behind a comma'
is "$(offered pgseal impostor --output '')" tree 'pgseal impostor --output: directories'
is "$(offered pgseal impostor --junit r)" roots.pem 'pgseal impostor --junit: files'
is "$(offered pgseal ca -- --)" '' 'pgseal ca --: no options behind it'

wanted=$(options "$build/pgseal-run")
has "$wanted" '--drivers' 'pgseal-run: its options were found'
is "$(offered pgseal-run --)" "$wanted" 'pgseal-run --: every long option of --help, and no other'
is "$(offered pgseal-run --audit --log syslog --)" "$wanted" 'pgseal-run: further options'
is "$(offered pgseal-run --log = file : /x --)" "$wanted" 'pgseal-run: further options behind --log=file:/x'
is "$(offered pgseal-run --dri)" '--drivers' 'pgseal-run --dri: what begins so'
has " $(offered pgseal-run tru) " ' true ' 'pgseal-run: commands'
has " $(offered pgseal-run --audit -- tru) " ' true ' 'pgseal-run --: commands'
has " $(offered pgseal-run --root = roots.pem tru) " ' true ' 'pgseal-run --root=FILE: commands'
is "$(offered pgseal-run --drivers =)" only 'pgseal-run --drivers=: its value'
is "$(offered pgseal-run --drivers = o)" only 'pgseal-run --drivers=o: its value'
has " $(offered pgseal-run --drivers = only tru) " ' true ' 'pgseal-run --drivers=only: commands'
has " $(offered pgseal-run --drivers tru) " ' true ' 'pgseal-run --drivers: commands'
is "$(PGCOMPLETED_URL=x offered pgseal-run --rewrite-url PGCOMPLETED)" PGCOMPLETED_URL 'pgseal-run --rewrite-url: variables'
is "$(offered pgseal-run psql --)" '' 'pgseal-run COMMAND: its options are its own'
is "$(offered pgseal-run -- psql --)" '' 'pgseal-run -- COMMAND: the same'
is "$(offered pgseal-run -- --)" '' 'pgseal-run --: no options behind it'
is "$(offered pgseal-run psql r)" roots.pem 'pgseal-run COMMAND: files'
is "$(OFFSET='at' offered pgseal-run --lib x psql --)" 'command at 3' "pgseal-run COMMAND: bash-completion's own, if it is there"
for option in --policy --lib; do
    is "$(offered pgseal-run "$option" r)" roots.pem "pgseal-run $option: files"
done
is "$(offered pgseal-run --root '')" 'program roots.pem system tree' 'pgseal-run --root: words and files'
is "$(offered pgseal-run --log =)" 'file: none stderr syslog' 'pgseal-run --log=: sinks'

# What a person sees: a real TAB on a terminal.
tab() { # LINE: the line as it stands after a TAB
    python3 - "$TOP" "$1" <<'PY'
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(PS1="$ ", TERM="dumb", INPUTRC="/dev/null", HISTFILE="/dev/null")
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
def read(until):
    out, end = b"", time.time() + 20
    while until not in out and time.time() < end:
        if select.select([fd], [], [], 0.2)[0]:
            out += os.read(fd, 4096)
    return out
os.write(fd, b". %b/cli/pgseal.bash-completion; . %b/launch/pgseal-run.bash-completion; echo re''ady\n" % ((os.fsencode(sys.argv[1]),) * 2))
read(b"ready\r\n$ ")  # the prompt: from here on readline has the terminal
os.write(fd, os.fsencode(sys.argv[2]) + b"\t\x01echo \x05<\n")
print(read(b"<\r\n").decode(errors="replace"))
os.write(fd, b"exit\n")
os.close(fd)
PY
}
has "$(tab 'pgseal ca --pru')" 'pgseal ca --prune' 'a TAB on a terminal completes an option'
has "$(tab 'pgseal-run --dri')" 'pgseal-run --drivers' 'a TAB on a terminal completes one of pgseal-run'
done_testing
