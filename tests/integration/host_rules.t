#!/bin/bash
# host_rules.t: which section applies to which host, when an exemption or a section's audit applies, sockets, lists,
# pins.
. "$(dirname "$0")/../lib/env.sh"

env_start good impostor demanding
P=$(env_port good) I=$(env_port impostor) D=$(env_port demanding)
S=$(env_socket_dir good)
echo '127.0.0.1 prod.example b.example c.example a.b.example' >>/etc/hosts
w='dbname=app user=app sslmode=disable' # what each program asks for

# --- matching
policy <<END
sslrootcert = $PKI/root.pem
[host localhost:$I]
sslrootcert = $PKI/foreign.pem
[host *.example]
mode = audit
[host b.example]
sslrootcert = $PKI/foreign.pem
[host localhost:5432]
[host *:$D]
exempt = matched by port
[host [::1]:7]
END
rows <<END
no section: the globals|ok t|downgrade/sealed rule sslrootcert = $PKI/root.pem|host=localhost port=$P $w
host and port|ok t|downgrade/sealed rule [host localhost:$I]|host=localhost port=$I $w
case is folded|ok t|downgrade/sealed rule [host localhost:$I]|host=LOCALHOST port=$I $w
one trailing dot is off|bad|downgrade/sealed rule [host localhost:$I]|host=localhost. port=$I $w
a port with a zero in front|ok t|downgrade/sealed rule [host localhost:$I]|host=localhost port=0$I $w
a port with a sign|ok t|downgrade/sealed rule [host localhost:$I]|host=localhost port=+$I $w
a port with blanks|ok t|downgrade/sealed rule [host localhost:$I]|host=localhost port=' $I ' $w
a star|ok f|downgrade/would-seal rule [host *.example]|host=prod.example port=$P $w
a star crosses dots|ok f|downgrade/would-seal rule [host *.example]|host=a.b.example port=$P $w
the first section that matches wins|ok f|downgrade/would-seal rule [host *.example]|host=b.example port=$P $w
the name it ends with alone is another|bad|downgrade/sealed rule sslrootcert = $PKI/root.pem|host=xexample port=$P $w
the default port|bad|downgrade/sealed rule [host localhost:5432]|host=localhost port='' connect_timeout=2 $w
IPv6 with a port|bad|downgrade/sealed rule [host [::1]:7]|host=::1 port=7 $w
IPv6 in another spelling|bad|downgrade/sealed rule [host [::1]:7]|host=0:0::0:1 port=7 $w
hostaddr where host is empty|bad|downgrade/sealed rule [host [::1]:7]|hostaddr=::1 port=7 $w
a section says by name what hostaddr does not change|ok t|downgrade/sealed rule [host localhost:$I]|host=localhost hostaddr=127.0.0.1 port=$I $w
END

# --- exemptions
policy <<END
sslrootcert = $PKI/root.pem
[host localhost:$P]
exempt = the good server, in clear
[host 127.0.0.1:$P]
exempt = the same by address
[host prod.example:$P]
exempt = past
exempt_until = 2020-01-01
[host b.example:$P]
exempt = future
exempt_until = 2099-12-31
[host c.example:$P]
exempt = today
exempt_until = $(date -u +%F)
END
rows <<END
an exemption|ok f|exempt/allowed rule [host localhost:$P]|host=localhost port=$P $w
an exemption by address|ok f|exempt/allowed|host=127.0.0.1 port=$P $w
127.1 is the same address|ok f|exempt/allowed|host=127.1 port=$P $w
hexadecimal too|ok f|exempt/allowed|host=0x7f.1 port=$P $w
one number too|ok f|exempt/allowed|host=2130706433 port=$P $w
mapped into IPv6 too|ok f|exempt/allowed|host=::ffff:127.0.0.1 port=$P $w
hostaddr alone|ok f|exempt/allowed|hostaddr=127.0.0.1 port=$P $w
hostaddr that is the host itself|ok f|exempt/allowed|host=127.0.0.1 hostaddr=127.0.0.1 port=$P $w
another hostaddr: sealed|ok t|downgrade/sealed|host=localhost hostaddr=127.0.0.1 port=$P $w
another hostaddr from the environment|ok t|downgrade/sealed|host=localhost port=$P $w|env:PGHOSTADDR=127.0.0.1
another address behind the exempt one|bad|downgrade/sealed|host=127.0.0.1 hostaddr=127.0.0.2 port=$P $w
an ended exemption: sealed|ok t|downgrade/sealed|host=prod.example port=$P $w
one that has not ended|ok f|exempt/allowed|host=b.example port=$P $w
it ends with the day|ok f|exempt/allowed|host=c.example port=$P $w
a list of exempt ones|ok f|exempt/allowed|host=localhost,127.0.0.1 port=$P $w
a list with one that is not|ok t|downgrade/sealed|host=localhost,prod.example port=$P $w
a list with one that is not, first|ok t|downgrade/sealed|host=prod.example,localhost port=$P $w
another port of it|bad|downgrade/sealed|host=localhost port=$I $w
a list whose second port is another|ok t|downgrade/sealed|host=localhost,localhost port=$P,$I $w
END
is "$(jq -r 'select(.event == "exempt") | "\(.host) \(.exempt_until)"' "$EVENTS" | sort -u | grep '^[bl]')" \
    $'b.example 2099-12-31\nlocalhost null\nlocalhost,127.0.0.1 null' 'the line tells how long the exemption lasts'
