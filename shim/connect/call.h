/* call: one connection attempt as an entry point received it, and the arrays that the real libpq
 * gets instead. */
#ifndef PGSEAL_CALL_H
#define PGSEAL_CALL_H

#include "lib/core/verdict/verdict.h"
#include "shim/connect/probe.h"
#include "shim/dynlink/resolve.h"
#include "shim/log/fired.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

/* What the program handed in; only the fields of its entry point are set. */
struct call {
    enum hook entry_point;
    const char *conninfo;        /* connectdb, Start, ping */
    const char *const *keywords; /* …Params */
    const char *const *values;
    int expand;
    const char *host, *port, *options, *tty, *dbname, *user,
        *secret; /* PQsetdbLogin, secret its password */
};

/* A call in array form, with the memory that a string or a login needs for it. */
struct call_params {
    struct params params;
    const char *keywords[7];
    const char *values[7];
};

/* Turns a call into array form: a string s becomes {"dbname" = s} with expand 1, a blank string no
 * entries. Arrays are taken as they are. Returns false if libpq must reject the call (a string that is
 * NULL, or no connection string): it is then passed on as it came. Pure; keeps errno. */
bool call_to_params(const struct call *call, struct call_params *out);

/* How many entries the arrays of the real call need where the caller's have n. */
size_t call_room(size_t n);

/* Each fills keywords/values (room: call_room(params->n)) and returns the expand flag for the
 * Params form. sealed: the caller's arrays and the forced pairs last. pinned: what string and
 * arrays explicitly said, with host, hostaddr and port as r saw them, so that a service file read a
 * second time changes nothing that the verdict rests on; words gives memory for one string.
 * refused: one unknown keyword that carries the text: libpq fails on it before it resolves
 * anything. */
int call_sealed(const struct params *params, const struct verdict *v, const char **keywords,
                const char **values);
int call_pinned(const struct request *r, const char **keywords, const char **values, char *words,
                size_t size);
int call_refused(const char *text, const char **keywords, const char **values);

/* Makes the real call of this entry point in Params form; for pings *ping is set and NULL
 * returned. */
PGconn *call_real_params(const struct libpq *pq, enum hook entry_point, const char *const *keywords,
                         const char *const *values, int expand, PGPing *ping);
/* Makes the real call exactly as it came. */
PGconn *call_real(const struct libpq *pq, const struct call *call, PGPing *ping);

#endif
