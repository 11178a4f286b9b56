/* pem: reads the blocks of a root or CRL file, strictly.
 *
 * OpenSSL finds a block even after other text on the same line, and silently skips what it cannot
 * read; libpq then continues without the CRL. So a block must have the form of RFC 7468, and its
 * DER the structure of a certificate or a CRL. */
#include "lib/core/text/pem.h"

#include "lib/core/text/base64.h"
#include "lib/core/text/der.h"
#include "lib/core/text/name_hash.h"

#include <string.h>

static const char begin[] = "-----BEGIN";
static const char stop[] = "-----END";
static const char dashes[] = "-----";

static bool starts(const char *s, size_t len, const char *with)
{
    size_t n = strlen(with);
    return len >= n && memcmp(s, with, n) == 0;
}

/* Whether the rest of a marker, after its first word, is " label-----" up to end. Sets *alone if
 * only blanks follow on the line. */
static bool labelled(const char *s, const char *end, const char *label, bool *alone)
{
    size_t n = strlen(label);
    size_t len = (size_t)(end - s);
    if (len < n + 6 || s[0] != ' ' || memcmp(s + 1, label, n) != 0 ||
        !starts(s + 1 + n, len - 1 - n, dashes)) {
        return false;
    }
    for (s += n + 6; s < end && (*s == '\r' || *s == ' ' || *s == '\t'); s++) {
    }
    *alone = s == end && len + sizeof begin <= PEM_LINE_MAX;
    return true;
}

/* What is signed, up to where a certificate and a CRL differ (RFC 5280):
 *   certificate: [0] version?, INTEGER serial, SEQUENCE algorithm, SEQUENCE issuer, SEQUENCE
 *                validity, SEQUENCE subject
 *   CRL:         INTEGER version?, SEQUENCE algorithm, SEQUENCE issuer, time of this update */
static bool signed_part(struct der *d, enum pem_kind kind, uint64_t *subject)
{
    struct der ignored;
    if (kind == PEM_CERTIFICATES) {
        der_take(d, DER_TAG_0, NULL);
        if (!der_take(d, DER_INTEGER, NULL)) {
            return false;
        }
        for (int i = 0; i < 3; i++) {
            if (!der_take(d, DER_SEQUENCE, NULL)) {
                return false;
            }
        }
        const unsigned char *name = d->at;
        if (!der_take(d, DER_SEQUENCE, NULL)) {
            return false;
        }
        *subject = name_hash(name, (size_t)(d->at - name));
        return true;
    }
    der_take(d, DER_INTEGER, NULL);
    for (int i = 0; i < 2; i++) {
        if (!der_take(d, DER_SEQUENCE, NULL)) {
            return false;
        }
    }
    int tag = der_next(d, &ignored);
    return tag == DER_UTC_TIME || tag == DER_TIME;
}

/* Whether the DER is one SEQUENCE of what is signed, algorithm and signature, and nothing else. */
static bool shaped(const unsigned char *der, size_t len, enum pem_kind kind, uint64_t *subject)
{
    struct der all = {der, der + len};
    struct der whole;
    struct der part;
    if (!der_take(&all, DER_SEQUENCE, &whole) || all.at != all.end ||
        !der_take(&whole, DER_SEQUENCE, &part) || !signed_part(&part, kind, subject)) {
        return false;
    }
    return der_take(&whole, DER_SEQUENCE, NULL) && der_take(&whole, DER_BIT_STRING, NULL) &&
           whole.at == whole.end;
}

/* Adds the block whose base64 is from s to end; false if it is not of this kind. Its markers are
 * longer than what struct pem_block and its alignment need in addition to the DER. */
static bool add_block(struct pem_blocks *blocks, const char *s, const char *end, enum pem_kind kind)
{
    struct pem_block *b = (struct pem_block *)(void *)(blocks->at + blocks->len);
    b->subject = NAME_HASH_ANY;
    b->len = base64_decode(s, end, b->der);
    if (b->len == 0 || !shaped(b->der, b->len, kind, &b->subject)) {
        return false;
    }
    size_t size = sizeof *b + b->len;
    blocks->len += (size + _Alignof(struct pem_block) - 1) & ~(_Alignof(struct pem_block) - 1);
    return true;
}
_Static_assert(sizeof(struct pem_block) + _Alignof(struct pem_block) <=
                   2 * (sizeof begin - 1) + 2 * (sizeof " X509 CRL-----" - 1),
               "a block's markers leave room for its head");

/* Reading one file. */
struct reading {
    const char *at, *end;
    const char *bytes;
    const char *body; /* of the block that has begun, or NULL */
    size_t blocks;
};

static const char *line_end(const struct reading *r, const char *at)
{
    const char *newline = memchr(at, '\n', (size_t)(r->end - at));
    return newline != NULL ? newline : r->end;
}

/* The fault of the block that has begun is where it began. */
static const char *fault_of_block(struct reading *r, const char *fault)
{
    r->at = r->body != NULL ? r->body - 1 : r->at;
    return fault;
}

/* Judges a BEGIN at r->at and continues after its line. */
static const char *read_begin(struct reading *r, enum pem_kind kind, const char *label)
{
    bool alone = false;
    const char *eol = line_end(r, r->at);
    if (!labelled(r->at + strlen(begin), eol, label, &alone)) {
        return kind == PEM_CERTIFICATES ? "contains a block other than CERTIFICATE"
                                        : "contains a block other than X509 CRL";
    }
    if (!alone || (r->at > r->bytes && r->at[-1] != '\n')) {
        return "a block does not begin on its own line";
    }
    if (r->body != NULL) {
        return fault_of_block(r, "a block is truncated");
    }
    r->at = r->body = eol < r->end ? eol + 1 : r->end;
    return NULL;
}

