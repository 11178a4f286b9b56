/* policy_file: parses a policy file, line by line and in place. */
#include "lib/core/options/options.h"
#include "lib/core/policy/policy_keys.h"
#include "lib/core/text/hostname.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Moves the ends of [*s, *end) over blanks. */
static void trim(char **s, char **end)
{
    while (*s < *end && blank(**s)) {
        ++*s;
    }
    while (*s < *end && blank((*end)[-1])) {
        --*end;
    }
}

/* Where the comment begins: at a # at the line's start or after a blank. */
static char *comment(char *s, char *end)
{
    for (char *c = s; c < end; c++) {
        if (*c == '#' && (c == s || blank(c[-1]))) {
            return c;
        }
    }
    return end;
}

/* Moves [s, end) one byte to the left, over a byte that is no longer needed, and adds a NUL: there
 * may be no byte after the file's last one. */
static char *terminated(char *s, char *end)
{
    size_t n = (size_t)(end - s);
    char *moved = s - 1;
    memmove(moved, s, n);
    moved[n] = '\0';
    return moved;
}

/* Adds a rule for this pattern, which inherits the global keys. */
static struct rule *add_rule(struct parsing *x, const char *pattern,
                             const struct host_filter *filter)
{
    struct policy *p = x->p;
    if (p->nrules == POLICY_RULES) {
        parsing_fault(x, NULL, "more than 4096 sections", NULL, NULL);
        return NULL;
    }
    if ((p->nrules & (p->nrules - 1)) == 0) { /* full: it grows at the powers of two */
        size_t room = p->nrules == 0 ? 1 : 2 * p->nrules;
        struct rule *rules = realloc(p->rules, room * sizeof *rules);
        struct host_filter *filters = NULL;
        if (rules != NULL) {
            p->rules = rules;
            filters = realloc(p->filters, room * sizeof *filters);
        }
        if (filters == NULL) {
            parsing_fault(x, NULL, "out of memory", NULL, NULL);
            return NULL;
        }
        p->filters = filters;
    }
    p->filters[p->nrules] = *filter;
    struct rule *r = &p->rules[p->nrules++];
    *r = p->global;
    r->pattern = pattern;
    r->line = x->line;
    return r;
}

/* [host PATTERN], from the bracket to the line's end; false if parsing cannot go on. */
static bool section(struct parsing *x, char *s, char *end)
{
    key_section_end(x);
    if (x->p->fault[0] != '\0') {
        return false; /* a policy with a fault only uses its log settings, which were read */
    }
    if (end[-1] != ']') {
        parsing_fault(x, NULL, "a section header ends with \"]\"", NULL, NULL);
        return false;
    }
    *--end = '\0';
    s++;
    trim(&s, &end);
    *end = '\0';
    char *pattern = s + strcspn(s, " \t");
    if (*pattern != '\0') {
        *pattern++ = '\0';
    }
    pattern += strspn(pattern, " \t");
    if (strcmp(s, "host") != 0) {
        if (parsing_fault(x, NULL, "unknown section", NULL, s)) {
            parsing_advise(x, "; a section is [host PATTERN]");
        }
        return false;
    }
    const char *reason = host_pattern_fault(pattern);
    if (reason != NULL) {
        parsing_fault(x, "host", ": ", reason, *pattern == '\0' ? NULL : pattern);
        return false;
    }
    const struct host_filter filter = host_filter_of(pattern);
    for (size_t i = 0; i < x->p->nrules; i++) {
        if (filter.hash == x->p->filters[i].hash &&
            host_same_pattern(x->p->rules[i].pattern, pattern)) {
            parsing_fault(x, NULL, "duplicate section", NULL, pattern);
            return false;
        }
    }
    struct rule *r = add_rule(x, pattern, &filter);
    if (r == NULL) {
        return false;
    }
    x->rule = r;
    x->seen = 0;
    x->until_line = 0;
    return true;
}

static void assignment(struct parsing *x, char *s, char *end)
{
    char *equals = memchr(s, '=', (size_t)(end - s));
    if (equals == NULL) {
        parsing_fault(x, NULL, "neither a section nor key = value", NULL, NULL);
        return;
    }
    char *key_end = equals;
    trim(&s, &key_end);
    if (s == key_end) {
        parsing_fault(x, NULL, "no key before \"=\"", NULL, NULL);
        return;
    }
    *key_end = '\0';
    char *value = equals + 1;
    trim(&value, &end);
    enum key key = key_named(s);
    const char *option = key == NO_KEY ? option_known(s) : NULL;
    if (key == NO_KEY && option == NULL) {
        if (parsing_fault(x, NULL, "unknown key", NULL, s)) {
            parsing_advise_names(x);
        }
        return;
    }
    const char *text =
        terminated(value, end); /* may overwrite the key's end, which is no longer needed */
    if (option != NULL) {
        key_pin(x, option, text);
    } else {
        key_set(x, key, text);
    }
}

/* One line without its end; false if parsing cannot go on. */
static bool line(struct parsing *x, char *s, char *end)
{
    if (memchr(s, '\0', (size_t)(end - s)) != NULL) {
        parsing_fault(x, NULL, "contains a NUL byte", NULL, NULL);
        return true;
    }
    if (end - s > POLICY_LINE_MAX) {
        parsing_fault(x, NULL, "line longer than 4096 bytes", NULL, NULL);
        return true;
    }
    end = comment(s, end);
    trim(&s, &end);
    if (s == end) {
        return true;
    }
    if (*s == '[') {
        return section(x, s, end);
    }
    assignment(x, s, end);
    return x->rule == &x->p->global || x->p->fault[0] == '\0';
}

void policy_parse_file(struct policy *p, const char *name, char *bytes, size_t len)
{
    int kept = errno;
    policy_defaults(p, name);
    struct parsing x = {.p = p, .rule = &p->global, .line = 1};
    char *s = bytes;
    char *end = bytes + len;
    if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        parsing_fault(&x, NULL, "begins with a UTF-8 byte order mark; save it without one", NULL,
                      NULL);
        s += 3;
    }
    for (bool more = true; more && s < end; x.line++) {
        char *newline = memchr(s, '\n', (size_t)(end - s));
        char *stop = newline == NULL ? end : newline;
        char *next = newline == NULL ? end : newline + 1;
        if (newline != NULL && stop > s && stop[-1] == '\r') {
            stop--;
        }
        more = line(&x, s, stop);
        s = next;
    }
    key_section_end(&x);
    errno = kept;
}
