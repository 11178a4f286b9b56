/* test_lengths: values of every length near the ends of pgseal's buffers, alone and in lists: the
 * verdict is a refusal or a whole one, nothing is written past an end (ASan watches), and its log
 * line fits. */
#include "verdict_world.h"

#include "lib/core/text/array.h"
#include "lib/core/text/hostname.h"

#include <stdlib.h>

/* The sizes that a value can meet on its way. */
static const size_t ends[] = {
    256, HOST_MAX, POLICY_PATH_MAX, SEAL_REASON, EVENT_LINE_MAX, SEAL_WORDS / 2, SEAL_WORDS};

static const char *const policies[] = {
    "",
    "sslrootcert = program\n",
    "unix_sockets = refuse\n",
    "unlisted_hosts = refuse\n",
    "[host *a]\nverify_as = verified.example\n[host *]\nverify_as = other.example\n",
    "[host *a]\nexempt = because\n",
};

static char *repeat(char c, size_t n)
{
    char *s = malloc(n + 1);
    assert_non_null(s);
    memset(s, c, n);
    s[n] = '\0';
    return s;
}

/* A list of elements of `each` bytes, n bytes in all. */
static char *make_list(char c, size_t n, size_t each)
{
    char *s = repeat(c, n);
    for (size_t i = each; i < n; i += each + 1) {
        s[i] = ',';
    }
    return s;
}

static void must_be_whole(struct made *m, const char *option, size_t n)
{
    char line[EVENT_LINE_MAX];
    char row[64];
    const struct verdict *v = &m->v;
    struct event e = {
        .event = verdict_event(v),
        .host = request_value(&m->r, "host"),
        .hostaddr = request_value(&m->r, "hostaddr"),
        .port = request_value(&m->r, "port"),
        .dbname = request_value(&m->r, "dbname"),
        .user = request_value(&m->r, "user"),
        .changes = v->changes,
        .nchanges = v->nchanges,
        .rule = v->where,
        .reason = v->reason,
    };
    snprintf(row, sizeof row, "%s of %zu bytes", option, n);
    ROW_TRUE(row, v->words_len <= sizeof v->words);
    ROW_TRUE(row, v->nforced <= ARRAY_LEN(v->forced) && v->nchanges <= ARRAY_LEN(v->changes));
    ROW_TRUE(row, v->ndials <= ARRAY_LEN(v->dials));
    ROW_TRUE(row, strlen(v->reason) < sizeof v->reason && strlen(v->where) < sizeof v->where);
    ROW_TRUE(row, v->kind != VERDICT_REFUSE || v->reason[0] != '\0');
    ROW_TRUE(row, !v->sealed || (v->root != NULL && v->hosts != NULL));
    size_t len = event_format(&e, line);
    ROW_TRUE(row, len > 2 && len <= sizeof line && line[len - 1] == '\n' && line[len - 2] == '}');
}

/* Decides on the words of a request and one long value, in memory whose end ASan knows. */
static void try(const char *policy, const char *words, const char *option, const char *value)
{
    struct made *m = calloc(1, sizeof *m);
    char *copy = strdup(value);
    assert_true(m != NULL && copy != NULL);
    m->facts = plain;
    decide(m, 180000, &m->facts, policy, words);
    for (size_t i = 0; i < m->r.noptions; i++) {
        struct asked *a = &m->r.options[i];
        if (strcmp(a->name, option) == 0) {
            a->value = a->given = copy;
            a->source = FROM_CONNINFO;
        }
    }
    memset(&m->v, 0x5a, sizeof m->v);
    seal_decide(&m->r, &m->d.p, &m->w, &m->v);
    must_be_whole(m, option, strlen(value));
    undo(m);
    free(copy);
    free(m);
}

static void single_values(void **state)
{
    static const char *const options[] = {"host",        "hostaddr", "port",   "dbname", "user",
                                          "sslrootcert", "sslcrl",   "sslkey", "sslcert"};
    (void)state;
    for (size_t p = 0; p < ARRAY_LEN(policies); p++) {
        for (size_t o = 0; o < ARRAY_LEN(options); o++) {
            for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
                /* The last end is shared by host, address, port and their NULs. */
                size_t before = ends[i] == SEAL_WORDS ? 24 : 3;
                for (size_t n = ends[i] - before; n <= ends[i] + 2; n++) {
                    char *value = repeat(o < 2 ? 'a' : '/', n);
                    try(policies[p], o == 0 ? "port=5432" : "host=a port=5432", options[o], value);
                    free(value);
                }
            }
        }
    }
}

static void lists(void **state)
{
    static const char *const options[] = {"host", "hostaddr", "port"};
    static const size_t each[] = {0, 1, 63, 254, 255, 256, 257, HOST_MAX - 1, HOST_MAX};
    (void)state;
    for (size_t p = 0; p < ARRAY_LEN(policies); p++) {
        for (size_t o = 0; o < ARRAY_LEN(options); o++) {
            for (size_t k = 0; k < ARRAY_LEN(each); k++) {
                for (size_t n = SEAL_ELEMENTS - 2; n <= SEAL_ELEMENTS + 2; n++) {
                    char *value = make_list(o < 2 ? 'a' : '1', n * (each[k] + 1) - 1, each[k]);
                    try(policies[p], "host=a", options[o], value);
                    free(value);
                }
                for (size_t n = SEAL_WORDS / 2 - 80; n <= SEAL_WORDS / 2 + 2; n += 7) {
                    char *value = make_list('a', n, each[k]);
                    try(policies[p], "host=a", options[o], value);
                    free(value);
                }
            }
        }
    }
}

/* What the policy itself allows at most goes through: every pin that there is, and every option
 * that is forced beside them. */
static void all_pins_fit(void **state)
{
    static struct verdict v;
    (void)state;
    memset(&v, 0, sizeof v);
    for (size_t i = 0; i < SEAL_FORCED; i++) {
        assert_true(verdict_force(&v, "o", "v"));
    }
    assert_false(v.full);
    assert_false(verdict_force(&v, "one", "more"));
    assert_true(v.full);
    assert_int_equal(v.nforced, SEAL_FORCED);
    assert_string_equal(v.forced[SEAL_FORCED - 1].option, "o");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_values),
        cmocka_unit_test(lists),
        cmocka_unit_test(all_pins_fit),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("lengths", tests, NULL, NULL);
}
