/* libpq: one libpq copy, its functions, and its path. */
#include "shim/dynlink/libpq.h"

#include "lib/core/options/options.h"
#include "lib/core/text/strbuf.h"
#include "lib/os/sys.h"
#include "shim/dynlink/known.h"
#include "shim/dynlink/linkage.h"
#include "shim/dynlink/lock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void object_own_path(const struct object *o, char *buf, size_t size)
{
    int saved_errno = errno;
    strbuf_copy(buf, size, o->name);
    if (o->name[0] == '\0') { /* the program */
        sys_exe(buf, size);
    }
    errno = saved_errno;
}

static bool knows_all_options(const struct libpq *pq)
{
    PQconninfoOption *all = pq->PQconninfoParse("", NULL);
    bool known = all != NULL;
    for (const PQconninfoOption *o = all; known && o->keyword != NULL; o++) {
        known = option_known(o->keyword) != NULL;
    }
    pq->PQconninfoFree(all);
    return known;
}

/* Fills the function pointers with what the object itself defines. Returns the name of a needed one
 * that is missing, or NULL. */
static const char *fill(struct libpq *pq, const struct object *o)
{
    static const struct {
        char name[28]; /* no pointer: no relocation at start */
        unsigned short offset;
        bool needed;
    } functions[] = {
#define LIBPQ_FUNCTION(name, needed) {#name, offsetof(struct libpq, name), needed},
        LIBPQ_FUNCTIONS(LIBPQ_FUNCTION)
#undef LIBPQ_FUNCTION
    };
    *pq = (struct libpq){.base = o->dyn, .linked = linkage_libpq(o)};
    object_own_path(o, pq->path, sizeof pq->path);
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        void *fn = object_symbol(o, functions[i].name);
        if (fn == NULL && functions[i].needed) {
            return functions[i].name;
        }
        memcpy((char *)pq + functions[i].offset, &fn, sizeof fn);
    }
    pq->version = pq->PQlibVersion();
    return NULL;
}

bool libpq_holds(const struct libpq *pq, const void *address)
{
    struct object o;
    return object_of(address, &o) && o.dyn == pq->base;
}

/* What fill found, for as long as no object comes or goes. */
static struct {
    uint64_t state;
    struct libpq libpq;
} filled[LINKED_LIBPQS];

static void keep_filled(const struct libpq *pq, uint64_t state)
{
    uint64_t mask;
    size_t i = linkage_index(pq->linked);
    lock_take(&mask);
    __atomic_store_n(&filled[i].state, 0, __ATOMIC_SEQ_CST); /* a fork may copy it half done */
    filled[i].libpq = *pq;
    __atomic_store_n(&filled[i].state, state, __ATOMIC_SEQ_CST);
    lock_give(&mask);
}

const char *libpq_fill(struct libpq *pq, const struct object *o)
{
    bool have = false;
    uint64_t mask;
    uint64_t state = objects_state();
    lock_take(&mask);
    for (size_t i = 0; i < LINKED_LIBPQS && !have; i++) {
        have = filled[i].state == state && filled[i].libpq.base == o->dyn;
        if (have) {
            *pq = filled[i].libpq;
        }
    }
    lock_give(&mask);
    if (have) {
        return NULL;
    }
    const char *missing = fill(pq, o);
    if (missing == NULL && pq->linked != NULL) {
        keep_filled(pq, state); /* before the next call: a libpq may call a hook from inside it */
        pq->options_known = knows_all_options(pq);
        keep_filled(pq, state);
    }
    return missing;
}

void object_path(const void *address, char *buf, size_t size)
{
    struct object o;
    buf[0] = '\0';
    if (object_of(address, &o)) {
        object_own_path(&o, buf, size);
    }
}

struct copies {
    struct libpq_copy *to;
    size_t n, max;
};

static bool copy_one(const struct object *o, void *data)
{
    struct copies *c = data;
    if (known_is_libpq(o)) {
        if (c->n < c->max) {
            object_own_path(o, c->to[c->n].path, sizeof c->to[c->n].path);
            void *fn = object_symbol(o, "PQlibVersion");
            int (*version)(void);
            memcpy(&version, &fn, sizeof version);
            c->to[c->n].version = version();
        }
        c->n++;
    }
    return false;
}

size_t libpq_copies(struct libpq_copy *copies, size_t max)
{
    struct copies c = {copies, 0, max};
    objects_everywhere(copy_one, &c);
    return c.n;
}
