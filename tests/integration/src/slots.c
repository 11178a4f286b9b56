/* slots.c: connects, then says where the slots of a loaded object lead, and how their page is
 * protected: slots CONNINFO OBJECT NAME…: "NAME FILE r--p" for each slot of an object whose path
 * contains OBJECT. With SLOTS_SECCOMP set, mprotect fails (EPERM) meanwhile, as under a strict
 * seccomp filter. */
#include <dlfcn.h>
#include <errno.h>
#include <libpq-fe.h>
#include <link.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static char **arguments;

static void protection(const void *address, char *out)
{
    unsigned long start;
    unsigned long end;
    unsigned long at = (unsigned long)address;
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx %4s", &start, &end, out) == 3 && at >= start && at < end) {
            break;
        }
    }
    if (maps != NULL) {
        fclose(maps);
    }
}

static int show(struct dl_phdr_info *info, size_t size, void *data)
{
    const char *strings = NULL;
    const ElfW(Sym) *symbols = NULL;
    const ElfW(Rela) * tables[2] = {NULL, NULL};
    size_t sizes[2] = {0, 0};
    (void)size;
    (void)data;
    if (strstr(info->dlpi_name, arguments[2]) == NULL) {
        return 0;
    }
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_DYNAMIC) {
            continue;
        }
        const ElfW(Dyn) *d = (void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
        for (; d->d_tag != DT_NULL; d++) {
            const void *table = (void *)d->d_un.d_ptr;
            strings = d->d_tag == DT_STRTAB ? table : strings;
            symbols = d->d_tag == DT_SYMTAB ? table : symbols;
            tables[0] = d->d_tag == DT_JMPREL ? table : tables[0];
            tables[1] = d->d_tag == DT_RELA ? table : tables[1];
            sizes[0] = d->d_tag == DT_PLTRELSZ ? d->d_un.d_val : sizes[0];
            sizes[1] = d->d_tag == DT_RELASZ ? d->d_un.d_val : sizes[1];
        }
    }
    for (int t = 0; t < 2 && symbols != NULL && tables[0] != NULL && tables[1] != NULL; t++) {
        for (size_t i = 0; i < sizes[t] / sizeof *tables[t]; i++) {
            const char *name = strings + symbols[ELF64_R_SYM(tables[t][i].r_info)].st_name;
            for (char **wanted = arguments + 3; *wanted != NULL; wanted++) {
                void **slot = (void **)(info->dlpi_addr + tables[t][i].r_offset);
                char how[8] = "";
                Dl_info where;
                if (strcmp(name, *wanted) == 0 && dladdr(*slot, &where)) {
                    const char *slash = strrchr(where.dli_fname, '/');
                    protection(slot, how);
                    printf("%s %s %s\n", name, slash != NULL ? slash + 1 : where.dli_fname, how);
                }
            }
        }
    }
    return 0;
}

static bool forbid_mprotect(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int main(int argc, char **argv)
{
    (void)argc;
    if (getenv("SLOTS_SECCOMP") != NULL && !forbid_mprotect()) {
        return 2;
    }
    PGconn *conn = PQconnectdb(argv[1]);
    printf("%s\n", PQstatus(conn) == CONNECTION_OK ? "OK" : PQerrorMessage(conn));
    arguments = argv;
    dl_iterate_phdr(show, NULL);
    PQfinish(conn);
    return 0;
}
