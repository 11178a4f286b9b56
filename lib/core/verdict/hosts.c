/* hosts: the targets of a connection: host lists, sockets, sections, exemptions, verify_as. */
#include "lib/core/text/hostname.h"
#include "lib/core/text/list.h"
#include "lib/core/verdict/verdict_internal.h"

#include <string.h>

/* Copies the i-th element of a list into the verdict's memory; NULL if that is full. */
static const char *keep_element(struct verdict *v, const char *list, size_t i)
{
    size_t len;
    const char *s = list_element(list, i, &len);
    return len > 0 ? seal_keep(v, s, len) : "";
}

/* libpq's is_unixsock_path: '/' in all versions, '@' (the abstract namespace) from 14. */
static bool is_socket(const char *host, int version)
{
    return host[0] == '/' || (host[0] == '@' && version >= 140000);
}

/* The name or address that is compared with the policy's sections. */
static const char *element_name(const struct element *e)
{
    return e->host[0] != '\0' ? e->host : e->hostaddr;
}

static bool list_too_long(struct deciding *d)
{
    return seal_fail(d, "the host list is too long to check; name fewer hosts");
}

bool seal_find_elements(struct deciding *d)
{
    const struct request *r = d->r;
    struct verdict *v = d->v;
    const char *hosts = request_value(r, "host");
    const char *addresses = request_value(r, "hostaddr");
    const char *ports = request_value(r, "port");
    const struct asked *port_option = request_option(r, "port");
    const char *default_port =
        port_option != NULL && port_option->compiled != NULL ? port_option->compiled : "5432";

    size_t n = list_length(addresses != NULL ? addresses : hosts);
    d->nelements = n > 0 ? n : 1;
    if (d->nelements > SEAL_ELEMENTS) {
        return list_too_long(d);
    }
    bool one_port = list_length(ports) == 1;
    for (size_t i = 0; i < d->nelements; i++) {
        struct element *e = &d->elements[i];
        e->host = keep_element(v, hosts, i);
        e->hostaddr = keep_element(v, addresses, i);
        e->port = keep_element(v, ports, one_port ? 0 : i);
        if (e->host == NULL || e->hostaddr == NULL || e->port == NULL) {
            return list_too_long(d);
        }
        if (e->port[0] == '\0') {
            e->port = default_port;
        }
        e->port_number = port_number(e->port);
        e->rule = &d->p->global;
        if (e->hostaddr[0] == '\0') {
            const char *dialled = e->host[0] != '\0' ? e->host : r->default_host;
            e->socket = is_socket(dialled, r->version);
            if (e->host[0] == '\0') {
                e->host = dialled;
            }
        }
        if (e->socket) {
            v->socket = true;
        } else {
            v->tcp = true;
            e->rule = policy_match(d->p, element_name(e), e->port_number);
        }
    }
    return true;
}

bool seal_judge_sockets(struct deciding *d)
{
    for (size_t i = 0; i < d->nelements; i++) {
        const struct element *e = &d->elements[i];
        if (!e->socket || policy_socket_allowed(d->p, e->host)) {
            continue;
        }
        struct strbuf t = seal_reason(d->v);
        seal_where(d, &t, d->p->sockets_line);
        strbuf_add(&t, ": unix_sockets does not allow the socket ");
        seal_quote(d, &t, e->host);
        strbuf_add(&t, "; connect over TCP, or allow the socket's directory in unix_sockets");
        policy_where(d->p, d->p->sockets_line, d->v->where, sizeof d->v->where);
        return false;
    }
    return true;
}

bool seal_judge_unlisted(struct deciding *d)
{
    for (size_t i = 0; d->p->unlisted_refuse && i < d->nelements; i++) {
        const struct element *e = &d->elements[i];
        if (e->socket || e->rule != &d->p->global) {
            continue;
        }
        struct strbuf t = seal_reason(d->v);
        seal_where(d, &t, d->p->unlisted_line);
        strbuf_add(&t, ": unlisted_hosts = refuse, and no section names the host ");
        seal_quote(d, &t, element_name(e));
        strbuf_add(&t, "; add a [host …] section for it");
        policy_where(d->p, d->p->unlisted_line, d->v->where, sizeof d->v->where);
        return false;
    }
    return true;
}

/* A rule that allows less is for a host's name. With another hostaddr, it would apply to another
 * address. */
