/* pool: the function pointers that dlsym hands out for libpq's doors, each bound to one libpq copy.
 */
#include "shim/hooks/bound.h"

#include "lib/elf/loaded.h"
#include "shim/connect/connect.h"
#include "shim/hooks/stubs.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Which libpq a slot stands for: the address of its PQconnectStartParams. */
static const void *slots[BOUND_ENTRIES];

/* Where a call by slot n comes from. The last, beyond the slots, stands for none: an address of
 * pgseal's own. */
static struct call_site by(int n, const void *caller)
{
    stubs_use();
    return (struct call_site){
        .address = caller,
        .bound = n < BOUND_ENTRIES ? __atomic_load_n(&slots[n], __ATOMIC_ACQUIRE) : slots};
}

#define THUNKS(n)                                                                                  \
    static PGconn *connectdb_##n(const char *conninfo)                                             \
    {                                                                                              \
        return entry_connectdb(by(n, __builtin_return_address(0)), conninfo);                      \
    }                                                                                              \
    static PGconn *connectdbParams_##n(const char *const *keys, const char *const *values,         \
                                       int expand)                                                 \
    {                                                                                              \
        return entry_connectdbParams(by(n, __builtin_return_address(0)), keys, values, expand);    \
    }                                                                                              \
    static PGconn *connectStart_##n(const char *conninfo)                                          \
    {                                                                                              \
        return entry_connectStart(by(n, __builtin_return_address(0)), conninfo);                   \
    }                                                                                              \
    static PGconn *connectStartParams_##n(const char *const *keys, const char *const *values,      \
                                          int expand)                                              \
    {                                                                                              \
        return entry_connectStartParams(by(n, __builtin_return_address(0)), keys, values, expand); \
    }                                                                                              \
    static PGconn *setdbLogin_##n(const char *host, const char *port, const char *options,         \
                                  const char *tty, const char *dbname, const char *login,          \
                                  const char *pwd)                                                 \
    {                                                                                              \
        return entry_setdbLogin(by(n, __builtin_return_address(0)), host, port, options, tty,      \
                                dbname, login, pwd);                                               \
    }                                                                                              \
    static PGPing ping_##n(const char *conninfo)                                                   \
    {                                                                                              \
        return entry_ping(by(n, __builtin_return_address(0)), conninfo);                           \
    }                                                                                              \
    static PGPing pingParams_##n(const char *const *keys, const char *const *values, int expand)   \
    {                                                                                              \
        return entry_pingParams(by(n, __builtin_return_address(0)), keys, values, expand);         \
    }                                                                                              \
    static PQconninfoOption *conndefaults_##n(void)                                                \
    {                                                                                              \
        return entry_conndefaults(by(n, __builtin_return_address(0)));                             \
    }

/* The slots and the one that refuses. */
#define EACH_SLOT(X)                                                                               \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16)

EACH_SLOT(THUNKS)

static const struct {
    const char *entry_point;
    void *thunk[BOUND_ENTRIES + 1];
} entry_points[] = {
#define THUNK_connectdb(n) connectdb_##n,
#define THUNK_connectdbParams(n) connectdbParams_##n,
#define THUNK_connectStart(n) connectStart_##n,
#define THUNK_connectStartParams(n) connectStartParams_##n,
#define THUNK_setdbLogin(n) setdbLogin_##n,
#define THUNK_ping(n) ping_##n,
#define THUNK_pingParams(n) pingParams_##n,
#define THUNK_conndefaults(n) conndefaults_##n,
    {"PQconnectdb", {EACH_SLOT(THUNK_connectdb)}},
    {"PQconnectdbParams", {EACH_SLOT(THUNK_connectdbParams)}},
    {"PQconnectStart", {EACH_SLOT(THUNK_connectStart)}},
    {"PQconnectStartParams", {EACH_SLOT(THUNK_connectStartParams)}},
    {"PQsetdbLogin", {EACH_SLOT(THUNK_setdbLogin)}},
    {"PQping", {EACH_SLOT(THUNK_ping)}},
    {"PQpingParams", {EACH_SLOT(THUNK_pingParams)}},
    {"PQconndefaults", {EACH_SLOT(THUNK_conndefaults)}},
};

/* The address that stands for the libpq that holds real; real itself where that is no libpq
 * (resolve then refuses). */
static const void *anchor_of(const void *real)
{
    struct object o;
    const void *start = object_of(real, &o) ? object_symbol(&o, "PQconnectStartParams") : NULL;
    return start ? start : real;
}

/* The slot of anchor, taking a free one, or one whose libpq is gone; POOL_SLOTS where all are in
 * use. */
static int slot_of(const void *anchor)
{
    for (int i = 0; i < BOUND_ENTRIES; i++) {
        const void *there = NULL;
        if (__atomic_compare_exchange_n(&slots[i], &there, anchor, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE) ||
            there == anchor) {
            return i;
        }
    }
    for (int i = 0; i < BOUND_ENTRIES; i++) {
        const void *there = __atomic_load_n(&slots[i], __ATOMIC_ACQUIRE);
        struct object o;
        if (object_of(there, &o) && anchor_of(there) == there) {
            continue;
        }
        if (__atomic_compare_exchange_n(&slots[i], &there, anchor, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE) ||
            there == anchor) {
            return i;
        }
    }
    return BOUND_ENTRIES;
}

void *bound_entry(const char *entry_point, const void *real)
{
    for (size_t i = 0; i < sizeof entry_points / sizeof *entry_points; i++) {
        if (strcmp(entry_points[i].entry_point, entry_point) == 0) {
            return entry_points[i].thunk[slot_of(anchor_of(real))];
        }
    }
    return NULL;
}
