/* settings: finds the operator's settings, and checks that a policy file can be trusted. */
#include "lib/os/settings.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/startup.h"
#include "lib/os/sys.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

extern char **environ;

static void fault(struct settings *s, const char *reason)
{
    strbuf_join(s->fault, sizeof s->fault, s->name, ": ", reason);
}

enum { OVERFLOW_UID = 65534 }; /* the default of /proc/sys/kernel/overflowuid */

/* In a container, a file's owner is often shown under another number than outside. */
static const char *distrust_owner(struct settings *s, uid_t owner)
{
    struct strbuf t;
    strbuf_init(&t, s->words, sizeof s->words); /* variables are not used beside a file */
    strbuf_add(&t, "owned by uid ");
    strbuf_add_uint(&t, owner, 1);
    strbuf_add(&t, ", not by root or this user (uid ");
    strbuf_add_uint(&t, sys_euid(), 1);
    strbuf_add(&t, ")");
    if (owner == OVERFLOW_UID) {
        strbuf_add(&t, "; in a rootless container this is a host user that is not mapped: copy the "
                       "file into the image, or mount one that the container's user owns");
    }
    return s->words;
}

/* Why the file at fd cannot be trusted as a policy; NULL: it can. */
static const char *distrust(struct settings *s, int fd)
{
    struct stat st;
    if (sys_fstat(fd, &st) != 0) {
        return sys_error(errno);
    }
    if (!S_ISREG(st.st_mode)) {
        return "not a regular file";
    }
    if (st.st_uid != 0 && st.st_uid != sys_euid()) {
        return distrust_owner(s, st.st_uid);
    }
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return "writable by group or others";
    }
    return NULL;
}

/* Reads the policy file of this name. Returns false, and leaves *s as it is, only if it does not
 * exist. A symbolic link that leads nowhere does exist: its volume may not be mounted yet. */
AT_START static bool read_policy(struct settings *s, const char *name)
{
    int fd = sys_open_read(name);
    int error = errno;
    char target;
    if (fd < 0 && (error == ENOENT || error == ENOTDIR) && sys_readlink(name, &target, 1) < 0) {
        return false;
    }
    s->name = name;
    if (fd < 0) {
        fault(s,
              error == ENOENT ? "a symbolic link to a file that does not exist" : sys_error(error));
        return true;
    }
    const char *reason = distrust(s, fd);
    if (reason == NULL &&
        (s->bytes = sys_read_file(fd, SETTINGS_POLICY_MAX, true, &s->len)) == NULL) {
        reason = sys_error(errno);
    }
    if (reason != NULL) {
        fault(s, reason);
    }
    close(fd);
    return true;
}

void settings_read_file(struct settings *s, const char *path)
{
    int saved_errno = errno;
    s->name = path;
    if (!read_policy(s, path)) {
        fault(s, "no such file");
    }
    errno = saved_errno;
}

/* Copies one NAME=VALUE; false if there is no room. */
static bool copy_variable(struct settings *s, const char *variable)
{
    size_t len = strlen(variable) + 1;
    if (s->nvariables == SETTINGS_VARIABLES || len > sizeof s->words - s->used) {
        return false;
    }
    char *copy = s->words + s->used;
    memcpy(copy, variable, len);
    s->used += len;
    char *equals = strchr(copy, '=');
    *equals = '\0';
    s->variables[s->nvariables++] = (struct setting){copy, equals + 1};
    return true;
}

static void read_environment(struct settings *s)
{
    for (char **e = environ; e != NULL && *e != NULL; e++) {
        const char *equals = strchr(*e, '=');
        /* An empty variable counts as unset. */
        if (equals != NULL && equals[1] != '\0' && policy_variable(*e) && !copy_variable(s, *e)) {
            s->name = "environment";
            fault(s, "there are too many PGSEAL_ variables, or they are too long");
            return;
        }
    }
}

/* Reads the variables: there is no /etc/pgseal/policy.conf. */
static void read_variables(struct settings *s)
{
    const char *policy = getenv("PGSEAL_POLICY");
    if (policy == NULL || policy[0] == '\0') {
        read_environment(s);
        return;
    }
    bool whole = strbuf_copy(s->path, sizeof s->path, policy);
    s->name = s->path;
    if (!whole || policy[0] != '/') {
        fault(s, whole ? "PGSEAL_POLICY must be an absolute path" : "PGSEAL_POLICY is too long");
    } else {
        settings_read_file(s, s->path);
    }
}

/* Whether any variable begins with PGSEAL_; in most processes none does. */
AT_START static bool any_variable(void)
{
    for (char **e = environ; e != NULL && *e != NULL; e++) {
        const char *v = *e;
        if (v[0] == 'P' && v[1] == 'G' && v[2] == 'S' && v[3] == 'E' && v[4] == 'A' &&
            v[5] == 'L' && v[6] == '_') {
            return true;
        }
    }
    return false;
}