is "${ROW_REASON[an_exemption]}" 'the good server, in clear' 'the line tells the reason of the exemption'
policy <<END
sslrootcert = $PKI/root.pem
log = file:/nowhere/at/all
[host localhost:$P]
exempt = unheard
END
run sealed setsid "$ENTRY_POINTS" x connectdb first=close:2 -- "host=localhost port=$P $w"
is "$(out status)" bad 'an exemption whose line reaches no sink is refused'
policy <<END
sslrootcert = $PKI/root.pem
log = none
[host localhost:$P]
exempt = the operator wants no log
END
run sealed "$ENTRY_POINTS" x connectdb first=close:2 -- "host=localhost port=$P $w"
is "$(out status server)" 'ok f' 'with log = none it stands'

# --- audit
policy <<END
sslrootcert = $PKI/root.pem
[host localhost:$I]
mode = audit
END
rows <<END
a section in audit mode|ok f|downgrade/would-seal rule [host localhost:$I]|host=localhost port=$I $w
defaults in audit mode|ok t|seal/would-seal|host=localhost port=$I user=app dbname=app
under a hostaddr: sealed|bad|downgrade/sealed|host=localhost hostaddr=127.0.0.1 port=$I $w
in a list with another: sealed|ok t|downgrade/sealed|host=localhost,localhost port=$P,$I $w
others stay sealed|ok t|downgrade/sealed|host=localhost port=$P $w
END
policy <<END
mode = audit
sslrootcert = $PKI/root.pem
[host localhost:$I]
mode = enforce
END
rows <<END
audit everywhere|ok f|downgrade/would-seal|host=localhost port=$P $w
audit everywhere, a hostaddr|ok f|downgrade/would-seal|host=localhost hostaddr=127.0.0.1 port=$P $w
but one section enforces|bad|downgrade/sealed rule [host localhost:$I]|host=localhost port=$I $w
and a list with it|ok t|downgrade/sealed|host=localhost,localhost port=$P,$I $w
END

# --- hosts that no section names
policy <<END
sslrootcert = $PKI/root.pem
unlisted_hosts = refuse
[host localhost:$P]
END
rows <<END
a listed host|ok t|downgrade/sealed|host=localhost port=$P $w
an unlisted one|bad|refuse/refused|host=prod.example port=$P $w
an unlisted port|bad|refuse/refused|host=localhost port=$I $w
a list with an unlisted one|bad|refuse/refused|host=localhost,prod.example port=$P $w
an unlisted address|bad|refuse/refused|hostaddr=127.0.0.1 port=$P $w
a socket is not a host|ok f|socket/allowed|host=$S port=$P $w
END
has "${ROW_REASON[an_unlisted_one]}" prod.example 'the refusal names the host'
has "${ROW_ERROR[a_list_with_an_unlisted_one]}" 'prod.example' 'the message too'

