/* ldap: libpq's only call of LDAP, wherever the service was defined. */
#include "shim/session/ldap.h"

#include "lib/core/event/event.h"
#include "lib/core/text/strbuf.h"
#include "lib/elf/loaded.h"
#include "shim/session/current.h"
#include "shim/session/slots.h"

#include <string.h>

/* libpq is about to ask an LDAP server for connection options. With NULL it gives the service up
 * ("could not create LDAP structure") before it sends a byte. The refusal is noted in current.h. */
void *slot_ldap_init(struct linked *libpq, const char *host, int port)
{
    if (current_as_bare()) {
        return libpq->real.ldap_init(host, port);
    }
    current_get()->ldap = true;
    return NULL;
}

bool ldap_inside(const void *libpq)
{
    static const char url[] = "ldap://"; /* fe-connect.c ldapServiceLookup, in every version */
    struct object o;
    bool looked = false;
    if (!object_of(libpq, &o)) {
        return true;
    }
    for (size_t i = 0; o.headers != NULL && i < o.nheaders; i++) {
        const ElfW(Phdr) *h = &o.headers[i];
        uintptr_t from = o.base + h->p_vaddr;
        if (h->p_type != PT_LOAD || (h->p_flags & (PF_R | PF_W)) != PF_R) {
            continue;
        }
        if (!object_readable(from, h->p_filesz)) {
            return true;
        }
        if (memmem(pointer(from), h->p_filesz, url, sizeof url - 1) != NULL) {
            return true;
        }
        looked = true;
    }
    return !looked;
}

void ldap_reason(const char *service, char *buf, size_t size)
{
    static const char from_ldap[] =
        "gets its connection options from an LDAP server, in plaintext; "
        "write them into the service file";
    if (service != NULL && !event_redacts(service)) {
        strbuf_join(buf, size, "the service \"", service, "\" ", from_ldap);
    } else {
        strbuf_join(buf, size, "the service ", from_ldap);
    }
}
