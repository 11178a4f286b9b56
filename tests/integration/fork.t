#!/bin/bash
# fork.t: connections of a parent, of its children, and of the parent again.
. "$(dirname "$0")/../lib/env.sh"

env_start good
P=$(env_port good)
w='user=app dbname=app sslmode=disable'

# family: a parent, its child twice, and the parent again
family() {
    local name
    for name in $'parent\tconnectdb' $'child\tconnectdb\tfork\ttimes=2' $'parent\tconnectdb'; do
        printf '%s\t--\thost=localhost port=%s %s\n' "$name" "$P" "$w"
    done | sealed "$ENTRY_POINTS" - | jq -r '.row + " " + .status' | xargs
}
policy <<<'mode = of'
forget_events
is "$(family)" 'parent bad child bad child bad parent bad' 'a fault in the policy refuses in parent and child'
is "$(events 'select(.event == "refuse") | .pid' | sort | uniq -c | awk '{ print $1 }' | xargs)" '1 1' 'each process logs it once'
like "$(reason refuse)" 'policy.conf:[0-9]+: ' 'with the fault'
policy <<<"sslrootcert = $PKI/root.pem"
forget_events
is "$(family)" 'parent ok child ok child ok parent ok' 'parent and child without a fault'
is "$(events 'select(.event == "process") | .pid' | sort | uniq -c | awk '{ print $1 }' | xargs)" '1 1' 'a process line of each'
done_testing
