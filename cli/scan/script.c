/* script: drivers inside JavaScript: a bundler puts all of an application into one file, and
 * minifies it. Strings survive that. A driver is recognised by several of its own strings in one
 * file; no script that merely uses or mentions PostgreSQL has them all. */
#include "cli/scan/scan.h"

#include <stdlib.h>
#include <string.h>

enum { SCRIPT_MAX = 64 * 1024 * 1024, TEXTS = 3 };

static const struct {
    const char *name;
    const char *texts[TEXTS];
} drivers[] = {
    {"@neondatabase/serverless", {"pipelineConnect", "wsProxy", "webSocketConstructor"}},
    {"Postgres.js", {"NOT_TAGGED_CALL", "SASL_SIGNATURE_MISMATCH", "UNSAFE_TRANSACTION"}},
    {"node-postgres",
     {"SCRAM-SERVER-FIRST-MESSAGE", "Connection terminated unexpectedly", "SCRAM-SHA-256"}},
};

static bool has_all(const char *text, size_t n, const char *const texts[TEXTS])
{
    for (size_t i = 0; i < TEXTS; i++) {
        if (memmem(text, n, texts[i], strlen(texts[i])) == NULL) {
            return false;
        }
    }
    return true;
}

void script_look(struct item *item, const struct source *source)
{
    /* Named by its package.json, and not twice more. */
    if (strstr(item->path, "/node_modules/@neondatabase/serverless/") != NULL) {
        return;
    }
    size_t n = source->size < SCRIPT_MAX ? (size_t)source->size : SCRIPT_MAX;
    char *text = xmalloc(n + 1);
    n = source_read(source, 0, text, n);
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
        if (has_all(text, n, drivers[i].texts)) {
            item_client_library(item, "node", xprintf("%s, bundled into it", drivers[i].name),
                                NOT_COVERED, "implements the protocol itself, without libpq");
            break;
        }
    }
    free(text);
}
