/* policy_keys: the settings one by one: their names, where they may stand, what values they take.
 */
#include "lib/core/policy/policy_keys.h"
#include "lib/core/options/options.h"
#include "lib/core/text/address.h"

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

static const char *shown_name(const struct parsing *x, enum key key)
{
    return x->environment ? keys[key].variable : keys[key].name;
}

static void wrong(struct parsing *x, enum key key, const char *why, const char *value)
{
    parsing_fault(x, shown_name(x, key), ": ", why, value);
}

/* The place of value among the words (which end in NULL), or -1 and a fault. */
static int word(struct parsing *x, enum key key, const char *const *words, const char *value)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], value) == 0) {
            return i;
        }
    }
    wrong(x, key, "unknown value", value);
    return -1;
}

static bool path(struct parsing *x, enum key key, const char *s, const char *value)
{
    if (s[0] != '/') {
        wrong(x, key, "not an absolute path", value);
        return false;
    }
    if (strlen(s) > POLICY_PATH_MAX) {
        wrong(x, key, "path longer than 1023 bytes", value);
        return false;
    }
    return true;
}

static void set_mode(struct parsing *x, const char *value)
{
    static const char *const words[] = {"enforce", "audit", NULL};
    int w = word(x, KEY_MODE, words, value);
    if (w >= 0) {
        x->rule->mode = w == 0 ? MODE_ENFORCE : MODE_AUDIT;
        x->rule->mode_here = true;
        if (x->rule == &x->p->global && x->rule->root_line == 0) {
            x->rule->line = x->line;
        }
    }
}

static void set_root(struct parsing *x, const char *value)
{
    struct rule *r = x->rule;
    bool is_system = strcmp(value, "system") == 0, program = strcmp(value, "program") == 0;
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
    bool allow = strcmp(value, "allow") == 0, refuse = strcmp(value, "refuse") == 0;
    if (!allow && !refuse) {
        for (const char *s = value;;) {
            size_t len = strcspn(s, ":");
            if (len == 0 || (s[0] != '/' && s[0] != '@') || (s[0] == '@' && len == 1)) {
                wrong(x, KEY_SOCKETS, "neither allow, refuse nor absolute paths", value);
                return;
            }
            if (len > POLICY_PATH_MAX) {
                wrong(x, KEY_SOCKETS, "path longer than 1023 bytes", value);
                return;
            }
            if (s[len] == '\0') {
                break;
            }
            s += len + 1;
        }
        p->socket_dirs = value;
    }
    p->sockets = allow ? SOCKETS_ALLOW : refuse ? SOCKETS_REFUSE : SOCKETS_DIRECTORIES;
    p->sockets_line = x->line;
}

static void set_cancel(struct parsing *x, const char *value)
{
    static const char *const words[] = {"allow", "refuse", "encrypt", NULL};
    static const enum cancel_rule rules[] = {CANCEL_ALLOW, CANCEL_REFUSE, CANCEL_ENCRYPT};
    int w = word(x, KEY_CANCEL, words, value);
    if (w >= 0) {
        x->p->cancel = rules[w];
    }
}

static void set_log(struct parsing *x, const char *value)
{
    static const char *const words[] = {"stderr", "syslog", "none", NULL};
    static const enum log_kind kinds[] = {LOG_TO_STDERR, LOG_TO_SYSLOG, LOG_TO_NONE};
    if (strncmp(value, "file:", 5) == 0) {
        if (path(x, KEY_LOG, value + 5, value)) {
            x->p->log = LOG_TO_FILE;
            x->p->log_path = value + 5;
        }
        return;
    }
    int w = word(x, KEY_LOG, words, value);
    if (w >= 0) {
        x->p->log = kinds[w];
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

/* A name that a certificate can have: an address, or letters, digits, '-', '_' and dots between
 * them. */
static void set_verify_as(struct parsing *x, const char *value)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    char address[ADDRESS_MAX];
    size_t len = strlen(value);
    if (!address_text(value, len, address) &&
        (len > POLICY_NAME_MAX || value[strspn(value, letters)] != '\0' || value[0] == '.' ||
         value[len - 1] == '.' || strstr(value, "..") != NULL)) {
        wrong(x, KEY_VERIFY_AS, "not a host name", value);
        return;
    }
    x->rule->verify_as = value;
}

static void set_until(struct parsing *x, const char *value)
{
    int32_t day = policy_day(value);
    x->until_line = x->line;
    if (day == INT32_MIN) {
        wrong(x, KEY_UNTIL, "not a day YYYY-MM-DD", value);
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
            wrong(x, key, "set more than once", NULL);
        } else {
            parsing_fault(x, NULL, "duplicate key", NULL, keys[key].name);
        }
        return;
    }
    x->seen |= 1u << key;
    if (value[0] == '\0') {
        wrong(x, key, key == KEY_EXEMPT ? "a reason is required" : "no value", NULL);
        return;
    }
    for (const char *s = value; *s != '\0'; s++) {
        if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f) {
            wrong(x, key, "a control character in", value);
            return;
        }
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
    const char *why = option_pin_fault(option, value);
    for (const char *s = value; why == NULL && *s != '\0'; s++) {
        if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f) {
            why = "a control character in";
        }
    }
    if (why != NULL) {
        bool show = value[0] != '\0' && !option_is_secret(option);
        parsing_fault(x, option, ": ", why, show ? value : NULL);
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
