/* found: one more finding of a check. */
#include "cli/check/check.h"

void check_found(struct check *c, const char *what, char *text, char *advice)
{
    c->findings = xrealloc(c->findings, (c->nfindings + 1) * sizeof *c->findings);
    c->findings[c->nfindings++] = (struct finding){what, text, advice};
}
