/* test_hosts: what a connection would connect to: host lists, sockets in all their disguises,
 * unlisted hosts, lists that one call cannot obey, verify_as. */
#include "verdict_world.h"

#define DIRECTORIES "unix_sockets = /run/pg:/tmp:@abs\n"
#define SOCKET(dir)                                                                                \
    NAME ":1: unix_sockets does not allow the socket " dir "; connect over TCP, or allow the "     \
         "socket's directory in unix_sockets"

static void sockets(void **state)
{
    static const struct row rows[] = {
        {"", "", "socket/allowed", NULL, ""}, /* nothing at all: the compiled directory */
        {"", "default_host=localhost", "seal/sealed", "sslmode=verify-full", ""},
        {"", "host=/tmp", "socket/allowed", NULL, ""},
        {"", "host=@abs", "socket/allowed", NULL, ""},
        {"", "host=/tmp hostaddr=10.0.0.1", "seal/sealed", "sslmode=verify-full", ""},
        {"", "host=@abs hostaddr=10.0.0.1", "seal/sealed", "sslmode=verify-full", ""},
        {"", "hostaddr=10.0.0.1", "seal/sealed", NULL, ""},
        {"", "host=/tmp hostaddr=", "socket/allowed", NULL, ""},
        {"", "host=db,", "socket/sealed", NULL, ""},
        {"", "host=,db", "socket/sealed", NULL, ""},
        {"", "host=db,,dc", "socket/sealed", NULL, ""},
        {"", "host=db,/tmp", "socket/sealed", NULL, ""},
        {"", "host=db,@x", "socket/sealed", NULL, ""},
        {"", "host=,,", "socket/allowed", NULL, ""},
        {"", "host=db, default_host=localhost", "seal/sealed", NULL, ""},
        {"", "hostaddr=10.0.0.1,", "socket/sealed", NULL, ""},
        {"", "host=/a,/b hostaddr=10.0.0.1,", "socket/sealed", NULL, ""},
        {"unix_sockets = refuse\n", "host=db", "seal/sealed", NULL, ""},
        {"unix_sockets = refuse\n", "", "refuse/refused", NULL, SOCKET("\"/var/run/postgresql\"")},
        {"unix_sockets = refuse\n", "host=db,,dc", "refuse/refused", NULL,
         SOCKET("\"/var/run/postgresql\"")},
        {"unix_sockets = refuse\n", "host=db,/x", "refuse/refused", NULL, SOCKET("\"/x\"")},
        {"unix_sockets = refuse\n", "host=/x hostaddr=10.0.0.1", "seal/sealed", NULL, ""},
        {"unix_sockets = refuse\n", "host=@x", "refuse/refused", NULL, SOCKET("\"@x\"")},
        {DIRECTORIES, "host=/tmp", "socket/allowed", NULL, ""},
        {DIRECTORIES, "host=/tmp/", "socket/allowed", NULL, ""},
        {DIRECTORIES, "host=/run/pg,/tmp", "socket/allowed", NULL, ""},
        {DIRECTORIES, "host=@abs", "socket/allowed", NULL, ""},
        {DIRECTORIES, "host=@abc", "refuse/refused", NULL, NULL},
        {DIRECTORIES, "host=/run/pg,/run", "refuse/refused", NULL, SOCKET("\"/run\"")},
        {DIRECTORIES, "", "refuse/refused", NULL, SOCKET("\"/var/run/postgresql\"")},
        {"mode = audit\nunix_sockets = refuse\n", "host=/tmp", "refuse/would-refuse", NULL, NULL},
    };
    /* Before 14 an '@' is no socket, but a host name that no section matches. */
    static const struct row before_14[] = {
        {"", "host=@abs", "seal/sealed", "sslmode=verify-full", ""},
        {"unix_sockets = refuse\n", "host=@abs", "seal/sealed", NULL, ""},
        {"unix_sockets = refuse\n", "host=/abs", "refuse/refused", NULL, NULL},
        {"[host *]\nexempt = x\n", "host=@abs", "seal/sealed", NULL, ""},
    };
    (void)state;
    JUDGE(rows, 150018, &plain);
    JUDGE(before_14, 130023, &plain);
}

