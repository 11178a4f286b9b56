/* target: judges the command's file, and each file of its `#!` chain, by the rules of the kernel
 * and of ld.so. */
#include "launch/target.h"

#include "launch/lookup.h"
#include "launch/say.h"
#include "launch/script.h"
#include "launch/scrub.h"
#include "lib/core/text/strbuf.h"
#include "lib/elf/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Linux's exec_binprm() stops after the fifth interpreter. A chain through env(1) is a new
 * execve(2) each time, so it has a limit of its own. */
enum { KERNEL_DEPTH = 5, CHAIN_MAX = 32 };

/* How many arguments of a dynamic linker are read: its options come first. */
enum { ARGUMENTS_MAX = 40 };

/* Ends the launcher with env(1)'s status for a failed execve(2). */
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

/* Refuses a file that the kernel starts in secure-execution mode, where ld.so ignores an LD_PRELOAD
 * with a slash, unless the object is in /etc/ld.so.preload, which applies there, too. */
static void judge_privileges(struct target *t, int fd)
{
    struct stat st;
    const char *what = NULL;
    if (fstat(fd, &st) != 0) {
        cannot_execute(t, errno);
    }
    if ((st.st_mode & S_ISUID) != 0) {
        what = "is setuid";
    } else if ((st.st_mode & S_ISGID) != 0) {
        what = "is setgid";
    } else if (fgetxattr(fd, "security.capability", NULL, 0) >= 0) {
        what = "has file capabilities";
    } else if (errno != ENODATA && errno != EOPNOTSUPP && errno != ENOSYS) {
        refuse(STATUS_REFUSED, "%s: cannot tell whether it has file capabilities: %s", t->chain,
               strerror(errno));
    }
    t->secure = t->secure || what != NULL;
    if (what != NULL && !t->listed) {
        bool always;
        const char *advice = scrub_advice(t->path, &always);
        refuse(STATUS_REFUSED, "%s %s: ld.so ignores LD_PRELOAD there%s", t->chain, what,
               advice[0] != '\0' ? advice : "; only /etc/ld.so.preload reaches it");
    }
}

static void judge_kind(const struct target *t, const struct elf *e, enum elf_verdict verdict)
{
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
}

_Noreturn static void refuse_static(const struct target *t)
{
    bool always;
    const char *advice = scrub_advice(t->path, &always);
    refuse(STATUS_REFUSED, "%s is static: no loader runs there, so LD_PRELOAD does nothing%s",
           t->chain, advice[0] != '\0' ? advice : "; --drivers=only asks its driver to verify");
}

/* Whether path has a dynamic linker's name: a static program could have its symbols, but not its
 * name. */
static bool has_loader_name(const char *path)
{
    char real[PATH_MAX];
    const char *paths[] = {path, realpath(path, real)};
    for (size_t i = 0; i < 2; i++) {
        const char *slash = paths[i] != NULL ? strrchr(paths[i], '/') : NULL;
        const char *name = slash != NULL ? slash + 1 : "";
        if (strncmp(name, "ld-", 3) == 0 || strncmp(name, "ld.so", 5) == 0 ||
            strcmp(name, "libc.so") == 0) {
            return true;
        }
    }
    return false;
}

enum step { STEP_PROGRAM, STEP_LOADER, STEP_SCRIPT, STEP_NEITHER };

/* Judges an ELF program and notes its dynamic linker; or recognises that it is one. */
static enum step judge_program(struct target *t, const struct elf *e, enum elf_verdict verdict,
                               const char *path, int fd)
{
    judge_privileges(t, fd);
    judge_kind(t, e, verdict);
    if (elf_interpreter(e, t->interpreter, sizeof(t->interpreter))) {
        if (access(t->interpreter, X_OK) != 0) {
            int error = errno;
            chain_add(t, t->interpreter);
            cannot_execute(t, error);
        }
        return STEP_PROGRAM;
    }
    if (!has_loader_name(path) || !elf_is_loader(e)) {
        refuse_static(t);
    }
    strbuf_copy(t->interpreter, sizeof(t->interpreter), path);
    return STEP_LOADER;
}

