/* junit: a report that CI systems read, valid XML whatever COMMAND printed. */
#include "cli/impostor/impostor.h"
#include "cli/lib/safe.h"
#include "cli/lib/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints one character, or the start of a longer sequence, of text that term_safe has made. */
static void put_character(FILE *out, const char *s)
{
    switch (*s) {
    case '&':
        fputs("&amp;", out);
        break;
    case '<':
        fputs("&lt;", out);
        break;
    case '>':
        fputs("&gt;", out);
        break;
    case '"':
        fputs("&quot;", out);
        break;
    default:
        fputc(*s, out);
        break;
    }
}

char *xml_text(const char *bytes, size_t n)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return xstrdup("");
    }
    for (size_t at = 0; at < n;) {
        /* A line, or what stands before a NUL: term_safe takes the rest of what XML cannot hold. */
        size_t len = 0;
        while (at + len < n && strchr("\n\t", bytes[at + len]) == NULL) {
            len++;
        }
        char *part = xstrndup(bytes + at, len);
        char *safe = term_safe(part);
        for (const char *s = safe; *s != '\0'; s++) {
            if (strncmp(s, "\xef\xbf\xbe", 3) == 0 || strncmp(s, "\xef\xbf\xbf", 3) == 0) {
                fprintf(out, "\\xef\\xbf\\x%02x", (unsigned char)s[2]);
                s += 2;
            } else {
                put_character(out, s);
            }
        }
        free(part);
        free(safe);
        at += len;
        if (at < n) {
            fputs(bytes[at] == '\0' ? "\\x00" : bytes[at] == '\t' ? "\t" : "\n", out);
            at++;
        }
    }
    fclose(out);
    return text;
}

static void put_outcome(FILE *out, const struct result *r)
{
    char *reason = r->reason != NULL ? xml_text(r->reason, strlen(r->reason)) : xstrdup("");
    switch (r->verdict) {
    case VERDICT_NOT_RUN:
        fputs("    <skipped message=\"the control failed\"/>\n", out);
        break;
    case VERDICT_TOLD:
        fprintf(out, "    <failure type=\"told\" message=\"told");
        for (unsigned i = 0; i < TOLD_KINDS; i++) {
            if (((r->told[0] | r->told[1]) >> i & 1) != 0) {
                fprintf(out, " %s", told_names[i]);
            }
        }
        fprintf(out, ", %s\"/>\n", strcmp(how_of(r), "clear") == 0 ? "in clear" : "inside TLS");
        break;
    case VERDICT_CONTROL_FAILED:
    case VERDICT_TIMED_OUT:
        fprintf(out, "    <error type=\"%s\" message=\"%s\"/>\n", verdict_names[r->verdict],
                reason);
        break;
    default:
        break;
    }
    free(reason);
    if (r->tail_n != 0) {
        char *text = xml_text(r->tail, r->tail_n);
        fprintf(out, "    <system-out>%s</system-out>\n", text);
        free(text);
    }
}

char *junit_make(const struct result results[TRIALS], const bool asked[TRIALS])
{
    unsigned count[VERDICT_TIMED_OUT + 1] = {0};
    unsigned tests = 0;
    double seconds = 0;
    for (size_t i = 0; i < TRIALS; i++) {
        if (asked[i]) {
            tests++;
            count[results[i].verdict]++;
            seconds += results[i].seconds;
        }
    }
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return xstrdup("");
    }
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuite name=\"pgseal impostor\" tests=\"%u\" failures=\"%u\" errors=\"%u\" "
            "skipped=\"%u\" time=\"%.3f\">\n",
            tests, count[VERDICT_TOLD], count[VERDICT_CONTROL_FAILED] + count[VERDICT_TIMED_OUT],
            count[VERDICT_NOT_RUN], seconds);
    for (size_t i = 0; i < TRIALS; i++) {
        if (asked[i]) {
            fprintf(out, "  <testcase classname=\"pgseal.impostor\" name=\"%s\" time=\"%.3f\">\n",
                    trials[i].name, results[i].seconds);
            put_outcome(out, &results[i]);
            fputs("  </testcase>\n", out);
        }
    }
    fputs("</testsuite>\n", out);
    fclose(out);
    return text;
}
