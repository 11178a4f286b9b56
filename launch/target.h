/* target: which program a command will become in the end, and whether LD_PRELOAD reaches it. */
#ifndef PGSEAL_LAUNCH_TARGET_H
#define PGSEAL_LAUNCH_TARGET_H

#include <limits.h>
#include <stdbool.h>

struct target {
    char path[PATH_MAX]; /* what is executed */
    bool by_shell;       /* no ELF, no `#!`: execvp(3) hands such a file to /bin/sh, and so do we */
    char program[PATH_MAX]; /* the ELF program that runs in the end: path itself, or the end of its
                               `#!` chain */
    char interpreter[PATH_MAX]; /* that program's loader (PT_INTERP) */
    char chain[2048]; /* for messages: "path" or "script -> /usr/bin/env -> /usr/bin/python3" */
};

/* Finds the command and follows it to the program that runs in the end. Does not return where
 * LD_PRELOAD cannot reach that (status 125, the reason contains static, setuid, setgid, file
 * capabilities, ELF class or machine), or where execve(2) would fail (126 or 127, as env(1)). */
void target_find(struct target *t, const char *command);

#endif
