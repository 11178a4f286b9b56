/* attempt: one connection attempt: what it asks for, the verdict, and the plan for the real
 * call. */
#ifndef PGSEAL_ATTEMPT_H
#define PGSEAL_ATTEMPT_H

#include "lib/os/roots.h"
#include "shim/connect/call.h"
#include "shim/connect/probe.h"
#include "shim/session/passfile.h"
#include "shim/session/session.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* How the real call is made; decided once. */
enum plan {
    PLAN_AS_IT_CAME, /* unchanged: audit mode, a socket, a string that libpq will reject */
    PLAN_REFUSED,    /* with one unknown keyword, which is the reason */
    PLAN_SEALED,     /* with the caller's arrays and the forced options */
    PLAN_PINNED,     /* as it came, with host, hostaddr and port as they were judged */
    PLAN_REJECTED,   /* none: libpq rejected the values, and the caller gets the probe's PGconn */
};

/* One attempt, freed when the call returns. */
struct attempt {
    const struct call *call;
    const struct policy *policy;
    struct libpq libpq;          /* all zero: there is none */
    bool resolved;               /* libpq_resolve determined it */
    bool likely;                 /* if not: it is the likely one, which audit mode calls */
    char unresolved[REASON_MAX]; /* why it is not resolved */
    struct call_params array;
    struct probe probe;
    struct verdict verdict;
    enum plan plan;
    struct conn_state *conn_state; /* held; NULL: no memory, and then the plan is PLAN_REFUSED */
    struct passwords *passwords;   /* owned until conn_state takes them over */
    struct roots *roots;           /* likewise */
    int expand;
    char object[256];
    char words[1024];               /* a string of call_pinned */
    char refusal[SEAL_REASON + 32]; /* "pgseal: refused: …" */
    const char **keywords;          /* for the real call; malloc'ed in one block with values */
    const char **values;
};

/* Resolves the caller's libpq, probes, decides, logs, and fills the arrays of the real call. call
 * must outlive the result, which the caller frees with attempt_free. Keeps errno. NULL, with
 * errno changed: no memory. */
struct attempt *attempt_prepare(struct call_site call_site, const struct call *call);

/* Frees a and all that it owns. Keeps errno. */
void attempt_free(struct attempt *a);

#endif
