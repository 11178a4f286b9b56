/* preview: turns a connection string into a request and a verdict, with the shim's own code, for
 * pgseal explain and pgseal check. */
#ifndef PGSEAL_CLI_PREVIEW_H
#define PGSEAL_CLI_PREVIEW_H

#include "lib/core/policy/policy.h"
#include "lib/core/verdict/verdict.h"
#include "lib/os/settings.h"
#include "lib/os/trust_files.h"
#include "shim/connect/call.h"
#include "shim/connect/probe.h"
#include "shim/dynlink/resolve.h"

#include <jansson.h>
#include <stdbool.h>

/* One connection string, and what the shim would make of it in this process's environment. */
struct preview {
    struct settings settings;
    struct policy policy;
    struct libpq libpq; /* the one that this tool is linked to */
    struct call call;
    struct call_params array;
    struct probe probe;
    bool probed; /* probe.request is filled */
    struct verdict verdict;
    char *found_root; /* the root that libpq finds by itself, where the program names none; owned */
    char *fault;      /* why it cannot be used: libpq's look for it ends the connection; owned */
    const char *left_out; /* why the client certificate in ~/.postgresql is (static), or NULL */
    struct roots *root;   /* the root file as it was judged */
    char *rejection; /* libpq's own complaint about the string: there is no verdict then; owned */
    json_t *line;    /* the verdict line that the shim would log, as JSON, whatever the level */
    const char **keywords; /* scratch of call_room() entries, for the arrays of the real call */
    const char **values;
};

enum asking {
    ASKED_AS_IT_IS, /* what the shim would do */
    ASKED_STRICTLY, /* as if every mode were enforce and nothing exempt */
};

/* Asks. policy names the one policy file that counts, or is NULL: then settings are found as the
 * shim finds them. Never returns NULL; libpq is questioned, no network is used. The caller frees
 * with question_free. */
struct preview *preview_ask(const char *conninfo, const char *policy, enum asking how);
void preview_free(struct preview *q);

/* Finds and parses the settings alone, as question_ask does. The policy's strings live in s. */
void preview_settings(struct settings *s, struct policy *p, const char *policy);

/* The path that libpq gives this file in ~/.postgresql, by its own word; NULL: no home. The caller
 * frees. */
char *preview_home_file(const struct preview *q, const char *name);

/* The value of an option as it may be shown: NULL if unset, "(hidden)" for secrets and for whatever
 * the log would hide. Points into q. */
const char *preview_shown(const struct preview *q, const char *option);

/* This value of an option, or "(hidden)" where it may not be shown. NULL stays NULL. */
const char *preview_visible(const struct preview *q, const char *option, const char *value);

/* The change of this option in q->line, or NULL. */
json_t *preview_change(const struct preview *q, const char *option);

/* Why the log cannot be written by this user, as a sentence; NULL if it can be. The caller
 * frees. */
char *preview_log_fault(const struct preview *q);

/* Where the settings came from: a path, "environment" or "defaults". */
const char *preview_origin(const struct preview *q);

/* A copy of a message without what could be a secret in it (event_clean_reason; secret: it is known
 * to quote one). The caller frees. */
char *cleaned(const char *message, bool secret);

/* The line that the shim's log.c has just written (see asked_outside.c), or NULL. The caller owns
 * it; it is handed out once. */
json_t *outside_line(void);

#endif
