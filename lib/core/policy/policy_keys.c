/* policy_keys: the keys: their names, where they are allowed, and which values they take. */
#include "lib/core/policy/policy_keys.h"
#include "lib/core/options/options.h"
#include "lib/core/text/address.h"
#include "lib/core/text/ascii.h"

#include <string.h>

static const struct {
    const char *name;
    const char *variable;
    enum { ANYWHERE, GLOBAL, SECTION } place;
} keys[KEYS] = {
    [KEY_MODE] = {"mode", "PGSEAL_MODE", ANYWHERE},
    [KEY_ROOT] = {"sslrootcert", "PGSEAL_SSLROOTCERT", ANYWHERE},
    [KEY_CRL] = {"sslcrl", "PGSEAL_SSLCRL", ANYWHERE},
    [KEY_SOCKETS] = {"unix_sockets", "PGSEAL_UNIX_SOCKETS", GLOBAL},
    [KEY_CANCEL] = {"plaintext_cancel", "PGSEAL_PLAINTEXT_CANCEL", GLOBAL},
    [KEY_LOG] = {"log", "PGSEAL_LOG", GLOBAL},
    [KEY_LEVEL] = {"log_level", "PGSEAL_LOG_LEVEL", GLOBAL},
    [KEY_UNLISTED] = {"unlisted_hosts", NULL, GLOBAL},
    [KEY_VERIFY_AS] = {"verify_as", NULL, SECTION},
    [KEY_EXEMPT] = {"exempt", NULL, SECTION},
    [KEY_UNTIL] = {"exempt_until", NULL, SECTION},
};

enum key key_named(const char *name)
{
    enum key k = 0;
    while (k < KEYS && strcmp(keys[k].name, name) != 0) {
        k++;
    }
    return k < KEYS ? k : NO_KEY;
}

enum key key_of_variable(const char *name)
{
    enum key k = 0;
    while (k < KEYS && (keys[k].variable == NULL || strcmp(keys[k].variable, name) != 0)) {
        k++;
    }
    return k < KEYS ? k : NO_KEY;
}

const char *key_variable(int n)
{
    return n >= 1 && n <= KEYS ? keys[n - 1].variable : NULL;
}

void parsing_advise_names(struct parsing *x)
{
    bool section = x->rule != &x->p->global;
    const char *between = x->environment ? "; the variables are " : "; the keys here are ";
    for (enum key k = 0; k < KEYS; k++) {
        const char *name = x->environment ? keys[k].variable : keys[k].name;
        if (name == NULL || (!x->environment && keys[k].place == (section ? GLOBAL : SECTION))) {
            continue;
        }
        parsing_advise(x, between);
        parsing_advise(x, name);
        between = ", ";
    }
    parsing_advise(x, x->environment ? ", PGSEAL_POLICY" : section ? " and libpq's options" : "");
}

static const char *shown_name(const struct parsing *x, enum key key)
{
    return x->environment ? keys[key].variable : keys[key].name;
}

static bool policy_error(struct parsing *x, enum key key, const char *reason, const char *value)
{
    return parsing_fault(x, shown_name(x, key), ": ", reason, value);
}

/* The index of value in words (which end in NULL), or -1 and a fault. */
static int word(struct parsing *x, enum key key, const char *const *words, const char *value)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], value) == 0) {
            return i;
        }
    }
    if (policy_error(x, key, "unknown value", value)) {
        parsing_advise(x, "; use ");
        for (int i = 0; words[i] != NULL; i++) {
            bool last = words[i + 1] == NULL && key != KEY_LOG;
            const char *between = i == 0 ? "" : last ? " or " : ", ";
            parsing_advise(x, between);
            parsing_advise(x, words[i]);
        }
        parsing_advise(x, key == KEY_LOG ? " or file:/PATH" : "");
    }
    return -1;
}

static bool path(struct parsing *x, enum key key, const char *s, const char *value)
{
    if (s[0] != '/') {
        if (policy_error(x, key, "not an absolute path", value) && key == KEY_ROOT) {
            parsing_advise(x, "; use system, program or /PATH");
        }
        return false;
    }
    if (strlen(s) > POLICY_PATH_MAX) {
        policy_error(x, key, "path longer than 1023 bytes", value);
        return false;
    }
    return true;
}

static void set_mode(struct parsing *x, const char *value)
{
    static const char *const words[] = {"enforce", "audit", NULL};
    int w = word(x, KEY_MODE, words, value);
    if (w >= 0) {
        x->rule->mode = (enum policy_mode)w;
        if (x->rule == &x->p->global && x->rule->root_line == 0) {
            x->rule->line = x->line;
        }
    }
}

