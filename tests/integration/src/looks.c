/* looks.c: a program, linked to libpq, that connects five times, and opens and closes MODULE after
 * the third: prints for each connection how many loaded objects were looked at, as a look passes
 * through the dl_iterate_phdr of this program; with fakepq.c as its libpq, how often that was asked
 * for its version, which goes with the look-up of its functions.
 *
 *   looks CONNINFO MODULE */
#include <dlfcn.h>
#include <libpq-fe.h>
#include <link.h>
#include <stdio.h>

typedef int callback_fn(struct dl_phdr_info *, size_t, void *);
typedef int iterate_fn(callback_fn *, void *);

static iterate_fn *iterate;
static unsigned looks;
static const unsigned *asked;

__attribute__((constructor)) static void find(void)
{
    iterate = (iterate_fn *)dlsym(RTLD_NEXT, "dl_iterate_phdr");
    asked = (const unsigned *)dlsym(RTLD_DEFAULT, "fakepq_asked");
}

struct call {
    callback_fn *fn;
    void *data;
};

static int look(struct dl_phdr_info *info, size_t size, void *data)
{
    const struct call *call = data;
    looks++;
    return call->fn(info, size, call->data);
}

int dl_iterate_phdr(callback_fn *fn, void *data)
{
    struct call call = {fn, data};
    return iterate(look, &call);
}

static void connect_once(const char *target)
{
    looks = 0;
    PGconn *conn = PQconnectdb(target);
    if (asked != NULL) {
        printf("%u\n", *asked);
    } else if (PQstatus(conn) == CONNECTION_OK) {
        printf("%u\n", looks);
    } else {
        printf("%s\n", PQerrorMessage(conn));
    }
    PQfinish(conn);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        return 2;
    }
    for (int i = 0; i < 5; i++) {
        if (i == 3) {
            void *handle = dlopen(argv[2], RTLD_NOW);
            if (handle == NULL || dlclose(handle) != 0) {
                return 1;
            }
        }
        connect_once(argv[1]);
    }
    return 0;
}
