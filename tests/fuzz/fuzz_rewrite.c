/* fuzz_rewrite: any call through any entry point, held against the real libpq, which may not
 * connect here.
 *
 * What must hold: where libpq rejects what the program said, the way through pgseal ends in the
 * same words; else the sealed form has exactly the forced values and every other option as libpq
 * understood it through the entry point itself, and the pinned form has them all as they were.
 *
 * Input: a byte that chooses the entry point, a byte that chooses the policy, then texts that end
 * with a NUL: the string; "keyword=value" (no '=': a NULL value) for arrays; the arguments for
 * PQsetdbLogin in the order of its array form, \1 for NULL; stretched (stretch.h). */
#include "lib/core/text/strbuf.h"
#include "shim/connect/call.h"
#include "shim/dynlink/linkage.h"
#include "stretch.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ENTRIES = 24, POLICIES = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct libpq pq;
static struct linked linked;

static void *no_ldap(const char *host, int port)
{
    (void)host;
    (void)port;
    abort();
}

static int no_crl(void *store, const char *crl, const char *directory)
{
    (void)store;
    (void)crl;
    (void)directory;
    abort();
}

static bool dialled; /* libpq wanted to leave the process */

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    (void)node;
    (void)service;
    (void)hints;
    *result = NULL;
    dialled = true;
    return EAI_NONAME;
}

int socket(int domain, int type, int protocol)
{
    (void)domain;
    (void)type;
    (void)protocol;
    dialled = true;
    errno = EACCES;
    return -1;
}

static void must(bool held, const char *what, const char *a, const char *b)
{
    if (!held) {
        fprintf(stderr, "fuzz_rewrite: %s: \"%s\" and \"%s\"\n", what, a != NULL ? a : "(null)",
                b != NULL ? b : "(null)");
        abort();
    }
}

static bool root_ok(void *data, const char *path, char *reason, size_t size)
{
    (void)data;
    (void)path;
    strbuf_copy(reason, size, "");
    return true;
}

static enum crl_state crl_state(void *data, const char *path, char *reason, size_t size)
{
    (void)data;
    strbuf_copy(reason, size, "");
    return strstr(path, "pure") != NULL ? CRL_FINE : CRL_ABSENT;
}

static const char *bundle(void *data)
{
    (void)data;
    return "/bundle";
}

static const char *environment(void *data, const char *name)
{
    (void)data;
    (void)name;
    return NULL;
}

static const struct world world = {.root_ok = root_ok,
                                   .crl_state = crl_state,
                                   .bundle = bundle,
                                   .environment = environment,
                                   .today = 20000};

static struct policy policies[POLICIES];

/* A service file and an empty home, in a directory that is removed at the end. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static char listed[] = "sslrootcert = /r\nsslcrl = /pure\n[host *.v]\nverify_as = w.example\n"
                           "[host p*]\nchannel_binding = require\n"
                           "ssl_min_protocol_version = TLSv1.3\nsslsni = 0\n";
    static char program[] = "sslrootcert = program\n";
    static char audit[] = "mode = audit\n";
    static char none[] = "";
    char *const texts[POLICIES] = {none, program, audit, listed};
    static char dir[] = "/tmp/fuzz_rewrite.XXXXXX";
    static char file[64];
    (void)argc;
    (void)argv;
    if (mkdtemp(dir) == NULL) {
        abort();
    }
    snprintf(file, sizeof file, "%s/services", dir);
    FILE *f = fopen(file, "w");
    if (f == NULL) {
        abort();
    }
    fputs("[s]\nhost=svc.example\nsslmode=disable\nuser=eve\nsslcrl=/pure\n"
          "[t]\nhost=a,b\nport=1,2\nhostaddr=127.0.0.1,::1\n[u]\nsslkey=e:k\nport=99999\n",
          f);
    fclose(f);
    setenv("PGSERVICEFILE", file, 1);
    setenv("PGSYSCONFDIR", dir, 1);
    setenv("HOME", dir, 1);
    setenv("LC_ALL", "C", 1);
    for (size_t i = 0; i < POLICIES; i++) {
        policy_parse_file(&policies[i], "/p", texts[i], strlen(texts[i]));
        must(policies[i].fault[0] == '\0', "a policy", policies[i].fault, "");
    }
#define REAL(name) pq.name = name
    REAL(PQconnectStart);
    REAL(PQconnectStartParams);
    REAL(PQsetdbLogin);
    REAL(PQfinish);
    REAL(PQstatus);
    REAL(PQerrorMessage);
    REAL(PQconninfo);
    REAL(PQconninfoParse);
    REAL(PQconninfoFree);
    REAL(PQhost);
#undef REAL
    pq.version = PQlibVersion();
    /* No slot is rewritten here: no service of these turns to LDAP, and nothing dials. */
    linked.real.ldap_init = no_ldap;
    linked.real.X509_STORE_load_locations = no_crl;
    pq.linked = &linked;
    return 0;
}

