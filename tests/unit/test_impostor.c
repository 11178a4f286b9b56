/* test_impostor: the pure parts of pgseal impostor: placeholders, URLs, startup packets, SQL
 * statements, SCRAM, verdicts, XML. */
#include "unit.h"

#include "cli/impostor/expand.h"
#include "cli/impostor/impostor.h"
#include "cli/impostor/message.h"
#include "cli/impostor/scram.h"

#include <stdlib.h>
#include <string.h>

#define N(rows) (sizeof(rows) / sizeof *(rows))

static void test_expand(void **state)
{
    static const struct placeholder table[] = {
        {"host", "db"}, {"url", "{host}"}, {"crl", ""}, {NULL, NULL}};
    static const char *const rows[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"{host}", "db"},
        {"a{host}b{host}c", "adbbdbc"},
        {"{url}", "{host}"},
        {"{crl}x", "x"},
        {"{hos}{hostt}{HOST}{}", "{hos}{hostt}{HOST}{}"},
        {"{{host}}", "{db}"},
        {"{host", "{host"},
        {"host}", "host}"},
        {"{\"a\": \"{host}\"}", "{\"a\": \"db\"}"},
    };
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char *got = expand(rows[i][0], table);
        ROW_STRING(rows[i][0], got, rows[i][1]);
        free(got);
    }
    assert_true(expand_uses("x={crl}", "crl"));
    assert_false(expand_uses("x=crl}", "crl"));
}

static void test_url(void **state)
{
    (void)state;
    char *url = url_make("a@b:c/", "p%? #&=\xc3\xa4", "localhost", 5432, "d b");
    assert_string_equal(url,
                        "postgresql://a%40b%3Ac%2F:p%25%3F%20%23%26%3D%C3%A4@localhost:5432/d%20b");
    free(url);
    url = url_make("u", "p", "::1", 1, "d");
    assert_string_equal(url, "postgresql://u:p@[::1]:1/d");
    free(url);
}

#define PACKET(text) (text), sizeof(text) - 1

static void test_startup(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        enum startup_kind kind;
        const char *user, *database;
        unsigned minor;
        size_t nunknown;
    } rows[] = {
        {PACKET(""), STARTUP_INVALID, "", "", 0, 0},
        {PACKET("\x04\xd2\x16"), STARTUP_INVALID, "", "", 0, 0},
        {PACKET("\x04\xd2\x16\x2f"), STARTUP_SSL, "", "", 0, 0},
        {PACKET("\x04\xd2\x16\x2f\0"), STARTUP_INVALID, "", "", 0, 0},
        {PACKET("\x04\xd2\x16\x30"), STARTUP_GSS, "", "", 0, 0},
        {PACKET("\x04\xd2\x16\x2e\0\0\0\1\0\0\0\2"), STARTUP_CANCEL, "", "", 0, 0},
        {PACKET("\x04\xd2\x16\x2e\0\0\0\1\0\0\0"), STARTUP_INVALID, "", "", 0, 0},
        {PACKET("\0\2\0\0user\0a\0\0"), STARTUP_INVALID, "", "", 0, 0},
        {PACKET("\0\3\0\0"), STARTUP_INVALID, "", "", 0, 0},
        {PACKET("\0\3\0\0\0"), STARTUP_LOGIN, "", "", 0, 0},
        {PACKET("\0\3\0\0user\0a\0database\0d\0\0"), STARTUP_LOGIN, "a", "d", 0, 0},
        {PACKET("\0\3\0\2user\0a\0_pq_.x\0y\0_pq_.z\0\0\0"), STARTUP_LOGIN, "a", "", 2, 2},
        {PACKET("\0\3\0\0user\0a\0"), STARTUP_INVALID, "a", "", 0, 0},
        {PACKET("\0\3\0\0user\0a"), STARTUP_INVALID, "", "", 0, 0},
        {PACKET("\0\3\0\0user"), STARTUP_INVALID, "", "", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct startup s = startup_parse(rows[i].bytes, rows[i].n);
        char row[16];
        snprintf(row, sizeof row, "%zu", i);
        ROW_TRUE(row, s.kind == rows[i].kind);
        ROW_STRING(row, s.user, rows[i].user);
        ROW_STRING(row, s.database, rows[i].database);
        ROW_TRUE(row, s.minor == rows[i].minor && s.nunknown == rows[i].nunknown);
    }
    const char *mechanism;
    const char *first;
    size_t n;
    assert_true(sasl_initial_parse(PACKET("SCRAM\0\0\0\0\3abc"), &mechanism, &first, &n));
    assert_string_equal(mechanism, "SCRAM");
    assert_int_equal(n, 3);
    assert_memory_equal(first, "abc", 3);
    assert_false(sasl_initial_parse(PACKET("SCRAM\0\0\0\0\4abc"), &mechanism, &first, &n));
    assert_false(sasl_initial_parse(PACKET("SCRAM\0\xff\xff\xff\xff"), &mechanism, &first, &n));
    assert_false(sasl_initial_parse(PACKET("SCRAM"), &mechanism, &first, &n));
}

