#!/bin/bash
# explain_why.t: `pgseal explain` says why an exemption or a section's audit does not apply, treats an empty value as
# unset, and shows libpq's own words for a string that it rejects. The log of a program says the same.
cli=${CLI:-}
. "$(dirname "$0")/../lib/env.sh"
pgseal=${cli:-$TEST_TOP/build/pgseal}

env_start good
G=$(env_port good)
printf '127.0.0.1 %s\n' pgb.internal db2.internal old.internal ended.internal >>/etc/hosts
policy <<END
sslrootcert = $PKI/root.pem
unix_sockets = allow
[host pgb.internal]
exempt = sidecar
[host ended.internal]
exempt = sidecar
exempt_until = 2020-01-01
[host old.internal]
mode = audit
[host localhost]
exempt = loopback
END
E=/etc/pgseal/policy.conf:$(policy_line 'exempt = sidecar')
A=/etc/pgseal/policy.conf:$(policy_line '[host old.internal]')
L=/etc/pgseal/policy.conf:$(policy_line 'exempt = loopback')

# why WANT CONNINFO: explain gives this reason, in text and JSON, and the log of a program has it.
why() {
    local want=$1 conninfo=$2
    run "$pgseal" explain --json "$conninfo"
    is "$(jq -r .verdict <<<"$OUT")" sealed "$conninfo: sealed"
    has "$(jq -r '.why | join(" ")' <<<"$OUT")" "$want" "$conninfo: why, as JSON"
    run "$pgseal" explain "$conninfo"
    has "$(tr -s ' \n' ' ' <<<"$OUT")" "$want" "$conninfo: Why"
    forget_events
    run sealed "$ENTRY_POINTS" x connectdb -- "$conninfo port=$G connect_timeout=2"
    has "$(events 'select(.event | IN("seal", "downgrade", "socket")).reason')" "${want//\"/\\\"}" "$conninfo: the log"
}
w='user=app dbname=app sslmode=disable'
why "the exemption at $E does not apply: the connection goes to hostaddr \"127.0.0.1\", which may not be the host \"pgb.internal\"" \
    "host=pgb.internal hostaddr=127.0.0.1 $w"
why "the exemption at $E does not apply: the host \"db2.internal\" in the same list does not have it" \
    "host=pgb.internal,db2.internal $w"
why "the exemption at $E does not apply: the host \"db2.internal\" in the same list does not have it" \
    "host=db2.internal,pgb.internal $w"
why "the exemption at $E does not apply: the socket \"/nowhere\" in the same list does not have it" \
    "host=pgb.internal,/nowhere $w"
why "mode = audit at $A does not apply: the connection goes to hostaddr \"127.0.0.1\", which may not be the host \"old.internal\"" \
    "host=old.internal hostaddr=127.0.0.1 $w"
why "mode = audit at $A does not apply: the host \"db2.internal\" in the same list does not have it" \
    "host=old.internal,db2.internal $w"
why "mode = audit at $A does not apply: the host \"pgb.internal\" in the same list does not have it; the exemption at $E does not apply: the host \"old.internal\" in the same list does not have it" \
    "host=old.internal,pgb.internal $w"
dot='ends with a dot, so only the DNS is asked for it; if that is the name you mean, write the dot into the section'
why "the exemption at $L does not apply: the host \"LOCALHOST.\" $dot" "host=LOCALHOST. $w"

# A URI that was split in the wrong place: all targets are hidden, and explain says why.
for uri in postgres://app:a@b:c@db.example/app postgres://app:a/b@db.example/app; do
    run "$pgseal" explain --json "$uri"
    has "$(jq -r '.why | join(" ")' <<<"$OUT")" 'the URI was split in the wrong place' "$uri: why host and port are hidden"
done
run "$pgseal" explain --json 'postgres://svc%40project.iam:secret@db.example/app'
hasnt "$(jq -r '.why | join(" ")' <<<"$OUT")" 'split in the wrong place' 'a user with an @: nothing of the kind'

for conninfo in "host=pgb.internal $w" "host=old.internal $w" "host=pgb.internal. $w" "host=db2.internal $w" "host=db2.internal hostaddr=127.0.0.1 $w"; do
    run "$pgseal" explain --json "$conninfo"
    hasnt "$(jq -r '.why | join(" ")' <<<"$OUT")" 'does not apply' "$conninfo: nothing of the kind where nothing stands in its way"
done

# --- an empty value asks for nothing
policy <<<"sslrootcert = $PKI/root.pem"
empty() { # NAME VARIABLE CONNINFO
    run env "$2" "$pgseal" explain --json "$3 host=localhost"
    is "$(jq -r '[.options[] | select(.option == "sslrootcert").source] | join(" ")' <<<"$OUT")" default "$1: its source is default"
    hasnt "$(jq -r '.why | join(" ")' <<<"$OUT")" 'other roots' "$1: not a word about other roots"
    forget_events
    run sealed env "$2" "$ENTRY_POINTS" x connectdb -- "$3 host=localhost port=$G user=app dbname=app"
    is "$(out status server)" 'ok t' "$1: sealed"
    is "$(events '[.changes[]? | select(.option == "sslrootcert").source] | .[]')" '"default"' "$1: in the log likewise"
}
empty 'in the string, beside a downgrade' A=b "sslmode=require sslrootcert=''"
empty 'in the string, alone' A=b "sslrootcert=''"
empty 'in the environment, beside a downgrade' PGSSLROOTCERT= sslmode=require
run env PGSSLROOTCERT= "$pgseal" explain --json 'host=localhost'
is "$RC $(jq -r .line.event <<<"$OUT")" '0 seal' 'an empty variable alone asks for no less'
run "$pgseal" explain --json "host=localhost sslmode=verify-full ssl_min_protocol_version=''"
is "$RC $(jq -r .line.event <<<"$OUT")" '1 downgrade' 'an empty minimum does ask for less'
is "$(jq -r '.options[] | select(.option == "ssl_min_protocol_version").source' <<<"$OUT")" conninfo 'and its source is shown'
run env PGSSLROOTCERT=/x "$pgseal" explain --json 'host=localhost sslmode=verify-full'
is "$(jq -r '.options[] | select(.option == "sslrootcert").source' <<<"$OUT")" environment 'another root keeps its source'

# --- what libpq rejects
while IFS='|' read -r conninfo want; do
    run "$pgseal" explain "$conninfo"
    is "$RC" 2 "$conninfo: status 2"
    has "$ERR" "libpq does not accept this: $want" "$conninfo: libpq's own words"
    run "$pgseal" explain --json "$conninfo"
    has "$(jq -r .reason <<<"$OUT")" "$want" "$conninfo: as JSON too"
done <<'END'
sslmode=nonsense|invalid sslmode value: "nonsense"
host=db nonsense=1|invalid connection option "nonsense"
host=db user|missing "=" after "user" in connection info string
host=db user='x|unterminated quoted string in connection info string
postgresql://h/db?nonsense=1|invalid URI query parameter: "nonsense"
db.example|missing "=" after "db.example" in connection info string
host=a,b,c port=1,2|could not match 2 port numbers to 3 hosts
service=none|definition of service "none" not found
END
done_testing
