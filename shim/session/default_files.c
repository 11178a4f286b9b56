/* default_files: libpq calls stat for a file in its home directory before it opens it. */
#include "shim/session/client_key.h"
#include "shim/session/passfile.h"
#include "shim/session/root_load.h"
#include "shim/session/slots.h"

/* Whether libpq is told that nothing is at path; errno says so too. */
static bool hidden(const char *path)
{
    return passfile_left_alone(path) || client_key_left_out(path);
}

int slot_stat(struct linked *libpq, const char *path, void *buf)
{
    return hidden(path) ? -1 : root_looked_for(path, libpq->real.stat(path, buf));
}

int slot_stat64(struct linked *libpq, const char *path, void *buf)
{
    return hidden(path) ? -1 : root_looked_for(path, libpq->real.stat64(path, buf));
}

int slot___xstat(struct linked *libpq, int version, const char *path, void *buf)
{
    return hidden(path) ? -1 : root_looked_for(path, libpq->real.__xstat(version, path, buf));
}

int slot___xstat64(struct linked *libpq, int version, const char *path, void *buf)
{
    return hidden(path) ? -1 : root_looked_for(path, libpq->real.__xstat64(version, path, buf));
}
