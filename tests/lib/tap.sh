# shellcheck shell=bash
# tap.sh: the words of a test script: each prints one line of TAP, and says why where it failed.

TAP_COUNT=0
TAP_FAILED=0

# _tap PASSED NAME: one line; PASSED is 1 or 0.
_tap() {
    TAP_COUNT=$((TAP_COUNT + 1))
    if [[ $1 == 1 ]]; then
        printf 'ok %d - %s\n' "$TAP_COUNT" "$2"
    else
        TAP_FAILED=$((TAP_FAILED + 1))
        printf 'not ok %d - %s\n' "$TAP_COUNT" "$2"
    fi
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
    if [[ $1 == "$2" ]]; then
        _tap 1 "$3"
    else
        _tap 0 "$3"
        diag "got:  $1"
        diag "want: $2"
    fi
}

# isnt GOT UNWANTED NAME
isnt() {
    if [[ $1 != "$2" ]]; then
        _tap 1 "$3"
    else
        _tap 0 "$3"
        diag "got what must not be: $1"
    fi
}

# has GOT PART NAME: GOT contains PART, literally.
has() {
    if [[ $1 == *"$2"* ]]; then
        _tap 1 "$3"
    else
        _tap 0 "$3"
        diag "got:         $1"
        diag "not in it:   $2"
    fi
}

# hasnt GOT PART NAME
hasnt() {
    if [[ $1 != *"$2"* ]]; then
        _tap 1 "$3"
    else
        _tap 0 "$3"
        diag "got:             $1"
        diag "must not be in it: $2"
    fi
}

# like GOT ERE NAME
like() {
    if [[ $1 =~ $2 ]]; then
        _tap 1 "$3"
    else
        _tap 0 "$3"
        diag "got:        $1"
        diag "want match: $2"
    fi
}

# ok NAME COMMAND…: the command succeeds.
ok() {
    local name=$1
    shift
    if "$@"; then _tap 1 "$name"; else
        _tap 0 "$name"
        diag "failed: $*"
    fi
}

# nok NAME COMMAND…: the command fails.
nok() {
    local name=$1
    shift
    if "$@"; then
        _tap 0 "$name"
        diag "succeeded: $*"
    else _tap 1 "$name"; fi
}

# done_testing: the plan, last; the script's status says whether all passed.
done_testing() {
    printf '1..%d\n' "$TAP_COUNT"
    [[ $TAP_FAILED == 0 ]]
}
