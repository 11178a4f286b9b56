/* preload: whether /etc/ld.so.preload of a root names pgseal's object. The dynamic linker reads
 * that file for setuid programs too. */
#include "cli/scan/root.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_MAX = 64 * 1024 };

static bool is_object(struct root *root, const char *path)
{
    struct elf_facts facts = {0};
    struct stat st;
    char *real = root_real(root, path);
    int fd = real != NULL ? root_open_path(root, real, 0) : -1;
    free(real);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        struct source source = {.fd = fd, .size = (uint64_t)st.st_size};
        elf_look(&source, false, &facts);
    }
    if (fd >= 0) {
        close(fd);
    }
    bool is = facts.soname != NULL && strcmp(facts.soname, "libpgseal.so") == 0 &&
              facts.defines_entry && !facts.defines_exec;
    elf_facts_free(&facts);
    return is;
}

static bool read_list(struct root *root)
{
    struct bytes bytes = {0};
    struct stat st;
    bool found = false;
    char *real = root_real(root, "/etc/ld.so.preload");
    int fd = real != NULL ? root_open_path(root, real, 0) : -1;
    free(real);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        bytes_read(fd, LIST_MAX, &bytes) == 0) {
        for (char *at = bytes.at; (at = strchr(at, '#')) != NULL;) {
            memset(at, ' ', strcspn(at, "\n"));
        }
        char *rest = NULL;
        for (char *word = strtok_r(bytes.at, " :\t\n", &rest); word != NULL && !found;
             word = strtok_r(NULL, " :\t\n", &rest)) {
            found = word[0] == '/' && is_object(root, word);
        }
    }
    free(bytes.at);
    if (fd >= 0) {
        close(fd);
    }
    return found;
}

bool root_preloads(struct root *root)
{
    if (!root->preloads_known) {
        root->preloads_known = true;
        root->preloads = read_list(root);
    }
    return root->preloads;
}
