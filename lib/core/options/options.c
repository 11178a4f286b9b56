/* options: libpq's connection options: which are known, which are secret, which can be pinned.
 *
 * The table is the union of PQconninfoOptions[] in fe-connect.c of libpq 10 to 19. (authtype and
 * tty had no effect long before 14 removed them.) */
#include "lib/core/options/options.h"

#include "lib/core/text/array.h"
#include "lib/core/text/ascii.h"

#include <string.h>

enum { PATH_LIMIT = 1023 }; /* libpq truncates longer paths silently */

enum kind {
    PIN,
    FIXED, /* not to be pinned: it would not strengthen TLS or authentication */
    SECRET
};
enum check {
    ANY, /* any text that is not empty */
    REQUIRE,
    CERTMODE,
    ZERO,
    FLAG,
    NEGOTIATION,
    PROTOCOL,
    GSSLIB,
    WORDS, /* all before it take one of a few words */
    TLS = WORDS,
    ISSUER,
    PATH,
    KEY,
    AUTH
};

static const struct {
    char words[24]; /* each followed by a blank */
    char fault[32];
} word_checks[WORDS] = {
    [REQUIRE] = {"require ", "must be require"},
    [CERTMODE] = {"disable require ", "must be require or disable"},
    [ZERO] = {"0 ", "must be 0"},
    [FLAG] = {"0 1 ", "must be 0 or 1"},
    [NEGOTIATION] = {"postgres direct ", "must be postgres or direct"},
    [PROTOCOL] = {"3.0 3.2 latest ", "must be 3.0, 3.2 or latest"},
    [GSSLIB] = {"gssapi sspi ", "must be gssapi or sspi"},
};

/* The table contains no pointers, so it needs no relocations when a process starts. */
struct option {
    char name[26];
    unsigned char kind;
    unsigned char check; /* of a PIN */
};

static bool same_folded(const char *a, const char *b)
{
    while (*a != '\0' && ascii_lower(*a) == ascii_lower(*b)) {
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
    return tls_version(value) >= 12 ? NULL : "must be TLSv1.2 or TLSv1.3";
}

static const char *check_issuer(const char *value)
{
    /* A reason with "://" in it would be hidden (redact.c). */
    return strncmp(value, "https://", 8) == 0 ? NULL : "must be an https URL";
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

/* A list of methods that a server may ask for, or of methods with '!' that it may not; never both,
 * as in libpq. `none` as a permitted method would let a server ask for nothing. */
static const char *check_auth(const char *value)
{
    static const char methods[] = "password md5 gss sspi scram-sha-256 oauth none ";
    bool negative = value[0] == '!';
    for (;;) {
        size_t len = strcspn(value, ",");
        if ((value[0] == '!') != negative) {
            return "use methods, or methods with !, not both";
        }
        if (!word_of(methods, value + negative, len - negative)) {
            return "unknown authentication method";
        }
        if (!negative && word_of("none ", value, len)) {
            return "none would weaken authentication";
        }
        if (value[len] == '\0') {
            return NULL;
        }
        value += len + 1;
    }
}

/* NULL, or what is wrong with the value of a pin. */
static const char *check_value(enum check check, const char *value)
{
    switch (check) {
    case ANY:
        return NULL;
    case TLS:
        return check_tls(value);
    case ISSUER:
        return check_issuer(value);
    case PATH:
        return check_path(value);
    case KEY:
        return check_key(value);
    case AUTH:
        return check_auth(value);
    default:
        return word_of(word_checks[check].words, value, strlen(value)) ? NULL
                                                                       : word_checks[check].fault;
    }
}

/* In the order of the names, because each connection looks up all options of its libpq. */
static const struct option options[] = {
    {"application_name", FIXED, ANY},
    {"authtype", FIXED, ANY},
    {"channel_binding", PIN, REQUIRE},
    {"client_encoding", FIXED, ANY},
    {"connect_timeout", FIXED, ANY},
    {"dbname", FIXED, ANY},
    {"fallback_application_name", FIXED, ANY},
    {"gssdelegation", PIN, ZERO},
    {"gssencmode", FIXED, ANY},
    {"gsslib", PIN, GSSLIB},
    {"host", FIXED, ANY},
    {"hostaddr", FIXED, ANY},
    {"keepalives", FIXED, ANY},
    {"keepalives_count", FIXED, ANY},
    {"keepalives_idle", FIXED, ANY},
    {"keepalives_interval", FIXED, ANY},
    {"krbsrvname", PIN, ANY},
    {"load_balance_hosts", FIXED, ANY},
    {"max_protocol_version", PIN, PROTOCOL},
    {"min_protocol_version", PIN, PROTOCOL},
    {"oauth_ca_file", PIN, PATH},
    {"oauth_client_id", FIXED, ANY},
    {"oauth_client_secret", SECRET, ANY},
    {"oauth_issuer", PIN, ISSUER},
    {"oauth_scope", FIXED, ANY},
    {"options", FIXED, ANY},
    {"passfile", PIN, PATH},
    {"password", SECRET, ANY},
    {"port", FIXED, ANY},
    {"replication", FIXED, ANY},
    {"require_auth", PIN, AUTH},
    {"requirepeer", PIN, ANY},
    {"requiressl", FIXED, ANY},
    {"scram_client_key", SECRET, ANY},
    {"scram_server_key", SECRET, ANY},
    {"service", FIXED, ANY},
    {"servicefile", FIXED, ANY},
    {"ssl_max_protocol_version", PIN, TLS},
    {"ssl_min_protocol_version", PIN, TLS},
    {"sslcert", PIN, PATH},
    {"sslcertmode", PIN, CERTMODE},
    {"sslcompression", FIXED, ANY},
    {"sslcrl", FIXED, ANY},
    {"sslcrldir", FIXED, ANY},
    {"sslkey", PIN, KEY},
    {"sslkeylogfile", FIXED, ANY},
    {"sslmode", FIXED, ANY},
    {"sslnegotiation", PIN, NEGOTIATION},
    {"sslpassword", SECRET, ANY},
    {"sslrootcert", FIXED, ANY},
    {"sslsni", PIN, FLAG},
    {"target_session_attrs", FIXED, ANY},
    {"tcp_user_timeout", FIXED, ANY},
    {"tty", FIXED, ANY},
    {"user", FIXED, ANY},
};

static const struct option *find(const char *name)
{
    size_t low = 0;
    size_t high = ARRAY_LEN(options);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, options[middle].name);
        if (order == 0) {
            return &options[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
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
        return "cannot be pinned; see pgseal-policy(5) for what can";
    }
    if (value == NULL || value[0] == '\0') {
        return "no value";
    }
    return check_value((enum check)o->check, value);
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
