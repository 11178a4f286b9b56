/* test_call: a call in array form, the arrays that libpq gets instead, and which of libpq's entry
 * points they go through. (What libpq makes of them: tests/fuzz/fuzz_rewrite.c.) */
#include "shim/connect/call.h"
#include "shim/connect/probe.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *keywords[256];
static const char *values[256];

static void pair(size_t i, const char *keyword, const char *value)
{
    ROW_STRING(keyword, keywords[i], keyword);
    ROW_STRING(keyword, values[i], value);
}

static void strings(void **state)
{
    static const struct {
        const char *string;
        bool rewritable;
        size_t n;
    } rows[] = {
        {"host=a", true, 1},
        {"postgresql://a", true, 1},
        {"postgres://", true, 1},
        {"", true, 0},
        {" \t\r\n\v\f", true, 0},
        {"just_a_name", false, 1},
        {" postgresql:/", false, 1},
        {"x password=", true, 1},
        {NULL, false, 0},
    };
    static const enum hook entry_points[] = {HOOK_PQconnectdb, HOOK_PQconnectStart, HOOK_PQping};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call call = {.entry_point = entry_points[i % 3], .conninfo = rows[i].string};
        struct call_params p;
        const char *row = rows[i].string != NULL ? rows[i].string : "(null)";
        ROW_TRUE(row, call_to_params(&call, &p) == rows[i].rewritable);
        ROW_TRUE(row, p.params.n == rows[i].n && p.params.expand == 1 && !p.params.login);
        if (p.params.n == 1) {
            ROW_STRING(row, p.params.keywords[0], "dbname");
            ROW_TRUE(row, p.params.values[0] == rows[i].string);
        }
    }
}

static void arrays(void **state)
{
    static const char *const k[] = {"host", "sslmode", "dbname", NULL};
    static const char *const v[] = {"a", NULL, "x=y", NULL};
    struct call call = {
        .entry_point = HOOK_PQconnectStartParams, .keywords = k, .values = v, .expand = 7};
    struct call_params p;
    (void)state;
    assert_true(call_to_params(&call, &p));
    assert_int_equal(p.params.n, 3);
    assert_int_equal(p.params.expand, 7);
    assert_ptr_equal(p.params.keywords, k);
    assert_ptr_equal(p.params.values, v);
    assert_false(p.params.login);
    call.keywords = k + 3;
    assert_true(call_to_params(&call, &p));
    assert_int_equal(p.params.n, 0);
    call.values = NULL; /* libpq reads none where there are no keywords */
    assert_true(call_to_params(&call, &p));
    assert_int_equal(p.params.n, 0);
}

static void login(void **state)
{
    struct call call = {.entry_point = HOOK_PQsetdbLogin,
                        .host = "h",
                        .port = "1",
                        .options = "-c x",
                        .tty = "t",
                        .dbname = "sslmode=disable",
                        .user = "u",
                        .secret = "s"};
    static const char *const wanted[][2] = {
        {"dbname", "sslmode=disable"}, {"host", "h"}, {"port", "1"},
        {"options", "-c x"},           {"user", "u"}, {"password", "s"}};
    struct call_params p;
    (void)state;
    assert_true(call_to_params(&call, &p));
    assert_true(p.params.login && p.params.expand == 1);
    assert_int_equal(p.params.n, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(p.params.keywords[i], wanted[i][0]);
        assert_string_equal(p.params.values[i], wanted[i][1]);
    }
    call = (struct call){.entry_point = HOOK_PQsetdbLogin};
    assert_true(call_to_params(&call, &p));
    assert_null(p.params.values[0]);
}

/* The caller's own first and unchanged, what is forced last, NULL at the end. */
static void sealed(void **state)
{
    static const char *const k[] = {"sslmode", "dbname", "sslmode", NULL};
    static const char *const v[] = {"disable", "host=a", "", NULL};
    static struct verdict verdict;
    struct params params = {.keywords = k, .values = v, .n = 3, .expand = 1};
    (void)state;
    verdict.forced[0] = (struct forced){"sslmode", "verify-full"};
    verdict.forced[1] = (struct forced){"sslrootcert", "/r"};
    verdict.nforced = 2;
    assert_int_equal(call_sealed(&params, &verdict, keywords, values), 1);
    pair(0, "sslmode", "disable");
    pair(1, "dbname", "host=a");
    pair(2, "sslmode", "");
    pair(3, "sslmode", "verify-full");
    pair(4, "sslrootcert", "/r");
    assert_null(keywords[5]);
    assert_null(values[5]);
    params.n = 0;
    params.expand = 0;
    assert_int_equal(call_sealed(&params, &verdict, keywords, values), 0);
    pair(0, "sslmode", "verify-full");
    assert_null(keywords[2]);
    assert_true(call_room(3) >= 3 + SEAL_FORCED + 1);
}

