/* params: a call in array form, and where the value of each option comes from. */
#ifndef PGSEAL_PARAMS_H
#define PGSEAL_PARAMS_H

#include "lib/core/verdict/verdict.h"
#include "shim/dynlink/libpq.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

/* A call in array form (call.h). The arrays belong to the caller. */
struct params {
    const char *const *keywords;
    const char *const *values;
    size_t n;   /* without the NULL at the end */
    int expand; /* as PQconnectdbParams has it */
    bool login; /* made from the arguments of PQsetdbLogin: source `login` */
};

/* Whether libpq takes s as a connection string, not as a database's name: it has a URI prefix or an
 * equals sign (recognized_connection_string in fe-connect.c). Pure. */
bool params_recognized(const char *s);

/* Whether s has nothing but blanks: no connection string, but as one it is empty. Pure. */
bool params_blank(const char *s);

/* The index of the dbname entry that libpq expands if it is a connection string, or n if there is
 * none: the first with a value, even an empty one (conninfo_array_parse in fe-connect.c). Pure. */
size_t params_expandable(const struct params *params);

/* The same, or n if it is none that params_recognized knows. Pure. */
size_t params_expanded(const struct params *params);

/* Sets a->given and a->source if the call itself gives the option a->name (the last one wins); else
 * leaves them. at is params_expanded(), and parsed is libpq's parse of that entry. a->given points
 * into these. Pure. */
void params_find_given(const struct params *params, size_t at, const PQconninfoOption *parsed,
                       struct asked *a);

/* Where a value came from that the call did not give: the service file (if `service` says that one
 * is used), the environment or the default. Only the value shows it: one that is also in the
 * environment counts as the environment's. Reads the environment. Keeps errno. */
enum source params_source(const PQconninfoOption *o, bool service);

#endif
