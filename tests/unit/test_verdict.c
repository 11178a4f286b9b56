/* test_verdict: which verdict stands over which, modes, exemptions, and what the log is told. */
#include "verdict_world.h"

#define EXEMPT "[host db]\nexempt = old box\n"

static void the_verdicts(void **state)
{
    static const struct row rows[] = {
        {"", "host=db", "seal/sealed", "sslmode=verify-full", ""},
        {"", "host=db sslmode=verify-full", "seal/sealed", "sslmode=verify-full", ""},
        {"", "host=db sslmode=disable", "downgrade/sealed", "sslmode=verify-full", ""},
        {"", "host=db env:sslmode=verify-ca", "downgrade/sealed", "sslmode=verify-full", ""},
        {"", "host=/tmp sslmode=disable", "socket/allowed", "sslmode", ""},
        {"", "host=db,/tmp", "socket/sealed", "sslmode=verify-full", ""},
        {"", "host=db,/tmp sslmode=allow", "downgrade/sealed", "sslmode=verify-full", ""},
        {"unix_sockets = refuse\n", "host=db,/tmp sslmode=allow", "refuse/refused", "sslmode",
         NAME ":1: unix_sockets does not allow the socket \"/tmp\"; connect over TCP, or allow the "
              "socket's directory in unix_sockets"},
        {EXEMPT, "host=db sslmode=disable", "exempt/allowed", "sslmode", "old box"},
        {EXEMPT, "host=other sslmode=disable", "downgrade/sealed", "sslmode=verify-full", ""},
        /* a refusal stands over an exemption, an exemption over everything else */
        {"unix_sockets = refuse\n" EXEMPT, "host=db,/tmp", "refuse/refused", "sslmode", NULL},
        {EXEMPT, "host=db sslkey=e:k sslcrldir=/d sslmode=disable", "exempt/allowed", NULL, NULL},
    };
    (void)state;
    JUDGE(rows, 150018, &plain);
}

#define LACKS " in the same list does not have it"
#define DIALLED(address, host)                                                                     \
    "the connection goes to hostaddr \"" address "\", which may not be the host \"" host "\""

static void audit(void **state)
{
#define AUDIT_NOT "mode = audit at " NAME ":1 does not apply: "
    static const struct row rows[] = {
        {"mode = audit\n", "host=db", "seal/would-seal", "sslmode", ""},
        {"mode = audit\n", "host=db sslmode=disable", "downgrade/would-seal", "sslmode", ""},
        {"mode = audit\n", "host=/tmp", "socket/allowed", NULL, ""},
        {"mode = audit\n", "host=/tmp,db", "socket/would-seal", NULL, ""},
        {"mode = audit\n", "host=db sslcrldir=/d", "refuse/would-refuse", NULL, NULL},
        {"mode = audit\nunlisted_hosts = refuse\n", "host=db", "refuse/would-refuse", NULL, NULL},
        {"mode = audit\n" EXEMPT, "host=db", "exempt/allowed", NULL, NULL},
        /* a section alone */
        {"[host db]\nmode = audit\n", "host=db sslmode=disable", "downgrade/would-seal", NULL, ""},
        {"[host db]\nmode = audit\n", "host=else sslmode=disable", "downgrade/sealed", NULL, ""},
        {"[host d*]\nmode = audit\n", "host=d1,d2", "seal/would-seal", NULL, ""},
        {"[host d*]\nmode = audit\n", "host=d1,e2", "seal/sealed", NULL,
         AUDIT_NOT "the host \"e2\"" LACKS},
        {"[host d*]\nmode = audit\n", "host=d1,/tmp", "socket/sealed", NULL,
         AUDIT_NOT "the socket \"/tmp\"" LACKS},
        {"[host 10.*]\nmode = audit\n", "hostaddr=10.1.2.3", "seal/would-seal", NULL, ""},
        {"[host 10.*]\nmode = audit\n", "host=10.1.2.3 hostaddr=10.1.2.3", "seal/would-seal", NULL,
         ""},
        {"[host 10.*]\nmode = audit\n", "host=10.1.2.3 hostaddr=10.1.515", "seal/would-seal", NULL,
         ""},
        {"[host db]\nmode = audit\n", "host=db hostaddr=10.1.2.3", "seal/sealed",
         "sslmode=verify-full", AUDIT_NOT DIALLED("10.1.2.3", "db")},
        {"[host db]\nmode = audit\n", "host=db env:hostaddr=10.1.2.3", "seal/sealed", NULL,
         AUDIT_NOT DIALLED("10.1.2.3", "db")},
        /* audit everywhere changes nothing, whatever the address */
        {"mode = audit\n[host db]\nexempt = x\n", "host=db hostaddr=10.1.2.3", "seal/would-seal",
         NULL, NULL},
        /* enforce here, audit everywhere else */
        {"mode = audit\n[host db]\nmode = enforce\n", "host=db", "seal/sealed", NULL, ""},
        {"mode = audit\n[host db]\nmode = enforce\n", "host=else,db", "seal/sealed", NULL, ""},
        {"mode = audit\n[host db]\nmode = enforce\n", "host=else", "seal/would-seal", NULL, ""},
    };
    (void)state;
    JUDGE(rows, 150018, &plain);
}

