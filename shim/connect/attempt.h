/* attempt: what one connection attempt asks for, and the plan for it. */
#ifndef PGSEAL_ATTEMPT_H
#define PGSEAL_ATTEMPT_H

#include "lib/os/roots.h"
#include "shim/connect/call.h"
#include "shim/connect/probe.h"
#include "shim/session/passfile.h"
#include "shim/session/session.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* What becomes of the call; decided once. */
enum plan {
    PLAN_AS_IT_CAME, /* audit mode, a socket, a string that libpq must reject */
    PLAN_REFUSED,    /* one unknown keyword that carries the reason */
    PLAN_SEALED,     /* the caller's arrays, and what is forced */
    PLAN_PINNED,     /* as it came, with the targets that were judged written out */
    PLAN_REJECTED,   /* libpq rejects it: the caller gets the connection that says so */
};

/* One attempt, freed when the call returns. */
struct attempt {
    const struct call *call;
    const struct policy *policy;
    struct libpq libpq;          /* all zero: there is none */
    bool resolved;               /* it is the one that the caller would have reached for certain */
    bool likely;                 /* if not: it is the most likely one, which audit mode calls */
    char unresolved[REASON_MAX]; /* why it is not certain */
    struct call_params array;
    struct probe probe;
    struct verdict verdict;
    enum plan plan;
    struct conn_state *conn_state; /* held; NULL: no memory, and then the plan is PLAN_REFUSED */
    struct passwords *passwords;   /* until conn_state has them */
    struct roots *roots;           /* likewise */
    int expand;
    char object[256];
    char words[1024];               /* call_pinned's string */
    char refusal[SEAL_REASON + 32]; /* "pgseal: refused: …" */
    const char **keywords;          /* of the real call; malloc'ed, the values behind them */
    const char **values;
};

/* Finds the libpq that the caller would have reached, asks it what the call amounts to, decides,
 * logs, and writes the arrays of the real call. NULL: no memory. Keeps errno. */
struct attempt *attempt_prepare(struct call_site call_site, const struct call *call);

/* Gives everything back. Keeps errno. */
void attempt_free(struct attempt *a);

#endif
