/* engine: an OpenSSL engine that does nothing but leave a file behind when it is loaded:
 * ENGINE_LOADED names it. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int bind(ENGINE *e, const char *id)
{
    const char *file = getenv("ENGINE_LOADED");
    close(open(file ? file : "/dev/null", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    return ENGINE_set_id(e, id) && ENGINE_set_name(e, "a test's");
}

IMPLEMENT_DYNAMIC_CHECK_FN()
IMPLEMENT_DYNAMIC_BIND_FN(bind)