static void exemptions(void **state)
{
#define UNTIL(day) "[host db]\nexempt = old box\nexempt_until = " day "\n"
    static const struct row rows[] = {
        {UNTIL("2026-11-25"), "host=db", "exempt/allowed", NULL, "old box"},
        {UNTIL("2026-11-24"), "host=db", "exempt/allowed", NULL, "old box"}, /* ends with the day */
        {UNTIL("2026-11-23"), "host=db", "seal/sealed", "sslmode=verify-full",
         "the exemption at " NAME ":2 has ended"},
        {UNTIL("2026-11-23"), "host=db sslmode=disable", "downgrade/sealed", NULL,
         "the exemption at " NAME ":2 has ended"},
    /* no hostaddr but the host itself */
#define EXEMPT_NOT "the exemption at " NAME ":2 does not apply: "
        {EXEMPT, "host=db hostaddr=10.0.0.1", "seal/sealed", NULL,
         EXEMPT_NOT DIALLED("10.0.0.1", "db")},
        {EXEMPT, "host=db env:hostaddr=10.0.0.1", "seal/sealed", NULL,
         EXEMPT_NOT DIALLED("10.0.0.1", "db")},
        {EXEMPT, "host=db hostaddr=", "exempt/allowed", NULL, NULL},
        {"[host 127.0.0.1:6432]\nexempt = pooler\n", "hostaddr=127.0.0.1 port=6432",
         "exempt/allowed", NULL, "pooler"},
        {"[host 127.0.0.1:6432]\nexempt = pooler\n", "host=127.1 hostaddr=127.0.0.1 port=06432",
         "exempt/allowed", NULL, "pooler"},
        {"[host 127.0.0.1:6432]\nexempt = pooler\n", "host=127.0.0.1 port=5432", "seal/sealed",
         NULL, ""},
        {"[host 127.0.0.1:5432]\nexempt = pooler\n", "host=127.0.0.1 port=", "exempt/allowed", NULL,
         NULL},
        {"[host 127.0.0.1]\nexempt = pooler\n", "host=/tmp hostaddr=127.0.0.1", "seal/sealed", NULL,
         ""},
    /* a single label with a dot at its end is the DNS's alone */
#define DOTTED                                                                                     \
    " ends with a dot, so only the DNS is asked for it; if that is the name you mean, write the "  \
    "dot into the section"
        {EXEMPT, "host=db.", "seal/sealed", NULL, EXEMPT_NOT "the host \"db.\"" DOTTED},
        {EXEMPT, "host=db,DB.", "seal/sealed", NULL, EXEMPT_NOT "the host \"DB.\"" DOTTED},
        {"[host db:5432]\nmode = audit\n", "host=db.", "seal/sealed", NULL,
         AUDIT_NOT "the host \"db.\"" DOTTED},
        {"[host *.db:5432]\nmode = audit\n", "host=a.db.", "seal/would-seal", NULL, ""},
        {"[host a.db]\nexempt = x\n", "host=a.db.", "exempt/allowed", NULL, "x"},
        {"[host db.]\nexempt = x\n", "host=db.", "exempt/allowed", NULL, "x"},
        {"[host *]\nexempt = x\n", "host=db.", "exempt/allowed", NULL, "x"},
        {"mode = audit\n[host db]\n", "host=db.", "seal/would-seal", NULL, ""},
        /* every element of a list */
        {"[host d*]\nexempt = x\n", "host=d1,d2", "exempt/allowed", NULL, "x"},
        {"[host d*]\nexempt = x\n", "host=d1,e2", "seal/sealed", NULL,
         EXEMPT_NOT "the host \"e2\"" LACKS},
        {"[host d*]\nexempt = x\n", "host=d1,", "socket/sealed", NULL, NULL},
        {"[host d*]\nexempt = x\n", "host=/tmp,d1", "socket/sealed", NULL,
         EXEMPT_NOT "the socket \"/tmp\"" LACKS},
        {"[host d*]\nexempt = x\n", "host=d1,d2 hostaddr=10.0.0.1,", "seal/sealed", NULL,
         EXEMPT_NOT DIALLED("10.0.0.1", "d1")},
        {"[host db]\nexempt = x\n[host dc]\nexempt = y\n", "host=db,dc", "exempt/allowed", NULL,
         "x"},
        {"[host db:6432]\nexempt = x\n", "host=db,db port=6432", "exempt/allowed", NULL, NULL},
        {"[host db:6432]\nexempt = x\n", "host=db,db port=6432,5432", "seal/sealed", NULL, NULL},
    };
    (void)state;
    JUDGE(rows, 150018, &plain);
}

