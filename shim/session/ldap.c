/* ldap: the one place where libpq turns to LDAP, whatever file, descriptor or directory told it. */
#include "shim/session/ldap.h"

#include "lib/core/event/redact.h"
#include "lib/core/text/strbuf.h"
#include "shim/session/current.h"

void *ldap_refused(ldap_init_fn *real, const char *host, int port)
{
    if (current_as_bare()) {
        return real(host, port);
    }
    current_get()->ldap = true;
    return NULL;
}

void ldap_reason(const char *service, char *buf, size_t size)
{
    struct strbuf t;
    strbuf_init(&t, buf, size);
    strbuf_add(&t, "the service ");
    if (service != NULL && !event_redacts(service)) {
        strbuf_add(&t, "\"");
        strbuf_add(&t, service);
        strbuf_add(&t, "\" ");
    }
    strbuf_add(&t, "asks an LDAP server, in plaintext, for its connection options; write them into "
                   "the service file");
}
