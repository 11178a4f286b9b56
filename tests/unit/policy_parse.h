/* policy_parse: how the tests of the policy parse a text. */
#ifndef PGSEAL_POLICY_PARSE_H
#define PGSEAL_POLICY_PARSE_H

#include "lib/core/policy/policy.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME "/etc/pgseal/policy.conf"

/* A parsed policy with the bytes it points into: exactly as many as the text has, so that ASan sees
 * a byte too far. */
struct parsed {
    struct policy p;
    char *bytes;
};

static inline void parse_bytes(struct parsed *d, const char *bytes, size_t len)
{
    d->bytes = malloc(len + (len == 0));
    memcpy(d->bytes, bytes, len);
    errno = EXDEV;
    policy_parse_file(&d->p, NAME, d->bytes, len);
    assert_int_equal(errno, EXDEV);
}

static inline void parse(struct parsed *d, const char *text)
{
    parse_bytes(d, text, strlen(text));
}

static inline void done(struct parsed *d)
{
    policy_free(&d->p);
    free(d->bytes);
}

static inline void good(struct parsed *d, const char *text)
{
    parse(d, text);
    ROW_STRING(text, d->p.fault, "");
}

#endif