/* What the verdict says of itself beside its kind. */
static void where_and_what(void **state)
{
    static struct made m;
    (void)state;
    decide(&m, 150018, &plain, "", "host=db port=1");
    assert_string_equal(m.v.where, "");
    assert_true(m.v.tcp && !m.v.socket && !m.v.fault && !m.v.once);
    assert_string_equal(m.v.root, "/bundle.pem");
    assert_null(m.v.crl);
    assert_int_equal(m.v.min_tls, 12);
    assert_string_equal(m.v.hosts, "db");
    assert_int_equal(m.v.ndials, 0);
    assert_ptr_equal(m.v.rule, &m.d.p.global);
    undo(&m);
    decide(&m, 150018, &plain, "\nsslrootcert = /r\n[host d*]\nsslsni = 0\n", "host=db");
    assert_string_equal(m.v.where, NAME ":3");
    assert_ptr_equal(m.v.rule, &m.d.p.rules[0]);
    undo(&m);
    decide(&m, 150018, &plain, "\nsslrootcert = /r\n", "host=db");
    assert_string_equal(m.v.where, NAME ":2");
    undo(&m);
    decide(&m, 150018, &plain, "[host x]\n" EXEMPT, "host=db");
    assert_string_equal(m.v.where, NAME ":2");
    undo(&m);
    decide(&m, 150018, &plain, "\nunlisted_hosts = refuse\n[host x]\n", "host=db");
    assert_string_equal(m.v.where, NAME ":2");
    assert_int_equal(m.v.nchanges, 0);
    undo(&m);
}

static void change(struct made *m, const char *option, const char *source, const char *requested,
                   const char *enforced)
{
    const struct change *c = changed(m, option);
    if (c == NULL) {
        fail_msg("no change of %s", option);
        return;
    }
    ROW_STRING(option, c->source, source);
    ROW_STRING(option, c->requested, requested);
    ROW_STRING(option, c->enforced, enforced);
}

