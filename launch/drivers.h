/* drivers: the second line for drivers that are not libpq: variables that ask them for
 * verification. A request, never enforcement. */
#ifndef PGSEAL_LAUNCH_DRIVERS_H
#define PGSEAL_LAUNCH_DRIVERS_H

#include "launch/changes.h"
#include "launch/policy_check.h"

/* What becomes of a variable of drivers.def. What is already so stays, without a word. */
enum driver_rule {
    VERIFY_FULL, /* set to verify-full; any other value asked for less */
    ROOT,        /* set to the root outside all sections; any other value asked for less */
    EXTRA_ROOT,  /* the same, joined with the file that it names, where that can be done safely */
    NO_GSS,      /* where it is set: disable */
    NO_OLD_TLS,  /* removed if it names a version below TLSv1.2 */
    CRLS_ONLY,   /* removed if the object would refuse the file: it may hold roots */
    ONE,         /* removed unless it is 1 */
    NEVER,       /* removed */
    JAVA,        /* pgjdbc's own defaults are put on the boot class path */
};

enum { DRIVER_URLS = 16 };

/* What was asked for on the command line. */
struct driver_options {
    bool drivers;
    bool only;                     /* nothing is preloaded */
    bool dry_run;                  /* say what would change */
    const char *urls[DRIVER_URLS]; /* variables that hold connection strings */
    size_t nurls;
};

/* Ends the launcher (125) where the options cannot go together, and, but for --drivers=only, where
 * they would undo what the policy lets through: in audit mode, and with an exemption or an audited
 * section. */
void drivers_judge(const struct driver_options *o, const struct checked *c);

/* Changes the environment as the options say, by the policy c as it was judged, or says what it
 * would change. exe is the program that will run, for the log; NULL: none will. */
void drivers_apply(const struct driver_options *o, const struct checked *c, const char *exe);

#endif
