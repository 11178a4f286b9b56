/* fuzz_impostor: any bytes as what a client sends to `pgseal impostor`, and as what COMMAND prints.
 * What must hold: no crash, no leak, no read outside; every statement takes at least a byte and all
 * of them take the whole text; a SCRAM proof that was not computed is never right; XML text has no
 * markup and no control character. */
#include "cli/impostor/expand.h"
#include "cli/impostor/impostor.h"
#include "cli/impostor/message.h"
#include "cli/impostor/scram.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held) {
        abort();
    }
}

static void protocol(const char *bytes, size_t n)
{
    struct startup startup = startup_parse(bytes, n);
    must(strlen(startup.user) <= n && strlen(startup.database) <= n);
    for (size_t i = 0; i < startup.nunknown; i++) {
        must(strncmp(startup.unknown[i], "_pq_.", 5) == 0);
    }
    const char *mechanism = NULL;
    const char *first = NULL;
    size_t first_n = 0;
    if (sasl_initial_parse(bytes, n, &mechanism, &first, &first_n)) {
        must(strlen(mechanism) + 5 + first_n == n);
    }
    struct scram scram = {0};
    if (scram_first(&scram, bytes, n) != NULL) {
        char *final = scram_final(&scram, bytes, n, "password", "binding", 7);
        must(final == NULL);
        free(final);
    }
    scram_free(&scram);
}

static void text(const char *bytes, size_t n)
{
    static const struct placeholder table[] = {{"host", "{port}"}, {"port", "1"}, {NULL, NULL}};
    char *string = strndup(bytes, n);
    must(string != NULL);
    size_t len = strlen(string);
    for (size_t at = 0; at < len;) {
        struct statement statement;
        size_t took = statement_parse(string + at, len - at, &statement);
        must(took > 0 && took <= len - at && strlen(statement.tag) < sizeof statement.tag);
        at += took;
    }
    must(statement_parameters(string) <= 65535);
    char *expanded = expand(string, table);
    must(strlen(expanded) <= len + 1 &&
         (strchr(string, '{') != NULL || strcmp(string, expanded) == 0));
    char *xml = xml_text(bytes, n);
    for (const char *c = xml; *c != '\0'; c++) {
        must(strchr("<>\"", *c) == NULL && ((unsigned char)*c >= ' ' || *c == '\n' || *c == '\t'));
    }
    free(xml);
    free(expanded);
    free(string);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of its own, so that a read outside is seen. */
    char *copy = malloc(size != 0 ? size : 1);
    must(copy != NULL);
    memcpy(copy, data, size);
    protocol(copy, size);
    text(copy, size);
    free(copy);
    return 0;
}
