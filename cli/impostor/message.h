/* message: parses what clients of the PostgreSQL protocol send. Pure: bytes in, facts out. */
#ifndef PGSEAL_CLI_MESSAGE_H
#define PGSEAL_CLI_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

enum startup_kind {
    STARTUP_INVALID,
    STARTUP_SSL,    /* SSLRequest */
    STARTUP_GSS,    /* GSSENCRequest */
    STARTUP_CANCEL, /* CancelRequest */
    STARTUP_LOGIN,  /* protocol 3 */
};

enum { STARTUP_UNKNOWN_MAX = 8 };

/* Strings point into the bytes that were parsed. */
struct startup {
    enum startup_kind kind;
    unsigned minor;                           /* of protocol 3 */
    const char *user;                         /* "" where there is none */
    const char *database;                     /* "" where there is none */
    const char *unknown[STARTUP_UNKNOWN_MAX]; /* options that begin with _pq_. */
    size_t nunknown;
};

/* Parses a startup packet without its length word. */
struct startup startup_parse(const char *bytes, size_t n);

/* A SASLInitialResponse: the mechanism, and the client's first message, which is not terminated.
 * Returns false if it is none. */
bool sasl_initial_parse(const char *bytes, size_t n, const char **mechanism, const char **first,
                        size_t *first_n);

/* What one statement of SQL is answered with. */
struct statement {
    char tag[32]; /* of CommandComplete; "" for an empty statement */
    bool rows;
    char after; /* transaction status that it leads to: 'T', 'I', or 0 for no change */
};

/* Looks at the first statement in n bytes of SQL and returns how many bytes it takes with its
 * semicolon. Quotes are respected, dollar quotes are not. */
size_t statement_parse(const char *sql, size_t n, struct statement *statement);

/* The highest $N in the text, at most 65535. */
unsigned statement_parameters(const char *sql);

#endif