static void set_root(struct parsing *x, const char *value)
{
    struct rule *r = x->rule;
    bool is_system = strcmp(value, "system") == 0;
    bool program = strcmp(value, "program") == 0;
    if (!is_system && !program && !path(x, KEY_ROOT, value, value)) {
        return;
    }
    r->root_kind = is_system ? ROOT_SYSTEM : program ? ROOT_PROGRAM : ROOT_FILE;
    r->root = r->root_kind == ROOT_FILE ? value : NULL;
    r->root_line = x->line;
    if (r == &x->p->global) {
        r->line = x->line;
    }
}

static void set_crl(struct parsing *x, const char *value)
{
    if (path(x, KEY_CRL, value, value)) {
        x->rule->crl = value;
        x->rule->crl_line = x->line;
    }
}

static void set_sockets(struct parsing *x, const char *value)
{
    struct policy *p = x->p;
    bool allow = strcmp(value, "allow") == 0;
    bool refuse = strcmp(value, "refuse") == 0;
    if (!allow && !refuse) {
        char directory[POLICY_PATH_MAX + 1];
        for (const char *s = value; s != NULL;) {
            size_t len = policy_next_directory(&s, directory, sizeof directory);
            if (len > POLICY_PATH_MAX) {
                policy_error(x, KEY_SOCKETS, "path longer than 1023 bytes", value);
                return;
            }
            if (len < 1 || (directory[0] != '/' && directory[0] != '@') ||
                strcmp(directory, "@") == 0) {
                policy_error(
                    x, KEY_SOCKETS,
                    "not an absolute path; use allow, refuse or /DIRECTORY[:/DIRECTORY...]", value);
                return;
            }
            if (strchr(directory, ',') != NULL) { /* there libpq cuts its list of hosts */
                policy_error(
                    x, KEY_SOCKETS,
                    "a directory with a comma matches nothing; put colons between directories",
                    value);
                return;
            }
        }
        p->socket_dirs = value;
    }
    p->sockets = allow ? SOCKETS_ALLOW : refuse ? SOCKETS_REFUSE : SOCKETS_DIRECTORIES;
    p->sockets_line = x->line;
}

static void set_cancel(struct parsing *x, const char *value)
{
    static const char *const words[] = {"allow", "refuse", "encrypt", NULL};
    int w = word(x, KEY_CANCEL, words, value);
    if (w >= 0) {
        x->p->cancel = (enum cancel_rule)w;
    }
}

static void set_log(struct parsing *x, const char *value)
{
    static const char *const words[] = {"stderr", "syslog", "none", NULL};
    if (strncmp(value, "file:", 5) == 0) {
        if (path(x, KEY_LOG, value + 5, value)) {
            x->p->log = LOG_TO_FILE;
            x->p->log_path = value + 5;
        }
        return;
    }
    int w = word(x, KEY_LOG, words, value);
    if (w >= 0) {
        x->p->log = (enum log_kind)w;
    }
}

static void set_level(struct parsing *x, const char *value)
{
    static const char *const words[] = {"downgrade", "all", NULL};
    int w = word(x, KEY_LEVEL, words, value);
    if (w >= 0) {
        x->p->log_all = w == 1;
    }
}

static void set_unlisted(struct parsing *x, const char *value)
{
    static const char *const words[] = {"seal", "refuse", NULL};
    int w = word(x, KEY_UNLISTED, words, value);
    if (w >= 0) {
        x->p->unlisted_refuse = w == 1;
        x->p->unlisted_line = x->line;
    }
}

/* Not only host names: Cloud SQL's certificates have a common name such as project:instance, which
 * libpq verifies. Not allowed is what would end the name in libpq's host list, or make it a
 * socket. */
const char *policy_verify_as_fault(const char *name)
{
    char address[ADDRESS_MAX];
    size_t len = strlen(name);
    const char *colon = strrchr(name, ':');
    if (address_text(name, len, address)) {
        return NULL;
    }
    if (strchr(name, ',') != NULL) {
        return "must be one name, not a list";
    }
    if (strchr(name, '*') != NULL) {
        return "must be one name, not a pattern";
    }
    if (colon != NULL && colon[1 + strspn(colon + 1, "0123456789")] == '\0') {
        return "must be a name without a port";
    }
    bool plain = len > 0 && len <= POLICY_NAME_MAX && name[0] != '.' && name[len - 1] != '.' &&
                 strstr(name, "..") == NULL && name[strcspn(name, "/@#\"\\")] == '\0';
    for (const char *s = name; plain && *s != '\0'; s++) {
        plain = *s >= ' ' && *s < 0x7f;
    }
    return plain ? NULL : "not a name that a certificate can contain";
}

