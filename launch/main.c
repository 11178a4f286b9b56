/* pgseal-run: starts a command under libpgseal.so, or says why it cannot be sealed and does not
 * start it. */
#include "launch/object.h"
#include "launch/policy_check.h"
#include "launch/preflight.h"
#include "launch/preload.h"
#include "launch/say.h"
#include "launch/target.h"
#include "lib/core/policy/policy.h"

#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

const char *argp_program_version = "pgseal-run " PGSEAL_VERSION;

struct options {
    const char *policy, *root, *log, *lib;
    bool audit, drivers;
    int command; /* index of COMMAND in argv, 0: none */
};

enum { KEY_POLICY = 256, KEY_ROOT, KEY_AUDIT, KEY_LOG, KEY_LIB, KEY_DRIVERS };

static const struct argp_option option_table[] = {
    {"policy", KEY_POLICY, "FILE", 0, "Take the policy from FILE (PGSEAL_POLICY)", 0},
    {"root", KEY_ROOT, "FILE|system|program", 0,
     "Verify servers against FILE's certificates, the system's bundle, or the root that the "
     "program names (PGSEAL_SSLROOTCERT)",
     0},
    {"audit", KEY_AUDIT, NULL, 0, "Change nothing, log what would be done (PGSEAL_MODE)", 0},
    {"log", KEY_LOG, "SINK", 0, "stderr, syslog, file:/PATH or none (PGSEAL_LOG)", 0},
    {"lib", KEY_LIB, "FILE", 0,
     "The object to preload (default: libpgseal.so beside pgseal-run, else the installed one)", 0},
    {"drivers", KEY_DRIVERS, NULL, 0,
     "Also set what drivers other than libpq honour, where it is not set: PGSSLMODE, "
     "PGSSLROOTCERT, NODE_EXTRA_CA_CERTS; this asks, it does not enforce",
     0},
    {0}};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;
    if (value != NULL && value[0] == '\0' && key >= KEY_POLICY && key <= KEY_DRIVERS) {
        /* An empty variable counts as unset: the shim would silently do something else. */
        refuse(STATUS_REFUSED, "an option's value is empty; see pgseal-run --help");
    }
    switch (key) {
    case KEY_POLICY:
        o->policy = value;
        return 0;
    case KEY_ROOT:
        o->root = value;
        return 0;
    case KEY_AUDIT:
        o->audit = true;
        return 0;
    case KEY_LOG:
        o->log = value;
        return 0;
    case KEY_LIB:
        o->lib = value;
        return 0;
    case KEY_DRIVERS:
        o->drivers = true;
        return 0;
    case ARGP_KEY_ARG:
        o->command = state->next - 1;
        state->next = state->argc; /* the rest is the command's own */
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void set(const char *name, const char *value)
{
    if (setenv(name, value, 1) != 0) {
        refuse(STATUS_REFUSED, "%s cannot be set: %s", name, strerror(errno));
    }
}

static void set_default(const char *name, const char *value)
{
    const char *present = getenv(name);
    if (present == NULL || present[0] == '\0') {
        set(name, value);
    }
}

/* The options as the settings that the shim reads, and nothing where two places would speak at
 * once. */
static void set_settings(const struct options *o)
{
    const char *policy = getenv("PGSEAL_POLICY");
    bool some = o->root != NULL || o->audit || o->log != NULL;
    if (some && o->policy != NULL) {
        refuse(STATUS_REFUSED, "--policy stands alone: --root, --audit and --log would be ignored");
    }
    if (some && policy != NULL && policy[0] != '\0') {
        refuse(STATUS_REFUSED, "PGSEAL_POLICY is set: --root, --audit and --log would be ignored");
    }
    char path[PATH_MAX];
    if (o->policy != NULL) {
        make_absolute(path, sizeof(path), o->policy, "--policy");
        set("PGSEAL_POLICY", path);
    }
    if (o->root != NULL && strcmp(o->root, "system") != 0 && strcmp(o->root, "program") != 0) {
        make_absolute(path, sizeof(path), o->root, "--root");
        set("PGSEAL_SSLROOTCERT", path);
    } else if (o->root != NULL) {
        set("PGSEAL_SSLROOTCERT", o->root);
    }
    if (o->audit) {
        set("PGSEAL_MODE", "audit");
    }
    if (o->log != NULL) {
        set("PGSEAL_LOG", o->log);
    }
}

static void set_drivers(const struct checked *c)
{
    if (c->audit) {
        refuse(STATUS_REFUSED,
               "--drivers changes what programs ask for; audit mode changes nothing");
    }
    set_default("PGSSLMODE", "verify-full");
    if (c->root != NULL) {
        set_default("PGSSLROOTCERT", c->root);
        set_default("NODE_EXTRA_CA_CERTS", c->root);
    }
}

/* Whether the program would start in secure-execution mode whatever its file is: the launcher
 * itself did (its caller's real and effective ids differ), and execve(2) passes that on. */
static void judge_self(void)
{
    if (getauxval(AT_SECURE) != 0 || getuid() != geteuid() || getgid() != getegid()) {
        refuse(STATUS_REFUSED, "secure-execution mode (ids differ): ld.so ignores LD_PRELOAD");
    }
}

/* A program in secure-execution mode sees /etc/ld.so.preload, and no variable of pgseal's. */
static void judge_secure(const struct checked *c)
{
    for (char **e = environ; !c->installed && *e != NULL; e++) {
        if (strncmp(*e, "PGSEAL_", 7) == 0) {
            refuse(STATUS_REFUSED,
                   "secure-execution mode (setuid, setgid or file capabilities): no variable or "
                   "option of pgseal's counts there; put the policy into " POLICY_FILE);
        }
    }
    unsetenv("LD_PRELOAD"); /* ignored there; the proof must rest on the file alone */
}

/* Replaces the launcher by the command: same pid, same descriptors, signals as they were. */
_Noreturn static void become(const struct target *t, char **argv, int argc)
{
    char path[PATH_MAX];
    memcpy(path, t->path, sizeof(path));
    if (!t->by_shell) {
        execve(path, argv, environ);
    } else {
        char shell[] = "/bin/sh";
        char **arguments = calloc((size_t)argc + 2, sizeof(*arguments));
        if (arguments != NULL) {
            arguments[0] = shell;
            arguments[1] = path;
            memcpy(arguments + 2, argv + 1, (size_t)argc * sizeof(*argv));
            execve(shell, arguments, environ);
        }
    }
    refuse(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE, "%s: %s", t->chain,
           strerror(errno));
}

int main(int argc, char **argv)
{
    static char name[] = "pgseal-run"; /* every message begins with it, however it was called */
    static const struct argp parser = {
        option_table,
        parse_option,
        "COMMAND [ARG...]",
        "Runs COMMAND with every libpq connection verified by libpgseal.so, or not at all."
        "\vExit status: 125 if pgseal-run will not run COMMAND, 126 if COMMAND cannot be executed, "
        "127 if it is not found; else COMMAND's own.",
        NULL,
        NULL,
        NULL};
    static struct target target;
    struct options options = {0};
    struct object object;
    struct checked checked;

    if (argc > 0) {
        argv[0] = name;
    }
    argp_err_exit_status = STATUS_REFUSED;
    argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &options);
    if (options.command == 0) {
        refuse(STATUS_REFUSED, "no COMMAND; see pgseal-run --help");
    }
    char **command = argv + options.command;

    judge_self();
    set_settings(&options);
    policy_find(&checked);
    if (checked.installed &&
        (options.policy != NULL || options.root != NULL || options.audit || options.log != NULL)) {
        refuse(STATUS_REFUSED, "/etc/pgseal/policy.conf is in force, and no option changes that");
    }
    policy_judge(&checked);
    object_find(&object, options.lib);
    target.listed = preload_listed(&object);
    target_find(&target, command);

    if (options.drivers) {
        set_drivers(&checked);
    }
    if (target.secure) {
        judge_secure(&checked);
    } else {
        preload_set(&object);
    }
    const char *list = preflight_run(&target, &object);
    preload_judge_sanitizer(list);
    preload_judge_others(&object, list);
    become(&target, command, argc - options.command);
}
