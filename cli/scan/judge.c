/* judge: the verdict on what was found. */
#include "cli/scan/scan.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char why_linked[] = "linked to libpq: the preloaded object comes first";
static const char why_loader[] = "libpq is loaded at run time: pgseal's loader hooks see it";
static const char why_static_libpq[] = "libpq is built into it: a preload cannot replace it";
static const char why_driver[] = "implements the protocol itself, without libpq";

void item_client_library(struct item *item, const char *name, char *evidence, enum verdict verdict,
                         const char *reason)
{
    for (size_t i = 0; i < item->n; i++) {
        if (item->libraries[i].name == name && strcmp(item->libraries[i].evidence, evidence) == 0) {
            free(evidence);
            return;
        }
    }
    item->libraries = xrealloc(item->libraries, (item->n + 1) * sizeof *item->libraries);
    item->libraries[item->n++] = (struct client_library){
        .name = name, .evidence = evidence, .verdict = verdict, .reason = reason};
}

/* Which libpq and which OpenSSL the client library that was added last has. */
static void set_versions(struct item *item, struct root *root, const char *path,
                         const struct elf_facts *facts)
{
    struct client_library *library = &item->libraries[item->n - 1];
    library->libpq_version = facts->libpq_version;
    library->libpq_least = facts->libpq_version == 0 ? facts->libpq_least : 0;
    free(library->openssl);
    library->openssl =
        facts->openssl != NULL ? xstrdup(facts->openssl) : root_openssl(root, path, facts);
}

static bool is_library_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    return strncmp(name, "lib", 3) == 0 && strstr(name, ".so") != NULL;
}

static const char *kind_of(const char *path, const struct elf_facts *facts)
{
    if (facts->is_program) {
        return "program";
    }
    if (facts->defines_entry && facts->defines_exec &&
        is_libpq_name(facts->soname != NULL ? facts->soname : path)) {
        return "libpq";
    }
    return facts->soname != NULL && is_library_name(path) ? "library" : "module";
}

/* Linked, directly or not. A library counts only if it needs libpq itself: else everything above it
 * would be listed. */
static bool add_linked(struct item *item, struct root *root, const char *path,
                       const struct elf_facts *facts)
{
    char *libpq = NULL;
    char *through = NULL;
    if (!root_reaches(root, path, facts, &libpq, &through)) {
        return false;
    }
    bool library = strcmp(item->kind, "library") == 0;
    bool counts = through == NULL || !library;
    bool module = strcmp(item->kind, "module") == 0;
    if (counts) {
        const char *private =
            libpq[0] == '/' && is_private_copy(root, libpq) ? ", a bundled copy" : "";
        const char *missing = libpq[0] != '/' ? ", which is missing" : "";
        char *evidence = through != NULL
                             ? xprintf("%s%s%s through %s", libpq, private, missing, through)
                             : xprintf("%s%s%s", libpq, private, missing);
        item_client_library(item, through != NULL ? "linked-through" : "linked", evidence,
                            module ? COVERED_BY_LOADER_HOOKS : COVERED,
                            module ? why_loader : why_linked);
    }
    free(libpq);
    free(through);
    return counts;
}

