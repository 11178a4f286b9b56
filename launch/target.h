/* target: which program a command finally executes, and whether LD_PRELOAD reaches it. */
#ifndef PGSEAL_LAUNCH_TARGET_H
#define PGSEAL_LAUNCH_TARGET_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum { TARGET_OPTIONS = 16 };

struct target {
    char path[PATH_MAX]; /* what is executed */
    bool by_shell;       /* no ELF, no `#!`: execvp(3) hands such a file to /bin/sh, and so do we */
    char program[PATH_MAX]; /* the ELF program that runs in the end: path itself, or the end of its
                               `#!` chain */
    char interpreter[PATH_MAX]; /* what loads it: PT_INTERP, or the dynamic linker that was named as
                                   the command */
    const char *options[TARGET_OPTIONS]; /* of a dynamic linker that was named as the command */
    size_t noptions;
    bool listed; /* by the caller: /etc/ld.so.preload names the object, so that it reaches programs
                    in secure-execution mode too */
    bool secure; /* such a program */
    char chain[2048]; /* for messages: "path" or "script -> /usr/bin/env -> /usr/bin/python3" */
};

/* Finds the command argv[0] and follows it to the program that runs in the end: through `#!` lines,
 * env(1) in them, and a dynamic linker. Does not return where LD_PRELOAD cannot reach that, or
 * where it cannot be followed (status 125; the reason contains static, setuid, setgid, file
 * capabilities, ELF class or machine, or the word that cannot be followed), or where execve(2)
 * would fail (126 or 127, as env(1)). t is zeroed by the caller but for `listed`; argv must outlive
 * it. */
void target_find(struct target *t, char *const *argv);

#endif
