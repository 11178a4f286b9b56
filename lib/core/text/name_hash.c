/* name_hash: a hash of X.509 names that does not depend on how a name is encoded. */
#include "lib/core/text/name_hash.h"

#include "lib/core/text/der.h"

/* Adds the hash of one value's letters and digits to *sum; false if its string type does not store
 * them as ASCII. */
static bool add_value(int tag, const struct der *value, uint64_t *sum)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    if (tag != DER_UTF8_STRING && tag != DER_PRINTABLE_STRING && tag != DER_T61_STRING &&
        tag != DER_IA5_STRING && tag != DER_VISIBLE_STRING) {
        return false;
    }
    for (const unsigned char *c = value->at; c < value->end; c++) {
        unsigned char lower = *c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c;
        if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
            hash = (hash ^ lower) * 0x100000001b3;
        }
    }
    *sum += hash;
    return true;
}

uint64_t name_hash(const unsigned char *name, size_t n)
{
    struct der all = {name, name + n};
    struct der rdns;
    uint64_t sum = 1;
    if (!der_take(&all, DER_SEQUENCE, &rdns)) {
        return NAME_HASH_ANY;
    }
    while (rdns.at < rdns.end) {
        struct der rdn;
        if (!der_take(&rdns, DER_SET, &rdn)) {
            return NAME_HASH_ANY;
        }
        while (rdn.at < rdn.end) {
            struct der pair;
            struct der type;
            struct der value;
            if (!der_take(&rdn, DER_SEQUENCE, &pair) || der_next(&pair, &type) < 0 ||
                !add_value(der_next(&pair, &value), &value, &sum)) {
                return NAME_HASH_ANY;
            }
        }
    }
    return sum != NAME_HASH_ANY ? sum : 1;
}
