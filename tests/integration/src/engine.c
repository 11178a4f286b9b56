/* engine: an OpenSSL engine that does nothing but leave a file behind when it is loaded:
 * ENGINE_LOADED names it. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The two functions that OpenSSL's dynamic engine asks for. */
unsigned long v_check(unsigned long version);
int bind_engine(ENGINE *e, const char *id, const dynamic_fns *fns);

unsigned long v_check(unsigned long version)
{
    return version >= OSSL_DYNAMIC_OLDEST ? OSSL_DYNAMIC_VERSION : 0;
}

int bind_engine(ENGINE *e, const char *id, const dynamic_fns *fns)
{
    const char *file = getenv("ENGINE_LOADED");
    (void)fns;
    close(open(file != NULL ? file : "/dev/null", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    return ENGINE_set_id(e, id) && ENGINE_set_name(e, "a test's");
}
