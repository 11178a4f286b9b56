/* target: which program a command finally executes, and whether LD_PRELOAD reaches it. */
#ifndef PGSEAL_LAUNCH_TARGET_H
#define PGSEAL_LAUNCH_TARGET_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum { TARGET_OPTIONS = 16 };

struct target {
    char path[PATH_MAX];    /* what is executed */
    bool by_shell;          /* no ELF, no `#!`: started by /bin/sh, as by execvp(3) */
    char program[PATH_MAX]; /* the ELF program that finally runs: path, or its `#!` chain's end */
    char interpreter[PATH_MAX]; /* its PT_INTERP, or the dynamic linker that is the command */
    const char *options[TARGET_OPTIONS]; /* of a dynamic linker that is the command */
    size_t noptions;
    /* Set by the caller: /etc/ld.so.preload names the object, so it also reaches programs in
     * secure-execution mode. */
    bool listed;
    bool secure;      /* the program runs in secure-execution mode */
    char chain[2048]; /* for messages: "path" or "script -> /usr/bin/env -> /usr/bin/python3" */
};

/* Finds the command argv[0] and follows it to the program that finally runs: through `#!` lines,
 * env(1) in them, and a dynamic linker. The caller has zeroed *t, except for `listed`; argv must
 * outlive it. Ends the launcher with 125 if LD_PRELOAD does not reach that program, or if it cannot
 * be followed (the reason contains static, setuid, setgid, file capabilities, ELF class or machine,
 * or the word that cannot be followed); with 126 or 127, as env(1), if execve(2) would fail. */
void target_find(struct target *t, char *const *argv);

#endif
