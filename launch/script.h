/* script: the `#!` line, read as the kernel reads it. */
#ifndef PGSEAL_LAUNCH_SCRIPT_H
#define PGSEAL_LAUNCH_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

enum { SCRIPT_LINE_MAX = 256 }; /* Linux's BINPRM_BUF_SIZE */

struct script {
    char interpreter[SCRIPT_LINE_MAX];
    char
        argument[SCRIPT_LINE_MAX]; /* the one optional argument, blanks in it and all; else empty */
};

/* Reads the first line of a file's bytes. Returns false where the kernel would not take it for a
 * script (no `#!`, an empty or over-long interpreter). Source: load_script() in Linux's
 * fs/binfmt_script.c. */
bool script_line(struct script *s, const unsigned char *bytes, size_t size);

/* Whether the line starts env(1) with a program's plain name (`#!/usr/bin/env python3`, `env -S
 * python3 -u`), so that it is this program that runs in the end; copies the name into buf. Lines
 * that set or clear variables are not followed. */
bool script_env_name(const struct script *s, char *buf, size_t size);

#endif
