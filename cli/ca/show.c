/* show: a file of roots or CRLs for people and as JSON. */
#include "cli/ca/ca.h"

#include <stdlib.h>
#include <string.h>

static const char *finding_text(enum ca_finding finding)
{
    switch (finding) {
    case CA_EXPIRED:
        return "expired";
    case CA_NOT_YET_VALID:
        return "not yet valid";
    case CA_EXPIRING:
        return "expires soon";
    case CA_DUPLICATE:
        return "is a duplicate";
    case CA_NOT_A_CA:
        return "not a CA and not self-signed: it verifies no server";
    case CA_WEAK_KEY:
        return "weak key";
    case CA_WEAK_SIGNATURE:
        return "weak signature";
    case CA_UNREADABLE:
        return "cannot be read";
    case CA_OTHER_BLOCK:
        return "does not belong here";
    case CA_NO_ISSUER:
        return "not a root: its issuer is not in the file, so no chain can end with it";
    }
    return "";
}

/* All findings of an item in words, or NULL. The caller frees. */
static char *findings_text(const struct ca_item *item)
{
    char *text = NULL;
    for (size_t bit = 0; bit < CA_FINDINGS; bit++) {
        enum ca_finding finding = (enum ca_finding)(1 << bit);
        if ((item->findings & finding) == 0) {
            continue;
        }
        char *one = finding == CA_DUPLICATE ? xprintf("the same as no. %zu", item->duplicate_of + 1)
                                            : xstrdup(finding_text(finding));
        char *both = text == NULL ? xstrdup(one) : xprintf("%s; %s", text, one);
        free(one);
        free(text);
        text = both;
    }
    return text;
}

static enum paint paint_of(unsigned findings)
{
    if (findings == 0) {
        return PAINT_GREEN;
    }
    return (findings & ~(unsigned)(CA_EXPIRING | CA_DUPLICATE | CA_NOT_YET_VALID)) != 0
               ? PAINT_RED
               : PAINT_YELLOW;
}

static char *validity_text(const struct ca_item *item)
{
    const char *from = item->not_before != NULL ? item->not_before : "?";
    const char *until = item->not_after != NULL ? item->not_after : "no end";
    if (item->not_after == NULL) {
        return xprintf("%s to %s", from, until);
    }
    if (item->days_left < 0) {
        return xprintf("%s to %s, expired %ld days ago", from, until, -item->days_left);
    }
    return xprintf("%s to %s, %ld days left", from, until, item->days_left);
}

static void show_field(const struct out *out, const char *label, enum paint paint, char *text)
{
    if (text != NULL) {
        term_field(out, 5, label, 16, paint, text);
    }
    free(text);
}

static void show_item(const struct out *out, const struct ca_item *item, size_t number)
{
    char *count = xprintf("%3zu", number);
    char *what = NULL;
    if (item->kind == CA_CERTIFICATE && item->cert != NULL) {
        what = xstrdup(item->subject[0] != '\0' ? item->subject : "(no subject)");
    } else if (item->kind == CA_CRL && item->crl != NULL) {
        what = xprintf("CRL of %s", item->issuer);
    } else {
        what = xprintf("%s block, line %zu", item->label[0] != '\0' ? item->label : "unlabelled",
                       item->line);
    }
    term_field(out, 0, count, 5, PAINT_BOLD, what);
    free(count);
    free(what);
    if (item->cert != NULL) {
        bool own = strcmp(item->subject, item->issuer) == 0;
        show_field(out, "issuer", PAINT_NONE, xstrdup(own ? "itself" : item->issuer));
        show_field(out, "valid", PAINT_NONE, validity_text(item));
        show_field(out, "key", PAINT_NONE,
                   xprintf("%s, %d bits, %s, signed with %s",
                           item->key_type != NULL ? item->key_type : "unknown", item->key_bits,
                           item->is_ca ? "CA"
                           : (item->findings & CA_NOT_A_CA) == 0
                               ? "not a CA, for its own server only"
                               : "not a CA",
                           item->signature));
        show_field(out, "SHA-256", PAINT_NONE, xstrdup(item->sha256));
    } else if (item->crl != NULL) {
        show_field(out, "valid", PAINT_NONE, validity_text(item));
        show_field(out, "revokes", PAINT_NONE,
                   xprintf("%zu, signed with %s", item->revoked, item->signature));
        show_field(out, "SHA-256", PAINT_NONE, xstrdup(item->sha256));
    }
    show_field(out, "found", paint_of(item->findings), findings_text(item));
}

