/* list: libpq's comma-separated lists of hosts, addresses and ports. */
#include "lib/core/text/list.h"

#include "lib/core/text/strbuf.h"

#include <string.h>

size_t list_length(const char *list)
{
    size_t n = list != NULL;
    for (; list != NULL && (list = strchr(list, ',')) != NULL; list++) {
        n++;
    }
    return n;
}

const char *list_element(const char *list, size_t i, size_t *len)
{
    for (; i > 0 && list != NULL; i--) {
        list = strchr(list, ',');
        list = list != NULL ? list + 1 : NULL;
    }
    if (list == NULL) {
        list = "";
    }
    *len = strcspn(list, ",");
    return list;
}

bool list_has_empty(const char *list)
{
    size_t len = 1;
    for (size_t i = 0; i < list_length(list) && len > 0; i++) {
        list_element(list, i, &len);
    }
    return len == 0;
}

bool list_copy(const char *list, size_t i, char *out, size_t size)
{
    struct strbuf t;
    size_t len;
    const char *s = list_element(list, i, &len);
    strbuf_init(&t, out, size);
    strbuf_addn(&t, s, len);
    return !t.cut;
}