static void sockets_match_no_section(void **state)
{
    static const struct row rows[] = {
        {"[host *]\nexempt = x\n", "host=/tmp", "socket/allowed", NULL, ""},
        {"unlisted_hosts = refuse\n", "host=/tmp", "socket/allowed", NULL, ""},
        {"[host *]\nmode = audit\n", "host=/tmp sslmode=disable", "socket/allowed", NULL, ""},
    };
    static struct made m;
    (void)state;
    JUDGE(rows, 150018, &plain);
    decide(&m, 150018, &plain, "[host *]\nmode = audit\n", "host=/tmp");
    assert_int_equal(m.v.mode, MODE_ENFORCE);
    assert_true(m.v.socket && !m.v.tcp);
    undo(&m);
}

static void unlisted(void **state)
{
#define UNLISTED "unlisted_hosts = refuse\n[host db]\n[host 10.0.0.1]\n"
#define NO_SECTION(host)                                                                           \
    NAME ":1: unlisted_hosts = refuse, and no section names the host " host                        \
         "; add a [host …] section for it"
    static const struct row rows[] = {
        {UNLISTED, "host=db", "seal/sealed", NULL, ""},
        {UNLISTED, "host=DB. sslmode=disable", "downgrade/sealed", NULL, ""},
        {UNLISTED, "host=else", "refuse/refused", NULL, NO_SECTION("\"else\"")},
        {UNLISTED, "host=db,else", "refuse/refused", NULL, NO_SECTION("\"else\"")},
        {UNLISTED, "host=else hostaddr=10.0.0.1", "refuse/refused", NULL, NO_SECTION("\"else\"")},
        {UNLISTED, "hostaddr=10.0.0.1", "seal/sealed", NULL, ""},
        {UNLISTED, "hostaddr=10.0.0.2", "refuse/refused", NULL, NO_SECTION("\"10.0.0.2\"")},
        {UNLISTED, "host=db,/tmp", "socket/sealed", NULL, ""},
        {UNLISTED, "host=user:pw@db", "refuse/refused", NULL, NO_SECTION("(hidden)")},
        {"unlisted_hosts = seal\n[host db]\n", "host=else", "seal/sealed", NULL, ""},
        {"unlisted_hosts = refuse\n", "host=db", "refuse/refused", NULL, NO_SECTION("\"db\"")},
    };
    (void)state;
    JUDGE(rows, 150018, &plain);
}

static void lists_of_different_rules(void **state)
{
#define ONE_LIST(what)                                                                             \
    " in one list need different " what "; connect to them one at a time, or give "                \
    "them the same"
    static const struct row rows[] = {
        {"sslrootcert = /r\n[host b]\nsslrootcert = /s\n", "host=a,b", "refuse/refused", NULL,
         "the hosts \"a\" (" NAME ":1) and \"b\" (" NAME ":2)" ONE_LIST("roots")},
        {"[host b]\nsslrootcert = /s\n", "host=b,a", "refuse/refused", NULL,
         "the hosts \"b\" (" NAME ":1) and \"a\" (" NAME ")" ONE_LIST("roots")},
        {"[host b]\nsslrootcert = program\n", "host=b,a", "refuse/refused", NULL, NULL},
        {"[host b]\nsslcrl = /c\n", "host=a,b", "refuse/refused", NULL,
         "the hosts \"a\" (" NAME ") and \"b\" (" NAME ":1)" ONE_LIST("CRLs")},
        {"[host b]\nsslsni = 0\n", "host=a,b", "refuse/refused", NULL,
         "the hosts \"a\" (" NAME ") and \"b\" (" NAME ":1)" ONE_LIST("pins")},
        {"[host a]\nsslsni = 1\n[host b]\nsslsni = 0\n", "host=a,b", "refuse/refused", NULL, NULL},
        {"[host a]\nsslsni = 1\nrequirepeer = x\n[host b]\nsslsni = 1\n", "host=a,b",
         "refuse/refused", NULL, NULL},
        {"[host a]\nsslsni = 1\nrequirepeer = x\n[host b]\nrequirepeer = x\nsslsni = 1\n",
         "host=a,b", "seal/sealed", "sslsni=1", ""},
        {"sslrootcert = /r\n[host b]\nsslrootcert = /r\n", "host=a,b", "seal/sealed",
         "sslrootcert=/r", ""},
        {"[host b]\nsslrootcert = /s\n", "host=/tmp,b", "socket/sealed", "sslrootcert=/s", ""},
        {"[host b]\nsslrootcert = /s\n", "host=b,/tmp,b", "socket/sealed", "sslrootcert=/s", ""},
        {"[host b]\nsslrootcert = /s\n", "host=,b hostaddr=10.0.0.1,", "refuse/refused", NULL,
         "the hosts \"10.0.0.1\" (" NAME ") and \"b\" (" NAME ":1)" ONE_LIST("roots")},
        {"mode = audit\n[host b]\nsslrootcert = /s\n", "host=a,b", "refuse/would-refuse", NULL,
         NULL},
    };
    (void)state;
    JUDGE(rows, 150018, &plain);
}

