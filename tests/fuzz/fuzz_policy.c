/* fuzz_policy: any bytes as a policy file, then any host against it.
 * What must hold: a fault is empty or begins with the file's name and shows no control byte; the
 * same bytes give the same fault; no string leaves the bytes that it came from; matching, sockets
 * and places answer whatever is asked. */
#include "lib/core/policy/policy.h"
#include "stretch.h"

#include <stdlib.h>
#include <string.h>

#define NAME "/p"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int held)
{
    if (!held) {
        abort();
    }
}

static void inside(const char *s, const char *bytes, size_t len)
{
    must(s == NULL ||
         (s >= bytes && s < bytes + len && memchr(s, '\0', len - (size_t)(s - bytes)) != NULL));
}

static char *parse(struct policy *p, const uint8_t *data, size_t size)
{
    char *bytes = malloc(size + (size == 0));
    must(bytes != NULL);
    memcpy(bytes, data, size);
    policy_parse_file(p, NAME, bytes, size);
    return bytes;
}

/* A sane policy has sane rules. */
static void look(const struct policy *p, const char *bytes, size_t size)
{
    char where[64];
    for (size_t i = 0; i < p->nrules; i++) {
        const struct rule *r = &p->rules[i];
        inside(r->pattern, bytes, size);
        inside(r->root, bytes, size);
        inside(r->crl, bytes, size);
        inside(r->verify_as, bytes, size);
        inside(r->exempt, bytes, size);
        must(r->pattern != NULL && r->line > 0 && r->npins <= POLICY_PINS);
        must((r->root_kind == ROOT_FILE) == (r->root != NULL));
        for (size_t k = 0; k < r->npins; k++) {
            inside(r->pins[k].value, bytes, size);
        }
        policy_where(p, r->line, where, sizeof where);
        must(strncmp(where, NAME ":", 3) == 0);
        if (strchr(r->pattern, '*') == NULL && strchr(r->pattern, ':') == NULL) {
            must(policy_match(p, r->pattern, 5432) != &p->global); /* a pattern matches itself */
        }
    }
    inside(p->log_path, bytes, size);
    inside(p->socket_dirs, bytes, size);
}

static void check(const uint8_t *data, size_t size)
{
    struct policy p;
    struct policy again;
    char *bytes = parse(&p, data, size);
    char *more = parse(&again, data, size);
    must(strcmp(p.fault, again.fault) == 0 && p.nrules == again.nrules && p.log == again.log);
    must(p.fault[0] == '\0' || strncmp(p.fault, NAME ":", 3) == 0);
    for (const char *c = p.fault; *c != '\0'; c++) {
        must((unsigned char)*c >= ' ' && *c != 0x7f);
    }
    if (p.fault[0] == '\0') {
        look(&p, bytes, size);
    }
    char *host = malloc(size + 1);
    must(host != NULL);
    memcpy(host, data, size);
    host[size] = '\0';
    must(policy_match(&p, host, 5432) != NULL);
    (void)policy_socket_allowed(&p, host);
    (void)policy_day(host);
    free(host);
    policy_free(&p);
    policy_free(&again);
    free(bytes);
    free(more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len;
    char *bytes = stretch(data, size, &len);
    check((const uint8_t *)bytes, len);
    free(bytes);
    return 0;
}
