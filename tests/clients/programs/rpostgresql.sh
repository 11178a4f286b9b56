# shellcheck shell=bash disable=SC2034,SC2154
# R with RPostgreSQL: a package opened RTLD_LOCAL.
packages="r-cran-rpostgresql r-base-core"
way="module, RTLD_LOCAL"
modes="connect:PQsetdbLogin"
connect() {
    PGSSLMODE=disable Rscript --vanilla - "$HOST" "$PORT" <<'CODE'
suppressMessages(library(RPostgreSQL))
where <- commandArgs(trailingOnly = TRUE)
connection <- dbConnect(dbDriver("PostgreSQL"), dbname = "app", user = "app", host = where[1], port = where[2])
stopifnot(nrow(dbGetQuery(connection, "select * from fruit")) == 2)
CODE
}