static void test_statement(void **state)
{
    static const struct {
        const char *sql, *tag;
        bool rows;
        char after;
        size_t n;
    } rows[] = {
        {"", "", false, 0, 0},
        {";select 1", "", false, 0, 1},
        {"select 1", "SELECT 1", true, 0, 8},
        {" -- a\n/* b */ (SELECT 1); x", "SELECT 1", true, 0, 25},
        {"/* no end", "", false, 0, 9},
        {"show x", "SELECT 1", true, 0, 6},
        {"begin;select 1", "BEGIN", false, 'T', 6},
        {"Start Transaction", "START", false, 'T', 17},
        {"commit", "COMMIT", false, 'I', 6},
        {"insert into t values (';', \";\");", "INSERT 0 1", false, 0, 32},
        {"delete from t", "DELETE 1", false, 0, 13},
        {"set x = 1", "SET", false, 0, 9},
        {"$1", "DO", false, 0, 2},
        {"averyveryveryverylongword", "AVERYVERYVERYVERYLO", false, 0, 25},
    };
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct statement s;
        size_t n = statement_parse(rows[i].sql, strlen(rows[i].sql), &s);
        ROW_STRING(rows[i].sql, s.tag, rows[i].tag);
        ROW_TRUE(rows[i].sql, s.rows == rows[i].rows && s.after == rows[i].after && n == rows[i].n);
    }
    assert_int_equal(statement_parameters("select $1, $12, $3"), 12);
    assert_int_equal(statement_parameters("select $99999, '$', $"), 0);
}

/* The nonce and the salt are random: that a right proof is taken, psql shows (impostor.t). */
static void test_scram(void **state)
{
    struct scram scram = {0};
    static const char *const malformed[] = {"", "n", "n,", "n,,", "n,,n=x", "x,,n=,r=abc"};
    (void)state;
    for (size_t i = 0; i < N(malformed); i++) {
        ROW_TRUE(malformed[i], scram_first(&scram, malformed[i], strlen(malformed[i])) == NULL);
    }
    const char *answer = scram_first(&scram, "n,,n=,r=abc,m=x", 15);
    assert_non_null(answer);
    assert_memory_equal(answer, "r=abc", 5);
    assert_non_null(strstr(answer, ",i=4096"));
    assert_string_equal(scram.client_first, "n=,r=abc,m=x");
    assert_null(scram_final(&scram, "", 0, "p", NULL, 0));
    assert_null(scram_final(&scram, "c=biws,r=abc,p=AAAA", 19, "p", NULL, 0));
    scram_free(&scram);
}

