/* target: judges the command's file, and each file of its `#!` chain, as the kernel and ld.so will.
 */
#include "launch/target.h"

#include "launch/lookup.h"
#include "launch/say.h"
#include "launch/script.h"
#include "lib/core/text/strbuf.h"
#include "lib/elf/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Linux's exec_binprm() gives up behind the fifth interpreter; a chain through env(1) is a new
 * execve(2) each time, so that it needs a bound of its own. */
enum { KERNEL_DEPTH = 5, CHAIN_MAX = 32 };

/* Ends the launcher as env(1) does where execve(2) fails. */
_Noreturn static void cannot_execute(const struct target *t, int error)
{
    refuse(error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE, "%s: %s", t->chain,
           strerror(error));
}

static void chain_add(struct target *t, const char *path)
{
    size_t length = strlen(t->chain);
    snprintf(t->chain + length, sizeof(t->chain) - length, "%s%s", length > 0 ? " -> " : "", path);
}

/* Refuses what the kernel starts in secure-execution mode, where ld.so ignores an LD_PRELOAD with a
 * slash. */
static void judge_privileges(const struct target *t, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        cannot_execute(t, errno);
    }
    if ((st.st_mode & S_ISUID) != 0) {
        refuse(STATUS_REFUSED, "%s is setuid: ld.so ignores LD_PRELOAD there", t->chain);
    }
    if ((st.st_mode & S_ISGID) != 0) {
        refuse(STATUS_REFUSED, "%s is setgid: ld.so ignores LD_PRELOAD there", t->chain);
    }
    if (fgetxattr(fd, "security.capability", NULL, 0) >= 0) {
        refuse(STATUS_REFUSED, "%s has file capabilities: ld.so ignores LD_PRELOAD there",
               t->chain);
    }
    if (errno != ENODATA && errno != EOPNOTSUPP && errno != ENOSYS) {
        refuse(STATUS_REFUSED, "%s: cannot tell whether it has file capabilities: %s", t->chain,
               strerror(errno));
    }
}

/* Judges an ELF program and takes down its loader. */
static void judge_program(struct target *t, const struct elf *e, enum elf_verdict verdict, int fd)
{
    judge_privileges(t, fd);
    switch (verdict) {
    case ELF_OTHER_CLASS:
        refuse(STATUS_REFUSED, "%s is of another ELF class (%d-bit) than libpgseal.so", t->chain,
               e->class_bits);
    case ELF_OTHER_MACHINE:
        refuse(STATUS_REFUSED, "%s is for another machine (ELF number %d) than libpgseal.so",
               t->chain, e->machine);
    case ELF_BROKEN:
    case ELF_NOT_ELF:
        cannot_execute(t, ENOEXEC);
    case ELF_OK:
        break;
    }
    if (!elf_interpreter(e, t->interpreter, sizeof(t->interpreter))) {
        refuse(STATUS_REFUSED, "%s is static: no loader runs there, so LD_PRELOAD does nothing",
               t->chain);
    }
    if (access(t->interpreter, X_OK) != 0) {
        int error = errno;
        chain_add(t, t->interpreter);
        cannot_execute(t, error);
    }
}

enum step { STEP_PROGRAM, STEP_SCRIPT, STEP_NEITHER };

/* Judges the file at path. For a script, *line is filled in. */
static enum step judge_file(struct target *t, const char *path, struct script *line)
{
    chain_add(t, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        if (errno == EACCES) {
            refuse(STATUS_REFUSED, "%s may be executed but not read: cannot tell what it is",
                   t->chain);
        }
        cannot_execute(t, errno);
    }
    struct elf e;
    enum elf_verdict verdict = elf_open(&e, fd);
    enum step step = STEP_PROGRAM;
    if (verdict == ELF_NOT_ELF) {
        step = script_line(line, e.bytes, e.size) ? STEP_SCRIPT : STEP_NEITHER;
    } else {
        judge_program(t, &e, verdict, fd);
        strbuf_copy(t->program, sizeof(t->program), path);
    }
    elf_close(&e);
    close(fd);
    return step;
}

/* Follows one execve(2) of path through its `#!` lines to a program. Returns whether the program is
 * env(1) that the last
 * `#!` line started with a plain name, which is then in next; *by_shell is set where path itself
 * goes to /bin/sh. */
static bool follow(struct target *t, const char *path, bool *by_shell, char *next, size_t size)
{
    char current[PATH_MAX];
    strbuf_copy(current, sizeof(current), path);
    struct script line = {0};
    for (int depth = 0;; depth++) {
        if (depth > KERNEL_DEPTH) {
            cannot_execute(t, ELOOP);
        }
        enum step step = judge_file(t, current, &line);
        if (step == STEP_PROGRAM) {
            return script_env_name(&line, next, size);
        }
        if (step == STEP_NEITHER) {
            if (depth > 0) {
                cannot_execute(t, ENOEXEC);
            }
            *by_shell = true;
            line = (struct script){0};
            strbuf_copy(current, sizeof(current), "/bin/sh");
            continue;
        }
        /* No search along PATH here: the kernel takes a bare name as relative to the working
         * directory. */
        snprintf(current, sizeof(current), "%s%s", line.interpreter[0] == '/' ? "" : "./",
                 line.interpreter);
        int error = lookup_executable(current);
        if (error != 0) {
            chain_add(t, line.interpreter);
            cannot_execute(t, error);
        }
    }
}

void target_find(struct target *t, const char *command)
{
    *t = (struct target){0};
    int error = lookup(command, t->path, sizeof(t->path));
    if (error != 0) {
        refuse(error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE, "%s: %s", command,
               strerror(error));
    }
    char path[PATH_MAX];
    char name[PATH_MAX];
    strbuf_copy(path, sizeof(path), t->path);
    bool more = follow(t, path, &t->by_shell, name, sizeof(name));
    for (int steps = 0; more; steps++) {
        if (steps > CHAIN_MAX) {
            cannot_execute(t, ELOOP);
        }
        if (lookup(name, path, sizeof(path)) != 0) {
            return; /* env(1) itself will say so, and nothing else runs */
        }
        bool by_shell = false; /* env's affair */
        more = follow(t, path, &by_shell, name, sizeof(name));
    }
}
