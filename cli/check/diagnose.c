/* diagnose: why a server cannot be sealed, found out by handshakes of the tool's own. */
#include "cli/check/check.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

const char *target_sni(const struct check *c, const char *name)
{
    unsigned char address[16];
    const char *sni = request_value(&c->strict->probe.request, "sslsni");
    bool literal = inet_pton(AF_INET, name, address) == 1 || strchr(name, ':') != NULL;
    return name[0] == '\0' || literal || (sni != NULL && strcmp(sni, "0") == 0) ? NULL : name;
}

static void found_unreachable(struct check *c, const char *who, const struct peer *p)
{
    switch (p->stage) {
    case PEER_NO_ADDRESS:
        check_found(c, "cannot-connect",
                    xprintf("%s: cannot resolve the host name: %s.", who, p->reason),
                    xstrdup("Check the host name and the resolver."));
        break;
    case PEER_NO_CONNECTION:
        check_found(
            c, "cannot-connect", xprintf("%s: %s.", who, p->reason),
            xstrdup("Check the host, the port and firewalls, and that the server is running."));
        break;
    case PEER_NO_ANSWER:
        check_found(c, "no-tls", xprintf("%s: no TLS: %s.", who, p->reason),
                    xstrdup("Check that a PostgreSQL server listens there, and see its log."));
        break;
    case PEER_NO_TLS:
        check_found(c, "no-tls", xprintf("%s: no TLS: %s.", who, p->reason),
                    xstrdup("Set ssl = on at the server, with a certificate from a CA in the root "
                            "file; until then, use an exemption or a tunnel."));
        break;
    case PEER_NO_HANDSHAKE:
        check_found(c, "tls-failed", xprintf("%s: the TLS handshake failed: %s.", who, p->reason),
                    xstrdup("Check that a PostgreSQL server listens there, and see its log."));
        break;
    case PEER_TLS:
        break;
    }
}

/* Takes the facts of this handshake as the check's own. */
static void take_peer(struct check *c, const struct target *target, struct peer *p)
{
    c->host = xstrdup(target->name[0] != '\0' ? target->name : target->dial);
    c->port = xstrdup(target->port);
    c->address = p->address;
    c->protocol = p->protocol;
    c->cipher = p->cipher;
    c->bits = p->bits;
    c->chain = p->chain;
    c->verified_name = xstrdup(target->name);
    c->sent_only = true;
    p->address = p->protocol = p->cipher = NULL;
    p->chain = NULL;
    chain_describe(c);
}

static int minimum_of(const struct check *c)
{
    return c->strict->verdict.min_tls >= 13 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

bool target_diagnose(struct check *c, const struct target *target, bool main)
{
    struct peer p;
    const char *sni = target_sni(c, target->name);
    char *who = xprintf("%s port %s", target->dial, target->port);
    peer_look(&p, target->dial, target->port, sni, TLS1_VERSION, TLS1_3_VERSION);
    bool ok = p.stage == PEER_TLS && p.chain != NULL && sk_X509_num(p.chain) > 0;
    if (ok) {
        ok = chain_judge(c, who, p.chain, target);
        struct peer strict;
        peer_look(&strict, target->dial, target->port, sni, minimum_of(c), TLS1_3_VERSION);
        if (strict.stage == PEER_NO_HANDSHAKE) {
            check_found(
                c, "weak-tls",
                xprintf("%s: the server supports %s at most, and the policy requires TLSv1.%d.",
                        who, p.protocol, c->strict->verdict.min_tls - 10),
                xstrdup("Raise ssl_max_protocol_version at the server, or update it."));
            ok = false;
        }
        peer_free(&strict);
    } else if (p.stage == PEER_TLS) {
        check_found(c, "tls-failed", xprintf("%s: the server sent no certificate.", who), NULL);
    } else {
        found_unreachable(c, who, &p);
    }
    if (main) {
        take_peer(c, target, &p);
    }
    peer_free(&p);
    free(who);
    return ok;
}

static enum answer takes(const char *host, const char *port, const char *sni, int min, int max)
{
    struct peer p;
    peer_look(&p, host, port, sni, min, max);
    enum answer answer = p.stage == PEER_TLS            ? ANSWER_YES
                         : p.stage == PEER_NO_HANDSHAKE ? ANSWER_NO
                                                        : ANSWER_UNCLEAR;
    peer_free(&p);
    return answer;
}

void target_versions(struct check *c, const char *host, const char *port, const char *sni)
{
    c->tls13 = takes(host, port, sni, TLS1_3_VERSION, TLS1_3_VERSION);
    c->tls12 = takes(host, port, sni, TLS1_2_VERSION, TLS1_2_VERSION);
    c->older = takes(host, port, sni, TLS1_VERSION, TLS1_1_VERSION);
    if (c->older == ANSWER_YES) {
        check_found(c, "weak-tls",
                    xprintf("%s port %s: the server also accepts TLS 1.1 or older.", host, port),
                    xstrdup("Set ssl_min_protocol_version = 'TLSv1.2' at the server; clients that "
                            "are not sealed could be downgraded."));
    }
}
