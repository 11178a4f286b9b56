/* show: what pgseal check found, for people and as JSON. */
#include "cli/check/check.h"

#include <stdlib.h>
#include <string.h>

static const char *const answer_words[] = {NULL, "no", "yes", "unclear"};

static const char *text_of(json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s != NULL ? s : "";
}

/* Why the check differs from what would happen, or NULL. */
static const char *note_of(const struct check *c)
{
    const struct verdict *v = &c->asked->verdict;
    if (v->kind == VERDICT_EXEMPT) {
        return "The policy exempts this connection; it was checked as if it were not exempt.";
    }
    if (v->mode == MODE_AUDIT && v->tcp) {
        return "The policy only audits this connection; it was checked as if the policy were "
               "enforced.";
    }
    if (c->ntargets == 0 && c->nsockets > 0) {
        return "The connection uses a Unix socket: there is no TLS to check.";
    }
    return c->nsockets > 0 ? "Unix sockets in the list were not checked." : NULL;
}

static json_t *strings_json(const struct strings *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->n; i++) {
        json_array_append_new(array, term_json_text(list->at[i]));
    }
    return array;
}

static json_t *certificate_json(const struct check *c, size_t i)
{
    const struct ca_item *item = &c->certificates.items[i];
    json_t *o = json_object();
    term_json_set(o, "subject", item->subject);
    term_json_set(o, "issuer", item->issuer);
    if (i == 0) {
        json_object_set_new(o, "names", strings_json(&c->names));
    }
    term_json_set(o, "not_before", item->not_before);
    term_json_set(o, "not_after", item->not_after);
    json_object_set_new(o, "days_left", json_integer(item->days_left));
    term_json_set(o, "key", item->key_type);
    json_object_set_new(o, "key_bits", json_integer(item->key_bits));
    term_json_set(o, "signature", item->signature);
    term_json_set(o, "sha256", item->sha256);
    return o;
}

static json_t *findings_json(const struct check *c)
{
    json_t *array = json_array();
    for (size_t i = 0; i < c->nfindings; i++) {
        json_t *o = json_object();
        json_object_set_new(o, "finding", json_string(c->findings[i].what));
        term_json_set(o, "text", c->findings[i].text);
        term_json_set(o, "advice", c->findings[i].advice);
        json_array_append_new(array, o);
    }
    return array;
}

static void set_answer(json_t *o, const char *key, enum answer answer)
{
    term_json_set(o, key, answer_words[answer]);
}

static json_t *root_json(const struct check *c)
{
    json_t *o = json_object();
    term_json_set(o, "file", c->strict->verdict.root);
    term_json_set(o, "subject", c->root_subject);
    term_json_set(o, "sha256", c->root_sha256);
    if (c->root_line > 0) {
        json_object_set_new(o, "line", json_integer((json_int_t)c->root_line));
    }
    return o;
}

json_t *check_json(const struct check *c)
{
    json_t *root = json_object();
    json_object_set_new(root, "schema", json_string("pgseal-check/1"));
    term_json_set(root, "settings", preview_origin(c->asked));
    term_json_set(root, "event", text_of(c->asked->line, "event"));
    term_json_set(root, "action", text_of(c->asked->line, "action"));
    term_json_set(root, "rule", text_of(c->asked->line, "rule"));
    term_json_set(root, "note", note_of(c));
    char *log = preview_log_fault(c->asked);
    term_json_set(root, "log_fault", log);
    free(log);
    json_object_set_new(root, "connected", json_boolean(c->connected));
    term_json_set(root, "failure", c->failure);
    term_json_set(root, "host", c->host);
    term_json_set(root, "hostaddr", c->address);
    term_json_set(root, "port", c->port);
    term_json_set(root, "protocol", c->protocol);
    term_json_set(root, "cipher", c->cipher);
    if (c->bits > 0) {
        json_object_set_new(root, "bits", json_integer(c->bits));
    }
    json_t *versions = json_object();
    set_answer(versions, "TLSv1.3", c->tls13);
    set_answer(versions, "TLSv1.2", c->tls12);
    set_answer(versions, "older", c->older);
    json_object_set_new(root, "takes", versions);
    json_t *chain = json_array();
    for (size_t i = 0; i < c->certificates.n; i++) {
        json_array_append_new(chain, certificate_json(c, i));
    }
    json_object_set_new(root, "chain", chain);
    json_object_set_new(root, "chain_verified", json_boolean(c->connected && c->chain != NULL));
    term_json_set(root, "verified_name", c->verified_name);
    term_json_set(root, "matched", c->matched);
    json_object_set_new(root, "root", root_json(c));
    set_answer(root, "takes_plaintext", c->plaintext);
    term_json_set(root, "plaintext_answer", c->plaintext_words);
    if (c->server != NULL) {
        json_object_set(root, "server", c->server);
    }
    json_object_set_new(root, "findings", findings_json(c));
    return root;
}

enum { LABEL = 14 };

static void field(const struct out *out, const char *label, enum paint paint, char *text)
{
    term_field(out, 0, label, LABEL, paint, text);
    free(text);
}

