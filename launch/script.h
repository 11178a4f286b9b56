/* script: reads a `#!` line as the kernel does, and the arguments of env(1) in one. */
#ifndef PGSEAL_LAUNCH_SCRIPT_H
#define PGSEAL_LAUNCH_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

enum { SCRIPT_LINE_MAX = 256 }; /* Linux's BINPRM_BUF_SIZE */

struct script {
    char interpreter[SCRIPT_LINE_MAX];
    char argument[SCRIPT_LINE_MAX]; /* the one optional argument, blanks and all; else empty */
};

/* Reads the first line of a file. Returns false if the kernel would not run it as a script (no
 * `#!`, an empty or over-long interpreter). Source: load_script() in Linux's fs/binfmt_script.c. */
bool script_line(struct script *s, const unsigned char *bytes, size_t size);

/* The arguments of env(1) in a `#!` line. */
struct env_words {
    char text[SCRIPT_LINE_MAX];
    const char *words[SCRIPT_LINE_MAX / 2 + 1]; /* the program and its arguments, ending in NULL */
    const char *unfollowed; /* the first word that cannot be followed, or NULL */
};

/* Splits the argument of a line for env(1): assignments of harmless names, then the program and its
 * arguments, as plain words; several words must follow -S. Anything else is not followed, because
 * implementations of env differ in options, quotes and escapes. */
void script_env_words(const struct script *s, struct env_words *w);

#endif
