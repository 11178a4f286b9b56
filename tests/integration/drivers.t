#!/bin/bash
# drivers.t: a Go program with pgxpool, configured only by `pgseal-run --drivers`, is verified at the good server and
# refuses the impostors, dynamic and static. Its own settings take precedence, except in a URL that is rewritten. The
# variables for drivers never count as asking for less of libpq.
# shellcheck source=tests/lib/env.sh
. "$(dirname "$0")/../lib/env.sh"
cp "$TEST_TOP/build/pgseal-run" "$TEST_DIR/bin/"
launcher=$TEST_DIR/bin/pgseal-run
env_start good impostor wrongname nossl
mount -t tmpfs -o mode=755 tmpfs /run

mkdir "$TEST_DIR/go" && cat >"$TEST_DIR/go/main.go" <<'END'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/jackc/pgx/v4/pgxpool"
)

func main() {
	ctx := context.Background()
	pool, err := pgxpool.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		fmt.Println("refused")
		os.Exit(1)
	}
	var tls bool
	if err := pool.QueryRow(ctx, "select ssl from pg_stat_ssl where pid = pg_backend_pid()").Scan(&tls); err != nil {
		panic(err)
	}
	fmt.Println("in, TLS:", tls)
	pool.Close()
}
END
export GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE=$TEST_TOP/build/clients/go
(cd "$TEST_DIR/go" && CGO_ENABLED=1 go build -o "$TEST_DIR/bin/dynamic" main.go && CGO_ENABLED=0 go build -o "$TEST_DIR/bin/static" main.go)
has "$(readelf -lW "$TEST_DIR/bin/dynamic")" INTERP 'the dynamic program has a loader'
hasnt "$(readelf -lW "$TEST_DIR/bin/static")" INTERP 'the static program has none'

# at SERVER COMMAND…: with this server in the environment, and nothing else; "OUTPUT; sessions of the server; STATUS".
at() {
    local server=$1
    shift
    log_mark "$server"
    run env PGHOST=localhost PGPORT="$(env_port "$server")" PGUSER=app PGDATABASE=app PGAPPNAME=go "$@"
    printf '%s; %s; %s\n' "$OUT" "$(sessions "$server" | sort -u | paste -sd ' ')" "$RC"
}
policy <<END
sslrootcert = $PKI/root.pem
END
for program in dynamic static; do
    bin=$TEST_DIR/bin/$program
    option=--drivers
    [[ $program == dynamic ]] || option=--drivers=only
    is "$(at good "$bin")" 'in, TLS: true; go ssl; 0' "$program, bare: TLS, unverified: the driver prefers it"
    is "$(at impostor "$bin")" 'in, TLS: true; go ssl; 0' "$program, bare: the impostor too"
    is "$(at nossl "$bin")" 'in, TLS: false; go plain; 0' "$program, bare: in clear without TLS"
    is "$(at good "$launcher" "$option" "$bin")" 'in, TLS: true; go ssl; 0' "$program, $option: in, with TLS"
    for server in impostor wrongname nossl; do
        is "$(at "$server" "$launcher" "$option" "$bin")" 'refused; ; 1' "$program, $option: refuses $server"
    done
    # The environment asks for less.
    weak=(PGSSLMODE=disable PGSSLROOTCERT="$PKI/foreign.pem")
    is "$(at impostor "${weak[@]}" "$bin")" 'in, TLS: false; go plain; 0' "$program, bare, weakened: in clear"
    forget_events
    is "$(at impostor "${weak[@]}" "$launcher" "$option" "$bin")" 'refused; ; 1' "$program, $option, weakened: refuses the impostor"
    is "$(at good "${weak[@]}" "$launcher" "$option" "$bin")" 'in, TLS: true; go ssl; 0' "$program, $option, weakened: in, with TLS"
    is "$(asked | cut -d' ' -f1-4)" 'PGSSLMODE environment disable verify-full' "$program, $option, weakened: the log"
    is "$(jq -rs '[.[].changes[].option] | unique | join(" ")' "$EVENTS")" 'PGSSLMODE PGSSLROOTCERT' "$program, $option, weakened: each is logged"
    # The program's own setting wins: a request is no enforcement.
    url=DATABASE_URL='postgres://app@localhost/app?sslmode=disable'
    is "$(at impostor "$url" "$launcher" "$option" "$bin")" 'in, TLS: false; go plain; 0' "$program, $option: its own URL wins"
    is "$(at impostor "$url" "$launcher" "$option" --rewrite-url DATABASE_URL "$bin")" 'refused; ; 1' "$program, --rewrite-url: refuses the impostor"
    is "$(at good "$url" "$launcher" "$option" --rewrite-url DATABASE_URL "$bin")" 'in, TLS: true; go ssl; 0' "$program, --rewrite-url: in, with TLS"
done
run "$launcher" --drivers "$TEST_DIR/bin/static"
is "$RC" 125 'without =only the static program is refused'
has "$ERR" static 'without =only the static program is refused: why'

# libpq in the same environment: the global root is not asking for less, whatever the section's root is.
policy <<END
sslrootcert = $PKI/foreign.pem
[host localhost]
sslrootcert = $PKI/root.pem
END
psql=(psql -XAtc "select 'in'" 'host=localhost dbname=app user=app')
forget_events
is "$(at good "$launcher" --drivers "${psql[@]}")" 'in; go ssl; 0' 'psql under --drivers: sealed by its section'
is "$(verdicts)" seal/sealed 'psql under --drivers: asked for nothing less'
forget_events
is "$(at good PGSSLROOTCERT="$PKI/other-root.pem" "$launcher" "${psql[@]}")" 'in; go ssl; 0' 'psql with another root'
is "$(verdicts)" downgrade/sealed 'psql with another root: asked for less'

done_testing
