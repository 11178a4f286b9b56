/* policy_fault: makes the sentence that says where a policy has an error, and what is wrong. */
#include "lib/core/event/event.h"
#include "lib/core/options/options.h"
#include "lib/core/policy/policy_keys.h"
#include "lib/core/text/strbuf.h"

#include <string.h>

enum { SHOWN_MAX = 64 }; /* bytes of a value that a message shows */

/* Appends what may be shown of s. */
static void add_shown(struct strbuf *t, const char *s, const char *quote)
{
    /* A part of a secret that was pasted here by mistake may still be one. */
    if (event_redacts(s) || strchr(s, '@') != NULL || strcasestr(s, "password") != NULL) {
        strbuf_add(t, "(hidden)");
        return;
    }
    char shown[SHOWN_MAX + 1];
    bool whole = strbuf_copy(shown, sizeof shown, s);
    for (char *c = shown; *c != '\0'; c++) {
        *c = (unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c;
    }
    strbuf_add(t, quote, shown, whole ? "" : "...", quote);
}

bool parsing_fault(struct parsing *x, const char *key, const char *message, const char *reason,
                   const char *value)
{
    struct strbuf t;
    if (x->p->fault[0] != '\0') {
        return false;
    }
    strbuf_init(&t, x->p->fault, sizeof x->p->fault);
    strbuf_add(&t, x->p->name, ":");
    if (!x->environment) {
        strbuf_add_uint(&t, (uint64_t)x->line, 1);
        strbuf_add(&t, ":");
    }
    strbuf_add(&t, " ");
    if (key != NULL && option_known(key) != NULL) {
        strbuf_add(&t, key);
    } else if (key != NULL) {
        add_shown(&t, key, "");
    }
    strbuf_add(&t, message);
    const char *advice = reason != NULL ? strstr(reason, "; ") : NULL;
    if (reason != NULL) {
        strbuf_addn(&t, reason, advice != NULL ? (size_t)(advice - reason) : strlen(reason));
    }
    if (value != NULL) {
        strbuf_add(&t, " ");
        add_shown(&t, value, "\"");
    }
    strbuf_add(&t, advice);
    return true;
}

void parsing_advise(struct parsing *x, const char *advice)
{
    char *fault = x->p->fault;
    struct strbuf t = {.buf = fault, .size = sizeof x->p->fault, .len = strlen(fault)};
    strbuf_add(&t, advice);
}