static void test_verdicts(void **state)
{
    const unsigned user = 1U << TOLD_USER;
    const unsigned cancel = 1U << TOLD_CANCEL;
    const struct {
        const char *name;
        struct result result;
        enum verdict genuine, impostor;
        const char *how;
    } rows[] = {
        {"nothing", {.in = false}, VERDICT_CONTROL_FAILED, VERDICT_OK, "none"},
        {"timed out", {.timed_out = true}, VERDICT_TIMED_OUT, VERDICT_TIMED_OUT, "none"},
        {"inside TLS", {.in = true, .told = {0, user}}, VERDICT_OK, VERDICT_TOLD, "tls"},
        {"in clear", {.in = true, .told = {user, 0}}, VERDICT_TOLD, VERDICT_TOLD, "clear"},
        {"both", {.in = true, .told = {user, user}}, VERDICT_TOLD, VERDICT_TOLD, "clear"},
        {"cancel", {.in = true, .told = {cancel, user}}, VERDICT_OK, VERDICT_TOLD, "clear"},
        {"not in", {.told = {0, user}}, VERDICT_CONTROL_FAILED, VERDICT_TOLD, "tls"},
        {"told, then timed out",
         {.in = true, .timed_out = true, .told = {0, user}},
         VERDICT_OK,
         VERDICT_TOLD,
         "tls"},
    };
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        ROW_TRUE(rows[i].name,
                 verdict_of(&trials[TRIAL_GENUINE], &rows[i].result) == rows[i].genuine);
        ROW_TRUE(rows[i].name, verdict_of(&trials[1], &rows[i].result) == rows[i].impostor);
        ROW_STRING(rows[i].name, how_of(&rows[i].result), rows[i].how);
    }
    static const struct {
        enum verdict control, other;
        int status;
    } statuses[] = {
        {VERDICT_OK, VERDICT_NOT_RUN, STATUS_OK},
        {VERDICT_OK, VERDICT_OK, STATUS_OK},
        {VERDICT_OK, VERDICT_TOLD, STATUS_FOUND},
        {VERDICT_OK, VERDICT_TIMED_OUT, STATUS_USAGE},
        {VERDICT_TOLD, VERDICT_OK, STATUS_FOUND},
        {VERDICT_CONTROL_FAILED, VERDICT_TOLD, STATUS_USAGE},
        {VERDICT_TIMED_OUT, VERDICT_TOLD, STATUS_USAGE},
        {VERDICT_NOT_RUN, VERDICT_OK, STATUS_USAGE},
        {VERDICT_TOLD, VERDICT_TIMED_OUT, STATUS_FOUND},
    };
    for (size_t i = 0; i < N(statuses); i++) {
        struct result results[TRIALS] = {[TRIAL_GENUINE] = {.verdict = statuses[i].control},
                                         [1] = {.verdict = statuses[i].other}};
        assert_int_equal(status_of(results), statuses[i].status);
    }
    for (int i = 0; i < TRIALS; i++) {
        assert_int_equal(trial_find(trials[i].name, strlen(trials[i].name)), i);
    }
    assert_int_equal(trial_find("genuine,", 8), -1);
    assert_int_equal(trial_find("", 0), -1);
    assert_string_equal(trials[TRIAL_REVOKED].name, "revoked");
}

static void test_xml(void **state)
{
    static const char rtl[] = {'\xe2', '\x80',
                               '\xae'}; /* text runs from right to left from here on */
    static const struct {
        const char *bytes;
        size_t n;
        const char *text;
    } rows[] = {
        {PACKET(""), ""},
        {PACKET("a\tb\nc\r\n"), "a\tb\nc\\x0d\n"},
        {PACKET("<b>&\"'</b> ]]>"), "&lt;b&gt;&amp;&quot;'&lt;/b&gt; ]]&gt;"},
        {PACKET("\0a\0\0"), "\\x00a\\x00\\x00"},
        {PACKET("\x1b[31m\x7f"), "\\x1b[31m\\x7f"},
        {PACKET("\xc3\xa4 \xc3 \xff"), "\xc3\xa4 \\xc3 \\xff"},
        {PACKET("\xed\xa0\x80"), "\\xed\\xa0\\x80"},
        {PACKET("\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd"),
         "\\xef\\xbf\\xbe\\xef\\xbf\\xbf\xef\xbf\xbd"},
        {rtl, sizeof rtl, "\\xe2\\x80\\xae"},
    };
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char *text = xml_text(rows[i].bytes, rows[i].n);
        ROW_STRING(rows[i].text, text, rows[i].text);
        free(text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expand),  cmocka_unit_test(test_url),
        cmocka_unit_test(test_startup), cmocka_unit_test(test_statement),
        cmocka_unit_test(test_scram),   cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_xml),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
