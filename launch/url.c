/* url: each driver's parameters for verification, and the assembly of the new string. */
#include "launch/url.h"

#include "launch/url_parts.h"
#include "lib/core/event/event.h"
#include "lib/core/text/strbuf.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is done with a parameter. */
struct wish {
    const char *name;    /* as url_cut leaves it */
    const char *written; /* as it is written if it is added; NULL: it is not added */
    const char *value;   /* NULL: removed; root: the policy's, removed if it has none */
    const char *weak;    /* removed only with this value */
};

static const char root_value[] = "(root)";

/* ssl-mode, ssl-root-cert and ssl-ca are sqlx's other names. */
static const struct wish libpq_wishes[] = {{"sslmode", "sslmode", "verify-full", NULL},
                                           {"sslrootcert", NULL, root_value, NULL},
                                           {"ssl-root-cert", NULL, root_value, NULL},
                                           {"ssl-ca", NULL, root_value, NULL},
                                           {"ssl-mode", NULL, NULL, NULL},
                                           {"ssl", NULL, NULL, NULL},
                                           {"requiressl", NULL, NULL, NULL},
                                           {"gssencmode", NULL, "disable", NULL},
                                           {"sslkeylogfile", NULL, NULL, NULL},
                                           {"ssl_min_protocol_version", NULL, NULL, "TLSv1"},
                                           {"ssl_min_protocol_version", NULL, NULL, "TLSv1.1"},
                                           {"ssl_max_protocol_version", NULL, NULL, "TLSv1"},
                                           {"ssl_max_protocol_version", NULL, NULL, "TLSv1.1"},
                                           {NULL, NULL, NULL, NULL}};
/* SQLAlchemy passes the parameters to asyncpg.connect(), which has no sslmode. */
static const struct wish asyncpg_wishes[] = {{"ssl", "ssl", "verify-full", NULL},
                                             {NULL, NULL, NULL, NULL}};
static const struct wish jdbc_wishes[] = {
    {"sslmode", "sslmode", "verify-full", NULL},
    {"sslrootcert", "sslrootcert", root_value, NULL},
    {"gssEncMode", "gssEncMode", "disable", NULL},
    {"ssl", NULL, NULL, NULL},
    {"sslfactory", NULL, NULL, "org.postgresql.ssl.NonValidatingFactory"},
    {"sslhostnameverifier", NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL}};
static const struct wish npgsql_wishes[] = {{"sslmode", "SSL Mode", "VerifyFull", NULL},
                                            {"rootcertificate", NULL, root_value, NULL},
                                            {"trustservercertificate", NULL, NULL, NULL},
                                            {"gssencryptionmode", NULL, "Disable", NULL},
                                            {NULL, NULL, NULL, NULL}};

static const struct dialect {
    const char *prefix; /* NULL: any */
    enum url_syntax syntax;
    const struct wish *wishes;
} dialects[] = {
    {"postgres://", URL_QUERY, libpq_wishes},
    {"postgresql://", URL_QUERY, libpq_wishes},
    {"postgresql+psycopg://", URL_QUERY, libpq_wishes},
    {"postgresql+psycopg_async://", URL_QUERY, libpq_wishes},
    {"postgresql+psycopg2://", URL_QUERY, libpq_wishes},
    {"postgresql+asyncpg://", URL_QUERY, asyncpg_wishes},
    {"jdbc:postgresql:", URL_QUERY, jdbc_wishes},
    {NULL, URL_KEYWORDS, libpq_wishes},
    {NULL, URL_PAIRS, npgsql_wishes},
};

/* Npgsql has no default for the server. */
static bool has_server(const struct url_parts *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const char *name = p->parameters[i].name;
        if (strcmp(name, "host") == 0 || strcmp(name, "server") == 0) {
            return true;
        }
    }
    return false;
}

/* Splits value by the first dialect in which it is valid. */
static const char *find_dialect(const char *value, struct url_parts *p,
                                const struct dialect **found)
{
    const char *reason = NULL;
    bool is_url = strstr(value, "://") != NULL && strcspn(value, " =;") > strcspn(value, ":");
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++) {
        const struct dialect *d = &dialects[i];
        bool begins = d->prefix != NULL && strncmp(value, d->prefix, strlen(d->prefix)) == 0;
        bool may_be =
            d->prefix == NULL && !is_url && (d->syntax != URL_PAIRS || strchr(value, ';') != NULL);
        if (!begins && !may_be) {
            continue;
        }
        reason = url_cut(p, d->syntax, value);
        /* A lower-case string of pairs is also valid as one keyword whose value contains the
         * others. */
        bool pairs = d->syntax == URL_KEYWORDS && reason == NULL &&
                     strchr(p->parameters[0].value, ';') != NULL &&
                     strcmp(p->parameters[0].name, "password") != 0;
        if (begins || (reason == NULL && !pairs && (d->syntax != URL_PAIRS || has_server(p)))) {
            *found = d;
            return reason;
        }
        url_parts_free(p);
    }
    return "pgseal-run does not know its syntax";
}

