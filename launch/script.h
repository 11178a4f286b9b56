/* script: the `#!` line, read as the kernel reads it; and what env(1) would make of its own. */
#ifndef PGSEAL_LAUNCH_SCRIPT_H
#define PGSEAL_LAUNCH_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

enum { SCRIPT_LINE_MAX = 256 }; /* Linux's BINPRM_BUF_SIZE */

struct script {
    char interpreter[SCRIPT_LINE_MAX];
    char argument[SCRIPT_LINE_MAX]; /* the one optional argument, blanks and all; else empty */
};

/* Reads the first line of a file's bytes. Returns false if the kernel would not take it for a
 * script (no `#!`, an empty or over-long interpreter). Source: load_script() in Linux's
 * fs/binfmt_script.c. */
bool script_line(struct script *s, const unsigned char *bytes, size_t size);

/* What env(1) is asked for by a `#!` line. */
struct env_words {
    char text[SCRIPT_LINE_MAX];
    const char *words[SCRIPT_LINE_MAX / 2 + 1]; /* the program and its arguments, ending in NULL */
    const char *unfollowed; /* the first word that cannot be followed, or NULL */
};

/* Takes the argument of a line for env(1) apart: assignments of names that change nothing here,
 * then the program and its arguments, all of them plain words, behind -S where there are several.
 * Anything else is not followed: env's makers differ in what options, quotes and escapes mean. */
void script_env_words(const struct script *s, struct env_words *w);

#endif
