# shellcheck shell=bash
# tap.sh: the words of a test script: each prints one line of TAP, and says why where it failed.

TAP_COUNT=0
TAP_FAILED=0
TAP_SHOWN=0

# _tap PASSED NAME [TEXT…]: one line; PASSED is 1 or 0. Of a failure also TEXT, the place in the test, the command that runs
# just this again, and what tap_context (env.sh) knows of the state of things. TEST_ROW: only what has this in its name counts.
_tap() {
    [[ -z ${TEST_ROW:-} || $2 == *"$TEST_ROW"* ]] || return 0
    TAP_COUNT=$((TAP_COUNT + 1))
    if [[ $1 == 1 ]]; then
        printf 'ok %d - %s\n' "$TAP_COUNT" "$2"
        return 0
    fi
    TAP_FAILED=$((TAP_FAILED + 1))
    printf 'not ok %d - %s\n' "$TAP_COUNT" "$2"
    _tap_explain "$@"
}

_tap_explain() {
    local i place text name=$2
    shift 2
    for ((i = 1; i < ${#BASH_SOURCE[@]} - 1; i++)); do
        [[ ${BASH_SOURCE[i]} == */lib/* ]] || break
    done
    place=${BASH_SOURCE[i]}
    [[ $place != */tests/* ]] || place=tests/${place##*/tests/}
    for text; do diag "$text"; done
    diag "at:    $place:${BASH_LINENO[i - 1]}"
    text=${place##*/}
    diag "again: make ${TEST_TARGET:-check} T='${TEST_NAME:-${text%.*}}:$name'"
    # The first failures explain themselves; a hundred alike need not.
    TAP_SHOWN=$((TAP_SHOWN + 1))
    if ((TAP_SHOWN <= 3)) && declare -F tap_context >/dev/null; then tap_context; fi
}

# diag TEXT…: a note for the reader of a failure.
diag() {
    local line
    while IFS= read -r line; do
        printf '# %s\n' "$line"
    done <<<"$*"
}

# is GOT WANT NAME: the two are the same string.
is() {
    local same=0
    [[ $1 != "$2" ]] || same=1
    _tap "$same" "$3" "want:  $2" "got:   $1"
}

# isnt GOT UNWANTED NAME
isnt() {
    local other=0
    [[ $1 == "$2" ]] || other=1
    _tap "$other" "$3" "want:  anything else" "got:   $1"
}

# has GOT PART NAME: GOT contains PART, literally.
has() {
    local holds=0
    [[ $1 != *"$2"* ]] || holds=1
    _tap "$holds" "$3" "want:  …$2…" "got:   $1"
}

# hasnt GOT PART NAME
hasnt() {
    local lacks=0
    [[ $1 == *"$2"* ]] || lacks=1
    _tap "$lacks" "$3" "want:  not …$2…" "got:   $1"
}

# like GOT ERE NAME
like() {
    local matches=0
    [[ ! $1 =~ $2 ]] || matches=1
    _tap "$matches" "$3" "want:  match of $2" "got:   $1"
}

# ok NAME COMMAND…: the command succeeds.
ok() {
    local name=$1 status=0
    shift
    "$@" || status=$?
    _tap "$((status == 0))" "$name" "want:  exit status 0 of $*" "got:   $status"
}

# nok NAME COMMAND…: the command fails.
nok() {
    local name=$1 status=0
    shift
    "$@" || status=$?
    _tap "$((status != 0))" "$name" "want:  another exit status than 0 of $*" "got:   $status"
}

# done_testing: the plan, last; the script's status says whether all passed.
done_testing() {
    printf '1..%d\n' "$TAP_COUNT"
    [[ $TAP_FAILED == 0 ]]
}