static const char *value_of(const PQconninfoOption *options, const char *name)
{
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, name) == 0) {
            return o->val;
        }
    }
    return NULL;
}

static bool same(const char *a, const char *b)
{
    return (a == NULL && b == NULL) || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool empty(const char *s)
{
    return s == NULL || s[0] == '\0';
}

static const char *forced_value(const struct verdict *v, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; v != NULL && i < v->nforced; i++) {
        if (strcmp(v->forced[i].option, name) == 0) {
            value = v->forced[i].value;
        }
    }
    return value;
}

/* Holds a rewritten connection against the one through the entry point itself. v: what was forced,
 * or NULL. */
static void compare(PGconn *entry_point, PGconn *rewritten, const struct verdict *v,
                    const struct request *r, bool same_error)
{
    PQconninfoOption *was = PQconninfo(entry_point);
    PQconninfoOption *is = PQconninfo(rewritten);
    if (was == NULL || is == NULL) {
        abort();
    }
    for (const PQconninfoOption *o = was; o->keyword != NULL; o++) {
        const char *value = value_of(is, o->keyword);
        const char *forced = forced_value(v, o->keyword);
        if (forced != NULL) {
            must(same(value, forced), o->keyword, value, forced);
        } else if (v == NULL && strcmp(o->keyword, "host") == 0 && empty(o->val)) {
            must(empty(value) || same(value, r->default_host), "host", value, r->default_host);
        } else if (v == NULL && strcmp(o->keyword, "hostaddr") == 0 && o->val == NULL) {
            must(empty(value), "hostaddr", value, o->val);
        } else {
            must(same(value, o->val), o->keyword, value, o->val);
        }
    }
    for (size_t i = 0; v != NULL && i < v->nforced; i++) {
        must(request_option(r, v->forced[i].option) != NULL, "forced, yet unknown",
             v->forced[i].option, "");
    }
    if (forced_value(v, "host") == NULL) {
        must(same(PQhost(entry_point), PQhost(rewritten)), "PQhost", PQhost(rewritten),
             PQhost(entry_point));
        must(same(PQport(entry_point), PQport(rewritten)), "PQport", PQport(rewritten),
             PQport(entry_point));
    }
    if (same_error) {
        must(same(PQerrorMessage(entry_point), PQerrorMessage(rewritten)), "message",
             PQerrorMessage(rewritten), PQerrorMessage(entry_point));
    }
    PQconninfoFree(was);
    PQconninfoFree(is);
}

struct entries {
    const char *keywords[ENTRIES + 1];
    const char *values[ENTRIES + 1];
    const char *texts[ENTRIES];
    size_t n;
};

/* Cuts the input's texts; for arrays also in keyword and value. */
static void cut(char *text, const char *end, bool pairs, struct entries *e)
{
    for (e->n = 0; text < end && e->n < ENTRIES; text += strlen(text) + 1, e->n++) {
        e->texts[e->n] = text[0] == '\1' ? NULL : text;
        if (pairs) {
            char *equals = strchr(text, '=');
            e->keywords[e->n] = text;
            e->values[e->n] = equals != NULL ? equals + 1 : NULL;
            if (equals != NULL) {
                *equals = '\0';
                text = equals + 1;
            }
        }
    }
    e->keywords[e->n] = e->values[e->n] = NULL;
    for (size_t i = e->n; i < ENTRIES; i++) {
        e->texts[i] = NULL;
    }
}