static void show_summary(const struct out *out, const struct ca_file *file)
{
    char *text =
        xprintf("%zu certificate%s, %zu CRL%s", file->certificates,
                file->certificates == 1 ? "" : "s", file->crls, file->crls == 1 ? "" : "s");
    for (size_t bit = 0; bit < CA_FINDINGS; bit++) {
        if (file->counts[bit] == 0) {
            continue;
        }
        char *longer = xprintf("%s, %zu %s", text, file->counts[bit], ca_finding_names[bit]);
        free(text);
        text = longer;
    }
    if (!ca_found(file)) {
        char *longer = xprintf("%s: nothing wrong", text);
        free(text);
        text = longer;
    }
    term_field(out, 0, "sum", 5, ca_found(file) ? PAINT_YELLOW : PAINT_GREEN, text);
    free(text);
}

void ca_show(const struct out *out, const struct ca_file *file, bool brief)
{
    term_field(out, 0, "", 0, PAINT_BOLD, file->name);
    if (file->fault != NULL || file->refused != NULL) {
        char *line = file->fault_line > 0 ? xprintf(" (line %zu)", file->fault_line) : xstrdup("");
        char *text = xprintf("%s%s; pgseal refuses it as a root or CRL file",
                             file->fault != NULL ? file->fault : file->refused, line);
        term_field(out, 0, "bad", 5, PAINT_RED, text);
        free(text);
        free(line);
    }
    for (size_t i = 0; i < file->n; i++) {
        if (!brief || file->items[i].findings != 0) {
            show_item(out, &file->items[i], i + 1);
        }
    }
    show_summary(out, file);
}

static json_t *findings_json(unsigned findings)
{
    json_t *array = json_array();
    for (size_t bit = 0; bit < CA_FINDINGS; bit++) {
        if ((findings & (1u << bit)) != 0) {
            json_array_append_new(array, json_string(ca_finding_names[bit]));
        }
    }
    return array;
}

static json_t *item_json(const struct ca_item *item, size_t number)
{
    json_t *object = json_object();
    json_object_set_new(object, "number", json_integer((json_int_t)number));
    json_object_set_new(object, "line", json_integer((json_int_t)item->line));
    json_object_set_new(object, "label", term_json_text(item->label));
    term_json_set(object, "subject", item->subject);
    term_json_set(object, "issuer", item->issuer);
    term_json_set(object, "serial", item->serial);
    term_json_set(object, item->kind == CA_CRL ? "last_update" : "not_before", item->not_before);
    term_json_set(object, item->kind == CA_CRL ? "next_update" : "not_after", item->not_after);
    if (item->not_after != NULL) {
        json_object_set_new(object, "days_left", json_integer(item->days_left));
    }
    term_json_set(object, "sha256", item->sha256);
    term_json_set(object, "key_type", item->key_type);
    if (item->cert != NULL) {
        json_object_set_new(object, "key_bits", json_integer(item->key_bits));
        json_object_set_new(object, "ca", json_boolean(item->is_ca));
        json_object_set_new(object, "self_signed", json_boolean(item->self_signed));
    }
    term_json_set(object, "signature", item->signature);
    if (item->crl != NULL) {
        json_object_set_new(object, "revoked", json_integer((json_int_t)item->revoked));
    }
    if ((item->findings & CA_DUPLICATE) != 0) {
        json_object_set_new(object, "duplicate_of",
                            json_integer((json_int_t)item->duplicate_of + 1));
    }
    json_object_set_new(object, "findings", findings_json(item->findings));
    return object;
}

json_t *ca_json(const struct ca_file *file)
{
    json_t *object = json_object();
    json_object_set_new(object, "file", term_json_text(file->name));
    if (file->error != NULL) {
        json_object_set_new(object, "error", term_json_text(file->error));
        return object;
    }
    json_object_set_new(object, "sha256", json_string(file->sha256));
    json_object_set_new(object, "fault", term_json_text(file->fault));
    if (file->fault_line > 0) {
        json_object_set_new(object, "fault_line", json_integer((json_int_t)file->fault_line));
    }
    json_object_set_new(object, "refused", term_json_text(file->refused));
    json_t *lists[] = {
        [CA_CERTIFICATE] = json_array(), [CA_CRL] = json_array(), [CA_OTHER] = json_array()};
    for (size_t i = 0; i < file->n; i++) {
        json_array_append_new(lists[file->items[i].kind], item_json(&file->items[i], i + 1));
    }
    json_object_set_new(object, "certificates", lists[CA_CERTIFICATE]);
    json_object_set_new(object, "crls", lists[CA_CRL]);
    json_object_set_new(object, "other_blocks", lists[CA_OTHER]);
    json_t *summary = json_object();
    json_object_set_new(summary, "certificates", json_integer((json_int_t)file->certificates));
    json_object_set_new(summary, "crls", json_integer((json_int_t)file->crls));
    for (size_t bit = 0; bit < CA_FINDINGS; bit++) {
        json_object_set_new(summary, ca_finding_names[bit],
                            json_integer((json_int_t)file->counts[bit]));
    }
    json_object_set_new(object, "summary", summary);
    return object;
}
