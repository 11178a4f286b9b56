/* test_policy: what a policy says and answers: settings, sections, matching, sockets. */
#include "policy_parse.h"

static void empty_is_defaults(void **state)
{
    static const char *const texts[] = {"", "\n", "# nothing\n", "  \t \r\n\r\n #x"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct parsed d;
        good(&d, texts[i]);
        assert_string_equal(d.p.name, NAME);
        assert_int_equal(d.p.nrules, 0);
        assert_null(d.p.global.pattern);
        assert_int_equal(d.p.global.mode, MODE_ENFORCE);
        assert_int_equal(d.p.global.root_kind, ROOT_SYSTEM);
        assert_null(d.p.global.root);
        assert_null(d.p.global.crl);
        assert_int_equal(d.p.global.line, 0);
        assert_int_equal(d.p.global.exempt_until, INT32_MAX);
        assert_false(d.p.unlisted_refuse);
        assert_int_equal(d.p.sockets, SOCKETS_ALLOW);
        assert_int_equal(d.p.cancel, CANCEL_ALLOW);
        assert_int_equal(d.p.log, LOG_TO_STDERR);
        assert_false(d.p.log_all);
        done(&d);
    }
}

/* The sample of the documentation, word for word. */
static const char sample[] =
    "mode = enforce                 # enforce | audit\n"
    "sslrootcert = /etc/pgseal/roots.pem   # absolute path | system | program\n"
    "sslcrl = /etc/pgseal/crl.pem   # CRL blocks only\n"
    "unlisted_hosts = seal          # seal | refuse: hosts that no section names\n"
    "unix_sockets = allow           # allow | refuse | directory[:directory]\n"
    "plaintext_cancel = allow       # allow | refuse | encrypt\n"
    "log = stderr                   # stderr | syslog | file:/absolute/path | none\n"
    "log_level = downgrade          # downgrade | all\n"
    "\n"
    "[host *.rds.amazonaws.com]\n"
    "sslrootcert = /etc/pgseal/rds-global-bundle.pem\n"
    "channel_binding = require      # a pinned libpq option\n"
    "\n"
    "[host orders.internal]\n"
    "verify_as = orders.cluster-x1.eu-west-1.rds.amazonaws.com   # dial one, verify the other\n"
    "\n"
    "[host legacy.internal]\n"
    "mode = audit                   # roll out host by host\n"
    "\n"
    "[host 127.0.0.1:6432]\n"
    "exempt = pgbouncer sidecar on loopback   # a reason is required\n"
    "exempt_until = 2027-03-31                # the exemption ends with that day, UTC\n";

static void the_sample(void **state)
{
    struct parsed d;
    (void)state;
    good(&d, sample);
    assert_int_equal(d.p.nrules, 4);
    assert_int_equal(d.p.global.root_kind, ROOT_FILE);
    assert_string_equal(d.p.global.root, "/etc/pgseal/roots.pem");
    assert_int_equal(d.p.global.root_line, 2);
    assert_int_equal(d.p.global.line, 2);
    assert_string_equal(d.p.global.crl, "/etc/pgseal/crl.pem");
    assert_int_equal(d.p.global.crl_line, 3);
    assert_int_equal(d.p.unlisted_line, 4);
    assert_int_equal(d.p.sockets_line, 5);

    const struct rule *r = &d.p.rules[0];
    assert_string_equal(r->pattern, "*.rds.amazonaws.com");
    assert_int_equal(r->line, 10);
    assert_string_equal(r->root, "/etc/pgseal/rds-global-bundle.pem");
    assert_int_equal(r->root_line, 11);
    assert_string_equal(r->crl, "/etc/pgseal/crl.pem");
    assert_int_equal(r->crl_line, 3);
    assert_int_equal(r->npins, 1);
    assert_string_equal(r->pins[0].option, "channel_binding");
    assert_string_equal(r->pins[0].value, "require");
    assert_int_equal(r->pins[0].line, 12);

    r = &d.p.rules[1];
    assert_string_equal(r->verify_as, "orders.cluster-x1.eu-west-1.rds.amazonaws.com");
    assert_string_equal(r->root, "/etc/pgseal/roots.pem");
    assert_int_equal(r->root_line, 2);
    assert_int_equal(r->npins, 0);

    r = &d.p.rules[2];
    assert_int_equal(r->mode, MODE_AUDIT);
    assert_null(r->verify_as);

    r = &d.p.rules[3];
    assert_string_equal(r->exempt, "pgbouncer sidecar on loopback");
    assert_int_equal(r->exempt_line, 21);
    assert_int_equal(r->exempt_until, policy_day("2027-03-31"));
    assert_int_equal(r->mode, MODE_ENFORCE);
    done(&d);
}

