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

/* One connection string, and the verdict that the shim would reach in this process's
 * environment. */
struct preview {
    struct settings settings;
    struct policy policy;
    struct libpq libpq; /* the one that this tool is linked to */
    struct call call;
    struct call_params array;
    struct probe probe;
    bool probed; /* probe.request is filled */
    struct verdict verdict;
    char *found_root;     /* if the program names no root: the one that libpq looks for; owned */
    char *fault;          /* why that root cannot be used, so that the connection fails; owned */
    const char *left_out; /* why the client certificate in ~/.postgresql is (static), or NULL */
    struct roots *root;   /* the root file as it was judged */
    char *rejection; /* libpq's message if it rejects the string: then there is no verdict; owned */
    json_t *line;    /* the verdict line that the shim would log, as JSON, whatever the level */
    const char **keywords; /* scratch of call_room() entries, for the arrays of the real call */
    const char **values;
};

enum asking {
    ASKED_AS_IT_IS, /* what the shim would do */
    ASKED_STRICTLY, /* as if every mode were enforce and nothing exempt */
};

/* Makes a preview. policy names the only policy file to use; NULL: settings are found as the shim
 * finds them. Calls libpq, without network I/O. Never returns NULL. The caller frees with
 * preview_free. */
struct preview *preview_ask(const char *conninfo, const char *policy, enum asking how);
void preview_free(struct preview *q);

/* Finds and parses only the settings, as preview_ask does. The policy's strings are in s. */
void preview_settings(struct settings *s, struct policy *p, const char *policy);

/* The path of this file in ~/.postgresql, in the home directory that libpq reports; NULL if it has
 * none. The caller frees. */
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

/* A copy of a message without what could be a secret (redact_reason). secret says that it
 * quotes one. The caller frees. */
char *cleaned(const char *message, bool secret);

/* The line that the shim's log.c has just written (preview_outside.c), or NULL. The caller owns it;
 * the next call returns NULL. */
json_t *outside_line(void);

#endif