AT_START bool settings_read(struct settings *s)
{
    static const char path[] __attribute__((section(".text.startup.path"))) = POLICY_FILE;
    int saved_errno = errno;
    bool any = read_policy(s, path);
    if (!any && any_variable() && getauxval(AT_SECURE) == 0) {
        read_variables(s);
        any = true;
    }
    errno = saved_errno;
    return any;
}

void settings_parse(struct settings *s, struct policy *p)
{
    if (s->fault[0] != '\0') {
        policy_faulty(p, s->name, s->fault);
    } else if (s->name != NULL) {
        policy_parse_file(p, s->name, s->bytes, s->len);
    } else {
        policy_from_settings(p, s->variables, s->nvariables);
    }
}

static struct settings loaded;           /* none of its pages is touched if nothing is set */
START_DATA static bool found;            /* loaded has settings */
START_DATA static atomic_int load_state; /* 0 nothing, 1 a thread is at it, 2 done */

AT_START void settings_load(void)
{
    int expected = 0;
    if (atomic_load_explicit(&load_state, memory_order_acquire) == 2) {
        return;
    }
    if (!atomic_compare_exchange_strong(&load_state, &expected, 1)) {
        /* Only constructors run so early: wait for another thread in one. */
        while (atomic_load_explicit(&load_state, memory_order_acquire) != 2) {
            continue;
        }
        return;
    }
    found = settings_read(&loaded);
    atomic_store_explicit(&load_state, 2, memory_order_release);
}

/* The number after the next "/fd/" from *s on, which is advanced; -1 if there is none. */
AT_START static int next_descriptor(const char **s, const char *end)
{
    static const char mark[] __attribute__((section(".text.startup.mark"))) = "/fd/";
    const char *at = memmem(*s, (size_t)(end - *s), mark, sizeof mark - 1);
    int n = -1;
    if (at == NULL) {
        *s = end;
        return -1;
    }
    for (at += sizeof mark - 1; at < end && *at >= '0' && *at <= '9' && n < 100000000; at++) {
        n = (n < 0 ? 0 : n) * 10 + (*at - '0');
    }
    *s = at;
    return n;
}

AT_START size_t settings_descriptors(int *fds, size_t max)
{
    if (!found) {
        return 0;
    }
    const char *s = loaded.bytes != NULL ? loaded.bytes : loaded.words;
    const char *end = s + (loaded.bytes != NULL ? loaded.len : loaded.used);
    size_t n = 0;
    while (s < end && n < max) {
        int fd = next_descriptor(&s, end);
        if (fd > STDERR_FILENO) {
            fds[n++] = fd;
        }
    }
    return n;
}

/* The policy and the copy of the settings that its strings point into. One block, so that both have
 * the same owner; two threads may parse at the same time. */
struct parsed {
    struct policy policy;
    struct settings settings;
};

static struct policy *parse_copy(void)
{
    struct parsed *parsed = malloc(sizeof *parsed + loaded.len + 1);
    if (parsed == NULL) {
        return NULL;
    }
    struct settings *s = &parsed->settings;
    memcpy(s, &loaded, sizeof loaded);
    if (loaded.bytes != NULL) {
        s->bytes = (char *)(parsed + 1);
        memcpy(s->bytes, loaded.bytes, loaded.len + 1);
    }
    if (loaded.name == loaded.path) {
        s->name = s->path;
    }
    for (size_t i = 0; i < s->nvariables; i++) {
        s->variables[i].name = s->words + (loaded.variables[i].name - loaded.words);
        s->variables[i].value = s->words + (loaded.variables[i].value - loaded.words);
    }
    settings_parse(s, &parsed->policy);
    return &parsed->policy;
}

const struct policy *settings_policy(void)
{
    static _Atomic(struct policy *) current;
    static const char no_memory[] = "pgseal: no memory for the policy";
    static struct policy without_memory;
    int saved_errno = errno;

    struct policy *p = atomic_load_explicit(&current, memory_order_acquire);
    if (p == NULL) {
        settings_load();
        struct policy *mine = parse_copy();
        if (mine == NULL) {
            /* Several threads may write this at once: a fault that is there must not vanish. */
            memcpy(without_memory.fault, no_memory, sizeof no_memory);
            errno = saved_errno;
            return &without_memory; /* tried again at the next connection */
        }
        if (atomic_compare_exchange_strong(&current, &p, mine)) {
            p = mine;
        } else { /* another thread's policy is in force */
            policy_free(mine);
            free(mine); /* the whole block: the policy is its first member */
        }
    }
    errno = saved_errno;
    return p;
}
