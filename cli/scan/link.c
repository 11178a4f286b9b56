/* link: which libpq an object is linked to, found the way the dynamic linker finds libraries,
 * within a root. */
#include "cli/scan/root.h"

#include <fnmatch.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CLOSURE_MAX = 512, ELEMENTS_MAX = 64, CACHE_MAX = 200000 };

/* Where a path led: real is NULL for nowhere. */
struct found {
    char *asked;
    char *real;
};

struct library {
    char *path;
    struct elf_facts facts;
};

static int by_asked(const void *a, const void *b)
{
    return strcmp(((const struct found *)a)->asked, ((const struct found *)b)->asked);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct library *)a)->path, ((const struct library *)b)->path);
}

static void free_found(void *p)
{
    struct found *found = p;
    free(found->asked);
    free(found->real);
    free(found);
}

static void free_library(void *p)
{
    struct library *library = p;
    free(library->path);
    elf_facts_free(&library->facts);
    free(library);
}

static void forget(struct root *root)
{
    tdestroy(root->found, free_found);
    tdestroy(root->libraries, free_library);
    root->found = NULL;
    root->libraries = NULL;
    root->cached = 0;
}

void root_close(struct root *root)
{
    if (root == NULL) {
        return;
    }
    forget(root);
    strings_free(&root->directories);
    close(root->fd);
    free(root->name);
    free(root);
}

/* root_real with a memory; the answer belongs to the root. */
static const char *real_path(struct root *root, const char *path)
{
    struct found *found = xcalloc(1, sizeof *found);
    found->asked = xstrdup(path);
    struct found **slot = tsearch(found, &root->found, by_asked);
    if (slot == NULL || *slot != found) {
        const char *real = slot != NULL ? (*slot)->real : NULL;
        free_found(found);
        return real;
    }
    found->real = root_real(root, path);
    root->cached++;
    return found->real;
}

/* The facts of the library at a real path, without its constants; NULL if there is no ELF
 * object. */
static const struct elf_facts *library_facts(struct root *root, const char *path)
{
    struct library *library = xcalloc(1, sizeof *library);
    library->path = xstrdup(path);
    struct library **slot = tsearch(library, &root->libraries, by_path);
    if (slot != NULL && *slot == library) {
        root->cached++;
        struct stat st;
        int fd = root_open_path(root, path, 0);
        if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
            struct source source = {.fd = fd, .size = (uint64_t)st.st_size};
            /* What version of OpenSSL it is only its constants tell. */
            const char *slash = strrchr(path, '/');
            bool crypto = slash != NULL && strncmp(slash + 1, "libcrypto", 9) == 0;
            elf_look(&source, crypto, &library->facts);
        }
        if (fd >= 0) {
            close(fd);
        }
    } else {
        free_library(library);
        library = slot != NULL ? *slot : NULL;
    }
    return library != NULL && library->facts.is_elf ? &library->facts : NULL;
}

bool is_libpq_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    name = slash != NULL ? slash + 1 : name;
    return fnmatch("libpq.so*", name, 0) == 0 || fnmatch("libpq-*.so*", name, 0) == 0;
}

bool is_private_copy(struct root *root, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || fnmatch("*/libpq-*.so*", path, 0) == 0) {
        return slash != NULL;
    }
    char *dir = xstrndup(path, (size_t)(slash - path));
    const struct strings *directories = root_directories(root);
    bool private = true;
    for (size_t i = 0; private && i < directories->n; i++) {
        const char *real = real_path(root, directories->at[i]);
        private = real == NULL || strcmp(real, dir) != 0;
    }
    free(dir);
    return private;
}

/* One object of the closure. */
struct node {
    char *path;
    const struct elf_facts *facts;
    size_t from; /* index of the object that needed it first */
};

/* Tries dir/name; returns the real path of an object of the right kind, or NULL. */
static const char *try_directory(struct root *root, const char *dir, const char *name,
                                 const struct elf_facts *program)
{
    char *path = xprintf("%s/%s", dir, name);
    const char *real = real_path(root, path);
    free(path);
    const struct elf_facts *facts = real != NULL ? library_facts(root, real) : NULL;
    return facts != NULL && facts->class == program->class && facts->machine == program->machine
               ? real
               : NULL;
}

/* Puts the object's directory in the place of $ORIGIN; NULL for what else begins with a dollar. The
 * caller frees. */
