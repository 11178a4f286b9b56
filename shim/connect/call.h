/* call: what an entry point received, and the arrays that the real libpq gets in place of it. */
#ifndef PGSEAL_CALL_H
#define PGSEAL_CALL_H

#include "lib/core/verdict/verdict.h"
#include "shim/connect/probe.h"
#include "shim/dynlink/resolve.h"
#include "shim/log/fired.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

/* The arguments of a call. Only the fields of its entry point are set. */
struct call {
    enum hook entry_point;
    const char *conninfo;        /* connectdb, Start, ping */
    const char *const *keywords; /* …Params */
    const char *const *values;
    int expand;
    const char *host, *port, *options, *tty, *dbname, *user,
        *secret; /* PQsetdbLogin, secret its password */
};

/* A call in array form, with the arrays that a string or PQsetdbLogin needs. */
struct call_params {
    struct params params;
    const char *keywords[6]; /* PQsetdbLogin needs the most */
    const char *values[6];
};

/* Converts a call into array form. A string s becomes {"dbname" = s} with expand 1; a blank string,
 * no entries. Arrays are used as they are. Returns false if libpq must reject the call (a string
 * that is NULL, or no connection string): the caller then passes it on as it came. Pure. */
bool call_to_params(const struct call *call, struct call_params *out);

/* How many entries the arrays of the real call need, if the caller's have n. Pure. */
size_t call_room(size_t n);

/* The next three fill keywords and values (call_room(params->n) entries) and return the expand flag
 * for the real call. The strings stay their owners'. Keep errno.
 *
 * call_sealed: the caller's arrays, then the forced pairs. */
int call_sealed(const struct params *params, const struct verdict *v, const char **keywords,
                const char **values);

/* What string and arrays said, with host, hostaddr and port as in r: a service file that is read
 * again, or a variable that another thread sets, cannot change what the verdict is based on. words
 * is memory for one string. */
int call_pinned(const struct request *r, const char **keywords, const char **values, char *words,
                size_t size);

/* One unknown keyword, text: libpq fails on it before it looks up a name. */
int call_refused(const char *text, const char **keywords, const char **values);

/* Make the real call: in array form, or exactly as it came. For a ping they set *ping and return
 * NULL. errno is as the real call left it. */
PGconn *call_real_params(const struct libpq *pq, enum hook entry_point, const char *const *keywords,
                         const char *const *values, int expand, PGPing *ping);
PGconn *call_real(const struct libpq *pq, const struct call *call, PGPing *ping);

#endif
