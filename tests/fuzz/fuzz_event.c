/* fuzz_event: whatever bytes stand in the facts, a line is one valid JSON object in at most 4,096
 * bytes of valid UTF-8 with one newline, at its end, and never shows a secret that stands behind a
 * secret's name, before "://", or in one of five targets that an '@' shows to be cut. jansson
 * judges the JSON and UTF-8. Lengths are drawn to the ends of the buffers.
 *
 * Input: first byte the field that gets the secret, second byte flags, two bytes of numbers, then
 * texts that NULs end, stretched (stretch.h). */
#define _GNU_SOURCE /* memmem */
#include "lib/core/event/event.h"
#include "lib/core/event/redact.h"
#include "lib/core/text/strbuf.h"

#include "stretch.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "T0pS3cr3tM4rk3r"

enum {
    TEXTS = 96,
    FLAG_NEWLINE = 2,
    FLAG_QUOTE = 4,
    FLAG_NAMED = 8,
    FLAG_ENCODED = 16,
    FLAG_TWICE = 32 /* format it twice; the two bits above say where the secret goes */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_event: %s\n", what);
        abort();
    }
}

/* The texts that come out of the input, over and over where there are fewer than fields. */
struct texts {
    char *text[TEXTS];
    size_t n, next;
    size_t longs; /* how many long ones were taken */
};

/* The next text, NULL where there are none. Long ones come a few times only: hundreds of fields
 * have to be filled. */
static const char *take(struct texts *t)
{
    enum { LONG = 1024, LONGS = 6 };
    const char *text = t->n == 0 ? NULL : t->text[t->next++ % t->n];
    size_t len = text != NULL ? strlen(text) : 0;
    return len > LONG && ++t->longs > LONGS ? text + (len - LONG) : text;
}

static void split(struct texts *t, char *bytes, size_t size)
{
    for (char *at = bytes; at < bytes + size && t->n < TEXTS; at += strlen(at) + 1) {
        t->text[t->n++] = at;
    }
}

/* before, the secret with what gives it away, and after, in new memory. A value that spans lines
 * stands in quotes, as libpq's messages have it. */
static char *plant(const char *before, const char *after, unsigned flags)
{
    int lines =
        (flags & FLAG_NEWLINE) != 0 && strchr(before, '"') == NULL && strchr(after, '"') == NULL;
    const char *quote = lines || (flags & FLAG_QUOTE) != 0 ? "\"" : "";
    const char *name = (flags & FLAG_NAMED) == 0     ? ""
                       : (flags & FLAG_ENCODED) != 0 ? "oauth_client_%53ecret%20%253D"
                                                     : "sslpassword=";
    const char *scheme = name[0] != '\0' ? "" : (flags & FLAG_ENCODED) != 0 ? "%3a%2F/" : "://";
    size_t size = strlen(before) + strlen(after) + sizeof SECRET + 64;
    char *s = malloc(size);

    check(s != NULL, "no memory");
    snprintf(s, size, "%s%s%s%s" SECRET "%s%s%s%s", before, quote, lines ? "\n" : "", name,
             lines ? "\n" : "", scheme, quote, after);
    return s;
}

static void check_line(const struct event *e, int planted, int twice)
{
    char line[EVENT_LINE_MAX + 1];
    char again[EVENT_LINE_MAX];
    json_error_t error;
    json_t *json;
    size_t n;

    line[EVENT_LINE_MAX] = '#';
    n = event_format(e, line);
    check(line[EVENT_LINE_MAX] == '#', "overrun");
    check(n >= 2 && n <= EVENT_LINE_MAX, "length");
    check(memchr(line, '\n', n) == line + n - 1, "newline");
    for (size_t i = 0; i + 1 < n; i++) {
        check((unsigned char)line[i] >= ' ' && line[i] != 0x7f, "control character");
    }
    json = json_loadb(line, n - 1, JSON_REJECT_DUPLICATES, &error);
    check(json_is_object(json), "JSON");
    check(strcmp(json_string_value(json_object_get(json, "schema")), "pgseal/1") == 0, "schema");
    check(json_integer_value(json_object_get(json, "pid")) == e->pid, "pid");
    if (e->reason == NULL || *e->reason == '\0') {
        check(json_object_get(json, "reason") == NULL, "empty reason");
    }
    json_decref(json);
    check(!planted || memmem(line, n, SECRET, strlen(SECRET)) == NULL, "secret");
    if (twice) {
        check(event_format(e, again) == n && memcmp(line, again, n) == 0, "not the same twice");
    }
}

