/* slots: the functions that libpq calls in place of functions of other libraries
 * (shim/dynlink/libpq_slots.def). They are in ldap.c, crl.c, root_load.c, client_key.c,
 * default_files.c, passfile.c and verify_as.c. */
#ifndef PGSEAL_SLOTS_H
#define PGSEAL_SLOTS_H

#include "shim/dynlink/linkage.h"

/* Each has the contract of the function that it replaces, which is libpq->real.NAME. It runs on the
 * thread that called libpq. */
#define LIBPQ_SLOT(name, need, result, parameters, arguments)                                      \
    result slot_##name(struct linked *libpq, SLOT_UNPACK parameters);
#define SLOT_UNPACK(...) __VA_ARGS__
#include "shim/dynlink/libpq_slots.def"
#undef LIBPQ_SLOT

#endif