static void matching(void **state)
{
    struct parsed d;
    (void)state;
    good(&d, sample);
    assert_ptr_equal(policy_match(&d.p, "X.eu.RDS.amazonaws.com.", 5432), &d.p.rules[0]);
    assert_ptr_equal(policy_match(&d.p, "orders.internal", 5432), &d.p.rules[1]);
    assert_ptr_equal(policy_match(&d.p, "127.1", 6432), &d.p.rules[3]);
    assert_ptr_equal(policy_match(&d.p, "127.0.0.1", 5432), &d.p.global);
    assert_ptr_equal(policy_match(&d.p, "elsewhere", 5432), &d.p.global);
    assert_ptr_equal(policy_match(&d.p, "/tmp", 5432), &d.p.global);
    done(&d);
    good(&d, "[host a*]\n[host *b]\n[host ab]\n[host *]\n");
    assert_ptr_equal(policy_match(&d.p, "ab", 1), &d.p.rules[0]);
    assert_ptr_equal(policy_match(&d.p, "cb", 1), &d.p.rules[1]);
    assert_ptr_equal(policy_match(&d.p, "x", 1), &d.p.rules[3]);
    assert_ptr_equal(policy_match(&d.p, "@x", 1), &d.p.global);
    done(&d);
}

static void inheriting(void **state)
{
    struct parsed d;
    (void)state;
    good(&d, "mode=audit\nsslrootcert=program\nsslcrl=/c\n[host a]\n[host "
             "b]\nmode=enforce\nsslrootcert=system\nsslcrl=/d\n"
             "[host c]\nexempt=x\nsslsni=0\n[host d]\n");
    const struct rule *r = d.p.rules;
    assert_int_equal(d.p.global.line, 2);
    assert_true(r[0].mode == MODE_AUDIT && r[0].root_kind == ROOT_PROGRAM);
    assert_string_equal(r[0].crl, "/c");
    assert_true(r[1].mode == MODE_ENFORCE && r[1].root_kind == ROOT_SYSTEM);
    assert_string_equal(r[1].crl, "/d");
    assert_int_equal(r[1].crl_line, 8);
    assert_true(r[2].mode == MODE_AUDIT && r[2].root_kind == ROOT_PROGRAM);
    assert_null(r[3].exempt);
    assert_int_equal(r[3].npins, 0);
    assert_int_equal(r[3].exempt_until, INT32_MAX);
    done(&d);
    good(&d, "\nmode = audit\n");
    assert_int_equal(d.p.global.line, 2);
    done(&d);
    good(&d, "sslrootcert = /r\nmode = audit\n[host a]\nsslrootcert=system\n");
    assert_int_equal(d.p.global.line, 1);
    assert_null(d.p.rules[0].root);
    done(&d);
}

static void values(void **state)
{
    struct parsed d;
    (void)state;
    good(&d, "unlisted_hosts=refuse\nunix_sockets=refuse\nplaintext_cancel=refuse\nlog=syslog\nlog_"
             "level=all");
    assert_true(d.p.unlisted_refuse && d.p.sockets == SOCKETS_REFUSE &&
                d.p.cancel == CANCEL_REFUSE);
    assert_true(d.p.log == LOG_TO_SYSLOG && d.p.log_all);
    done(&d);
    good(&d, "plaintext_cancel=encrypt\nlog=none\nunix_sockets = /run/postgresql:@abs:/tmp");
    assert_true(d.p.cancel == CANCEL_ENCRYPT && d.p.log == LOG_TO_NONE &&
                d.p.sockets == SOCKETS_DIRECTORIES);
    assert_string_equal(d.p.socket_dirs, "/run/postgresql:@abs:/tmp");
    done(&d);
    good(&d, "log = file:/var/log/pgseal log.json\nsslrootcert = system\nmode=enforce");
    assert_int_equal(d.p.log, LOG_TO_FILE);
    assert_string_equal(d.p.log_path, "/var/log/pgseal log.json");
    assert_true(d.p.global.root_kind == ROOT_SYSTEM && d.p.global.root_line == 2);
    done(&d);
}

static void lines_and_comments(void **state)
{
    struct parsed d;
    (void)state;
    good(&d, "\t mode\t=\taudit \r\nsslcrl=/a#b#\t#c\n  [ host  \t a ]  # c\r\n[host "
             "b]\nexempt=a#b = c #d\n[host c]\n"
             "exempt=x");
    assert_int_equal(d.p.global.mode, MODE_AUDIT);
    assert_string_equal(d.p.global.crl, "/a#b#");
    assert_string_equal(d.p.rules[0].pattern, "a");
    assert_string_equal(d.p.rules[1].exempt, "a#b = c");
    assert_string_equal(d.p.rules[2].exempt, "x");
    done(&d);
}

