/* defaults: prints host, port and user as PQconndefaults has them. */
#include <libpq-fe.h>

#include <stdio.h>
#include <string.h>

int main(void)
{
    static const char *const shown[] = {"host", "port", "user"};
    PQconninfoOption *options = PQconndefaults();
    if (options == NULL) {
        return 1;
    }
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
            if (strcmp(o->keyword, shown[i]) == 0) {
                printf("%s%s=%s", i > 0 ? " " : "", o->keyword, o->val != NULL ? o->val : "");
            }
        }
    }
    puts("");
    PQconninfoFree(options);
    return 0;
}
