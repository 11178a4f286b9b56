/* safe: text from outside, made safe to print. */
#ifndef PGSEAL_CLI_SAFE_H
#define PGSEAL_CLI_SAFE_H

/* A copy of s in which control characters and bytes that are no UTF-8 stand as \xNN. The caller
 * frees. */
char *term_safe(const char *s);

/* Prints "pgseal: …" and a newline on standard error, with what is no printable text made
 * visible. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on, what libraries print on standard error (libpq: a server's notices) is made safe,
 * too, line by line. Without memory it stays as it is. */
void safe_stderr(void);

#endif