# --- sockets, in all their disguises
sockets() { # ALLOWED-OUTCOME OTHER-OUTCOME: each row is OUTCOME|VERDICT of a socket in $S, then of another directory
    local here=$1 there=$2
    echo "[here]
host=$S
port=$P" >"$TEST_DIR/socket.conf"
    rows <<END
a path|$here|host=$S port=$P $w
a path in the environment|$here|port=$P $w|env:PGHOST=$S
a path in the service file|$here|service=here $w|env:PGSERVICEFILE=$TEST_DIR/socket.conf
an encoded path in a URI|$here|postgresql://app@${S//\//%2F}:$P/app
a path in a URI's query|$here|postgresql:///app?host=$S&port=$P&user=app
a path in an array|$here|host=$S ; port=$P ; user=app ; dbname=app|entry:params
a path in an expanded dbname|$here|dbname=host=$S port=$P $w|entry:startparams
a path in login|$here|host=$S ; port=$P ; user=app ; dbname=app|entry:setdblogin
a later element|$here|host=localhost,$S port=1,$P $w
another directory|$there|host=$TEST_DIR/log port=$P $w
no host: the default directory|$there|port=$P $w
an empty element|$there|host=localhost, port=1,$P $w
an empty element in front|$there|host=,$TEST_DIR/log port=$P $w
an empty element beside an address|$there|hostaddr=127.0.0.1, port=1,$P $w
an empty element beside an address in the environment|$there|host=localhost, port=1,$P $w|env:PGHOSTADDR=127.0.0.1,
an abstract socket|$there|host=@pgseal.none port=$P $w
another directory, later|$there|host=$S,$TEST_DIR/log port=1,$P $w
END
}
policy <<END
sslrootcert = $PKI/root.pem
unix_sockets = refuse
END
sockets 'bad|refuse/refused' 'bad|refuse/refused'
has "${ROW_REASON[a_path]}" socket 'the reason says that it is about sockets'
log_mark good
rows <<<"a socket host with a hostaddr is TCP|bad|downgrade/sealed|host=/tmp hostaddr=127.0.0.1 port=$P $w
an abstract one too|bad|downgrade/sealed|host=@x hostaddr=127.0.0.1 port=$P $w"
is "$(sessions good)" '' 'none of them became a session in clear'
rows bare <<<"bare: a socket host with a hostaddr is TCP in clear|ok f|-|host=/tmp hostaddr=127.0.0.1 port=$P $w"
policy <<END
sslrootcert = $PKI/root.pem
unix_sockets = /run/none:$S
END
sockets 'ok f|-' 'bad|refuse/refused'
policy <<END
sslrootcert = $PKI/root.pem
unix_sockets = /var/run/postgresql
END
rows <<END
the default directory: no host|bad|socket/allowed|port=1 $w
the default directory: empty hosts|bad|socket/allowed|host=, port=1 $w
the default directory: empty addresses|bad|socket/allowed|hostaddr=, port=1 $w
the default directory: both|bad|socket/allowed|host=, hostaddr=, port=1 $w
the default directory: beside an address|bad|downgrade/sealed|hostaddr=127.0.0.1, port=1 $w
END
policy <<END
sslrootcert = $PKI/root.pem
END
rows <<END
allowed: a path|ok f|socket/allowed|host=$S port=$P $w
allowed: a list with a host|ok f|downgrade/sealed|host=localhost,$S port=1,$P $w
allowed: elsewhere nobody listens|bad|socket/allowed|host=$TEST_DIR/log port=$P $w
END
rows <<<"an exemption's section does not make a socket of it|ok t|downgrade/sealed|host=localhost port=$P $w"

# --- lists that need different things
policy <<END
sslrootcert = $PKI/root.pem
[host localhost:$P]
[host localhost:$I]
sslrootcert = $PKI/foreign.pem
[host prod.example]
sslcrl = $PKI/crl.pem
[host b.example]
ssl_min_protocol_version = TLSv1.3
END
rows <<END
different roots|bad|refuse/refused|host=localhost,localhost port=$P,$I $w
different CRLs|bad|refuse/refused|host=localhost,prod.example port=$P $w
different pins|bad|refuse/refused|host=b.example,localhost port=$P $w
the same|ok t|downgrade/sealed|host=localhost,localhost port=$P $w
END
has "${ROW_REASON[different_roots]}" "policy.conf:$(policy_line "[host localhost:$P]")" 'the refusal names one rule'
has "${ROW_REASON[different_roots]}" "policy.conf:$(policy_line "[host localhost:$I]")" 'and the other'
has "${ROW_REASON[different_CRLs]}" localhost 'and one host'
has "${ROW_REASON[different_CRLs]}" prod.example 'and the other host'