static const struct wish *find_wish(const struct wish *wishes, const struct url_parameter *p,
                                    const char *root)
{
    for (const struct wish *w = wishes; w->name != NULL; w++) {
        if (strcmp(w->name, p->name) == 0 && (w->weak == NULL || strcmp(w->weak, p->value) == 0) &&
            (w->value != root_value || root != NULL)) {
            return w;
        }
    }
    return NULL;
}

/* Whether the parameter must not be shown. */
static bool is_secret(const struct url_parameter *p, const char *text)
{
    static const char *const words[] = {"pass", "pwd", "secret", "token"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasestr(p->name, words[i]) != NULL) {
            return true;
        }
    }
    return event_redacts(text) || event_redacts(p->value);
}

/* Writes the part before the parameters for people: in a plain authority the password is hidden, in
 * any other everything up to the last '@'. */
static void show_base(struct strbuf *t, const char *base, size_t len)
{
    const char *authority = memmem(base, len, "//", 2);
    const char *start = authority != NULL ? authority + 2 : base;
    size_t room = len - (size_t)(start - base);
    const char *at = memrchr(start, '@', room);
    const char *colon = at != NULL ? memchr(start, ':', (size_t)(at - start)) : NULL;
    const char *odd = at != NULL ? start + strcspn(start, "@/") : NULL;
    strbuf_addn(t, base, (size_t)(start - base));
    if (at == NULL) {
        strbuf_addn(t, start, room);
        return;
    }
    if (odd != at) {
        strbuf_add(t, "(hidden)");
    } else if (colon != NULL) {
        strbuf_addn(t, start, (size_t)(colon - start));
        strbuf_add(t, ":(hidden)");
    } else {
        strbuf_addn(t, start, (size_t)(at - start));
    }
    strbuf_addn(t, at, len - (size_t)(at - base));
}

/* The new string, for the driver and for people. */
struct writer {
    struct strbuf value;
    struct strbuf shown;
    enum url_syntax syntax;
    bool any; /* a parameter has been written */
};

static void write_parameter(struct writer *w, const char *text, size_t len, const char *shown)
{
    static const char *const separators[][2] = {
        [URL_QUERY] = {"?", "&"}, [URL_KEYWORDS] = {"", " "}, [URL_PAIRS] = {"", ";"}};
    const char *separator = separators[w->syntax][w->any];
    w->any = true;
    strbuf_add(&w->value, separator);
    strbuf_addn(&w->value, text, len);
    strbuf_add(&w->shown, separator);
    if (shown != NULL) {
        strbuf_add(&w->shown, shown);
    } else {
        strbuf_addn(&w->shown, text, len);
    }
}

/* Writes a parameter that stays; false without memory. */
static bool keep(struct writer *w, const struct url_parameter *p)
{
    size_t size = strlen(p->name) + sizeof "=(hidden)";
    char *text = strndup(p->text, p->len);
    char *own = malloc(size);
    bool done = text != NULL && own != NULL;
    if (done && w->syntax == URL_KEYWORDS && p->value[0] == '\0') {
        /* "name=" at the end would take the next word as its value. */
        url_write(w->syntax, p->name, "", own, size);
        write_parameter(w, own, strlen(own), NULL);
    } else if (done) {
        snprintf(own, size, "%s=(hidden)", p->name);
        write_parameter(w, p->text, p->len, is_secret(p, text) ? own : NULL);
    }
    free(text);
    free(own);
    return done;
}

static bool add_wish(struct writer *w, const struct wish *wish, const char *written,
                     const char *root)
{
    char text[2 * PATH_MAX];
    const char *value = wish->value == root_value ? root : wish->value;
    bool fits = url_write(w->syntax, written, value, text, sizeof text);
    write_parameter(w, text, strlen(text), NULL);
    return fits;
}