static void dial(const struct made *m, size_t i, const char *verify, const char *host,
                 const char *port)
{
    assert_in_range(i, 0, m->v.ndials - 1);
    assert_string_equal(m->v.dials[i].verify, verify);
    assert_string_equal(m->v.dials[i].host, host);
    assert_string_equal(m->v.dials[i].port, port);
}

static void verify_as(void **state)
{
#define AS "[host a*]\nverify_as = real.example\n"
    static const struct row rows[] = {
        {AS, "host=a", "seal/sealed", "host=real.example", ""},
        {AS, "host=a sslmode=disable", "downgrade/sealed", "host=real.example", ""},
        {AS, "host=b,a,/tmp,", "socket/sealed", "host=b,real.example,/tmp,/var/run/postgresql", ""},
        {AS, "host=b", "seal/sealed", "host", ""},
        {AS, "host=a hostaddr=10.0.0.1", "seal/sealed", "host=real.example", ""},
        {"[host 10.*]\nverify_as = real.example\n", "hostaddr=10.0.0.1", "seal/sealed",
         "host=real.example", ""},
        {"mode = audit\n" AS, "host=a", "seal/would-seal", "host", ""},
    };
    static struct made m;
    (void)state;
    JUDGE(rows, 150018, &plain);
    decide(&m, 150018, &plain, AS "[host c]\nverify_as = other.example\n",
           "host=a1,b,c,a2 port=1,,3,4");
    assert_string_equal(m.v.hosts, "real.example,b,other.example,real.example");
    assert_int_equal(m.v.ndials, 3);
    dial(&m, 0, "real.example", "a1", "1");
    dial(&m, 1, "other.example", "c", "3");
    dial(&m, 2, "real.example", "a2", "4");
    assert_string_equal(changed(&m, "host")->requested, "a1,b,c,a2");
    assert_string_equal(changed(&m, "host")->enforced, m.v.hosts);
    undo(&m);
    decide(&m, 150018, &plain, AS, "host=a,b port=");
    dial(&m, 0, "real.example", "a", "5432");
    undo(&m);
    decide(&m, 150018, &plain, AS, "host=a hostaddr=10.0.0.1"); /* dialled by address already */
    assert_int_equal(m.v.ndials, 0);
    undo(&m);
    decide(&m, 150018, &plain, AS, "service:host=a");
    assert_string_equal(forced(&m, "host"), "real.example"); /* over the pinned target */
    undo(&m);
}

static void long_lists(void **state)
{
    static struct made m;
    char hosts[8192] = "host=";
    (void)state;
    for (int i = 0; i < SEAL_ELEMENTS; i++) {
        strcat(hosts, i > 0 ? ",h" : "h");
    }
    decide(&m, 150018, &plain, "", hosts);
    assert_int_equal(m.v.action, ACTION_SEALED);
    undo(&m);
    strcat(hosts, ",h");
    decide(&m, 150018, &plain, "", hosts);
    assert_int_equal(m.v.action, ACTION_REFUSED);
    assert_string_equal(m.v.reason, "the host list is too long to check; name fewer hosts");
    undo(&m);
}

/* More words than the verdict has memory for: refused, never cut. */
static void words_without_room(void **state)
{
    static struct made m;
    static char hosts[SEAL_WORDS + 64];
    (void)state;
    decide(&m, 150018, &plain, "", "host=db");
    memset(hosts, 'h', sizeof hosts - 1);
    for (size_t i = 0; i < m.r.noptions; i++) {
        if (strcmp(m.r.options[i].name, "host") == 0) {
            m.r.options[i].value = hosts;
        }
    }
    seal_decide(&m.r, &m.d.p, &m.w, &m.v);
    assert_int_equal(m.v.action, ACTION_REFUSED);
    hosts[SEAL_WORDS / 2 + 2048] = '\0'; /* fits once, but not a second time */
    seal_decide(&m.r, &m.d.p, &m.w, &m.v);
    assert_int_equal(m.v.action, ACTION_REFUSED);
    undo(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets),
        cmocka_unit_test(sockets_match_no_section),
        cmocka_unit_test(unlisted),
        cmocka_unit_test(lists_of_different_rules),
        cmocka_unit_test(verify_as),
        cmocka_unit_test(long_lists),
        cmocka_unit_test(words_without_room),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("hosts", tests, NULL, NULL);
}
