/* session: the copy of the verdict that each PGconn keeps. */
#include "shim/session/session.h"

#include "lib/core/text/strbuf.h"
#include "shim/session/verify_as.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct ptr_map sessions;

void session_bind(struct map_node *map_node, PGconn *conn, struct conn_state *d)
{
    ptr_map_bind(&sessions, map_node, conn, d);
}

struct conn_state *session_find(const PGconn *conn)
{
    return ptr_map_find(&sessions, conn);
}

struct conn_state *session_remove(const PGconn *conn)
{
    return ptr_map_remove(&sessions, conn);
}

/* Copies strings into the block behind a decision; the first round only counts. */
struct copying {
    char *at; /* NULL while counting */
    size_t size;
};

static const char *copy(struct copying *c, const char *s)
{
    if (s == NULL) {
        return NULL;
    }
    size_t n = strlen(s) + 1;
    char *kept = c->at;
    c->size += n;
    if (c->at != NULL) {
        memcpy(c->at, s, n);
        c->at += n;
    }
    return kept;
}

static void copy_strings(struct copying *c, struct conn_state *d, const struct request *r,
                         const struct verdict *v, const char *object)
{
    d->object = copy(c, object);
    d->where = copy(c, v->where);
    d->root = copy(c, v->root);
    d->crl = copy(c, v->crl);
    d->hosts = copy(c, v->hosts);
    d->ports = copy(c, v->ports);
    d->addresses = copy(c, r != NULL ? request_value(r, "hostaddr") : NULL);
    d->host = copy(c, r != NULL ? request_value(r, "host") : NULL);
    d->hostaddr = d->addresses;
    d->port = copy(c, r != NULL ? request_value(r, "port") : NULL);
    d->dbname = copy(c, r != NULL ? request_value(r, "dbname") : NULL);
    d->user = copy(c, r != NULL ? request_value(r, "user") : NULL);
    d->application_name = copy(c, r != NULL ? request_value(r, "application_name") : NULL);
    d->passfile = copy(c, r != NULL ? request_value(r, "passfile") : NULL);
    for (size_t i = 0; i < v->ndials; i++) {
        struct dial dial = {copy(c, v->dials[i].verify), copy(c, v->dials[i].host),
                            copy(c, v->dials[i].port)};
        if (c->at != NULL) {
            d->dials[i] = dial;
        }
    }
}

struct conn_state *conn_state_new(const struct libpq *pq, const struct policy *p,
                                  const struct request *r, const struct verdict *v,
                                  const char *entry, const char *object)
{
    int saved = errno;
    struct conn_state counted;
    struct copying c = {0};
    copy_strings(&c, &counted, r, v, object);
    size_t dials = v->ndials * sizeof(struct dial);
    struct conn_state *d = calloc(1, sizeof *d + dials + c.size);
    if (d != NULL) {
        d->holders = 1;
        d->libpq = *pq;
        d->policy = p;
        d->sealed = v->sealed;
        d->audit = v->mode == MODE_AUDIT;
        d->min_tls = v->min_tls;
        d->exempt = v->kind == VERDICT_EXEMPT ? v->rule : NULL;
        d->crl_required = v->rule != NULL && v->rule->crl != NULL;
        d->entry = entry;
        d->mode = v->mode == MODE_AUDIT ? "audit" : "enforce";
        d->ndials = v->sealed ? v->ndials : 0; /* in audit mode look-ups stay what they are */
        for (size_t i = 0; i < v->nforced; i++) {
            d->passfile_forced = d->passfile_forced || strcmp(v->forced[i].option, "passfile") == 0;
        }
        d->dials = (struct dial *)(d + 1);
        c = (struct copying){.at = (char *)(d + 1) + dials};
        copy_strings(&c, d, r, v, object);
    }
    errno = saved;
    return d;
}

struct conn_state *conn_state_copy(struct conn_state *d)
{
    int saved = errno;
    struct conn_state *copy = malloc(sizeof *copy);
    if (copy != NULL) {
        memcpy(copy, d, sizeof *copy);
        copy->holders = 1;
        copy->original = d;
        roots_keep(copy->roots);
        copy->outcome_logged = copy->startup_sent = copy->tls_checked = copy->blocked = copy->tell =
            false;
        conn_state_keep(d);
    }
    errno = saved;
    return copy;
}

void conn_state_keep(struct conn_state *d)
{
    atomic_fetch_add(&d->holders, 1);
}

void conn_state_free(struct conn_state *d)
{
    int saved = errno;
    if (d != NULL && atomic_fetch_sub(&d->holders, 1) == 1) {
        conn_state_free(d->original);
        verify_as_forget(d);
        roots_release(d->roots);
        free(d);
    }
    errno = saved;
}
