# shellcheck shell=bash disable=SC2154
# rows.sh: tables of connections; sourced by env.sh.

# rows [COMMAND…]: reads lines "NAME|OUTCOME|VERDICT|CONNINFO[|OPTION…]" and connects all in one process (sealed, or by
# the command given: bare, sealed_as_user…), through PQconnectdb unless an OPTION is entry:ENTRY. Those that must be refused
# come first, in a process of their own: no server may have accepted a connection by the end of it.
#   OUTCOME: "ok t" (the server says TLS), "ok f" (it says none), "bad"
#   VERDICT: "event/action", then optionally " rule TEXT" (the rule is the policy's line that begins so), or "-" (not judged)
# Leaves ROW_REASON, ROW_ERROR and ROW_ASKED by name for what a test wants to know besides.
declare -A ROW_REASON=() ROW_ERROR=() ROW_ASKED=()
# shellcheck disable=SC2034
rows() {
    local name outcome verdict conninfo options option entry line got id rest contacts='' contacted=''
    local -a names=() lines=() refused=() words=()
    local -A want=() is_outcome=() is_verdict=()
    [[ $# -gt 0 ]] || set -- sealed
    while IFS='|' read -r name outcome verdict conninfo options; do
        [[ -n $name ]] || continue
        id=${name//[^a-zA-Z0-9]/_}
        entry=connectdb line="env:PGAPPNAME=$id"
        IFS='|' read -r -a words <<<"$options"
        for option in "${words[@]}"; do
            case $option in
            entry:*) entry=${option#entry:} ;;
            *) line+=$'\t'$option ;;
            esac
        done
        if [[ $entry == *params* || $entry == setdblogin ]]; then conninfo=${conninfo// ; /$'\t'}; fi
        line="$id"$'\t'"$entry"$'\t'"$line"$'\t--\t'"$conninfo"
        if [[ $verdict == refuse/refused* ]]; then refused+=("$line"); else lines+=("$line"); fi
        names+=("$name")
        want[$name]="$outcome, $verdict"
    done
    forget_events
    : >"$TEST_DIR/rows.jsonl" 2>"$TEST_DIR/rows.err"
    if [[ ${#refused[@]} != 0 ]]; then
        contacts=$(_env_contacts)
        printf '%s\n' "${refused[@]}" | "$@" "$ENTRY_POINTS" - >>"$TEST_DIR/rows.jsonl" 2>>"$TEST_DIR/rows.err"
        sleep 0.05 # a server that was dialled and left again writes so by then
        contacted=$(_env_contacts)
        if [[ $contacted == "$contacts" ]]; then contacted=; else contacted=", contacted: $contacts, then $contacted"; fi
    fi
    if [[ ${#lines[@]} != 0 ]]; then
        printf '%s\n' "${lines[@]}" | "$@" "$ENTRY_POINTS" - >>"$TEST_DIR/rows.jsonl" 2>>"$TEST_DIR/rows.err"
    fi
    while IFS=$'\t' read -r id got rest; do
        is_outcome[$id]=$got ROW_ERROR[$id]=$rest
    done < <(jq -r '[.row, .status + (if .server then " " + .server else "" end), .error] | @tsv' "$TEST_DIR/rows.jsonl")
    if [[ -f $EVENTS ]]; then
        while IFS=$'\t' read -r id got rest option line; do
            is_verdict[$id]+=${is_verdict[$id]:+ and }$got
            [[ $rest == - ]] || is_verdict[$id]+=" rule $rest"
            ROW_REASON[$id]=$option ROW_ASKED[$id]=$line
        done < <(jq -r 'select(.event | IN("refuse", "exempt", "downgrade", "socket", "seal")) |
            [.application_name // "-", .event + "/" + .action, (.rule // "-"), (.reason // "-"),
            ([.changes // [] | .[] | select(.source != "default") | "\(.option) \(.source) \(.requested) \(.enforced)"]
                | sort | join("; "))] | @tsv' "$EVENTS")
    fi
    for name in "${names[@]}"; do
        id=${name//[^a-zA-Z0-9]/_}
        got="${is_outcome[$id]:-}, ${is_verdict[$id]:-none}"
        case ${want[$name]} in
        *', -') got=${is_outcome[$id]:-}', -' ;;
        *' rule '*) want[$name]="${want[$name]% rule *} rule /etc/pgseal/policy.conf:$(policy_line "${want[$name]##* rule }")" ;;
        *) got=${got%% rule *} ;;
        esac
        [[ ${want[$name]} != *', refuse/refused'* ]] || got+=$contacted
        is "$got" "${want[$name]}" "$name"
    done
}
