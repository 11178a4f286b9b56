/* options: what pgseal knows of libpq's connection options: which are secrets, which may be pinned.
 * The table is the union of PQconninfoOptions[] in fe-connect.c of libpq 10 to 19; without authtype
 * and tty, which were dead long before 14 dropped them. */
#include "options.h"

#include <string.h>

enum { PATH_LIMIT = 1023 }; /* libpq cuts longer paths without a word */

typedef const char *check(const char *value); /* NULL, or what is wrong with the value of a pin */

struct option {
    const char *name;
    enum { PIN, FIXED, SECRET } kind; /* FIXED: pgseal or the program says it, no pin may */
    check *check;                     /* of a PIN; NULL: any text that is not empty */
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_folded(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Whether value is one of the words in list, which are each followed by a blank. */
static bool word_of(const char *list, const char *value, size_t len)
{
    for (const char *word = list, *end; (end = strchr(word, ' ')) != NULL; word = end + 1) {
        if ((size_t)(end - word) == len && memcmp(word, value, len) == 0) {
            return true;
        }
    }
    return false;
}

static const char *check_tls(const char *value)
{
    return tls_version(value) >= 12 ? NULL : "only TLSv1.2 or TLSv1.3";
}

static const char *check_require(const char *value)
{
    return strcmp(value, "require") == 0 ? NULL : "only require strengthens";
}

static const char *check_certmode(const char *value)
{
    return word_of("disable require ", value, strlen(value)) ? NULL : "only require or disable";
}

static const char *check_zero(const char *value)
{
    return strcmp(value, "0") == 0 ? NULL : "only 0 strengthens";
}

static const char *check_flag(const char *value)
{
    return word_of("0 1 ", value, strlen(value)) ? NULL : "only 0 or 1";
}

static const char *check_number(const char *value)
{
    size_t digits = strspn(value, "0123456789");
    return digits > 0 && digits <= 9 && value[digits] == '\0' ? NULL : "not a number";
}

static const char *check_negotiation(const char *value)
{
    return word_of("postgres direct ", value, strlen(value)) ? NULL : "only postgres or direct";
}

static const char *check_session(const char *value)
{
    return word_of("any read-write read-only primary standby prefer-standby ", value, strlen(value))
               ? NULL
               : "no target_session_attrs of libpq";
}

static const char *check_balance(const char *value)
{
    return word_of("disable random ", value, strlen(value)) ? NULL : "only disable or random";
}

static const char *check_protocol(const char *value)
{
    return word_of("3.0 3.2 latest ", value, strlen(value)) ? NULL : "only 3.0, 3.2 or latest";
}

static const char *check_gsslib(const char *value)
{
    return word_of("gssapi sspi ", value, strlen(value)) ? NULL : "only gssapi or sspi";
}

static const char *check_replication(const char *value)
{
    return word_of("true on yes 1 database false off no 0 ", value, strlen(value))
               ? NULL
               : "no replication mode of libpq";
}

static const char *check_issuer(const char *value)
{
    return strncmp(value, "https://", 8) == 0 ? NULL : "only https";
}

static const char *check_path(const char *value)
{
    if (value[0] != '/') {
        return "not an absolute path";
    }
    return strlen(value) > PATH_LIMIT ? "path longer than 1023 bytes" : NULL;
}

/* A key may also be engine:name, which only a policy can ask for. */
static const char *check_key(const char *value)
{
    const char *colon = strchr(value, ':');
    return value[0] != '/' && colon != NULL && colon != value ? NULL : check_path(value);
}

/* A list of methods that a server may ask for, or of methods with '!' that it may not; as in libpq
 * never both. none as a permitted method would let a server ask for nothing. */
static const char *check_auth(const char *value)
{
    static const char methods[] = "password md5 gss sspi scram-sha-256 oauth none ";
    bool negative = value[0] == '!';
    for (;;) {
        size_t len = strcspn(value, ",");
        if ((value[0] == '!') != negative) {
            return "either methods or methods with !, not both";
        }
        if (!word_of(methods, value + negative, len - negative)) {
            return "no authentication method of libpq";
        }
        if (!negative && word_of("none ", value, len)) {
            return "none does not strengthen";
        }
        if (value[len] == '\0') {
            return NULL;
        }
        value += len + 1;
    }
}

static const struct option options[] = {
    {"application_name", PIN, NULL},
    {"channel_binding", PIN, check_require},
    {"client_encoding", PIN, NULL},
    {"connect_timeout", PIN, check_number},
    {"dbname", FIXED, NULL},
    {"fallback_application_name", PIN, NULL},
    {"gssdelegation", PIN, check_zero},
    {"gssencmode", FIXED, NULL},
    {"gsslib", PIN, check_gsslib},
    {"host", FIXED, NULL},
    {"hostaddr", FIXED, NULL},
    {"keepalives", PIN, check_flag},
    {"keepalives_count", PIN, check_number},
    {"keepalives_idle", PIN, check_number},
    {"keepalives_interval", PIN, check_number},
    {"krbsrvname", PIN, NULL},
    {"load_balance_hosts", PIN, check_balance},
    {"max_protocol_version", PIN, check_protocol},
    {"min_protocol_version", PIN, check_protocol},
    {"oauth_ca_file", PIN, check_path},
    {"oauth_client_id", PIN, NULL},
    {"oauth_client_secret", SECRET, NULL},
    {"oauth_issuer", PIN, check_issuer},
    {"oauth_scope", PIN, NULL},
    {"options", PIN, NULL},
    {"passfile", PIN, check_path},
    {"password", SECRET, NULL},
    {"port", FIXED, NULL},
    {"replication", PIN, check_replication},
    {"require_auth", PIN, check_auth},
    {"requirepeer", PIN, NULL},
    {"requiressl", FIXED, NULL},
    {"scram_client_key", SECRET, NULL},
    {"scram_server_key", SECRET, NULL},
    {"service", FIXED, NULL},
    {"servicefile", FIXED, NULL},
    {"ssl_max_protocol_version", PIN, check_tls},
    {"ssl_min_protocol_version", PIN, check_tls},
    {"sslcert", PIN, check_path},
    {"sslcertmode", PIN, check_certmode},
    {"sslcompression", PIN, check_zero},
    {"sslcrl", FIXED, NULL},
    {"sslcrldir", FIXED, NULL},
    {"sslkey", PIN, check_key},
    {"sslkeylogfile", FIXED, NULL},
    {"sslmode", FIXED, NULL},
    {"sslnegotiation", PIN, check_negotiation},
    {"sslpassword", SECRET, NULL},
    {"sslrootcert", FIXED, NULL},
    {"sslsni", PIN, check_flag},
    {"target_session_attrs", PIN, check_session},
    {"tcp_user_timeout", PIN, check_number},
    {"user", FIXED, NULL},
};

static const struct option *find(const char *name)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strcmp(options[i].name, name) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

bool option_is_secret(const char *name)
{
    const struct option *o = name == NULL ? NULL : find(name);
    return o != NULL && o->kind == SECRET;
}

const char *option_known(const char *name)
{
    const struct option *o = name == NULL ? NULL : find(name);
    return o == NULL ? NULL : o->name;
}

const char *option_pin_fault(const char *name, const char *value)
{
    const struct option *o = name == NULL ? NULL : find(name);
    if (o == NULL) {
        return "unknown option";
    }
    if (o->kind != PIN) {
        return "cannot be pinned";
    }
    if (value == NULL || value[0] == '\0') {
        return "no value";
    }
    return o->check == NULL ? NULL : o->check(value);
}

int tls_version(const char *name)
{
    static const char *const names[] = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
    for (int i = 0; name != NULL && i < 4; i++) {
        if (same_folded(names[i], name)) {
            return 10 + i;
        }
    }
    return 0;
}