/* What was said outright stays; where to is what was seen. */
static void pinned(void **state)
{
    static struct request r = {
        .version = 150018,
        .options =
            {
                {.name = "host", .value = "from-service"},
                {.name = "hostaddr", .value = NULL},
                {.name = "port", .value = "5433"},
                {.name = "sslmode", .value = "disable", .given = "disable"},
                {.name = "dbname", .value = "d=x", .given = "d=x"},
                {.name = "sslcert", .value = "", .given = ""},
                {.name = "user", .value = "from-service"},
                {.name = "password", .value = NULL, .given = "s"},
                {.name = "service", .value = "s", .given = "s"},
            },
        .noptions = 9,
        .default_host = "/var/run/postgresql",
        .service = true,
    };
    char words[256];
    (void)state;
    assert_int_equal(call_pinned(&r, keywords, values, words, sizeof words), 1);
    pair(0, "dbname", "hostaddr='' sslcert=''"); /* what an array cannot say; expanded */
    pair(1, "host", "from-service");
    pair(2, "port", "5433");
    pair(3, "sslmode", "disable");
    pair(4, "dbname", "d=x"); /* a plain name now */
    pair(5, "password", "s");
    pair(6, "service", "s");
    assert_null(keywords[7]);
    assert_null(values[7]);

    r.options[0].value = NULL; /* the default socket: neither file nor environment adds a host */
    call_pinned(&r, keywords, values, words, sizeof words);
    pair(0, "dbname", "host='' hostaddr='' sslcert=''");
    pair(1, "port", "5433");
    r.options[0].value = "one";
    r.options[0].given = "one,two"; /* one element of the list (passwords.c) */
    r.options[1].given = "10.0.0.1,";
    call_pinned(&r, keywords, values, words, sizeof words);
    pair(0, "dbname", "hostaddr='' sslcert=''");
    pair(1, "host", "one");
    pair(2, "port", "5433");
    assert_null(keywords[7]);
}

static void refused(void **state)
{
    (void)state;
    assert_int_equal(call_refused("pgseal: refused: x", keywords, values), 0);
    assert_string_equal(keywords[0], "pgseal: refused: x");
    assert_string_equal(values[0],
                        "1"); /* an empty value would be ignored, and the keyword with it */
    assert_null(keywords[1]);
    assert_null(values[1]);
}

static PGconn *none(const char *const *k, const char *const *v, int expand)
{
    (void)k;
    (void)v;
    (void)expand;
    return NULL;
}

static PQconninfoOption *knows_none(const char *conninfo, char **reason)
{
    static PQconninfoOption end;
    assert_string_equal(conninfo, "");
    assert_null(reason);
    return &end;
}

static void frees_none(PQconninfoOption *options)
{
    assert_null(options->keyword);
}

/* Below 10 not one function of libpq is called to find out; from 10 on it is asked. */
static void too_old(void **state)
{
    static const struct {
        int version;
        enum probe_result result;
    } rows[] = {{0, PROBE_REFUSED},      {80424, PROBE_REFUSED},   {90624, PROBE_REFUSED},
                {99999, PROBE_REFUSED},  {100000, PROBE_REJECTED}, {100023, PROBE_REJECTED},
                {180000, PROBE_REJECTED}};
    static const char *const k[] = {"dbname", "service", NULL};
    static const char *const v[] = {"host=a sslmode=disable", "s", NULL};
    static struct probe p;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char row[16];
        snprintf(row, sizeof row, "%d", rows[i].version);
        bool old = rows[i].result == PROBE_REFUSED;
        struct libpq pq = {.version = rows[i].version};
        if (!old) {
            pq.PQconnectStartParams = none;
            pq.PQconninfoParse = knows_none;
            pq.PQconninfoFree = frees_none;
        }
        struct params params = {.keywords = k, .values = v, .n = old ? 2 : 0, .expand = 1};
        memset(&p, 0, sizeof p);
        ROW_TRUE(row, probe_run(&pq, &params, keywords, values, &p) == rows[i].result);
        ROW_TRUE(row, (strstr(p.reason, "libpq is older than version 10") != NULL) == old);
        ROW_TRUE(row, p.conn == NULL && p.effective == NULL && p.parsed == NULL);
    }
}

static PGconn *const refusing = (PGconn *)&keywords;

static PGconn *refuses(const char *const *k, const char *const *v, int expand)
{
    (void)k;
    (void)v;
    (void)expand;
    return refusing;
}

static ConnStatusType is_bad(const PGconn *any)
{
    (void)any;
    return CONNECTION_BAD;
}

static char *says_why(const PGconn *any)
{
    static char text[] = "invalid target_session_attrs value: \"pgseal-probe\"\n";
    (void)any;
    return text;
}

static PQconninfoOption *shows_probe(PGconn *any)
{
    static char attrs[] = "target_session_attrs";
    static char nonsense[] = "pgseal-probe";
    static PQconninfoOption options[] = {{.keyword = attrs, .val = nonsense}, {.keyword = NULL}};
    (void)any;
    return options;
}

static PQconninfoOption *no_memory(const char *conninfo, char **reason)
{
    (void)conninfo;
    (void)reason;
    return NULL;
}