static int open_to_judge(const struct target *t, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0) {
        return fd;
    }
    if (errno == EACCES) {
        refuse(STATUS_REFUSED, "%s is executable but not readable, so pgseal-run cannot check it",
               t->chain);
    }
    cannot_execute(t, errno);
}

/* Judges the file at path. For a script, *line is filled in. */
static enum step judge_file(struct target *t, const char *path, struct script *line)
{
    bool always;
    chain_add(t, path);
    const char *advice = scrub_advice(path, &always);
    if (always) {
        refuse(STATUS_REFUSED, "%s %s", t->chain, advice);
    }
    int fd = open_to_judge(t, path);
    struct elf e;
    enum elf_verdict verdict = elf_open(&e, fd);
    enum step step;
    if (verdict == ELF_NOT_ELF) {
        step = script_line(line, e.bytes, e.size) ? STEP_SCRIPT : STEP_NEITHER;
        /* For such a file the kernel may have a handler (binfmt_misc: .jar, .pyc), which pgseal-run
         * cannot follow; no shell is meant to read it. */
        if (step == STEP_NEITHER && e.size > 0 &&
            memchr(e.bytes, '\0', e.size < SCRIPT_LINE_MAX ? e.size : SCRIPT_LINE_MAX) != NULL) {
            refuse(STATUS_REFUSED,
                   "%s is neither an ELF program nor a script; start the program that reads it "
                   "(java -jar FILE, python3 FILE)",
                   t->chain);
        }
    } else {
        step = judge_program(t, &e, verdict, path, fd);
        strbuf_copy(t->program, sizeof(t->program), path);
    }
    elf_close(&e);
    close(fd);
    return step;
}

/* Copies a dynamic linker's options to t->options; returns the arguments from the program on. */
static const char *const *loader_options(struct target *t, const char *const *args)
{
    static const struct {
        const char *name;
        bool value;
    } known[] = {{"--library-path", true},   {"--inhibit-rpath", true},
                 {"--argv0", true},          {"--preload", true},
                 {"--audit", true},          {"--glibc-hwcaps-prepend", true},
                 {"--inhibit-cache", false}, {"--glibc-hwcaps-mask", true}};
    while (args[0] != NULL && args[0][0] == '-') {
        size_t i = 0;
        size_t length = strcspn(args[0], "=");
        while (i < sizeof known / sizeof known[0] &&
               (strlen(known[i].name) != length || strncmp(args[0], known[i].name, length) != 0)) {
            i++;
        }
        bool value =
            i < sizeof known / sizeof known[0] && known[i].value && args[0][length] == '\0';
        if (i == sizeof known / sizeof known[0] || (value && args[1] == NULL) ||
            t->noptions + 2 > TARGET_OPTIONS) {
            refuse(STATUS_REFUSED, "%s: the option %s of a dynamic linker cannot be followed",
                   t->chain, args[0]);
        }
        t->options[t->noptions++] = *args++;
        if (value) {
            t->options[t->noptions++] = *args++;
        }
    }
    return args;
}

/* Judges the program that a dynamic linker is told to start. It can load a static program, too,
 * which then has no preload. A setuid program is an ordinary one there. */
static void judge_loaded(struct target *t, const char *const *args)
{
    args = loader_options(t, args);
    if (args[0] == NULL) {
        refuse(STATUS_REFUSED, "%s: a dynamic linker without a program", t->chain);
    }
    chain_add(t, args[0]);
    if (strchr(args[0], '/') == NULL) {
        refuse(STATUS_REFUSED,
               "%s: the dynamic linker would look for it among libraries; give its path", t->chain);
    }
    char ignored[PATH_MAX];
    struct elf e;
    int fd = open_to_judge(t, args[0]);
    judge_kind(t, &e, elf_open(&e, fd));
    if (!elf_interpreter(&e, ignored, sizeof(ignored))) {
        if (elf_is_loader(&e)) {
            refuse(STATUS_REFUSED,
                   "%s: a dynamic linker that is started by another cannot be followed", t->chain);
        }
        refuse_static(t);
    }
    strbuf_copy(t->program, sizeof(t->program), args[0]);
    elf_close(&e);
    close(fd);
}

