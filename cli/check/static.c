/* check_static: whether a file is a static program; by itself, as the scan's names are not the
 * shim's. */
#include "cli/check/static.h"
#include "cli/scan/elf.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

bool check_static(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    bool found = false;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        struct source source = {.fd = fd, .size = (uint64_t)st.st_size};
        struct elf_facts facts;
        elf_look(&source, false, &facts);
        found = facts.is_static;
        elf_facts_free(&facts);
    }
    if (fd >= 0) {
        close(fd);
    }
    return found;
}
