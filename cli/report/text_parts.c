/* text_parts: the parts of the report for people. */
#include "text_parts.h"

#include "cli/lib/util.h"
#include "when.h"

#include <stdlib.h>
#include <string.h>

void text_field(const struct page *p, unsigned indent, const char *label, enum paint paint,
                char *text)
{
    term_field(&p->out, indent, label, TEXT_AT, paint, text);
    free(text);
}

void text_heading(const struct page *p, const char *title, size_t shown, size_t all)
{
    char *text = shown < all ? xprintf("%s (%zu of %zu; --top 0 shows all)", title, shown, all)
                             : xstrdup(title);
    fputc('\n', p->out.file);
    term_field(&p->out, 0, "", 0, PAINT_BOLD, text);
    free(text);
}

void text_append(char **text, const char *between, char *more)
{
    char *grown = xprintf("%s%s%s", *text, (*text)[0] != '\0' ? between : "", more);
    free(*text);
    free(more);
    *text = grown;
}

const char *text_or_none(const char *s)
{
    return s[0] != '\0' ? s : "(none)";
}

char *text_pair(const struct group *group)
{
    return xprintf("%s → %s", text_or_none(group_part(group, 0)),
                   text_or_none(group_part(group, 1)));
}

char *text_names(struct group *group, enum list_id id)
{
    unsigned n = group_sort(group, id);
    char *text = xstrdup("");
    for (unsigned i = 0; i < n && i < TEXT_NAMES; i++) {
        text_append(&text, ", ", xstrdup(text_or_none(group->lists[id]->at[i].key->text)));
    }
    if (n > TEXT_NAMES) {
        text_append(&text, " ", xprintf("and %u more", n - TEXT_NAMES));
    }
    return text;
}

char *text_span(int64_t first, int64_t last)
{
    char from[17];
    char until[17];
    when_short(first, from);
    when_short(last, until);
    return strcmp(from, until) == 0 ? xstrdup(from) : xprintf("%s to %s", from, until);
}

const char *text_plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

char *text_days(int64_t days)
{
    if (days < 0) {
        return xprintf("expired %lld day%s ago", (long long)-days, text_plural((uint64_t)-days));
    }
    return days == 0
               ? xstrdup("expires within a day")
               : xprintf("expires in %lld day%s", (long long)days, text_plural((uint64_t)days));
}
