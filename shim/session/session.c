/* session: the states of PGconns, and the map to them. */
#include "shim/session/session.h"

#include "shim/session/passfile.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct ptr_map sessions;
static struct ptr_map states; /* by number */

/* Makes a key from an id: the map uses the bits above the lowest four. */
static const void *key_of(uint64_t id)
{
    return pointer(id << 4);
}

struct conn_state *conn_state_find(uint64_t id)
{
    return id != 0 ? ptr_map_find(&states, key_of(id)) : NULL;
}

/* Sets d's id and reserves the node for session_bind; false without memory. */
static bool enter(struct conn_state *d)
{
    static _Atomic(uint64_t) last;
    struct map_node *map_node = ptr_map_reserve();
    d->map_node = ptr_map_reserve();
    if (map_node == NULL || d->map_node == NULL) {
        free(map_node);
        free(d->map_node);
        return false;
    }
    d->id = atomic_fetch_add(&last, 1) + 1;
    ptr_map_bind(&states, map_node, key_of(d->id), d);
    return true;
}

void session_bind(PGconn *conn, struct conn_state *d)
{
    if (d->map_node != NULL) {
        conn_state_keep(d);
        ptr_map_bind(&sessions, d->map_node, conn, d);
        d->map_node = NULL;
    }
}

struct conn_state *session_find(const PGconn *conn)
{
    return ptr_map_find(&sessions, conn);
}

struct conn_state *session_remove(const PGconn *conn)
{
    return ptr_map_remove(&sessions, conn);
}

bool session_on_socket(const struct conn_state *d, PGconn *conn)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;
    int fd = d->libpq.PQsocket(conn);
    return fd >= 0 && getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
           peer.ss_family == AF_UNIX;
}

/* Copies strings into the block behind a state; the first round only counts. */
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
    d->key = copy(c, v->key);
    d->crl = copy(c, v->crl);
    d->hosts = copy(c, v->hosts);
    d->host = copy(c, r != NULL ? request_value(r, "host") : NULL);
    d->hostaddr = copy(c, r != NULL ? request_value(r, "hostaddr") : NULL);
    d->port = copy(c, r != NULL ? request_value(r, "port") : NULL);
    d->dbname = copy(c, r != NULL ? request_value(r, "dbname") : NULL);
    d->user = copy(c, r != NULL ? request_value(r, "user") : NULL);
    d->application_name = copy(c, r != NULL ? request_value(r, "application_name") : NULL);
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
    int saved_errno = errno;
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
        d->root_found_by_libpq = v->root_found_by_libpq;
        d->cert_found_by_libpq = v->cert_found_by_libpq;
        d->passphrase = v->passphrase;
        d->engine_allowed = v->engine_allowed;
        d->socket_listed = v->socket;
        d->crl_required = v->rule != NULL && v->rule->crl != NULL;
        d->entry = entry;
        d->cut = r != NULL && r->cut;
        d->ndials = v->sealed ? v->ndials : 0; /* in audit mode look-ups stay what they are */
        d->dials = (struct dial *)(d + 1);
        c = (struct copying){.at = (char *)(d + 1) + dials};
        copy_strings(&c, d, r, v, object);
        if (!enter(d)) {
            free(d);
            d = NULL;
        }
    }
    errno = saved_errno;
    return d;
}

/* Copies the addresses that were found for d: libpq's copy connects to the same one. */
static void copy_answers(struct conn_state *copy, const struct conn_state *d)
{
    copy->answers = d->nanswers > 0 ? malloc(d->nanswers * sizeof *d->answers) : NULL;
    if (copy->answers != NULL) {
        memcpy(copy->answers, d->answers, d->nanswers * sizeof *d->answers);
    } else {
        copy->nanswers = 0;
    }
}

struct conn_state *conn_state_copy(struct conn_state *d)
{
    int saved_errno = errno;
    struct conn_state *copy = malloc(sizeof *copy);
    if (copy != NULL) {
        memcpy(copy, d, sizeof *copy);
        copy->holders = 1;
        copy->original = d;
        copy->passwords = NULL;
        copy->root_found = NULL; /* it loads its own root, which is judged again */
        copy->left_out = NULL;
        copy->outcome_logged = copy->startup_sent = copy->tls_checked = copy->blocked = copy->tell =
            false;
        if (enter(copy)) {
            copy_answers(copy, d);
            copy->roots = copy->root_found_by_libpq ? NULL : roots_keep(copy->roots);
            conn_state_keep(d);
        } else {
            free(copy);
            copy = NULL;
        }
    }
    errno = saved_errno;
    return copy;
}

void conn_state_show_unset(const struct conn_state *d, PQconninfoOption *options)
{
    for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        bool unset = (d->host_unset && strcmp(o->keyword, "host") == 0) ||
                     (d->hostaddr_unset && strcmp(o->keyword, "hostaddr") == 0);
        if (unset && o->val != NULL && o->val[0] == '\0') {
            d->libpq.PQfreemem(o->val);
            o->val = NULL;
        }
    }
}

void conn_state_keep(struct conn_state *d)
{
    atomic_fetch_add(&d->holders, 1);
}

void conn_state_free(struct conn_state *d)
{
    int saved_errno = errno;
    if (d != NULL && atomic_fetch_sub(&d->holders, 1) == 1) {
        ptr_map_remove(&states, key_of(d->id));
        conn_state_free(d->original);
        free(d->map_node);
        passwords_free(d->passwords);
        free(d->answers);
        free(d->root_found);
        roots_release(d->roots);
        free(d);
    }
    errno = saved_errno;
}
