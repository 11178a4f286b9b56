# shellcheck shell=bash
# oauth.sh: the OAuth module of libpq 19, which calls the hooked PQconninfo from inside PQconnectPoll to learn client and roots;
# sourced by libpq_matrix.t. The bundle of this world is root.pem by now (bypasses.sh).
oauth=$TEST_DIR/oauth
mkdir "$oauth"
python3 "$TEST_TOP/tests/matrix/oauth.py" "$PKI" "$oauth" >"$oauth/err" 2>&1 &
_env_pid[oauth]=$!
_env_signal[oauth]=TERM
touch "$oauth/log"
for ((i = 0; i < 500; i++)); do
    [[ ! -f $oauth/ports ]] || break
    sleep 0.02
done
read -r server issuer foreign <"$oauth/ports"

# oauth NAME ROAD ISSUER WANTED OPTION…: connects; WANTED is the status, and what server and issuers were told.
oauth_row() {
    local name=$1 road=$2 port=$3 wanted=$4
    shift 4
    : >"$oauth/log"
    run "$road" "$ENTRY_POINTS" x "$@" -- \
        "host=localhost port=$server user=$([[ $port == "$foreign" ]] && echo foreign || echo good) dbname=app oauth_client_id=pgseal-test oauth_issuer=https://localhost:$port/.well-known/openid-configuration${more:+ $more}"
    is "$RC $(out status) $(sort "$oauth/log" | tr '\n' ' ')" "0 $wanted" "$name"
}
told='ok good client pgseal-test server auth=Bearer token-of-good '
plain_policy
more="sslmode=verify-full sslrootcert=$PKI/root.pem oauth_ca_file=$PKI/root.pem" oauth_row 'bare: a token of the good issuer' world_bare "$issuer" "$told" connectdb
more="sslmode=verify-full sslrootcert=$PKI/root.pem oauth_ca_file=$PKI/foreign.pem" oauth_row 'bare: oauth_ca_file makes another issuer trusted' world_bare \
    "$foreign" 'ok foreign client pgseal-test server auth=Bearer token-of-foreign ' connectdb
for entry in connectdb start; do
    forget_events
    more='' oauth_row "$entry: a token of the good issuer, sealed" world "$issuer" "$told" "$entry"
    is "$(verdicts) $(events 'select(.event == "witness") | .verified_name' | xargs)" 'seal/sealed localhost' "$entry: sealed, with its witness"
    forget_events
    more="oauth_ca_file=$PKI/foreign.pem" oauth_row "$entry: the program's oauth_ca_file moves nothing" world "$foreign" 'bad ' "$entry"
    is "$(asked)" "oauth_ca_file conninfo $PKI/foreign.pem /etc/ssl/certs/ca-certificates.crt" "$entry: it asks for less"
done
more='' oauth_row 'nor does PGOAUTHCAFILE' world "$foreign" 'bad ' connectdb "env:PGOAUTHCAFILE=$PKI/foreign.pem"
policy <<END
sslrootcert = $PKI/root.pem
[host localhost]
oauth_ca_file = $PKI/foreign.pem
END
more="oauth_ca_file=$PKI/root.pem" oauth_row 'a pinned oauth_ca_file counts' world "$foreign" \
    'ok foreign client pgseal-test server auth=Bearer token-of-foreign ' connectdb
plain_policy
env_stop oauth
