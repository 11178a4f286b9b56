/* der: steps through DER elements in memory. */
#include "lib/core/text/der.h"

int der_next(struct der *d, struct der *content)
{
    const unsigned char *at = d->at;
    if (d->end - at < 2) {
        return -1;
    }
    int tag = *at++;
    size_t len = *at++;
    if (len == 0x80 || len > 0x84) {
        return -1;
    }
    if (len > 0x80) {
        size_t more = len - 0x80;
        len = 0;
        for (; more > 0; more--) {
            if (at == d->end) {
                return -1;
            }
            len = len << 8 | *at++;
        }
    }
    if ((size_t)(d->end - at) < len) {
        return -1;
    }
    *content = (struct der){at, at + len};
    d->at = at + len;
    return tag;
}

bool der_take(struct der *d, int tag, struct der *content)
{
    struct der before = *d;
    struct der ignored;
    if (der_next(d, content != NULL ? content : &ignored) == tag) {
        return true;
    }
    *d = before;
    return false;
}