static void changes_and_sources(void **state)
{
    static struct made m;
    (void)state;
    decide(&m, 150018, &plain, "sslrootcert = /r\n",
           "params:host=db uri:sslmode=allow service:sslrootcert=/other env:gssencmode=require "
           "login:ssl_min_protocol_version=TLSv1 sslcompression=1");
    change(&m, "sslmode", "uri", "allow", "verify-full");
    change(&m, "sslrootcert", "service", "/other", "/r");
    change(&m, "gssencmode", "environment", "require", "disable");
    change(&m, "ssl_min_protocol_version", "login", "TLSv1", "TLSv1.2");
    change(&m, "sslcompression", "conninfo", "1", "0");
    assert_string_equal(m.v.changes[0].option, "sslmode");
    assert_int_equal(m.v.nchanges, 5);
    undo(&m);
    decide(&m, 150018, &plain, "", "host=db");
    change(&m, "sslmode", "default", "prefer", "verify-full");
    change(&m, "sslrootcert", "default", NULL, "/bundle.pem");
    change(&m, "gssencmode", "default", "prefer", "disable");
    assert_int_equal(m.v.nchanges, 3);
    undo(&m);
    decide(&m, 150018, &plain, "",
           "host=db sslmode=verify-full sslrootcert=/bundle.pem gssencmode=disable");
    assert_int_equal(m.v.nchanges, 0);
    assert_string_equal(verdict_event(&m.v), "seal");
    undo(&m);
    decide(&m, 150018, &plain, "mode = audit\n", "host=db sslmode=disable");
    change(&m, "sslmode", "conninfo", "disable", "verify-full");
    undo(&m);
    decide(&m, 150018, &plain, EXEMPT, "host=db sslmode=disable");
    assert_int_equal(m.v.nchanges, 0);
    undo(&m);
    assert_string_equal(source_name(FROM_CONNINFO), "conninfo");
    assert_string_equal(source_name(FROM_PARAMS), "params");
}

/* A fault of the policy refuses in every mode; other reasons only where it is enforced. */
static void refusals_before_any_request(void **state)
{
    static struct made m;
    static struct verdict v;
    static struct policy p;
    char text[] = "mode = audit\nmode = of\n";
    (void)state;
    policy_parse_file(&p, NAME, text, strlen(text));
    assert_true(p.fault[0] != '\0');
    m.r = (struct request){.version = 150018};
    memset(&v, 0x5a, sizeof v);
    seal_decide(&m.r, &p, &m.w, &v);
    assert_string_equal(verdict_event(&v), "refuse");
    assert_int_equal(v.action, ACTION_REFUSED);
    assert_string_equal(v.reason, p.fault);
    assert_true(v.fault && v.once && !v.sealed && v.nforced == 0 && v.nchanges == 0);
    policy_free(&p);

    good(&m.d, "mode = audit\n");
    memset(&v, 0x5a, sizeof v);
    seal_refuse(&m.d.p, "an LDAP line", false, &v);
    assert_int_equal(v.action, ACTION_WOULD_REFUSE);
    assert_int_equal(v.mode, MODE_AUDIT);
    assert_string_equal(v.reason, "an LDAP line");
    seal_refuse(&m.d.p, "an LDAP line", true, &v);
    assert_int_equal(v.action, ACTION_REFUSED);
    undo(&m);
    good(&m.d, "");
    seal_refuse(&m.d.p, "an LDAP line", false, &v);
    assert_int_equal(v.action, ACTION_REFUSED);
    assert_false(v.once);
    undo(&m);
}

/* What a service file said when it was looked at is what is dialled, and a weaker verdict rests on
 * that alone. */
