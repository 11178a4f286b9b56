/* drivers: variables that ask drivers other than libpq to verify servers. A request, never
 * enforcement. */
#ifndef PGSEAL_LAUNCH_DRIVERS_H
#define PGSEAL_LAUNCH_DRIVERS_H

#include "launch/changes.h"
#include "launch/policy_check.h"

/* What is done with a variable of drivers.def. A variable that already has that value is left
 * alone. */
enum driver_rule {
    VERIFY_FULL, /* set to verify-full; any other value asked for less */
    ROOT,        /* set to the root outside all sections; any other value asked for less */
    EXTRA_ROOT,  /* the same, combined with the file that it names if that is safe */
    NO_GSS,      /* if it is set: disable */
    NO_OLD_TLS,  /* removed if it names a version below TLSv1.2 */
    CRLS_ONLY,   /* removed if the object would refuse the file, which may contain roots */
    ONE,         /* removed unless it is 1 */
    NEVER,       /* removed */
    JAVA,        /* pgjdbc's own defaults are put on the boot class path */
};

enum { DRIVER_URLS = 16 };

/* What was asked for on the command line. */
struct driver_options {
    bool drivers;
    bool only;                     /* nothing is preloaded */
    bool dry_run;                  /* print what would change */
    const char *urls[DRIVER_URLS]; /* variables that contain connection strings */
    size_t nurls;
};

/* Ends the launcher (125) if the options exclude each other; and, except for --drivers=only, if
 * they would override what the policy allows: in audit mode, or with an exemption or an audited
 * section. */
void drivers_judge(const struct driver_options *o, const struct checked *c);

/* Changes the environment as options and policy say; in a dry run, prints the changes. exe is the
 * program that will run, for the log, or NULL. */
void drivers_apply(const struct driver_options *o, const struct checked *c, const char *exe);

#endif