/* Judges an END at r->at, adds its block and continues after its line. */
static const char *read_end(struct reading *r, enum pem_kind kind, const char *label,
                            struct pem_blocks *blocks)
{
    bool alone = false;
    const char *eol = line_end(r, r->at);
    if (memmem(r->at, (size_t)(eol - r->at), begin, sizeof begin - 1) != NULL) {
        return "a block does not begin on its own line";
    }
    if (r->body == NULL || r->at[-1] != '\n' ||
        !labelled(r->at + strlen(stop), eol, label, &alone) || !alone) {
        return fault_of_block(r, "a block is truncated");
    }
    if (!add_block(blocks, r->body, r->at, kind)) {
        return fault_of_block(r, kind == PEM_CERTIFICATES ? "a block is not a certificate"
                                                          : "a block is not a CRL");
    }
    r->at = eol;
    r->body = NULL;
    r->blocks++;
    return NULL;
}

static const char *read_all(struct reading *r, enum pem_kind kind, struct pem_blocks *blocks)
{
    const char *label = kind == PEM_CERTIFICATES ? "CERTIFICATE" : "X509 CRL";
    const char *nul = memchr(r->bytes, '\0', (size_t)(r->end - r->bytes));
    if (nul != NULL) {
        r->at = nul;
        return "contains a NUL byte";
    }
    /* Base64 contains no dash, so a block's body is skipped in one step. */
    while ((r->at = memchr(r->at, '-', (size_t)(r->end - r->at))) != NULL) {
        const char *reason = NULL;
        size_t left = (size_t)(r->end - r->at);
        if (starts(r->at, left, begin)) {
            reason = read_begin(r, kind, label);
        } else if (starts(r->at, left, stop)) {
            reason = read_end(r, kind, label, blocks);
        } else {
            r->at++;
        }
        if (reason != NULL) {
            return reason;
        }
    }
    if (r->body != NULL) {
        return fault_of_block(r, "a block is truncated");
    }
    return r->blocks > 0              ? NULL
           : kind == PEM_CERTIFICATES ? "contains no certificate"
                                      : "contains no CRL";
}

/* If a file with a fault is no text with blocks: what it is; else the fault itself. */
static const char *name_format(const char *bytes, size_t len, enum pem_kind kind, const char *fault)
{
    if (starts(bytes, len, "\xff\xfe") || starts(bytes, len, "\xfe\xff") ||
        (len > 1 && bytes[0] == '-' && bytes[1] == '\0')) {
        return "is UTF-16; save it as plain ASCII text";
    }
    if (starts(bytes, len, "\xef\xbb\xbf")) {
        return "begins with a byte order mark; save it without one";
    }
    if (len > 1 && bytes[0] == 0x30 && ((unsigned char)bytes[1] & 0x80) != 0 &&
        memmem(bytes, len, begin, sizeof begin - 1) == NULL) {
        return kind == PEM_CERTIFICATES
                   ? "is DER; convert it to PEM, for instance with openssl x509 -inform DER"
                   : "is DER; convert it to PEM, for instance with openssl crl -inform DER";
    }
    return fault;
}

static size_t line_of(const char *bytes, const char *at)
{
    size_t line = 1;
    for (; bytes < at; bytes++) {
        line += *bytes == '\n';
    }
    return line;
}

const char *pem_read(const char *bytes, size_t len, enum pem_kind kind, void *out,
                     struct pem_blocks *blocks)
{
    struct reading r = {.at = bytes, .end = bytes + len, .bytes = bytes};
    struct pem_blocks unwanted = {out, 0, 0};
    if (blocks == NULL) {
        blocks = &unwanted;
    }
    *blocks = unwanted;
    if (len == 0) {
        return "empty";
    }
    const char *fault = read_all(&r, kind, blocks);
    if (fault == NULL) {
        return NULL;
    }
    const char *format = name_format(bytes, len, kind, fault);
    blocks->fault_line = r.at != NULL && format == fault ? line_of(bytes, r.at) : 0;
    return format;
}

const struct pem_block *pem_next(const struct pem_blocks *blocks, const struct pem_block *block)
{
    size_t at = 0;
    if (block != NULL) {
        size_t size = sizeof *block + block->len;
        at = (size_t)((const unsigned char *)block - blocks->at) +
             ((size + _Alignof(struct pem_block) - 1) & ~(_Alignof(struct pem_block) - 1));
    }
    return at < blocks->len ? (const struct pem_block *)(const void *)(blocks->at + at) : NULL;
}

/* What is signed, as it is encoded, of the certificate at der; false: there is none. */
static bool signed_bytes(const unsigned char *der, size_t n, struct der *part)
{
    struct der all = {der, der + n};
    struct der whole;
    if (!der_take(&all, DER_SEQUENCE, &whole)) {
        return false;
    }
    *part = whole;
    if (!der_take(&whole, DER_SEQUENCE, NULL)) {
        return false;
    }
    part->end = whole.at;
    return true;
}

bool pem_holds(const struct pem_blocks *blocks, const unsigned char *der, size_t n)
{
    struct der wanted;
    struct der found;
    if (!signed_bytes(der, n, &wanted)) {
        return false;
    }
    size_t len = (size_t)(wanted.end - wanted.at);
    for (const struct pem_block *b = NULL; (b = pem_next(blocks, b)) != NULL;) {
        if (signed_bytes(b->der, b->len, &found) && (size_t)(found.end - found.at) == len &&
            memcmp(found.at, wanted.at, len) == 0) {
            return true;
        }
    }
    return false;
}