static bool dials_its_host(const struct element *e)
{
    char host[HOST_MAX];
    char address[HOST_MAX];
    if (e->hostaddr[0] == '\0' || e->host[0] == '\0') {
        return true;
    }
    return host_canonical(e->host, host, sizeof host) &&
           host_canonical(e->hostaddr, address, sizeof address) && strcmp(host, address) == 0;
}

/* Likewise, "localhost." is another name than "localhost", and so is any single label with a dot:
 * it is in no /etc/hosts, no search domain is appended, and only the DNS is asked. A star at the
 * pattern's end matches the dot, too. */
static bool keeps_its_dot(const struct element *e)
{
    const char *host;
    size_t len;
    const char *dot = strchr(e->host, '.');
    bool label = dot != NULL && dot != e->host && dot[1] == '\0';
    if (e->rule->pattern == NULL || e->hostaddr[0] != '\0' || !label) {
        return true;
    }
    return host_pattern_host(e->rule->pattern, &host, &len) && len > 0 &&
           (host[len - 1] == '.' || host[len - 1] == '*');
}

enum obstacle { NO_OBSTACLE, LACKS_IT, DIALS_ELSEWHERE, ASKS_THE_DNS };

static enum obstacle obstacle_of(const struct element *e)
{
    return !dials_its_host(e) ? DIALS_ELSEWHERE : !keeps_its_dot(e) ? ASKS_THE_DNS : NO_OBSTACLE;
}

/* Notes why an exemption or mode = audit, at this line of the policy, does not apply: e of the same
 * list lacks it; or e has it, and its address or name may lead elsewhere. */
static void note_obstacle(struct deciding *d, const char *what, int line, const struct element *e,
                          enum obstacle obstacle)
{
    struct strbuf t = {d->v->reason, sizeof d->v->reason, strlen(d->v->reason), false};
    strbuf_add(&t, t.len > 0 ? "; " : "", what, " at ");
    seal_where(d, &t, line);
    strbuf_add(&t, " does not apply: ");
    if (obstacle == LACKS_IT) {
        strbuf_add(&t, e->socket ? "the socket " : "the host ");
        seal_quote(d, &t, element_name(e));
        strbuf_add(&t, " in the same list does not have it");
    } else if (obstacle == DIALS_ELSEWHERE) {
        strbuf_add(&t, "the connection goes to hostaddr ");
        seal_quote(d, &t, e->hostaddr);
        strbuf_add(&t, ", which may not be the host ");
        seal_quote(d, &t, e->host);
    } else {
        strbuf_add(&t, "the host ");
        seal_quote(d, &t, e->host);
        strbuf_add(&t, " ends with a dot, so only the DNS is asked for it; if that is the name you "
                       "mean, write the dot into the section");
    }
}

/* The elements that decide whether an exemption or audit mode applies: only to a whole list. */
struct span {
    const struct element *first;  /* the first element that has it, or NULL */
    const struct element *lacks;  /* the first that does not have it, or NULL */
    const struct element *strays; /* the first that may connect to another host, or NULL */
};

static struct span look_through(const struct deciding *d, bool (*has)(const struct element *))
{
    struct span s = {0};
    for (size_t i = d->nelements; i > 0; i--) {
        const struct element *e = &d->elements[i - 1];
        s.first = has(e) ? e : s.first;
        s.lacks = has(e) ? s.lacks : e;
        s.strays = obstacle_of(e) == NO_OBSTACLE ? s.strays : e;
    }
    return s;
}

static bool is_exempt(const struct element *e)
{
    return !e->socket && e->rule->exempt != NULL;
}

static bool is_audited(const struct element *e)
{
    return e->rule->mode == MODE_AUDIT;
}

const struct rule *seal_exemption(struct deciding *d)
{
    struct span s = look_through(d, is_exempt);
    if (s.first == NULL) {
        return NULL;
    }
    if (s.lacks != NULL) {
        note_obstacle(d, "the exemption", s.first->rule->exempt_line, s.lacks, LACKS_IT);
        return NULL;
    }
    if (s.strays != NULL) {
        note_obstacle(d, "the exemption", s.strays->rule->exempt_line, s.strays,
                      obstacle_of(s.strays));
        return NULL;
    }
    for (size_t i = 0; i < d->nelements; i++) {
        const struct rule *rule = d->elements[i].rule;
        if (d->w->today > rule->exempt_until) {
            struct strbuf t = seal_reason(d->v);
            strbuf_add(&t, "the exemption at ");
            seal_where(d, &t, rule->exempt_line);
            strbuf_add(&t, " has ended");
            return NULL;
        }
    }
    return s.first->rule;
}

