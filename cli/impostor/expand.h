/* expand: placeholders in COMMAND's arguments and environment. Pure. */
#ifndef PGSEAL_CLI_EXPAND_H
#define PGSEAL_CLI_EXPAND_H

#include <stdbool.h>

struct placeholder {
    const char *name; /* without braces; NULL ends a table */
    const char *value;
};

/* A copy of text in which every {name} of the table is replaced by its value, once: braces in a
 * value and those of other words stay. The caller frees. */
char *expand(const char *text, const struct placeholder *table);

/* Whether text contains {name}. */
bool expand_uses(const char *text, const char *name);

/* postgresql://user:password@host:port/dbname, each part percent-encoded, an IPv6 address in
 * brackets. The caller frees. */
char *url_make(const char *user, const char *password, const char *host, unsigned port,
               const char *dbname);

#endif
