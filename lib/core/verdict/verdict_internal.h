/* verdict_internal: what verdict.c, hosts.c, trust.c, enforce.c and parts.c share; no other file
 * includes it. */
#ifndef PGSEAL_VERDICT_INTERNAL_H
#define PGSEAL_VERDICT_INTERNAL_H

#include "lib/core/text/array.h"
#include "lib/core/text/strbuf.h"
#include "lib/core/verdict/verdict.h"

/* One element of the host list. */
struct element {
    const char *host;     /* as the program gave it, "" for none */
    const char *hostaddr; /* "" for none */
    const char *port;     /* as sent, the default filled in */
    int port_number;      /* -1: no port number: libpq will refuse it */
    bool socket;
    const struct rule *rule; /* &p->global for sockets and hosts in no section */
};

struct deciding {
    const struct request *r;
    const struct policy *p;
    const struct world *w;
    struct verdict *v;
    struct element elements[SEAL_ELEMENTS];
    size_t nelements;
    bool is_downgrade; /* something explicit asked for less than the policy */
    bool cut;          /* no target may be shown: request_cut */
};

/* All of these keep errno, allocate nothing, and return false if the attempt is refused (v->reason
 * is filled). */

/* hosts.c: who is connected to. Splits the lists as libpq's connectOptions2 does, finds sockets and
 * rules. */
bool seal_find_elements(struct deciding *d);
bool seal_judge_sockets(struct deciding *d);
bool seal_judge_unlisted(struct deciding *d);
/* The exemption that every element has and that holds today, or NULL; a note in v->reason where one
 * has ended, or does not hold for the whole list. */
const struct rule *seal_exemption(struct deciding *d);
/* Whether every element is in audit mode; *by_section is set where a section says so. A note in
 * v->reason where a section's does not hold for the whole list. */
bool seal_audited(struct deciding *d, bool *by_section);
/* One root, one CRL, one set of pins for all TCP elements; v->rule is theirs. */
bool seal_same_rules(struct deciding *d);
/* verify_as: the forced host list and the dials. */
bool seal_verify_as(struct deciding *d);

/* trust.c: the root and CRL files. Both fill v->root and v->crl. */
bool seal_judge_root(struct deciding *d);
/* The file with which libpq 19's OAuth leg verifies the issuer; before seal_judge_root, whose file
 * is the one that the world keeps. */
bool seal_judge_oauth_root(struct deciding *d);
bool seal_judge_crl(struct deciding *d);

/* enforce.c: every other option. */
/* The rule's pin of this option, or NULL. */
const struct pin *rule_pin(const struct rule *rule, const char *option);
bool seal_force_options(struct deciding *d);

/* parts.c: tools. */
/* Forces option to value where this libpq knows it, and notes the change;
 * is_downgrade: an explicit other value counts as asking for less. */
void seal_force(struct deciding *d, const char *option, const char *value, bool is_downgrade);
/* Starts the text of a refusal; returns a text on v->reason. */
struct strbuf seal_reason(struct verdict *v);
/* Refuses for this reason; returns false. */
bool seal_fail(struct deciding *d, const char *reason);
/* Adds a host, an address or a socket that came from the program, in double quotes, or (hidden)
 * where it must not be shown. */
void seal_quote(const struct deciding *d, struct strbuf *t, const char *target);
/* Adds a libpq's version, as people write it: 15.18. */
void seal_version(struct strbuf *t, int version);
/* Adds "file:line: " of a line of the policy. */
void seal_where(const struct deciding *d, struct strbuf *t, int line);
/* libpq's own default of a file in ~/.postgresql, by the home that it tells; NULL: it has or tells
 * none, or the path is longer than libpq's limit. */
const char *seal_home_file(struct deciding *d, const char *name);
/* Copies s into the verdict's own memory; NULL if it is full. */
const char *seal_keep(struct verdict *v, const char *s, size_t len);

#endif