void item_client_libraries_of_elf(struct item *item, struct root *root, const char *path,
                                  const struct elf_facts *facts)
{
    if (facts->defines_entry && !facts->defines_exec && !facts->is_program) {
        return; /* pgseal's own object, or another one's hooks */
    }
    if (item->kind == NULL) {
        item->kind = kind_of(path, facts);
    }
    item->machine = elf_machine_name(facts->machine, facts->class);
    item->is_static = facts->is_static;
    if (strcmp(item->kind, "libpq") == 0) {
        bool private = is_private_copy(root, path);
        item_client_library(item, private ? "bundled" : "libpq",
                            xstrdup(facts->soname != NULL ? facts->soname : path), COVERED,
                            private ? "a private copy of libpq: each caller reaches its own copy"
                                    : "libpq itself");
        set_versions(item, root, path, facts);
        return;
    }
    bool linked = add_linked(item, root, path, facts);
    if (!linked && facts->libpq_inside) {
        /* A program's own definitions come before a preloaded object's, a module's behind. */
        bool replaced = facts->replaceable && !facts->is_program;
        item_client_library(item, "static-libpq",
                            xstrdup("libpq's own table of options is among its constants"),
                            replaced ? COVERED : NOT_COVERED,
                            replaced ? "its libpq's functions are called through the linkage table"
                                     : why_static_libpq);
        set_versions(item, root, path, facts);
    }
    bool asks = facts->imports_dl || facts->is_static;
    if (!linked && !facts->libpq_inside && asks &&
        (facts->names_libpq != NULL || facts->names_entry != NULL)) {
        item_client_library(item, "dlopen",
                            xprintf("the text \"%s\"", facts->names_libpq != NULL
                                                           ? facts->names_libpq
                                                           : facts->names_entry),
                            COVERED_BY_LOADER_HOOKS, why_loader);
    }
    if (facts->names_kci || facts->uses_kci) {
        /* Not in one piece: pgseal would find itself. */
        item_client_library(
            item, "libkci",
            facts->uses_kci ? xprintf("a function KCI%s", "Connection…")
                            : xprintf("the text \"%s.so\"", "libkci"),
            NOT_COVERED,
            "KingbaseES's libkci is a libpq with other function names, which are not hooked");
    }
    for (size_t i = 0; i < facts->go.n; i++) {
        item_client_library(item, "go", xstrdup(facts->go.at[i]), NOT_COVERED, why_driver);
    }
    for (size_t i = 0; i < facts->rust.n; i++) {
        item_client_library(item, "rust", xstrdup(facts->rust.at[i]), NOT_COVERED, why_driver);
    }
    if (facts->is_pgbouncer) {
        item_client_library(item, "pgbouncer",
                            xprintf("its setting server_tls_%s is among its constants", "sslmode"),
                            NOT_COVERED,
                            "pgbouncer implements the protocol itself: its own TLS setting for "
                            "servers must be verify-full");
    }
}

/* The kind of machine that this pgseal, and so its object, is built for. */
static const char *own_machine(void)
{
    static const char *own;
    if (own == NULL) {
        unsigned char head[20] = {0};
        int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, head, sizeof head) : -1;
        if (fd >= 0) {
            close(fd);
        }
        uint16_t machine = 0;
        memcpy(&machine, head + 18, sizeof machine);
        own = n == (ssize_t)sizeof head
                  ? elf_machine_name(machine, head[EI_CLASS] == ELFCLASS64 ? 64 : 32)
                  : "";
    }
    return own;
}

/* Why nothing can be preloaded into it, whatever its client libraries, or NULL. */
static const char *beyond_reach(const struct item *item)
{
    bool secure = !item->listed;
    if (secure && item->setuid) {
        return "setuid: the dynamic linker ignores LD_PRELOAD";
    }
    if (secure && item->setgid) {
        return "setgid: the dynamic linker ignores LD_PRELOAD";
    }
    if (secure && item->file_caps) {
        return "file capabilities: the dynamic linker ignores LD_PRELOAD";
    }
    if (item->is_static) {
        return "static: no dynamic linker runs, so nothing can be preloaded";
    }
    if (item->machine != NULL && own_machine()[0] != '\0' &&
        strcmp(item->machine, own_machine()) != 0) {
        return "built for a different ELF class or machine than this pgseal";
    }
    return NULL;
}

void item_judge(struct item *item)
{
    const char *beyond = beyond_reach(item);
    item->verdict = COVERED;
    for (size_t i = 0; i < item->n; i++) {
        if (beyond != NULL) {
            item->libraries[i].verdict = NOT_COVERED;
        }
        if (item->libraries[i].verdict > item->verdict) {
            item->verdict = item->libraries[i].verdict;
        }
    }
    free(item->reason);
    item->reason = beyond != NULL ? xstrdup(beyond) : NULL;
    for (size_t i = 0; i < item->n; i++) {
        const struct client_library *library = &item->libraries[i];
        if (library->verdict != item->verdict ||
            (item->reason != NULL && strstr(item->reason, library->reason) != NULL) ||
            (beyond != NULL && (library->reason == why_linked || library->reason == why_loader))) {
            continue;
        }
        char *both = item->reason != NULL ? xprintf("%s; %s", item->reason, library->reason)
                                          : xstrdup(library->reason);
        free(item->reason);
        item->reason = both;
    }
}