static struct call make_call(unsigned char entry_point, struct entries *e)
{
    switch (entry_point) {
    case 0:
        return (struct call){.entry_point = HOOK_PQconnectStart,
                             .conninfo = e->texts[0] != NULL ? e->texts[0] : ""};
    case 1:
    case 2:
        return (struct call){.entry_point = HOOK_PQconnectStartParams,
                             .keywords = e->keywords,
                             .values = e->values,
                             .expand = entry_point == 1};
    default:
        return (struct call){.entry_point = HOOK_PQsetdbLogin,
                             .dbname = e->texts[0],
                             .host = e->texts[1],
                             .port = e->texts[2],
                             .options = e->texts[3],
                             .user = e->texts[4],
                             .secret = e->texts[5]};
    }
}

/* What the probe found, decided and sent. */
static void rewritten(PGconn *entry_point, bool entry_dialled, const struct call_params *array,
                      struct probe *probe, const struct policy *policy)
{
    static struct verdict v;
    const char **keywords = calloc(2 * call_room(array->params.n), sizeof *keywords);
    if (keywords == NULL) {
        abort();
    }
    const char **values = keywords + call_room(array->params.n);
    char words[1024];

    seal_decide(&probe->request, policy, &world, &v);
    must(v.kind != VERDICT_REFUSE || (!v.sealed && v.reason[0] != '\0'), "a refusal", v.reason, "");
    if (v.sealed) {
        int expand = call_sealed(&array->params, &v, keywords, values);
        must(same(forced_value(&v, "sslmode"), "verify-full"), "sslmode",
             forced_value(&v, "sslmode"), "verify-full");
        PGconn *sealed = PQconnectStartParams(keywords, values, expand);
        /* Another host list may be another error. */
        compare(entry_point, sealed, &v, &probe->request,
                !entry_dialled && forced_value(&v, "host") == NULL);
        PQfinish(sealed);
    }
    int expand = call_pinned(&probe->request, keywords, values, words, sizeof words);
    PGconn *pinned = PQconnectStartParams(keywords, values, expand);
    compare(entry_point, pinned, NULL, &probe->request, true);
    PQfinish(pinned);
    free(keywords);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct probe probe;
    struct call_params array;
    struct entries e;
    if (size < 2) {
        return 0;
    }
    size_t len;
    char *text = stretch(data + 2, size - 2, &len);
    unsigned char entry_point = data[0] % 4;
    cut(text, text + len, entry_point == 1 || entry_point == 2, &e);
    struct call call = make_call(entry_point, &e);

    memset(&probe, 0, sizeof probe);
    enum probe_result result = PROBE_REJECTED;
    bool rewritable = call_to_params(&call, &array);
    const char **keywords = calloc(2 * call_room(array.params.n), sizeof *keywords);
    if (keywords == NULL) {
        abort();
    }
    dialled = false;
    if (rewritable) {
        result =
            probe_run(&pq, &array.params, keywords, keywords + call_room(array.params.n), &probe);
    }
    must(!dialled, "the probe dialled", text, "");
    if (result != PROBE_REFUSED) {
        PGPing unused;
        PGconn *conn = call_real(&pq, &call, &unused);
        bool did = dialled;
        must(PQstatus(conn) == CONNECTION_BAD, "connected", text, "");
        if (result == PROBE_OK) {
            rewritten(conn, did, &array, &probe, &policies[data[1] % POLICIES]);
        } else {
            must(!did && (!rewritable || same(PQerrorMessage(conn), PQerrorMessage(probe.conn))),
                 "message of what libpq rejects", PQerrorMessage(conn),
                 rewritable ? PQerrorMessage(probe.conn) : "");
        }
        PQfinish(conn);
    }
    if (rewritable) {
        probe_free(&pq, &probe);
    }
    free(keywords);
    free(text);
    return 0;
}