# --- pins
policy <<END
sslrootcert = $PKI/root.pem
[host localhost:$P]
channel_binding = require
[host localhost:$D]
sslcert = $PKI/client.crt
sslkey = $PKI/client.key
[host prod.example]
require_auth = scram-sha-256
[host b.example]
ssl_min_protocol_version = TLSv1.3
END
rows <<END
channel_binding pinned: no without SCRAM|bad|downgrade/sealed|host=localhost port=$P $w
channel_binding pinned: yes with SCRAM|ok t|downgrade/sealed|host=localhost port=$P user=secret password=hunter2-sesame dbname=app channel_binding=disable
a pinned client certificate|ok t|seal/sealed|host=localhost port=$D user=app dbname=app
a pinned minimum|ok t|downgrade/sealed|host=b.example port=$P $w ssl_max_protocol_version=TLSv1.2
END
has "${ROW_ERROR[channel_binding_pinned__no_without_SCRAM]}" 'channel binding' 'libpq says what it misses'
is "${ROW_ASKED[channel_binding_pinned__yes_with_SCRAM]}" 'channel_binding conninfo disable require' 'what was asked of a pinned option'
has "${ROW_ASKED[a_pinned_minimum]}" 'ssl_max_protocol_version conninfo TLSv1.2 TLSv1.3' 'a maximum below the minimum'
run sealed "$ENTRY_POINTS" x connectdb 'query=select version from pg_stat_ssl where pid = pg_backend_pid()' -- "host=b.example port=$P $w"
is "$(out server)" TLSv1.3 'the pinned minimum is what the server sees'
if [[ $(psql --version) == *' 15.'* ]]; then
    run sealed "$ENTRY_POINTS" x connectdb -- "host=prod.example port=$P $w"
    like "$(out error)" 'pgseal: refused: .*require_auth.*15\.' 'a pin that this libpq does not know refuses, with its version'
fi
# --- [host 10.*] is of addresses
echo '127.0.0.1 10.evil.example' >>/etc/hosts
policy <<END
sslrootcert = $PKI/root.pem
[host 10.*]
exempt = the inner network
END
log_mark good
rows <<<"10.* exempts no name|bad|downgrade/sealed|host=10.evil.example port=$P $w"
is "$(sessions good)" '' 'and no session came of it'

# --- a name with a dot at its end: only the DNS is asked for it, so an exemption of the name without it says nothing of it
policy <<END
sslrootcert = $PKI/root.pem
[host localhost]
exempt = a sidecar on loopback
END
log_mark good
rows <<END
an exempt name|ok f|exempt/allowed|host=localhost port=$P $w
an exempt name with a dot at its end is not exempt|bad|downgrade/sealed|host=localhost. port=$P $w
END
is "$(sessions good)" 'an_exempt_name plain' 'and only the first has a session'

# --- an address with a scope, and what is none: Linux connects 0.0.0.0 and :: to the loopback address
env_stop good
echo "listen_addresses = '127.0.0.1, ::1'" >>"$TEST_DIR/srv/good/postgresql.conf"
echo 'host all all ::1/128 trust' >>"$TEST_DIR/srv/good/pg_hba.conf"
_env_launch good
_env_wait good
P=$(env_port good)
policy <<<"sslrootcert = $PKI/root.pem"
scoped="host=localhost hostaddr=::1%1 port=$P user=app dbname=app"
rows bare <<<"bare: an address with a scope|ok t|-|$scoped"
rows <<<"an address with a scope is no other|ok t|seal/sealed|$scoped"
is "$(events 'select(.event == "violation") | .reason')" '' 'and no violation'
to="port=$P user=app dbname=app"
unspecified() { # PREFIX VERDICT
    printf "$1hostaddr=%s|ok t|$2|host=localhost hostaddr=%s $to\n" 0.0.0.0 0.0.0.0 0 0 :: :: ::ffff:0.0.0.0 ::ffff:0.0.0.0
}
rows bare < <(unspecified 'bare: ' -)
rows < <(unspecified '' seal/sealed)
is "$(events 'select(.event == "violation") | .reason')" '' 'and no violation either'
echo '0.0.0.0 any.internal' >>/etc/hosts
policy <<<"sslrootcert = $PKI/root.pem"$'\n[host any.internal]\nverify_as = localhost\n[host ::]\nverify_as = localhost'
rows <<END
verify_as: a name that resolves to 0.0.0.0|ok t|seal/sealed|host=any.internal $to
verify_as: the host ::|ok t|seal/sealed|host=:: $to
END
done_testing