/* The log is known as far as it could be read, so that the fault reaches it. */
static void log_of_a_faulty_policy(void **state)
{
    struct parsed d;
    (void)state;
    parse(&d, "mode = of\nlog = file:/l\nlog_level = all\n");
    assert_string_equal(d.p.fault, NAME ":1: mode: unknown value \"of\"; use enforce or audit");
    assert_int_equal(d.p.log, LOG_TO_FILE);
    assert_string_equal(d.p.log_path, "/l");
    assert_true(d.p.log_all);
    done(&d);
    parse(&d, "log = syslog\n[host a]\nlog = none\n");
    assert_int_equal(d.p.log, LOG_TO_SYSLOG);
    assert_true(d.p.fault[0] != '\0');
    done(&d);
    parse(&d, "log = stdout\nlog_level = all\n");
    assert_int_equal(d.p.log, LOG_TO_STDERR);
    assert_true(d.p.log_all);
    done(&d);
}

static void from_environment(void **state)
{
    static const struct setting all[] = {{"PGSEAL_MODE", "audit"},
                                         {"PGSEAL_SSLROOTCERT", "/r.pem"},
                                         {"PGSEAL_SSLCRL", "/c.pem"},
                                         {"PGSEAL_UNIX_SOCKETS", "/a:@b"},
                                         {"PGSEAL_LOG", "file:/l"},
                                         {"PGSEAL_LOG_LEVEL", "all"},
                                         {"PGSEAL_PLAINTEXT_CANCEL", "refuse"}};
    struct policy p;
    char where[64];
    (void)state;
    errno = EXDEV;
    policy_from_settings(&p, all, sizeof all / sizeof all[0]);
    assert_int_equal(errno, EXDEV);
    assert_string_equal(p.fault, "");
    assert_string_equal(p.name, "environment");
    assert_int_equal(p.global.mode, MODE_AUDIT);
    assert_string_equal(p.global.root, "/r.pem");
    assert_string_equal(p.global.crl, "/c.pem");
    assert_string_equal(p.socket_dirs, "/a:@b");
    assert_string_equal(p.log_path, "/l");
    assert_true(p.log_all && p.cancel == CANCEL_REFUSE && p.nrules == 0);
    policy_where(&p, p.global.line, where, sizeof where);
    assert_string_equal(where, "environment: PGSEAL_SSLROOTCERT");
    policy_where(&p, p.global.crl_line, where, sizeof where);
    assert_string_equal(where, "environment: PGSEAL_SSLCRL");
    policy_where(&p, p.sockets_line, where, sizeof where);
    assert_string_equal(where, "environment: PGSEAL_UNIX_SOCKETS");
    policy_from_settings(&p, all, 1);
    policy_where(&p, p.global.line, where, sizeof where);
    assert_string_equal(where, "environment: PGSEAL_MODE");
    assert_ptr_equal(policy_match(&p, "db", 5432), &p.global);
}

/* Almost what Kubernetes sets, and so an error. */
static void almost_of_kubernetes(void **state)
{
    static const char *const names[] = {
        "PGSEAL_SERVICE_HOSTS", "PGSEAL_SERVICEHOST", "PGSEAL_SERVICE_PORTS", "PGSEAL_PORTS",
        "PGSEAL_XPORT",         "PGSEAL_PORT_TCP",    "PGSEAL_PORT_443",      "PGSEAL_PORT_443_TLS",
        "PGSEAL_PORT_443_TCPS", "PGSEAL_PORT_x_TCP",  "PGSEAL_SERVICE",       "PGSEAL_HOST"};
    struct policy p;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct setting s = {names[i], "x"};
        policy_from_settings(&p, &s, 1);
        ROW_TRUE(names[i], strstr(p.fault, names[i]) != NULL);
    }
}