static void put_text(void *to, const char *s, size_t n)
{
    strbuf_addn(to, s, n);
}

static void check_reason(const char *reason)
{
    size_t size = 5 * strlen(reason) + 9;
    char *buf = malloc(size);
    struct strbuf t;

    for (int secret = 0; buf != NULL && secret < 2; secret++) {
        strbuf_init(&t, buf, size);
        redact_reason(reason, secret != 0, NULL, put_text, &t);
        check(!t.cut, "longer than it may become");
        check(strchr(buf, '\n') == NULL, "newline in a reason");
        check(!event_redacts(buf), "a reason that hints");
    }
    free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct texts t = {.n = 0};
    struct change changes[EVENT_CHANGES];
    struct event_library libpqs[EVENT_LIST];
    const char *lists[3][EVENT_LIST];
    struct event e = {0};
    const char **redacted[] = {
        &e.host,   &e.hostaddr,           &e.port, &e.dbname, &e.user, &e.application_name,
        &e.reason, &changes[0].requested, &e.user, &e.port};
    const char **plain[] = {&e.node,          &e.event,      &e.action,         &e.mode,
                            &e.entry,         &e.exe,        &e.object,         &e.libpq,
                            &e.rule,          &e.protocol,   &e.cipher,         &e.peer_subject,
                            &e.peer_issuer,   &e.peer_names, &e.peer_not_after, &e.peer_sha256,
                            &e.verified_name, &e.root,       &e.root_sha256,    &e.settings,
                            &e.exempt_until,  &e.openssl};
    const size_t nveiled = sizeof redacted / sizeof redacted[0];
    const size_t nplain = sizeof plain / sizeof plain[0];
    unsigned where;
    unsigned flags;
    char *bytes;
    char *secret;

    if (size < 4) {
        return 0;
    }
    where = data[0] % nveiled;
    flags = data[1];
    size_t len;
    bytes = stretch(data + 2, size - 2, &len);
    split(&t, bytes, len);
    /* A text that holds the secret by itself would be no leak. */
    if (memmem(bytes, len, SECRET, strlen(SECRET)) != NULL) {
        free(bytes);
        return 0;
    }
    for (size_t i = 0; i < EVENT_CHANGES; i++) {
        changes[i] = (struct change){i == 1 ? "password" : take(&t), take(&t), take(&t), take(&t)};
    }
    for (size_t i = 0; i < EVENT_LIST; i++) {
        libpqs[i] = (struct event_library){take(&t), (int)(data[i % size] << 12)};
        for (size_t k = 0; k < 3; k++) {
            lists[k][i] = take(&t);
        }
    }
    for (size_t i = 0; i < nveiled - 2; i++) {
        *redacted[i] = take(&t);
    }
    for (size_t i = 0; i < nplain; i++) {
        *plain[i] = take(&t);
    }
    memcpy(&e.pid, data, sizeof e.pid);
    e.time_ms = (int64_t)((uint64_t)(uint32_t)e.pid << (data[1] % 40));
    e.uid = data[2];
    e.lost = data[3];
    e.changes = changes;
    e.nchanges = (size_t)(data[2] % (EVENT_CHANGES + 1));
    e.libpqs = libpqs;
    e.nlibpqs = (size_t)(data[3] % 5);
    e.hooks = lists[0];
    e.nhooks = (size_t)(data[2] % (EVENT_LIST + 1));
    e.environment = lists[1];
    e.nenvironment = (size_t)(data[3] % (EVENT_LIST + 1));
    e.preloads = lists[2];
    e.npreloads = (size_t)(data[1] % 3);
    secret = plant(take(&t), take(&t), flags);
    switch (flags >> 6) {
    case 0:
    case 3:
        check_line(&e, 0, (flags & FLAG_TWICE) != 0);
        if (e.reason != NULL) {
            check_reason(e.reason);
        }
        break;
    case 1:
        *redacted[where] = secret;
        check_line(&e, 1, 0);
        if (redacted[where] == &e.reason) {
            check_reason(secret);
        }
        break;
    default: {
        /* A URI cut in the wrong place: the secret in one of the five, what gives it away in host,
         * hostaddr, port or dbname. */
        size_t at = (size_t)data[2] % 4;
        *redacted[at] = "host@";
        *redacted[(at + 1 + where % 4) % 5] = SECRET;
        e.reason = "could not translate host name \"" SECRET "\" to address";
        check_line(&e, 1, 0);
    }
    }
    free(secret);
    free(bytes);
    return 0;
}