static void set_verify_as(struct parsing *x, const char *value)
{
    const char *reason = policy_verify_as_fault(value);
    if (reason != NULL) {
        policy_error(x, KEY_VERIFY_AS, reason, value);
        return;
    }
    x->rule->verify_as = value;
}

static void set_until(struct parsing *x, const char *value)
{
    int32_t day = policy_day(value);
    x->until_line = x->line;
    if (day == INT32_MIN) {
        policy_error(x, KEY_UNTIL, "not a date YYYY-MM-DD", value);
        return;
    }
    x->rule->exempt_until = day;
}

static bool belongs(struct parsing *x, enum key key)
{
    bool global = x->rule == &x->p->global;
    if (global && keys[key].place == SECTION) {
        parsing_fault(x, keys[key].name, " belongs in a [host] section", NULL, NULL);
        return false;
    }
    if (!global && keys[key].place == GLOBAL) {
        parsing_fault(x, keys[key].name, " belongs above the first section", NULL, NULL);
        return false;
    }
    return true;
}

void key_set(struct parsing *x, enum key key, const char *value)
{
    if (!belongs(x, key)) {
        return;
    }
    if ((x->seen & 1u << key) != 0) {
        if (x->environment) {
            policy_error(x, key, "set more than once", NULL);
        } else {
            parsing_fault(x, NULL, "duplicate key", NULL, keys[key].name);
        }
        return;
    }
    x->seen |= 1u << key;
    if (value[0] == '\0') {
        policy_error(x, key, key == KEY_EXEMPT ? "a reason is required" : "no value", NULL);
        return;
    }
    if (ascii_control(value)) {
        policy_error(x, key, "a control character in", value);
        return;
    }
    switch (key) {
    case KEY_MODE:
        set_mode(x, value);
        break;
    case KEY_ROOT:
        set_root(x, value);
        break;
    case KEY_CRL:
        set_crl(x, value);
        break;
    case KEY_SOCKETS:
        set_sockets(x, value);
        break;
    case KEY_CANCEL:
        set_cancel(x, value);
        break;
    case KEY_LOG:
        set_log(x, value);
        break;
    case KEY_LEVEL:
        set_level(x, value);
        break;
    case KEY_UNLISTED:
        set_unlisted(x, value);
        break;
    case KEY_VERIFY_AS:
        set_verify_as(x, value);
        break;
    case KEY_EXEMPT:
        x->rule->exempt = value;
        x->rule->exempt_line = x->line;
        break;
    case KEY_UNTIL:
        set_until(x, value);
        break;
    case KEYS:
    case NO_KEY:
        break;
    }
}

void key_pin(struct parsing *x, const char *option, const char *value)
{
    struct rule *r = x->rule;
    for (size_t i = 0; i < r->npins; i++) {
        if (r->pins[i].option == option) {
            parsing_fault(x, NULL, "duplicate key", NULL, option);
            return;
        }
    }
    const char *reason = option_pin_fault(option, value);
    if (reason == NULL && ascii_control(value)) {
        reason = "a control character in";
    }
    if (reason != NULL) {
        bool show = value[0] != '\0' && !option_is_secret(option);
        parsing_fault(x, option, ": ", reason, show ? value : NULL);
    } else if (r == &x->p->global) {
        parsing_fault(x, option, " belongs in a [host] section", NULL, NULL);
    } else if (r->npins == POLICY_PINS) {
        parsing_fault(x, option, ": more than 32 options pinned", NULL, NULL);
    } else {
        r->pins[r->npins++] = (struct pin){option, value, x->line};
    }
}

void key_section_end(struct parsing *x)
{
    const struct pin *least = NULL;
    const struct pin *most = NULL;
    const struct rule *r = x->rule;
    if (x->until_line != 0 && r->exempt == NULL) {
        x->line = x->until_line;
        parsing_fault(x, "exempt_until", " without exempt", NULL, NULL);
    }
    for (size_t i = 0; i < r->npins; i++) {
        if (strcmp(r->pins[i].option, "ssl_min_protocol_version") == 0) {
            least = &r->pins[i];
        } else if (strcmp(r->pins[i].option, "ssl_max_protocol_version") == 0) {
            most = &r->pins[i];
        }
    }
    if (least != NULL && most != NULL && tls_version(most->value) < tls_version(least->value)) {
        x->line = most->line;
        parsing_fault(x, most->option, ": below ssl_min_protocol_version", NULL, most->value);
    }
}
