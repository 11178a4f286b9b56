# shellcheck shell=bash disable=SC2034,SC2154
# Go with pgx: speaks the protocol itself, from a program that holds its own driver.
packages="golang-github-jackc-pgx-v4-dev golang-go"
expect=unreachable
way="not libpq"
modes="connect:none"
build() {
    cat >fruit.go <<'CODE'
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
	var count int
	if connection.QueryRow(ctx, "select count(*) from fruit").Scan(&count) != nil || count != 2 {
		os.Exit(1)
	}
	connection.Close(ctx)
}
CODE
    GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE=$CACHE/go go build -o fruit fruit.go
}
connect() { "$BUILD/fruit" "$URI"; }
