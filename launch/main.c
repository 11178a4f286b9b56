/* pgseal-run: starts a command under libpgseal.so, or says why it cannot be sealed and does not
 * start it. */
#include "launch/drivers.h"
#include "launch/lookup.h"
#include "launch/object.h"
#include "launch/policy_check.h"
#include "launch/preflight.h"
#include "launch/preload.h"
#include "launch/say.h"
#include "launch/target.h"
#include "lib/core/policy/policy.h"
#include "lib/core/text/strbuf.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

const char *argp_program_version = "pgseal-run " PGSEAL_VERSION;

struct options {
    const char *policy, *root, *log, *lib;
    bool audit;
    struct driver_options drivers;
    int command; /* index of COMMAND in argv, 0: none */
};

enum {
    KEY_POLICY = 256,
    KEY_ROOT,
    KEY_AUDIT,
    KEY_LOG,
    KEY_LIB,
    KEY_DRIVERS,
    KEY_REWRITE,
    KEY_DRY_RUN
};

static const struct argp_option option_table[] = {
    {"policy", KEY_POLICY, "FILE", 0, "Take the policy from FILE (PGSEAL_POLICY)", 0},
    {"root", KEY_ROOT, "FILE|system|program", 0,
     "Verify servers against FILE's certificates, the system's bundle, or the root that the "
     "program sets (PGSEAL_SSLROOTCERT)",
     0},
    {"audit", KEY_AUDIT, NULL, 0, "Change nothing; log what would be done (PGSEAL_MODE)", 0},
    {"log", KEY_LOG, "SINK", 0, "stderr, syslog, file:/PATH or none (PGSEAL_LOG)", 0},
    {"lib", KEY_LIB, "FILE", 0,
     "The object to preload (default: libpgseal.so beside pgseal-run, else the installed one)", 0},
    {"drivers", KEY_DRIVERS, "only", OPTION_ARG_OPTIONAL,
     "Also set the variables that other drivers honour (PGSSLMODE, PGSSLROOTCERT, PGSSL, "
     "NODE_EXTRA_CA_CERTS...), and remove those that weaken them; a request, not enforcement. "
     "only: do nothing else, for programs that no preload reaches",
     0},
    {"rewrite-url", KEY_REWRITE, "VAR", 0,
     "Make the connection URL in this variable ask for verification", 0},
    {"dry-run", KEY_DRY_RUN, NULL, 0,
     "Print what --drivers and --rewrite-url would change, and run nothing", 0},
    {0}};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;
    if (value != NULL && value[0] == '\0' && key >= KEY_POLICY && key <= KEY_DRY_RUN) {
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
        if (value != NULL && strcmp(value, "only") != 0) {
            refuse(STATUS_REFUSED, "--drivers=%s: only --drivers and --drivers=only are known",
                   value);
        }
        o->drivers.drivers = true;
        o->drivers.only = value != NULL;
        return 0;
    case KEY_REWRITE:
        if (o->drivers.nurls == DRIVER_URLS) {
            refuse(STATUS_REFUSED, "--rewrite-url: too many variables");
        }
        o->drivers.urls[o->drivers.nurls++] = value;
        return 0;
    case KEY_DRY_RUN:
        o->drivers.dry_run = true;
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

/* The options as the settings that the shim reads, and nothing if two places would speak at
 * once. */
static void set_settings(const struct options *o)
{
    const char *policy = getenv("PGSEAL_POLICY");
    bool some = o->root != NULL || o->audit || o->log != NULL;
    if (some && o->policy != NULL) {
        refuse(STATUS_REFUSED, "--policy cannot be combined with --root, --audit or --log");
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
                   "secure-execution mode (setuid, setgid or file capabilities): pgseal's "
                   "variables and options are ignored there; put the policy into " POLICY_FILE);
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

/* --drivers=only: the command as execvp(3) finds it; whether a preload reaches it does not matter.
 */
static void find_any(struct target *t, const char *command)
{
    int error = lookup(command, t->path, sizeof t->path);
    if (error != 0) {
        refuse(error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE, "%s: %s", command,
               strerror(error));
    }
    strbuf_copy(t->program, sizeof t->program, t->path);
    strbuf_copy(t->chain, sizeof t->chain, t->path);
}

/* Asks drivers for verification, and becomes the command without the object. */
_Noreturn static void run_only(const struct options *o, const struct checked *c, char **argv,
                               int argc)
{
    static struct target target;
    if (o->lib != NULL) {
        refuse(STATUS_REFUSED, "--drivers=only preloads nothing: --lib would be ignored");
    }
    find_any(&target, argv[0]);
    warn("--drivers=only: nothing is sealed; drivers are asked to verify, and may ignore that");
    drivers_apply(&o->drivers, c, target.program);
    execve(target.path, argv, environ);
    target.by_shell = errno == ENOEXEC; /* as execvp(3) */
    become(&target, argv, argc);
}

/* What was printed (--help, --dry-run) must have got out. */
static void check_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "pgseal-run: cannot write the output: %s\n", strerror(errno));
        _exit(STATUS_REFUSED);
    }
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
    atexit(check_output);
    argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &options);
    if (options.command == 0 && !options.drivers.dry_run) {
        refuse(STATUS_REFUSED, "no COMMAND; see pgseal-run --help");
    }
    char **command = argv + options.command;

    judge_self();
    set_settings(&options);
    policy_find(&checked);
    if (checked.installed &&
        (options.policy != NULL || options.root != NULL || options.audit || options.log != NULL)) {
        refuse(STATUS_REFUSED,
               "/etc/pgseal/policy.conf is in force, and options cannot override it");
    }
    policy_judge(&checked);
    drivers_judge(&options.drivers, &checked);
    if (options.drivers.dry_run) {
        drivers_apply(&options.drivers, &checked, NULL);
        return 0;
    }
    if (options.drivers.only) {
        run_only(&options, &checked, command, argc - options.command);
    }
    object_find(&object, options.lib);
    target.listed = preload_listed(&object);
    target_find(&target, command);
    drivers_apply(&options.drivers, &checked, target.program);
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
