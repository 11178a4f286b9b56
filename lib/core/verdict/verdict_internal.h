/* verdict_internal: shared by verdict.c, hosts.c, trust.c, enforce.c and parts.c only. */
#ifndef PGSEAL_VERDICT_INTERNAL_H
#define PGSEAL_VERDICT_INTERNAL_H

#include "lib/core/text/array.h"
#include "lib/core/text/strbuf.h"
#include "lib/core/verdict/verdict.h"

/* One element of the host list. */
struct element {
    const char *host;     /* as the program gave it; "": none */
    const char *hostaddr; /* "": none */
    const char *port;     /* with the default filled in */
    int port_number;      /* -1: no number, so libpq will reject it */
    bool socket;
    const struct rule *rule; /* &p->global for sockets and hosts in no section */
};

/* Bytes of one value that a reason shows: what to do about it must still fit behind. */
enum { SHOWN_MAX = 256 };

struct deciding {
    const struct request *r;
    const struct policy *p;
    const struct world *w;
    struct verdict *v;
    struct element elements[SEAL_ELEMENTS];
    size_t nelements;
    bool is_downgrade; /* an explicit value asks for less than the policy */
    bool cut;          /* request_cut: no target may be shown */
};

/* All functions keep errno and allocate nothing. Those that return bool return false if the attempt
 * is refused, with the reason in v->reason, unless their comment says otherwise. */

/* hosts.c: the hosts. seal_find_elements splits the lists as libpq's connectOptions2 does, and
 * finds sockets and rules. */
bool seal_find_elements(struct deciding *d);
bool seal_judge_sockets(struct deciding *d);
bool seal_judge_unlisted(struct deciding *d);
/* The exemption that every element has and that has not ended, or NULL. Adds a note to v->reason if
 * one has ended or does not apply to the whole list. */
const struct rule *seal_exemption(struct deciding *d);
/* Returns whether every element is in audit mode. Sets *by_section if a section says so. Adds a
 * note to v->reason if a section's mode does not apply to the whole list. */
bool seal_audited(struct deciding *d, bool *by_section);
/* Demands one root, one CRL and one set of pins for all TCP elements, and sets v->rule to their
 * rule. */
bool seal_same_rules(struct deciding *d);
/* verify_as: forces the host list and fills the dials. */
bool seal_verify_as(struct deciding *d);

/* trust.c: the root and CRL files. Both fill v->root and v->crl. */
bool seal_judge_root(struct deciding *d);
/* oauth_ca_file, with which libpq 19 verifies the OAuth issuer. Called before seal_judge_root,
 * because the world keeps the last root file that was judged. */
bool seal_judge_oauth_root(struct deciding *d);
bool seal_judge_crl(struct deciding *d);

/* enforce.c: every other option. */
/* The rule's pin of this option, or NULL. */
const struct pin *rule_pin(const struct rule *rule, const char *option);
bool seal_force_options(struct deciding *d);

/* parts.c: tools. */
/* Forces option to value if this libpq has the option, and records the change. With is_downgrade,
 * an explicit other value counts as asking for less. */
void seal_force(struct deciding *d, const char *option, const char *value, bool is_downgrade);
/* Starts the text of a refusal: an empty strbuf on v->reason. */
struct strbuf seal_reason(struct verdict *v);
/* Refuses for this reason; returns false. */
bool seal_fail(struct deciding *d, const char *reason);
/* Appends a host, an address or a socket of the program's in double quotes, or (hidden) if it must
 * not be shown. */
void seal_quote(const struct deciding *d, struct strbuf *t, const char *target);
/* Appends a libpq's version as text: 15.18. */
void seal_version(struct strbuf *t, int version);
/* Appends "file:line" of a line of the policy. */
void seal_where(const struct deciding *d, struct strbuf *t, int line);
/* The path of a file in ~/.postgresql, in the home directory that libpq reports. NULL if it has or
 * reports none, or if the path is longer than libpq's limit. */
const char *seal_home_file(struct deciding *d, const char *name);
/* Copies the len bytes at s into v->words as a string; NULL if there is no room. */
const char *seal_keep(struct verdict *v, const char *s, size_t len);

#endif