/* libpq parses a string that pgseal had no memory to parse: what it says is not known. */
static void unparsed(void **state)
{
    static const char *const k[] = {"dbname", NULL};
    static const char *const v[] = {"host=a service=s", NULL};
    static struct probe p;
    struct libpq pq = {.version = 150000,
                       .options_known = true,
                       .PQconninfoParse = no_memory,
                       .PQconnectStartParams = refuses,
                       .PQstatus = is_bad,
                       .PQerrorMessage = says_why,
                       .PQconninfo = shows_probe};
    struct params params = {.keywords = k, .values = v, .n = 1, .expand = 1};
    (void)state;
    assert_int_equal(probe_run(&pq, &params, keywords, values, &p), PROBE_REFUSED);
    assert_string_equal(p.reason, "out of memory");
}

/* A libpq that only tells which of its functions was called. */
static char called[32];
static PGconn *const conn = (PGconn *)called;

static PGconn *with_string(const char *name, const char *conninfo)
{
    assert_string_equal(conninfo, "s=t");
    strcpy(called, name);
    return conn;
}

static PGconn *with_params(const char *name, const char *const *k, const char *const *v, int expand)
{
    assert_string_equal(k[0], "k");
    assert_string_equal(v[0], "v");
    assert_int_equal(expand, 3);
    strcpy(called, name);
    return conn;
}

static PGconn *fake_connectdb(const char *s)
{
    return with_string("PQconnectdb", s);
}

static PGconn *fake_start(const char *s)
{
    return with_string("PQconnectStart", s);
}

static PGPing fake_ping(const char *s)
{
    (void)with_string("PQping", s);
    return PQPING_REJECT;
}

static PGconn *fake_connectdb_params(const char *const *k, const char *const *v, int expand)
{
    return with_params("PQconnectdbParams", k, v, expand);
}

static PGconn *fake_start_params(const char *const *k, const char *const *v, int expand)
{
    return with_params("PQconnectStartParams", k, v, expand);
}

static PGPing fake_ping_params(const char *const *k, const char *const *v, int expand)
{
    (void)with_params("PQpingParams", k, v, expand);
    return PQPING_REJECT;
}

static PGconn *fake_login(const char *host, const char *port, const char *options, const char *tty,
                          const char *dbname, const char *user, const char *secret)
{
    char all[32] = "";
    const char *const given[] = {host, port, options, tty, dbname, user, secret};
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        strcat(all, given[i]);
    }
    assert_string_equal(all, "hpotdus");
    strcpy(called, "PQsetdbLogin");
    return conn;
}

static void entry_points(void **state)
{
    static const char *const k[] = {"k", NULL};
    static const char *const v[] = {"v", NULL};
    /* The entry point in Params form: a blocking one blocks, an asynchronous one does not. */
    static const struct {
        enum hook entry_point;
        const char *name, *params;
    } rows[] = {
        {HOOK_PQconnectdb, "PQconnectdb", "PQconnectdbParams"},
        {HOOK_PQconnectdbParams, "PQconnectdbParams", "PQconnectdbParams"},
        {HOOK_PQconnectStart, "PQconnectStart", "PQconnectStartParams"},
        {HOOK_PQconnectStartParams, "PQconnectStartParams", "PQconnectStartParams"},
        {HOOK_PQsetdbLogin, "PQsetdbLogin", "PQconnectdbParams"},
        {HOOK_PQping, "PQping", "PQpingParams"},
        {HOOK_PQpingParams, "PQpingParams", "PQpingParams"},
    };
    static const struct libpq pq = {.PQconnectdb = fake_connectdb,
                                    .PQconnectdbParams = fake_connectdb_params,
                                    .PQconnectStart = fake_start,
                                    .PQconnectStartParams = fake_start_params,
                                    .PQsetdbLogin = fake_login,
                                    .PQping = fake_ping,
                                    .PQpingParams = fake_ping_params};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call call = {rows[i].entry_point, "s=t", k, v, 3, "h", "p", "o", "t", "d", "u", "s"};
        bool pings = strstr(rows[i].name, "ping") != NULL;
        PGPing ping = PQPING_OK;
        ROW_STRING(rows[i].name, hook_name(rows[i].entry_point), rows[i].name);
        ROW_TRUE(rows[i].name, call_real(&pq, &call, &ping) == (pings ? NULL : conn));
        ROW_STRING(rows[i].name, called, rows[i].name);
        ROW_TRUE(rows[i].name, ping == (pings ? PQPING_REJECT : PQPING_OK));
        ping = PQPING_OK;
        ROW_TRUE(rows[i].name, call_real_params(&pq, rows[i].entry_point, k, v, 3, &ping) ==
                                   (pings ? NULL : conn));
        ROW_STRING(rows[i].name, called, rows[i].params);
        ROW_TRUE(rows[i].name, ping == (pings ? PQPING_REJECT : PQPING_OK));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings), cmocka_unit_test(arrays),   cmocka_unit_test(login),
        cmocka_unit_test(sealed),  cmocka_unit_test(pinned),   cmocka_unit_test(refused),
        cmocka_unit_test(too_old), cmocka_unit_test(unparsed), cmocka_unit_test(entry_points),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
