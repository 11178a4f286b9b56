# shellcheck shell=bash disable=SC2016,SC2034
# Go's lib/pq: its default is require, and with PGSSLROOTCERT it verifies the chain and the name.
packages='golang-github-lib-pq-dev golang-go'
library=lib/pq
build() {
    cat >client.go <<'CODE'
package main

import (
	"database/sql"
	"os"

	_ "github.com/lib/pq"
)

func main() {
	db, err := sql.Open("postgres", os.Args[1])
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
	var one string
	if err := db.QueryRow("select $1::text", "1").Scan(&one); err != nil {
		println(err.Error())
		os.Exit(1)
	}
	db.Close()
}
CODE
    GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE=$CACHE/go go build -o client client.go
}
bare=(./client '{url}')
own=(./client '{url}?sslmode=verify-full&sslrootcert={root}')
own_words='`sslmode=verify-full`, `sslrootcert`'
told_bare=''
told_drivers=revoked
