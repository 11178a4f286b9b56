/* slots: what pgseal does when libpq calls a function of another library
 * (shim/dynlink/libpq_slots.def). Defined by subject: ldap.c, crl.c, root_load.c, client_key.c,
 * default_files.c, passfile.c, verify_as.c. */
#ifndef PGSEAL_SLOTS_H
#define PGSEAL_SLOTS_H

#include "shim/dynlink/linkage.h"

/* Each is called in place of what this libpq's slot held, with that function's own contract, on the
 * thread that called libpq; libpq->real.NAME is that function. */
#define LIBPQ_SLOT(name, need, result, parameters, arguments)                                      \
    result slot_##name(struct linked *libpq, SLOT_UNPACK parameters);
#define SLOT_UNPACK(...) __VA_ARGS__
#include "shim/dynlink/libpq_slots.def"
#undef LIBPQ_SLOT

#endif
