/* url: rewrites a connection string, in its driver's syntax, so that it asks for verification. */
#ifndef PGSEAL_LAUNCH_URL_H
#define PGSEAL_LAUNCH_URL_H

#include <stdbool.h>
#include <stddef.h>

enum { URL_CHANGES = 32 };

/* One parameter that asked for less. */
struct url_change {
    const char *option;
    char *requested;      /* owned */
    const char *enforced; /* NULL: it was removed */
};

struct url {
    char *value;  /* what it becomes */
    char *before; /* for people: secrets are (hidden) */
    char *after;
    struct url_change changes[URL_CHANGES];
    size_t nchanges;
};

/* Rewrites value for this root (absolute path; NULL: none, and a root that is named stays). Known
 * are postgres:// and postgresql:// URLs (libpq, pgx, lib/pq, node-postgres, postgres.js, sqlx,
 * with +psycopg, +psycopg2 and +asyncpg SQLAlchemy's), jdbc:postgresql: URLs, libpq's keywords and
 * values, and Npgsql's. Returns NULL, or a static text: why it was left alone. Free it with
 * url_free in either case. Pure but for the memory. */
const char *url_rewrite(struct url *u, const char *value, const char *root);

void url_free(struct url *u);

#endif
