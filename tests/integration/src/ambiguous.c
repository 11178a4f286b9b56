/* ambiguous: calls PQconnectdb by an address that a module's constructor took, before its slot
 * could be rewritten, when another libpq is there. Nothing shows by then which of them the address
 * was meant for.
 *
 *   ambiguous HOW CONNINFO MODULE [MODULE…]   takes the address from the first module, opens the
 *                                             others, and connects; HOW: pointer (from the
 *                                             program), memory (from machine code that belongs to
 *                                             no object)
 *
 * -DMODULE: a module. Prints what the first module sees: "LIBPQ-MAJOR ok TLS", or the message. */
#include <libpq-fe.h>

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

typedef PGconn *connect_fn(const char *conninfo);

struct ambiguous {
    connect_fn *(*take)(void);
    void (*tell)(PGconn *conn);
};

#ifdef MODULE
static connect_fn *taken;

__attribute__((constructor)) static void take_it(void)
{
    taken = PQconnectdb;
}

static connect_fn *take(void)
{
    return taken;
}

static void tell(PGconn *conn)
{
    if (PQstatus(conn) == CONNECTION_OK) {
        PGresult *res = PQexec(conn, "select ssl from pg_stat_ssl where pid = pg_backend_pid()");
        printf("%d ok %s\n", PQlibVersion() / 10000, PQgetvalue(res, 0, 0));
        PQclear(res);
    } else {
        fputs(PQerrorMessage(conn), stdout);
    }
    PQfinish(conn);
}

extern const struct ambiguous ambiguous;
const struct ambiguous ambiguous = {take, tell};
#else

/* Of a function that calls its first argument with its second. */
static const unsigned char code[] = {
#if defined __x86_64__
    0x48, 0x89, 0xf8,       /* mov %rdi,%rax */
    0x48, 0x89, 0xf7,       /* mov %rsi,%rdi */
    0x48, 0x83, 0xec, 0x08, /* sub $8,%rsp */
    0xff, 0xd0,             /* call *%rax */
    0x48, 0x83, 0xc4, 0x08, /* add $8,%rsp */
    0xc3,                   /* ret */
#else
    0xfd, 0x7b, 0xbf, 0xa9, /* stp x29,x30,[sp,#-16]! */
    0xe8, 0x03, 0x00, 0xaa, /* mov x8,x0 */
    0xe0, 0x03, 0x01, 0xaa, /* mov x0,x1 */
    0x00, 0x01, 0x3f, 0xd6, /* blr x8 */
    0xfd, 0x7b, 0xc1, 0xa8, /* ldp x29,x30,[sp],#16 */
    0xc0, 0x03, 0x5f, 0xd6, /* ret */
#endif
};

static const struct ambiguous *open_module(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW);
    const struct ambiguous *module = handle != NULL ? dlsym(handle, "ambiguous") : NULL;
    if (module == NULL) {
        fprintf(stderr, "%s\n", dlerror());
    }
    return module;
}

int main(int argc, char **argv)
{
    PGconn *(*call)(connect_fn *, const char *) = NULL;
    void *memory = mmap(NULL, sizeof code, PROT_READ | PROT_WRITE | PROT_EXEC,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const struct ambiguous *first = argc > 3 ? open_module(argv[3]) : NULL;
    if (first == NULL || memory == MAP_FAILED) {
        return 2;
    }
    memcpy(memory, code, sizeof code);
    __builtin___clear_cache((char *)memory, (char *)memory + sizeof code);
    memcpy(&call, &memory, sizeof call);
    connect_fn *connect = first->take();
    for (int i = 4; i < argc; i++) {
        if (open_module(argv[i]) == NULL) {
            return 2;
        }
    }
    first->tell(strcmp(argv[1], "memory") == 0 ? call(connect, argv[2]) : connect(argv[2]));
    return 0;
}
#endif