static bool is_env(const char *path)
{
    char real[PATH_MAX];
    const char *paths[] = {path, realpath(path, real)};
    for (size_t i = 0; i < 2; i++) {
        const char *slash = paths[i] != NULL ? strrchr(paths[i], '/') : NULL;
        if (slash != NULL && strcmp(slash + 1, "env") == 0) {
            return true;
        }
    }
    return false;
}

/* Follows one execve(2) of path with these arguments through its `#!` lines to a program. If that
 * is env(1) in the last `#!` line, w has what it starts in turn; else w->words is empty. Sets
 * *by_shell if /bin/sh runs path. */
static void follow(struct target *t, const char *path, const char *const *args, bool *by_shell,
                   struct env_words *w)
{
    char current[PATH_MAX];
    char script[PATH_MAX] = "";
    strbuf_copy(current, sizeof(current), path);
    struct script line = {0};
    *w = (struct env_words){0};
    for (int depth = 0;; depth++) {
        if (depth > KERNEL_DEPTH) {
            cannot_execute(t, ELOOP);
        }
        const char *of_line[] = {line.argument[0] != '\0' ? line.argument : script, NULL};
        struct script next = {0};
        enum step step = judge_file(t, current, &next);
        if (step == STEP_LOADER) {
            /* The names must outlive this frame. */
            static char kept[PATH_MAX];
            strbuf_copy(kept, sizeof(kept), of_line[0]);
            of_line[0] = kept;
            judge_loaded(t, depth == 0 ? args : of_line);
            return;
        }
        if (step == STEP_PROGRAM) {
            if (line.interpreter[0] != '\0' && is_env(current)) {
                script_env_words(&line, w);
            }
            return;
        }
        if (step == STEP_NEITHER) {
            if (depth > 0) {
                cannot_execute(t, ENOEXEC);
            }
            *by_shell = true;
            strbuf_copy(current, sizeof(current), "/bin/sh");
            continue;
        }
        line = next;
        strbuf_copy(script, sizeof(script), current);
        /* PATH is not searched here: the kernel takes a name without a slash as relative to the
         * working directory. */
        snprintf(current, sizeof(current), "%s%s", line.interpreter[0] == '/' ? "" : "./",
                 line.interpreter);
        int error = lookup_executable(current);
        if (error != 0) {
            chain_add(t, line.interpreter);
            cannot_execute(t, error);
        }
    }
}

void target_find(struct target *t, char *const *argv)
{
    static struct env_words words; /* options of a dynamic linker may point into them */
    const char *args[ARGUMENTS_MAX + 1] = {0};
    int error = lookup(argv[0], t->path, sizeof(t->path));
    if (error != 0) {
        refuse(error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE, "%s: %s", argv[0],
               strerror(error));
    }
    for (size_t i = 0; i < ARGUMENTS_MAX && argv[1 + i] != NULL; i++) {
        args[i] = argv[1 + i];
    }
    char path[PATH_MAX];
    strbuf_copy(path, sizeof(path), t->path);
    follow(t, path, args, &t->by_shell, &words);
    for (int steps = 0; words.unfollowed != NULL || words.words[0] != NULL; steps++) {
        if (words.unfollowed == NULL && lookup(words.words[0], path, sizeof(path)) != 0) {
            return; /* env(1) itself will report it, and nothing else runs */
        }
        if (words.unfollowed == NULL && is_env(path)) {
            words.unfollowed = words.words[0]; /* its arguments would be judged by nothing */
        }
        if (words.unfollowed != NULL) {
            refuse(STATUS_REFUSED,
                   "%s: what env does with \"%s\" cannot be followed; start the program that env "
                   "starts, not the script",
                   t->chain, words.unfollowed);
        }
        if (steps > CHAIN_MAX) {
            cannot_execute(t, ELOOP);
        }
        bool by_shell = false; /* env's affair */
        static struct env_words before;
        before = words;
        for (size_t i = 0; words.words[i] != NULL; i++) {
            before.words[i] = before.text + (words.words[i] - words.text);
        }
        follow(t, path, before.words + 1, &by_shell, &words);
    }
}