static void service_files(void **state)
{
    static struct made m;
    (void)state;
    decide(&m, 150018, &plain, "", "service:host=db service:port=5433 hostaddr=10.0.0.1");
    assert_string_equal(forced(&m, "host"), "db");
    assert_string_equal(forced(&m, "port"), "5433");
    assert_string_equal(forced(&m, "hostaddr"), "10.0.0.1");
    assert_string_equal(forced(&m, "ssl_max_protocol_version"), "TLSv1.3");
    assert_string_equal(forced(&m, "sslcompression"), "0");
    assert_string_equal(forced(&m, "sslkey"), "/home/app/.postgresql/postgresql.key");
    undo(&m);
    decide(&m, 180000, &plain, "", "service=s host=db service:sslkey=/k");
    assert_string_equal(forced(&m, "sslkey"), "/k");
    assert_string_equal(forced(&m, "sslkeylogfile"), "/dev/null");
    undo(&m);
    decide(&m, 150018, &plain, "", "host=db");
    assert_null(forced(&m, "host"));
    assert_null(forced(&m, "port"));
    assert_null(forced(&m, "sslkey"));
    assert_null(forced(&m, "ssl_max_protocol_version"));
    undo(&m);
    decide(&m, 150018, &plain, EXEMPT, "service:host=db");
    assert_true(m.v.pin_target);
    undo(&m);
    decide(&m, 150018, &plain, EXEMPT, "host=db"); /* the environment may change */
    assert_true(m.v.pin_target);
    undo(&m);
    decide(&m, 150018, &plain, "", "service:host=/tmp");
    assert_true(m.v.pin_target);
    undo(&m);
    decide(&m, 150018, &plain, "[host db]\nmode = audit\n", "service:host=db");
    assert_true(m.v.pin_target && m.v.mode == MODE_AUDIT);
    undo(&m);
    decide(&m, 150018, &plain, "mode = audit\n", "service:host=db"); /* changes nothing */
    assert_false(m.v.pin_target);
    undo(&m);
}

/* An option that pgseal does not know may do anything: only its default is let through. */
static void unknown_options(void **state)
{
#define UNKNOWN(name)                                                                              \
    name ": this program's libpq (version 20.1) has this option, and pgseal does not know it; "    \
         "leave it at its default, or update pgseal"
    static const struct row rows[] = {
        {"", "host=db", "seal/sealed", NULL, ""},
        {"", "host=db portaddr=0", "seal/sealed", NULL, ""},
        {"", "host=db portaddr=1", "refuse/refused", NULL, UNKNOWN("portaddr")},
        {"", "host=db service:portaddr=5433", "refuse/refused", NULL, UNKNOWN("portaddr")},
        {"", "host=db service:srvhost=x", "refuse/refused", NULL, UNKNOWN("srvhost")},
        {"", "host=db srvhost=", "refuse/refused", NULL, UNKNOWN("srvhost")},
        {"", "host=/tmp service:srvhost=x", "refuse/refused", NULL, UNKNOWN("srvhost")},
        {EXEMPT, "host=db service:srvhost=x", "refuse/refused", NULL, UNKNOWN("srvhost")},
        {"mode = audit\n", "host=db service:srvhost=x", "refuse/would-refuse", NULL,
         UNKNOWN("srvhost")},
        {"[host db]\nmode = audit\n", "host=db srvhost=x", "refuse/would-refuse", NULL,
         UNKNOWN("srvhost")},
    };
    (void)state;
    JUDGE(rows, 200001, &plain);
    assert_false(option_differs(NULL, NULL));
    assert_false(option_differs(NULL, "x"));
    assert_false(option_differs("x", "x"));
    assert_true(option_differs("", NULL));
    assert_true(option_differs("", "x"));
    assert_true(option_differs("y", "x"));
}

static void values_of_a_request(void **state)
{
    static struct made m;
    (void)state;
    decide(&m, 150018, &plain, "", "host=db sslcert=");
    assert_string_equal(request_value(&m.r, "host"), "db");
    assert_string_equal(request_value(&m.r, "sslmode"), "prefer");
    assert_null(request_value(&m.r, "sslcert"));
    assert_null(request_value(&m.r, "sslkey"));
    assert_null(request_value(&m.r, "sslkeylogfile"));
    assert_non_null(request_option(&m.r, "sslcert"));
    assert_null(request_option(&m.r, "sslkeylogfile"));
    undo(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verdicts),        cmocka_unit_test(audit),
        cmocka_unit_test(exemptions),          cmocka_unit_test(where_and_what),
        cmocka_unit_test(changes_and_sources), cmocka_unit_test(refusals_before_any_request),
        cmocka_unit_test(service_files),       cmocka_unit_test(values_of_a_request),
        cmocka_unit_test(unknown_options),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
