/* verify_as: answers libpq's look-ups of names, and keeps the addresses. */
#include "shim/session/verify_as.h"

#include "lib/core/text/hostname.h"
#include "lib/os/settings.h"
#include "shim/session/current.h"
#include "shim/session/slots.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ANSWERS_MAX = 1024 }; /* of one attempt */

void verify_as_restart(struct conn_state *d)
{
    d->next_dial = d->nanswers = 0;
}

static bool same_dial(const struct dial *dial, const char *host, int port)
{
    return strcmp(dial->verify, host) == 0 && port_number(dial->port) == port;
}

/* The next dial of d that is verified as node, on that port (libpq passes its number as the
 * service). If several elements have that name, each has its turn, in order; then the first is next
 * again (for a second round of libpq's, as with target_session_attrs = prefer-standby). */
static const struct dial *next_dial(struct conn_state *d, const char *node, const char *service)
{
    for (size_t k = 0; k < d->ndials; k++) {
        size_t i = (d->next_dial + k) % d->ndials;
        if (same_dial(&d->dials[i], node, port_number(service))) {
            d->next_dial = (i + 1) % d->ndials;
            return &d->dials[i];
        }
    }
    return NULL;
}

/* The bytes of an IPv4 or IPv6 address, as getpeername(2) will show it: 0.0.0.0 and :: connect to
 * the loopback address (ip(7)). Returns their number, 0 for another family. */
static size_t address_of(const struct sockaddr *from, unsigned char to[16])
{
    static const unsigned char none[16];
    static const unsigned char loopback[] = {127, 0, 0, 1};
    size_t n = 0;
    if (from->sa_family == AF_INET) {
        n = 4;
        memcpy(to, &((const struct sockaddr_in *)(const void *)from)->sin_addr, n);
    } else if (from->sa_family == AF_INET6) {
        n = 16;
        memcpy(to, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, n);
    }
    if (n == 4 && memcmp(to, none, n) == 0) {
        memcpy(to, loopback, n);
    } else if (n == 16 && memcmp(to, none, n) == 0) {
        to[15] = 1;
    }
    return n;
}

static void remember(struct conn_state *d, const struct dial *dial, const struct addrinfo *list)
{
    size_t n = d->nanswers;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        n++;
    }
    struct dial_address *grown =
        n <= ANSWERS_MAX ? realloc(d->answers, n * sizeof *d->answers) : NULL;
    if (grown == NULL) {
        return; /* the witness misses them, and stops the session */
    }
    d->answers = grown;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        struct dial_address *to = &d->answers[d->nanswers];
        *to = (struct dial_address){.dial = (size_t)(dial - d->dials), .family = a->ai_family};
        if (a->ai_addr != NULL && address_of(a->ai_addr, to->address) > 0) {
            d->nanswers++;
        }
    }
}

/* Whether a rule of the policy verifies hosts under this name. */
static bool verified_by_a_rule(const char *node)
{
    const struct policy *p = settings_policy();
    for (size_t i = 0; i < p->nrules; i++) {
        if (p->rules[i].verify_as != NULL && strcmp(p->rules[i].verify_as, node) == 0) {
            return true;
        }
    }
    return false;
}

/* If the current connection (current.h) verifies this name, the program's host is looked up
 * instead, each element of a list in its turn; so PQreset, several addresses and a failover work as
 * in libpq. On a thread without a current connection (a libpq that looks names up in its own
 * threads), a name that some rule verifies fails. Sets errno as the real call does. */
int slot_getaddrinfo(struct linked *libpq, const char *node, const char *service,
                     const struct addrinfo *hints, struct addrinfo **res)
{
    struct conn_state *d = current_state();
    bool name = node != NULL && (hints == NULL || (hints->ai_flags & AI_NUMERICHOST) == 0);
    if (d == NULL && name && !current_as_bare() && verified_by_a_rule(node)) {
        return EAI_FAIL;
    }
    const struct dial *dial = d != NULL && name ? next_dial(d, node, service) : NULL;
    if (dial == NULL) {
        return libpq->real.getaddrinfo(node, service, hints, res);
    }
    int result = libpq->real.getaddrinfo(dial->host, service, hints, res);
    int saved_errno = errno;
    if (result == 0) {
        remember(d, dial, *res);
    }
    errno = saved_errno;
    return result;
}

bool verify_as_dialled(const struct conn_state *d, const char *host, int port,
                       const struct sockaddr_storage *peer)
{
    unsigned char address[16];
    size_t size = address_of((const struct sockaddr *)peer, address);
    bool dials = false;
    for (size_t i = 0; i < d->ndials; i++) {
        dials = dials || same_dial(&d->dials[i], host, port);
    }
    for (size_t i = 0; dials && i < d->nanswers; i++) {
        const struct dial_address *a = &d->answers[i];
        if (a->family == peer->ss_family && memcmp(a->address, address, size) == 0 &&
            same_dial(&d->dials[a->dial], host, port)) {
            return true;
        }
    }
    return !dials;
}
