/* test_service: the look into a service file before libpq may resolve it: LDAP lines, files that
 * are none, where the stanza is looked for, which options it sets. */
#include "shim/connect/service.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/test_service.XXXXXX";
static char why[1024];
static struct stanza stanza;

static const char *in_dir(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static void write_file(const char *name, const char *text, size_t len)
{
    FILE *f = fopen(in_dir(name), "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
}

static bool look(const char *service, const char *file, int version)
{
    why[0] = '\0';
    errno = EXDEV;
    bool ok = service_ok(service, file, version, NULL, &stanza, why, sizeof why);
    assert_int_equal(errno, EXDEV);
    return ok;
}

/* PGSYSCONFDIR is an empty directory and there is no home unless a test says so. */
static int clean(void **state)
{
    (void)state;
    unsetenv("PGSERVICEFILE");
    setenv("PGSYSCONFDIR", in_dir("none"), 1);
    setenv("HOME", in_dir("none"), 1);
    return 0;
}

#define LDAP                                                                                       \
    "the service asks an LDAP server, in clear, for the connection's options; write them into "    \
    "the "                                                                                         \
    "file"

static void ldap_lines(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"[s]\nhost=a\n", true},
        {"[s]\nldap://h/b?a?s?f\n", false},
        {"[s]\nldaps://h/\n", false},
        {"[s]\nldapi\n", false},
        {"[s]\nhost=a\nldap://h", false}, /* the last line has no newline */
        {"  [s]  \n\t ldap://h\r\n", false},
        {"[s]\n\nhost=a\n# ldap://h\n", true},
        {"[s]\n#c\nLDAP://h\n", true}, /* libpq compares as written */
        {"[t]\nldap://h\n[s]\nhost=a\n", true},
        {"[s]\nhost=a\n[t]\nldap://h\n", true},
        {"ldap://h\n[s]\nhost=a\n", true},
        {"[s]\nhost=a\n[t]\n[s]\nldap://h\n", false}, /* twice: when unsure, refuse */
        {"[sx]\nldap://h\n", true},
        {"[s]x\nldap://h\n", false}, /* what stands behind the bracket is not looked at */
        {"[ s]\nldap://h\n", true},
        {"[s\nldap://h\n", true},
        {"[s]\nxldap://h\n", true},
        {"[s]\nhost=ldap\n", true},
        {"[]\nldap://h\n", true},
        {"", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_file("services", rows[i].text, strlen(rows[i].text));
        bool ok = look("s", in_dir("services"), 190000);
        ROW_TRUE(rows[i].text, ok == rows[i].ok);
        if (!ok) {
            char wanted[512];
            snprintf(wanted, sizeof wanted, "service file %s/services: " LDAP, dir);
            ROW_STRING(rows[i].text, why, wanted);
        }
    }
    write_file("services", "[s]\0ldap://h\n", 13); /* a NUL hides nothing */
    assert_false(look("s", in_dir("services"), 190000));
}

static void no_regular_files(void **state)
{
    char wanted[512];
    (void)state;
    snprintf(
        wanted, sizeof wanted,
        "service file %s/pipe: not a regular file: it could say one thing to pgseal and another "
        "to libpq",
        dir);
    assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
    assert_false(look("s", in_dir("pipe"), 190000)); /* and does not wait for a writer */
    assert_string_equal(why, wanted);
    assert_false(look("s", dir, 190000));
    assert_false(look("s", "/dev/null", 190000));
    assert_int_equal(symlink("pipe", in_dir("link")), 0);
    assert_false(look("s", in_dir("link"), 190000));
    assert_true(look("s", in_dir("gone"), 190000)); /* libpq says so itself */
    assert_true(look("s", in_dir("pipe/below"), 190000));
    char deep[2048];
    memset(deep, 'a', sizeof deep - 1);
    deep[0] = '/';
    deep[sizeof deep - 1] = '\0';
    assert_false(look("s", deep, 190000));
    assert_string_equal(why, "service file …: its path is longer than libpq keeps");
}

static void where_it_looks(void **state)
{
    static const char hostile[] = "[s]\nldap://h\n";
    (void)state;
    mkdir(in_dir("home"), 0755);
    mkdir(in_dir("system"), 0755);
    write_file("home/.pg_service.conf", hostile, strlen(hostile));
    assert_true(look("s", NULL, 150018));
    setenv("HOME", in_dir("home"), 1);
    assert_false(look("s", NULL, 150018));
    assert_true(look("t", NULL, 150018));
    /* The variable's file stands instead of the home directory's, the option's instead of both. */
    write_file("named", "[s]\nhost=a\n", 11);
    setenv("PGSERVICEFILE", in_dir("named"), 1);
    assert_true(look("s", NULL, 150018));
    unsetenv("PGSERVICEFILE");
    assert_true(look("s", in_dir("named"), 190000));
    /* Where the stanza is in none, the system's file is next. */
    write_file("system/pg_service.conf", "[t]\nldap://h\n", 13);
    setenv("PGSYSCONFDIR", in_dir("system"), 1);
    assert_false(look("t", in_dir("named"), 190000));
    assert_false(look("t", NULL, 150018));
    assert_true(look("s", in_dir("named"), 190000));
    setenv("PGSERVICEFILE", in_dir("gone"), 1);
    assert_false(look("t", NULL, 150018));
    /* Before 15 the home directory is the passwd entry's, whatever HOME says. */
    unsetenv("PGSERVICEFILE");
    setenv("PGSYSCONFDIR", in_dir("none"), 1);
    assert_true(look("s", NULL, 140000));
}

static void what_it_sets(void **state)
{
    static const char text[] = "[s]\nhost=a\n sslmode=disable\n#user=u\nport\n[t]\ndbname=d\n";
    (void)state;
    write_file("services", text, strlen(text));
    assert_true(look("s", in_dir("services"), 190000));
    assert_true(service_sets(&stanza, "host"));
    assert_true(service_sets(&stanza, "sslmode"));
    assert_false(service_sets(&stanza, "hos"));
    assert_false(service_sets(&stanza, "ost"));
    assert_false(service_sets(&stanza, "hostaddr"));
    assert_false(service_sets(&stanza, "user"));
    assert_false(service_sets(&stanza, "port"));
    assert_false(service_sets(&stanza, "dbname"));
    assert_true(look("u", in_dir("services"), 190000));
    assert_false(service_sets(&stanza, "host"));
    char *many = calloc(1, 1 << 16);
    strcpy(many, "[s]\n");
    for (size_t n = 4; n < (1 << 16) - 64; n += 12) {
        strcpy(many + n, "sslcert=abc\n");
    }
    write_file("services", many, strlen(many)); /* more keys than are remembered */
    free(many);
    assert_true(look("s", in_dir("services"), 190000));
    assert_true(service_sets(&stanza, "sslcert"));
}

static int before_all(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL;
}

static int after_all(void **state)
{
    static const char *const files[] = {
        "services", "pipe",  "link", "named", "home/.pg_service.conf", "system/pg_service.conf",
        "home",     "system"};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)remove(in_dir(files[i]));
    }
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ldap_lines, clean),
        cmocka_unit_test_setup(no_regular_files, clean),
        cmocka_unit_test_setup(where_it_looks, clean),
        cmocka_unit_test_setup(what_it_sets, clean),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("service", tests, before_all, after_all);
}