bool seal_audited(struct deciding *d, bool *by_section)
{
    struct span s = look_through(d, is_audited);
    *by_section = s.first != NULL && d->p->global.mode != MODE_AUDIT;
    if (*by_section && s.lacks != NULL) {
        note_obstacle(d, "mode = audit", s.first->rule->line, s.lacks, LACKS_IT);
    } else if (*by_section && s.strays != NULL) {
        note_obstacle(d, "mode = audit", s.strays->rule->line, s.strays, obstacle_of(s.strays));
        return false;
    }
    return s.lacks == NULL;
}

static bool equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* What differs between two rules that one call would have to follow; NULL: nothing. */
static const char *rules_differ(const struct rule *a, const struct rule *b)
{
    if (a->root_kind != b->root_kind || !equal(a->root, b->root)) {
        return "roots";
    }
    if (!equal(a->crl, b->crl)) {
        return "CRLs";
    }
    bool pins = a->npins == b->npins;
    for (size_t i = 0; pins && i < a->npins; i++) {
        bool found = false;
        for (size_t j = 0; j < b->npins; j++) {
            found = found || (equal(a->pins[i].option, b->pins[j].option) &&
                              equal(a->pins[i].value, b->pins[j].value));
        }
        pins = found;
    }
    return pins ? NULL : "pins";
}

bool seal_same_rules(struct deciding *d)
{
    const struct element *first = NULL;
    for (size_t i = 0; i < d->nelements; i++) {
        const struct element *e = &d->elements[i];
        if (e->socket) {
            continue;
        }
        if (first == NULL) {
            first = e;
            d->v->rule = e->rule;
            continue;
        }
        const char *what = rules_differ(first->rule, e->rule);
        if (what == NULL) {
            continue;
        }
        struct strbuf t = seal_reason(d->v);
        strbuf_add(&t, "the hosts ");
        const struct element *both[] = {first, e};
        for (size_t k = 0; k < 2; k++) {
            strbuf_add(&t, k > 0 ? " and " : "");
            seal_quote(d, &t, element_name(both[k]));
            strbuf_add(&t, " (");
            if (both[k]->rule->line > 0) {
                seal_where(d, &t, both[k]->rule->line);
            } else {
                strbuf_add(&t, d->p->name);
            }
            strbuf_add(&t, ")");
        }
        strbuf_add(&t, " in one list need different ", what,
                   "; connect to them one at a time, or give them the same");
        return false;
    }
    return true;
}

/* Whether another element is verified under this name: then their look-ups must not be confused. */
static bool verified_elsewhere(const struct deciding *d, const char *host)
{
    for (size_t i = 0; i < d->nelements; i++) {
        if (!d->elements[i].socket && equal(d->elements[i].rule->verify_as, host)) {
            return true;
        }
    }
    return false;
}

static void add_dial(struct verdict *v, const char *verify, const struct element *e)
{
    _Static_assert(ARRAY_LEN(v->dials) >= ARRAY_LEN(((struct deciding *)NULL)->elements),
                   "each element may have a dial");
    if (v->ndials == ARRAY_LEN(v->dials)) {
        v->full = true;
        return;
    }
    v->dials[v->ndials++] = (struct dial){.verify = verify, .host = e->host, .port = e->port};
}

bool seal_verify_as(struct deciding *d)
{
    struct verdict *v = d->v;
    bool any = false;
    for (size_t i = 0; i < d->nelements; i++) {
        any = any || (!d->elements[i].socket && d->elements[i].rule->verify_as != NULL);
    }

    char *list = v->words + v->words_len;
    struct strbuf t;
    strbuf_init(&t, list, sizeof v->words - v->words_len);
    for (size_t i = 0; i < d->nelements; i++) {
        const struct element *e = &d->elements[i];
        const char *verify = e->socket ? NULL : e->rule->verify_as;
        strbuf_add(&t, i > 0 ? "," : "", verify != NULL ? verify : e->host);
        if (verify != NULL && e->host[0] != '\0' && e->hostaddr[0] == '\0') {
            add_dial(v, verify, e);
        } else if (any && !e->socket && e->hostaddr[0] == '\0' && verified_elsewhere(d, e->host)) {
            add_dial(v, e->host, e);
        }
    }
    if (t.cut) {
        return list_too_long(d);
    }
    v->words_len += t.len + 1;
    v->hosts = list;
    v->renamed = any;
    if (any) {
        seal_force(d, "host", list, false);
    }
    return true;
}