static char *expand(const char *element, size_t n, const char *path)
{
    char *dir = xstrndup(element, n);
    const char *dollar = strchr(dir, '$');
    size_t skip = 0;
    if (dollar != NULL) {
        skip = strncmp(dollar, "$ORIGIN", 7) == 0     ? 7
               : strncmp(dollar, "${ORIGIN}", 9) == 0 ? 9
                                                      : 0;
    }
    const char *slash = strrchr(path, '/');
    char *out = NULL;
    if (dollar == NULL) {
        out = xstrdup(dir);
    } else if (skip != 0 && slash != NULL && strchr(dollar + skip, '$') == NULL) {
        out = xprintf("%.*s%.*s%s", (int)(dollar - dir), dir, (int)(slash - path), path,
                      dollar + skip);
    }
    free(dir);
    if (out != NULL && out[0] != '/') {
        free(out); /* relative to wherever the program is started */
        out = NULL;
    }
    return out;
}

static const char *try_list(struct root *root, const char *list, const struct node *owner,
                            const char *name, const struct elf_facts *program)
{
    const char *real = NULL;
    for (int i = 0; list != NULL && *list != '\0' && real == NULL && i < ELEMENTS_MAX; i++) {
        size_t n = strcspn(list, ":");
        char *dir = expand(list, n, owner->path);
        if (dir != NULL) {
            real = try_directory(root, dir, name, program);
        }
        free(dir);
        list += n + (list[n] == ':');
    }
    return real;
}

static const char *find_needed(struct root *root, const struct node *nodes, size_t from,
                               const char *name)
{
    const struct node *node = &nodes[from];
    const struct elf_facts *program = nodes[0].facts;
    if (strchr(name, '/') != NULL) {
        return name[0] == '/' ? try_directory(root, "", name, program) : NULL;
    }
    const char *real = NULL;
    if (node->facts->runpath == NULL) {
        /* RPATH counts for what the object's libraries need, too. */
        for (size_t up = from; real == NULL; up = nodes[up].from) {
            if (nodes[up].facts->runpath == NULL) {
                real = try_list(root, nodes[up].facts->rpath, &nodes[up], name, program);
            }
            if (up == 0) {
                break;
            }
        }
    } else {
        real = try_list(root, node->facts->runpath, node, name, program);
    }
    const struct strings *directories = root_directories(root);
    for (size_t i = 0; real == NULL && i < directories->n; i++) {
        real = try_directory(root, directories->at[i], name, program);
    }
    return real;
}

static bool known(const struct node *nodes, size_t n, const char *path)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(nodes[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether a library that is needed is a libpq: by its name, or because it defines what a libpq
 * defines. */
static bool is_libpq(struct root *root, const char *name, const char *real)
{
    if (is_libpq_name(name)) {
        return true;
    }
    const struct elf_facts *facts = real != NULL ? library_facts(root, real) : NULL;
    return facts != NULL && facts->defines_entry && facts->defines_exec;
}

char *root_openssl(struct root *root, const char *path, const struct elf_facts *facts)
{
    char *own = xstrdup(path);
    struct node node = {.path = own, .facts = facts};
    char *version = NULL;
    for (size_t i = 0; i < facts->needed.n && version == NULL; i++) {
        const char *name = facts->needed.at[i];
        const char *real =
            strncmp(name, "libcrypto", 9) == 0 ? find_needed(root, &node, 0, name) : NULL;
        const struct elf_facts *crypto = real != NULL ? library_facts(root, real) : NULL;
        if (crypto != NULL && crypto->openssl != NULL) {
            version = xstrdup(crypto->openssl);
        }
    }
    free(own);
    return version;
}

bool root_reaches(struct root *root, const char *path, const struct elf_facts *facts, char **libpq,
                  char **through)
{
    *libpq = NULL;
    *through = NULL;
    if (root->cached > CACHE_MAX) {
        forget(root);
    }
    struct node *nodes = xcalloc(CLOSURE_MAX, sizeof *nodes);
    nodes[0] = (struct node){.path = xstrdup(path), .facts = facts};
    size_t n = 1;
    for (size_t at = 0; at < n && *libpq == NULL; at++) {
        const struct strings *needed = &nodes[at].facts->needed;
        for (size_t i = 0; i < needed->n && *libpq == NULL; i++) {
            const char *name = needed->at[i];
            const char *real = find_needed(root, nodes, at, name);
            if (is_libpq(root, name, real)) {
                *libpq = xstrdup(real != NULL ? real : name);
                *through = at != 0 ? xstrdup(nodes[at].path) : NULL;
            } else if (real != NULL && n < CLOSURE_MAX && !known(nodes, n, real)) {
                nodes[n++] = (struct node){
                    .path = xstrdup(real), .facts = library_facts(root, real), .from = at};
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        free(nodes[i].path);
    }
    free(nodes);
    return *libpq != NULL;
}