static void no_settings(void **state)
{
    static const struct setting unset[] = {{"PGSEAL_MODE", ""},
                                           {"PGSEAL_LOG", NULL},
                                           {"PGSEAL_NONSENSE", ""},
                                           {"PGSEAL_POLICY", "/x"},
                                           {"PGSEAL_SERVICE_HOST", "10.0.0.1"},
                                           {"PGSEAL_SERVICE_PORT", "443"},
                                           {"PGSEAL_SERVICE_PORT_HTTPS", "443"},
                                           {"PGSEAL_PORT", "tcp://10.0.0.1:443"},
                                           {"PGSEAL_PORT_443_TCP", "tcp://10.0.0.1:443"},
                                           {"PGSEAL_PORT_443_TCP_ADDR", "10.0.0.1"},
                                           {"PGSEAL_PORT_53_UDP_PROTO", "udp"},
                                           {"PGSEAL_PORT_9_SCTP", "sctp://10.0.0.1:9"},
                                           {"PGSEAL_WEB_HOOK_SERVICE_HOST", "10.0.0.1"},
                                           {"PGSEAL_WEB_HOOK_PORT_443_TCP_PORT", "443"},
                                           {"PATH", "/bin"}};
    struct policy p;
    char where[64];
    (void)state;
    policy_from_settings(&p, NULL, 0);
    assert_string_equal(p.fault, "");
    assert_string_equal(p.name, "defaults");
    policy_from_settings(&p, unset, sizeof unset / sizeof unset[0]);
    assert_string_equal(p.fault, "");
    assert_string_equal(p.name, "defaults");
    assert_true(p.global.mode == MODE_ENFORCE && p.global.root_kind == ROOT_SYSTEM &&
                p.log == LOG_TO_STDERR);
    policy_where(&p, p.global.line, where, sizeof where);
    assert_string_equal(where, "defaults");
}

static void faulty(void **state)
{
    struct policy p;
    char longest[2 * POLICY_FAULT_MAX];
    (void)state;
    policy_faulty(&p, NAME, NAME ": Permission denied");
    assert_string_equal(p.fault, NAME ": Permission denied");
    assert_string_equal(p.name, NAME);
    assert_int_equal(p.log, LOG_TO_STDERR);
    policy_faulty(&p, NAME, "");
    assert_true(p.fault[0] != '\0');
    policy_faulty(&p, NAME, NULL);
    assert_true(p.fault[0] != '\0');
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    policy_faulty(&p, NAME, longest);
    assert_int_equal(strlen(p.fault), POLICY_FAULT_MAX - 1);
    policy_free(&p);
}

static void sockets(void **state)
{
    static const struct {
        const char *rule, *dir;
        bool wanted;
    } rows[] = {
        {"allow", "/anything", true},
        {"allow", "@x", true},
        {"refuse", "/tmp", false},
        {"/tmp", "/tmp", true},
        {"/tmp", "/tmp/", true},
        {"/tmp/", "/tmp", true},
        {"/run//pg/", "//run/pg", true},
        {"/tmp", "/tmp2", false},
        {"/tmp2", "/tmp", false},
        {"/tmp", "/tmp/../etc", false},
        {"/tmp", "/tm", false},
        {"/a:/b:@c", "/b", true},
        {"/a:/b:@c", "@c", true},
        {"/a:/b:@c", "/c", false},
        {"/a:/b:@c", "@c/", false},
        {"/a:/b:@c", "@", false},
        {"/a:/b:@c", "/a:/b", false},
        {"/a:/b:@c", "", false},
        {"/", "/", true},
        {"/", "//", true},
        {"/", "/a", false},
        {"/a", "/", false},
        {"@c", "/c", false},
        {"@c", "@cd", false},
        {"/a\\:b:/c", "/a:b", true},
        {"/a\\:b:/c", "/a", false},
        {"/a\\:b:/c", "/c", true},
        {"@a\\:b", "@a:b", true},
        {"/a\\b", "/a\\b", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct policy p;
        struct setting s = {"PGSEAL_UNIX_SOCKETS", rows[i].rule};
        policy_from_settings(&p, &s, 1);
        assert_string_equal(p.fault, "");
        if (policy_socket_allowed(&p, rows[i].dir) != rows[i].wanted) {
            fail_msg("unix_sockets = %s and %s: wanted %d", rows[i].rule, rows[i].dir,
                     rows[i].wanted);
        }
    }
}

static void where(void **state)
{
    struct parsed d;
    char buf[64];
    char small[8];
    (void)state;
    good(&d, "mode=audit");
    policy_where(&d.p, d.p.global.line, buf, sizeof buf);
    assert_string_equal(buf, NAME ":1");
    policy_where(&d.p, 0, buf, sizeof buf);
    assert_string_equal(buf, "defaults");
    policy_where(&d.p, 123, small, sizeof small);
    assert_string_equal(small, "/etc/pg");
    done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_is_defaults),
        cmocka_unit_test(the_sample),
        cmocka_unit_test(matching),
        cmocka_unit_test(inheriting),
        cmocka_unit_test(values),
        cmocka_unit_test(lines_and_comments),
        cmocka_unit_test(log_of_a_faulty_policy),
        cmocka_unit_test(from_environment),
        cmocka_unit_test(almost_of_kubernetes),
        cmocka_unit_test(no_settings),
        cmocka_unit_test(faulty),
        cmocka_unit_test(sockets),
        cmocka_unit_test(where),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