static bool note_change(struct url *u, const struct wish *wish, const char *requested,
                        const char *root)
{
    const char *enforced = wish->value == root_value ? root : wish->value;
    if (enforced != NULL && strcmp(requested, enforced) == 0) {
        return true;
    }
    if (u->nchanges == URL_CHANGES ||
        (u->changes[u->nchanges].requested = strdup(requested)) == NULL) {
        return false;
    }
    u->changes[u->nchanges].option = wish->name;
    u->changes[u->nchanges++].enforced = enforced;
    return true;
}

/* Writes the parameters: those that stay, then one of each that is wanted and missing. */
static bool write_all(struct writer *w, struct url *u, const struct url_parts *p,
                      const struct dialect *d, const char *root)
{
    bool done = true;
    const struct wish *written[16] = {NULL};
    for (size_t i = 0; i < p->n; i++) {
        const struct url_parameter *parameter = &p->parameters[i];
        const struct wish *wish = find_wish(d->wishes, parameter, root);
        if (wish == NULL) {
            done = keep(w, parameter) && done;
            continue;
        }
        done = note_change(u, wish, parameter->value, root) && done;
        size_t at = (size_t)(wish - d->wishes);
        if (wish->value != NULL && written[at] == NULL) {
            written[at] = wish;
            /* As it is written there, in its own case or encoding. */
            const char *end = memchr(parameter->text, '=', parameter->len);
            size_t name = end != NULL ? (size_t)(end - parameter->text) : parameter->len;
            for (; name > 0 && strchr(" \t\r\n\v\f", parameter->text[name - 1]) != NULL; name--) {
                ;
            }
            char own[64];
            strbuf_copy(own, name < sizeof own ? name + 1 : sizeof own, parameter->text);
            done = add_wish(w, wish, wish->written != NULL ? wish->written : own, root) && done;
        }
    }
    for (const struct wish *wish = d->wishes; wish->name != NULL; wish++) {
        if (wish->written != NULL && written[wish - d->wishes] == NULL &&
            (wish->value != root_value || root != NULL)) {
            done = add_wish(w, wish, wish->written, root) && done;
        }
    }
    return done;
}

/* Writes the string as it was and as it becomes. Returns NULL, or why that is not possible. */
static const char *assemble(struct url *u, const struct url_parts *p, const struct dialect *d,
                            const char *root, size_t size)
{
    struct writer old = {.syntax = d->syntax};
    struct writer new = {.syntax = d->syntax};
    bool done = true;
    strbuf_init(&old.value, u->value, size); /* written over below */
    strbuf_init(&old.shown, u->before, size);
    show_base(&old.shown, p->base, p->base_len);
    for (size_t i = 0; i < p->n; i++) {
        done = keep(&old, &p->parameters[i]) && done;
    }
    strbuf_init(&new.value, u->value, size);
    strbuf_init(&new.shown, u->after, size);
    strbuf_addn(&new.value, p->base, p->base_len);
    show_base(&new.shown, p->base, p->base_len);
    done = write_all(&new, u, p, d, root) && done;
    return done && !new.value.cut && !new.shown.cut && !old.shown.cut ? NULL : "it is too long";
}

/* Whether the new string is still read in the syntax that it was written in: without the removed
 * parameters, keywords may look like pairs. Returns NULL, or why not. */
static const char *check_syntax(const char *written, const struct dialect *d)
{
    struct url_parts parts = {0};
    const struct dialect *found = NULL;
    const char *reason = find_dialect(written, &parts, &found);
    url_parts_free(&parts);
    return reason == NULL && found == d
               ? NULL
               : "a ';' in it can be read in two ways; quote the value that "
                 "contains it";
}

const char *url_rewrite(struct url *u, const char *value, const char *root)
{
    struct url_parts parts = {0};
    const struct dialect *dialect = NULL;
    *u = (struct url){0};
    const char *reason = find_dialect(value, &parts, &dialect);
    if (reason == NULL) {
        size_t size = 2 * strlen(value) + 16 * URL_PARAMETERS + 4 * PATH_MAX;
        u->value = malloc(size);
        u->before = malloc(size);
        u->after = malloc(size);
        reason = u->value != NULL && u->before != NULL && u->after != NULL
                     ? assemble(u, &parts, dialect, root, size)
                     : "no memory";
        reason = reason == NULL ? check_syntax(u->value, dialect) : reason;
    }
    url_parts_free(&parts);
    return reason;
}

void url_free(struct url *u)
{
    free(u->value);
    free(u->before);
    free(u->after);
    for (size_t i = 0; i < u->nchanges; i++) {
        free(u->changes[i].requested);
    }
    *u = (struct url){0};
}
