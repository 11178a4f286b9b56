/* html: the report as one self-contained page: its files are embedded, and its content security
 * policy allows only these to run. */
#include "show.h"

#include "cli/lib/atomic.h"
#include "cli/lib/util.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* page.S */
extern const char page_html[];
extern const char page_css[];
extern const char page_js[];

/* The CSP source 'sha256-…' of an inline element's text. */
static void write_hash(const char *text, FILE *to)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    unsigned char base64[4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1];
    SHA256((const unsigned char *)text, strlen(text), digest);
    EVP_EncodeBlock(base64, digest, sizeof digest);
    fprintf(to, "'sha256-%s'", (const char *)base64);
}

/* The page with what stands between @@ filled in. */
static void write_page(struct report *r, size_t top, FILE *to)
{
    for (const char *at = page_html; *at != '\0';) {
        const char *mark = strstr(at, "@@");
        const char *end = mark != NULL ? strstr(mark + 2, "@@") : NULL;
        if (end == NULL) {
            fputs(at, to);
            break;
        }
        fwrite(at, 1, (size_t)(mark - at), to);
        if (strncmp(mark, "@@CSP@@", 7) == 0) {
            fputs("default-src 'none'; base-uri 'none'; form-action 'none'; script-src ", to);
            write_hash(page_js, to);
            fputs("; style-src ", to);
            write_hash(page_css, to);
        } else if (strncmp(mark, "@@CSS@@", 7) == 0) {
            fputs(page_css, to);
        } else if (strncmp(mark, "@@JS@@", 6) == 0) {
            fputs(page_js, to);
        } else if (strncmp(mark, "@@DATA@@", 8) == 0) {
            show_json_for_page(r, top, to);
        }
        at = end + 2;
    }
}

struct job {
    struct report *report;
    size_t top;
};

static int put(int fd, void *data)
{
    const struct job *job = data;
    int own = dup(fd);
    FILE *to = own >= 0 ? fdopen(own, "w") : NULL;
    if (to == NULL) {
        return -1;
    }
    write_page(job->report, job->top, to);
    bool failed = ferror(to) != 0;
    return fclose(to) != 0 || failed ? -1 : 0;
}

char *show_html(struct report *r, size_t top, const char *file)
{
    struct job job = {r, top};
    if (strcmp(file, "-") == 0) {
        write_page(r, top, stdout);
        return NULL;
    }
    return atomic_put(file, put, &job);
}
