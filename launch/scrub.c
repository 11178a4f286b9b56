/* scrub: a table of commands, common in entrypoints and units, that change the user or start a
 * server. */
#include "launch/scrub.h"

#include <stddef.h>
#include <string.h>

const char *scrub_advice(const char *path, bool *always)
{
    static const struct {
        const char *name;
        bool always;
        const char *advice;
    } known[] = {
        {"gosu", false, "; put pgseal-run after it: gosu USER pgseal-run COMMAND"},
        {"su-exec", false, "; put pgseal-run after it: su-exec USER pgseal-run COMMAND"},
        {"su", false, "; put pgseal-run into its command: su USER -c 'pgseal-run COMMAND'"},
        {"sudo", false, "; put pgseal-run after it: sudo -u USER pgseal-run COMMAND"},
        {"doas", false, "; put pgseal-run after it: doas -u USER pgseal-run COMMAND"},
        {"pkexec", false, "; put pgseal-run after it: pkexec pgseal-run COMMAND"},
        {"runuser", false, "; put pgseal-run after it: runuser -u USER -- pgseal-run COMMAND"},
        {"pgseal-run", false, "; start COMMAND with one pgseal-run only"},
        {"pg_ctlcluster", true,
         "starts the server with only the environment from "
         "/etc/postgresql/VERSION/CLUSTER/environment; put LD_PRELOAD and the PGSEAL_ variables "
         "there, or a policy into /etc/pgseal/policy.conf"},
    };
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    *always = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) == 0) {
            *always = known[i].always;
            return known[i].advice;
        }
    }
    return "";
}
