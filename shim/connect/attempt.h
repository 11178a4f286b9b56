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
    PLAN_AS_IT_CAME, /* audit mode, a socket, a string that libpq cannot but reject */
    PLAN_REFUSED,    /* one unknown keyword that carries the reason */
    PLAN_SEALED,     /* the caller's arrays, and what is forced */
    PLAN_PINNED,     /* as it came, with the targets that were judged written out */
    PLAN_REJECTED,   /* libpq rejects it: the caller gets the connection that says so */
};

/* One attempt; one block of memory, freed when the call returns. */
struct attempt {
    const struct call *call;
    const struct policy *policy;
    struct libpq libpq;
    struct call_params array;
    struct probe probe;
    struct verdict verdict;
    enum plan plan;
    struct conn_state *conn_state; /* held; NULL: no memory, and then the plan is PLAN_REFUSED */
    struct passwords *passwords;   /* until conn_state has them */
    struct roots *roots;           /* likewise */
    int expand;
    char object[256];
    char ambiguous[REASON_MAX];     /* audit mode: why libpq is only the likely one, or "" */
    char words[1024];               /* call_pinned's string */
    char refusal[SEAL_REASON + 32]; /* "pgseal: refused: …" */
    const char **keywords;          /* of the real call */
    const char **values;
};

/* Reserves the memory of one attempt, finds the libpq that the caller would have reached, asks it
 * what the call amounts to, decides, logs, and writes the arrays of the real call. NULL if there is
 * no libpq to be found, or no memory: *conn and *ping are the answer then. Keeps errno but where it
 * makes that answer. */
struct attempt *attempt_prepare(struct call_site call_site, const struct call *call, PGconn **conn,
                                PGPing *ping);

/* Gives everything back. Keeps errno. */
void attempt_free(struct attempt *a);

#endif
