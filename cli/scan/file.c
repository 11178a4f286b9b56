/* file: scans one file: an ELF object, a Java archive, or a driver known by its name. */
#include "cli/scan/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { PACKAGE_MAX = 1024 * 1024 };

static const char driver_why[] = "implements the protocol itself, without libpq";

static void look_at_elf(struct scan *scan, struct item *item, const char *path,
                        const struct source *source, const struct stat *st)
{
    struct elf_facts facts;
    elf_look(source, true, &facts);
    item_client_libraries_of_elf(item, scan->root, path, &facts);
    if (facts.reason != NULL) {
        scan_error(scan, path, facts.reason);
    }
    if (facts.is_program) {
        bool executable = (st->st_mode & 0111) != 0;
        item->setuid = executable && (st->st_mode & S_ISUID) != 0;
        item->setgid = (st->st_mode & S_IXGRP) != 0 && (st->st_mode & S_ISGID) != 0;
        item->file_caps = fgetxattr(source->fd, "security.capability", NULL, 0) > 0;
        item->listed = facts.interpreter != NULL && strstr(facts.interpreter, "ld-musl") == NULL &&
                       root_preloads(scan->root);
    }
    elf_facts_free(&facts);
}

static void look_at_archive(struct item *item, const struct source *source)
{
    struct strings drivers = {0};
    zip_look(source, &drivers);
    for (size_t i = 0; i < drivers.n; i++) {
        item_client_library(item, "jdbc", xstrdup(drivers.at[i]), NOT_COVERED, driver_why);
    }
    strings_free(&drivers);
}

/* "name version" out of a package.json, or NULL if the name is not `package`. */
static char *read_package(const struct source *source, const char *package)
{
    size_t n = source->size < PACKAGE_MAX ? (size_t)source->size : PACKAGE_MAX;
    char *text = xmalloc(n);
    n = source_read(source, 0, text, n);
    json_t *root = json_loadb(text, n, 0, NULL);
    free(text);
    const char *name = json_string_value(json_object_get(root, "name"));
    const char *version = json_string_value(json_object_get(root, "version"));
    char *found = NULL;
    if (name != NULL && strcmp(name, package) == 0) {
        found = xprintf(" %s", version != NULL ? version : "of unknown version");
    }
    json_decref(root);
    return found;
}

static void look_at_name(struct item *item, const struct name_rule *rule,
                         const struct source *source)
{
    char *version = rule->package != NULL ? read_package(source, rule->package) : xstrdup("");
    if (version != NULL) {
        item_client_library(item, rule->client_library, xprintf("%s%s", rule->text, version),
                            rule->verdict,
                            rule->verdict == NOT_COVERED
                                ? driver_why
                                : "libpq is loaded at run time: pgseal's loader hooks see it");
    }
    free(version);
}

void scan_file(struct scan *scan, const char *path, int fd, const struct stat *st)
{
    scan->files++;
    scan_progress(scan);
    struct item item = {.path = xstrdup(path)};
    struct source source = {.fd = fd, .size = (uint64_t)st->st_size};
    const struct name_rule *rule = name_rule(path);
    char magic[4] = "";
    size_t n = source_read(&source, 0, magic, sizeof magic);
    if (n == 0 && st->st_size > 0) {
        char byte;
        if (pread(fd, &byte, 1, 0) < 0) {
            scan_error(scan, path, strerror(errno));
        }
    }
    if (n == 4 && memcmp(magic, "\177ELF", 4) == 0) {
        look_at_elf(scan, &item, path, &source, st);
    } else if (n == 4 && memcmp(magic, "PK", 2) == 0 && name_is_archive(path)) {
        look_at_archive(&item, &source);
    } else if (n == 4 && memcmp(magic, "MZ", 2) == 0 && name_is_npgsql(path)) {
        item_client_library(&item, "npgsql", xstrdup("Npgsql.dll"), NOT_COVERED, driver_why);
    } else if (name_is_javascript(path)) {
        script_look(&item, &source);
    } else if (rule != NULL) {
        look_at_name(&item, rule, &source);
    }
    if (item.kind == NULL) {
        item.kind = "driver";
    }
    scan_take(scan, &item);
    close(fd);
}