static void show_tls(const struct out *out, const struct check *c)
{
    field(out, "TLS", PAINT_NONE, xprintf("%s, %s, %d bits", c->protocol, c->cipher, c->bits));
    if (c->tls13 != NOT_ASKED) {
        enum paint paint = c->older == ANSWER_YES ? PAINT_YELLOW : PAINT_NONE;
        field(out, "Takes", paint,
              xprintf("TLS 1.3: %s; 1.2: %s; older: %s", answer_words[c->tls13],
                      answer_words[c->tls12], answer_words[c->older]));
    }
    if (c->verified_name != NULL && c->verified_name[0] != '\0') {
        field(out, "Name", c->matched != NULL ? PAINT_GREEN : PAINT_RED,
              c->matched != NULL ? xprintf("%s, matched by %s", c->verified_name, c->matched)
                                 : xprintf("%s, matched by none", c->verified_name));
    }
    const char *file = c->strict->verdict.root;
    if (c->root_subject != NULL && file != NULL) {
        field(out, "Root", PAINT_GREEN,
              c->root_line > 0 ? xprintf("%s (%s:%zu)", c->root_subject, file, c->root_line)
                               : xprintf("%s (%s)", c->root_subject, file));
    }
}

static void show_chain(const struct out *out, const struct check *c)
{
    field(out, "Certificates", PAINT_NONE,
          xstrdup(c->sent_only ? "as the server sent them" : "as they were verified"));
    for (size_t i = 0; i < c->certificates.n; i++) {
        const struct ca_item *item = &c->certificates.items[i];
        bool over = (item->findings & (CA_EXPIRED | CA_NOT_YET_VALID | CA_EXPIRING)) != 0;
        char *number = xprintf("%zu", i + 1);
        term_field(out, LABEL, number, LABEL + 3, PAINT_BOLD,
                   item->subject != NULL ? item->subject : "?");
        free(number);
        for (size_t j = 0; i == 0 && j < c->names.n; j++) {
            term_field(out, LABEL + 3, "", LABEL + 3, PAINT_NONE, c->names.at[j]);
        }
        char *issuer = xprintf("issued by %s", item->issuer != NULL ? item->issuer : "?");
        term_field(out, LABEL + 3, "", LABEL + 3, PAINT_DIM, issuer);
        free(issuer);
        bool past = item->days_left < 0;
        char *days =
            xprintf("%s%ld days %s (%s)", past ? "expired " : "", labs(item->days_left),
                    past ? "ago" : "left", item->not_after != NULL ? item->not_after : "?");
        term_field(out, LABEL + 3, "", LABEL + 3, over ? PAINT_RED : PAINT_NONE, days);
        free(days);
    }
}

static void show_server(const struct out *out, const struct check *c)
{
    json_t *stat = json_object_get(c->server, "pg_stat_ssl");
    json_t *info = json_object_get(c->server, "sslinfo");
    if (stat != NULL) {
        field(out, "pg_stat_ssl", PAINT_NONE,
              xprintf("ssl %s, %s, %s, %s bits", text_of(stat, "ssl"), text_of(stat, "version"),
                      text_of(stat, "cipher"), text_of(stat, "bits")));
    }
    if (info != NULL) {
        field(out, "sslinfo", PAINT_NONE,
              xprintf("ssl_is_used %s, %s, %s", text_of(info, "ssl_is_used"),
                      text_of(info, "ssl_version"), text_of(info, "ssl_cipher")));
    }
}

static void show_plaintext(const struct out *out, const struct check *c)
{
    static const char *const words[] = {"not asked", "refused", "taken", "unclear"};
    static const enum paint paints[] = {PAINT_DIM, PAINT_GREEN, PAINT_RED, PAINT_YELLOW};
    field(out, "Plaintext", paints[c->plaintext],
          c->plaintext_words != NULL ? xprintf("%s: %s", words[c->plaintext], c->plaintext_words)
                                     : xstrdup(words[c->plaintext]));
}

void check_show(const struct check *c)
{
    struct out out = term_start(stdout);
    const char *note = note_of(c);
    const char *rule = text_of(c->asked->line, "rule");
    if (c->host != NULL) {
        field(&out, "Server", PAINT_BOLD,
              c->address != NULL && strcmp(c->address, c->host) != 0
                  ? xprintf("%s (%s) port %s", c->host, c->address, c->port)
                  : xprintf("%s port %s", c->host, c->port));
    }
    if (c->ntargets > 0) {
        field(&out, "Sealed", c->connected ? PAINT_GREEN : PAINT_RED,
              c->connected ? xstrdup("yes") : xprintf("no: %s", c->failure));
    }
    field(&out, "Policy", PAINT_NONE,
          xprintf("%s, %s", text_of(c->asked->line, "action"),
                  rule[0] != '\0' ? rule : preview_origin(c->asked)));
    if (note != NULL) {
        term_field(&out, 0, "Note", LABEL, PAINT_YELLOW, note);
    }
    char *log = preview_log_fault(c->asked);
    if (log != NULL) {
        term_field(&out, 0, "Log", LABEL, PAINT_YELLOW, log);
    }
    free(log);
    if (c->protocol != NULL) {
        show_tls(&out, c);
        show_plaintext(&out, c);
        show_server(&out, c);
        show_chain(&out, c);
    }
    fputc('\n', stdout);
    for (size_t i = 0; i < c->nfindings; i++) {
        term_field(&out, 0, "", 0, PAINT_RED, c->findings[i].what);
        term_field(&out, 2, "", 2, PAINT_NONE, c->findings[i].text);
        if (c->findings[i].advice != NULL) {
            term_field(&out, 2, "", 2, PAINT_DIM, c->findings[i].advice);
        }
    }
    if (c->nfindings == 0) {
        term_field(&out, 0, "", 0, PAINT_GREEN, "Nothing found.");
    }
}
