/* url_parts: splits a connection string into its parameters and what precedes them. */
#ifndef PGSEAL_LAUNCH_URL_PARTS_H
#define PGSEAL_LAUNCH_URL_PARTS_H

#include <stdbool.h>
#include <stddef.h>

enum { URL_PARAMETERS = 128 };

enum url_syntax {
    URL_QUERY,    /* BASE?name=value&name=value, percent-encoded */
    URL_KEYWORDS, /* name=value name='value' */
    URL_PAIRS,    /* Name=value;Name="value" */
};

struct url_parameter {
    const char *text; /* as written, in the string that was cut */
    size_t len;
    char *name; /* decoded, owned; of pairs in lower case and without blanks */
    char *value;
};

struct url_parts {
    enum url_syntax syntax;
    const char *base; /* all before the parameters, of a query: before its question mark */
    size_t base_len;
    struct url_parameter parameters[URL_PARAMETERS];
    size_t n;
};

/* Cuts value by this syntax; *p is zeroed by the caller. Returns NULL, or a static text where it
 * cannot be cut without doubt. value must outlive p. */
const char *url_cut(struct url_parts *p, enum url_syntax syntax, const char *value);

void url_parts_free(struct url_parts *p);

/* Writes name=value by the syntax into buf; false if it does not fit. */
bool url_write(enum url_syntax syntax, const char *name, const char *value, char *buf, size_t size);

#endif
