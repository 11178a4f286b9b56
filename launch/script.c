/* script: the kernel's rules for `#!`, and those rules of env(1) that all its implementations
 * share. */
#include "launch/script.h"

#include <stdio.h>
#include <string.h>

bool script_line(struct script *s, const unsigned char *bytes, size_t size)
{
    *s = (struct script){0};
    if (size < 2 || bytes[0] != '#' || bytes[1] != '!') {
        return false;
    }
    /* The kernel's buffer: the file's first bytes, then zeros. */
    char buffer[SCRIPT_LINE_MAX] = "";
    memcpy(buffer, bytes, size < sizeof(buffer) ? size : sizeof(buffer));
    char *start = buffer + 2;
    char *limit = buffer + sizeof(buffer);
    char *end = memchr(start, '\n', (size_t)(limit - start));
    bool whole = end != NULL || memchr(start, '\0', (size_t)(limit - start)) != NULL;
    if (end == NULL) {
        whole = whole || limit[-1] == ' ' || limit[-1] == '\t'; /* a blank in the last byte */
        end = limit - 1;
    }
    *end = '\0';
    start += strspn(start, " \t");
    size_t length = strcspn(start, " \t");
    if (length == 0 || (!whole && start[length] == '\0')) {
        return false; /* nothing there, or the interpreter's name is cut */
    }
    memcpy(s->interpreter, start, length);
    start += length;
    start += strspn(start, " \t");
    size_t rest = strlen(start);
    while (rest > 0 && (start[rest - 1] == ' ' || start[rest - 1] == '\t')) {
        rest--;
    }
    memcpy(s->argument, start, rest);
    return true;
}

/* Whether a word is NAME=VALUE, with a name that does not affect what is started or how it is
 * sealed. */
static bool is_harmless_assignment(const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    static const char *const never[] = {"PATH=", "LD_", "PGSEAL_", "GLIBC_TUNABLES="};
    size_t length = strspn(word, letters);
    if (length == 0 || word[length] != '=') {
        return false;
    }
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        if (strncmp(word, never[i], strlen(never[i])) == 0) {
            return false;
        }
    }
    return true;
}

void script_env_words(const struct script *s, struct env_words *w)
{
    static const char blanks[] = " \t\n\v\f\r";
    *w = (struct env_words){0};
    memcpy(w->text, s->argument, sizeof(w->text));
    char *rest = w->text;
    bool split = strncmp(rest, "-S", 2) == 0;
    rest += split ? 2 : 0;
    size_t n = 0;
    for (rest += strspn(rest, blanks); *rest != '\0';) {
        char *word = rest;
        size_t length = split ? strcspn(rest, blanks) : strlen(rest);
        rest += length;
        if (*rest != '\0') {
            *rest++ = '\0';
            rest += strspn(rest, blanks);
        }
        bool plain = word[strcspn(word, "\\'\"$#")] == '\0' && strpbrk(word, blanks) == NULL;
        bool assigns = n == 0 && strchr(word, '=') != NULL;
        bool option = n == 0 && word[0] == '-';
        if (!plain || option || (assigns && !is_harmless_assignment(word))) {
            w->unfollowed = word;
            return;
        }
        if (!assigns) {
            w->words[n++] = word;
        }
    }
    if (n == 0) {
        w->unfollowed = s->argument[0] != '\0' ? s->argument : "(nothing)";
    }
}
