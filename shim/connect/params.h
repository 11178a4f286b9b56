/* params: a call in array form, and what it said of each option. */
#ifndef PGSEAL_PARAMS_H
#define PGSEAL_PARAMS_H

#include "lib/core/verdict/verdict.h"
#include "shim/dynlink/libpq.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

/* A call in array form: what every entry point is turned into (see call.h). The arrays stay the
 * caller's. */
struct params {
    const char *const *keywords;
    const char *const *values;
    size_t n;   /* without the NULL at the end */
    int expand; /* as PQconnectdbParams has it */
    bool login; /* the arrays stand for PQsetdbLogin's arguments: source `login` */
};

/* Whether libpq takes a string for a connection string rather than a database's name
 * (recognized_connection_string): a URI prefix or an equals sign. Pure. */
bool params_recognized(const char *s);

/* The index of the dbname entry that libpq would expand, or n: the first with a value, even an
 * empty one (conninfo_array_parse). Pure. */
size_t params_expanded(const struct params *params);

/* What the call itself said of the option a->name (later wins), and where: fills a->given and
 * a->source, or leaves them. at is params_expanded, parsed what libpq's parser makes of that entry.
 * The strings stay theirs. */
void params_find_given(const struct params *params, size_t at, const PQconninfoOption *parsed,
                       struct asked *a);

/* Where a value came from that the call did not give: a service file (service: one takes part)
 * beats the environment, both beat the default. Told by the value alone: one that the environment
 * has too counts as the environment's. Reads the environment. */
enum source params_source(const PQconninfoOption *o, bool service);

#endif
