# shellcheck shell=bash disable=SC2016,SC2034
# Go's pgx: its default is prefer.
packages='golang-github-jackc-pgx-v4-dev golang-go'
library=pgx
build() {
    cat >client.go <<'CODE'
package main

import (
	"context"
	"os"

	"github.com/jackc/pgx/v4"
)

func main() {
	ctx := context.Background()
	connection, err := pgx.Connect(ctx, os.Args[1])
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
	var one string
	if err := connection.QueryRow(ctx, "select $1::text", "1").Scan(&one); err != nil {
		println(err.Error())
		os.Exit(1)
	}
	connection.Close(ctx)
}
CODE
    GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE=$CACHE/go go build -o client client.go
}
bare=(./client '{url}')
own=(./client '{url}?sslmode=verify-full&sslrootcert={root}')
own_words='`sslmode=verify-full`, `sslrootcert`'
told_bare='no-tls self-signed foreign-ca wrong-name expired not-yet-valid old-tls stripped'
told_drivers=revoked
