/* session: the registry of PGconns, and the copy of the verdict that each one keeps. */
#include "session.h"

#include "core/text.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 256 };

struct session {
    _Atomic(const void *) conn; /* NULL: free for the next PGconn of this bucket */
    _Atomic(struct decision *) decision;
    struct session *next; /* never changes once the node can be seen */
};

static _Atomic(struct session *) buckets[BUCKETS];
static const char claimed; /* its address marks a node between two owners */

static _Atomic(struct session *) *bucket_of(const void *conn)
{
    uintptr_t n = (uintptr_t)conn >> 4;
    return &buckets[(n ^ (n >> 8) ^ (n >> 16)) % BUCKETS];
}

struct session *session_reserve(void)
{
    return calloc(1, sizeof(struct session));
}

void session_release(struct session *s)
{
    free(s);
}

void session_bind(struct session *s, PGconn *conn, struct decision *d)
{
    _Atomic(struct session *) *bucket = bucket_of(conn);
    for (struct session *old = atomic_load(bucket); old != NULL; old = old->next) {
        const void *nobody = NULL;
        if (atomic_compare_exchange_strong(&old->conn, &nobody, &claimed)) {
            atomic_store(&old->decision, d);
            atomic_store(&old->conn, conn);
            free(s);
            return;
        }
    }
    atomic_store(&s->decision, d);
    atomic_store(&s->conn, conn);
    s->next = atomic_load(bucket);
    while (!atomic_compare_exchange_weak(bucket, &s->next, s))
        continue;
}

static struct session *find(const PGconn *conn)
{
    struct session *s = conn != NULL ? atomic_load(bucket_of(conn)) : NULL;
    while (s != NULL && atomic_load(&s->conn) != conn)
        s = s->next;
    return s;
}

struct decision *session_find(const PGconn *conn)
{
    struct session *s = find(conn);
    return s != NULL ? atomic_load(&s->decision) : NULL;
}

struct decision *session_remove(const PGconn *conn)
{
    struct session *s = find(conn);
    if (s == NULL)
        return NULL;
    struct decision *d = atomic_load(&s->decision);
    atomic_store(&s->conn, NULL);
    return d;
}

/* Copies strings into the block behind a decision; the first round only counts. */
struct copying {
    char *at; /* NULL while counting */
    size_t size;
};

static const char *copy(struct copying *c, const char *s)
{
    if (s == NULL)
        return NULL;
    size_t n = strlen(s) + 1;
    char *kept = c->at;
    c->size += n;
    if (c->at != NULL) {
        memcpy(c->at, s, n);
        c->at += n;
    }
    return kept;
}

static void copy_strings(struct copying *c, struct decision *d, const struct request *r,
                         const struct verdict *v, const char *object)
{
    d->object = copy(c, object);
    d->where = copy(c, v->where);
    d->root = copy(c, v->root);
    d->hosts = copy(c, v->hosts);
    d->ports = copy(c, v->ports);
    d->addresses = copy(c, r != NULL ? request_value(r, "hostaddr") : NULL);
    d->host = copy(c, r != NULL ? request_value(r, "host") : NULL);
    d->hostaddr = d->addresses;
    d->port = copy(c, r != NULL ? request_value(r, "port") : NULL);
    d->dbname = copy(c, r != NULL ? request_value(r, "dbname") : NULL);
    d->user = copy(c, r != NULL ? request_value(r, "user") : NULL);
    d->application_name = copy(c, r != NULL ? request_value(r, "application_name") : NULL);
    for (size_t i = 0; i < v->ndials; i++) {
        struct dial dial = {copy(c, v->dials[i].verify), copy(c, v->dials[i].host),
                            copy(c, v->dials[i].port)};
        if (c->at != NULL)
            d->dials[i] = dial;
    }
}

static bool from_uri(const struct request *r)
{
    static const char *const names[] = {"host", "hostaddr", "port", "dbname", "user"};
    for (size_t i = 0; r != NULL && i < sizeof names / sizeof names[0]; i++) {
        const struct asked *a = request_option(r, names[i]);
        if (a != NULL && a->source == FROM_URI)
            return true;
    }
    return false;
}

struct decision *decision_new(const struct libpq *pq, const struct policy *p,
                              const struct request *r, const struct verdict *v, const char *entry,
                              const char *object)
{
    int saved = errno;
    struct decision counted;
    struct copying c = {0};
    copy_strings(&c, &counted, r, v, object);
    size_t dials = v->ndials * sizeof(struct dial);
    struct decision *d = calloc(1, sizeof *d + dials + c.size);
    if (d != NULL) {
        d->libpq = *pq;
        d->policy = p;
        d->sealed = v->sealed;
        d->min_tls = v->min_tls;
        d->entry = entry;
        d->mode = v->mode == MODE_AUDIT ? "audit" : "enforce";
        d->from_uri = from_uri(r);
        d->ndials = v->ndials;
        d->dials = (struct dial *)(d + 1);
        c = (struct copying){.at = (char *)(d + 1) + dials};
        copy_strings(&c, d, r, v, object);
    }
    errno = saved;
    return d;
}

void decision_free(struct decision *d)
{
    int saved = errno;
    if (d != NULL)
        free(d->root_bytes);
    free(d);
    errno = saved;
}
