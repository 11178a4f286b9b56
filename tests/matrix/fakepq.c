/* fakepq: as much of libpq as pgseal calls, on any C library; it dials nobody. A "connection" to
 * the host `nowhere` is made at once, and PQexec answers what it was made of. Built twice by
 * musl.t: as libpq.so.5, and (PROGRAM) as the program that connects through every entry point. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pg_conn PGconn;
typedef struct {
    const char *keyword, *envvar, *compiled;
    char *val;
    const char *label, *dispchar;
    int dispsize;
} PQconninfoOption;

PGconn *PQconnectdb(const char *conninfo);
PGconn *PQconnectStart(const char *conninfo);
PGconn *PQconnectdbParams(const char *const *keywords, const char *const *values, int expand);
PGconn *PQconnectStartParams(const char *const *keywords, const char *const *values, int expand);
PGconn *PQsetdbLogin(const char *host, const char *port, const char *options, const char *tty,
                     const char *dbname, const char *user, const char *secret);
int PQping(const char *conninfo);
int PQpingParams(const char *const *keywords, const char *const *values, int expand);
int PQconnectPoll(PGconn *conn);
int PQresetPoll(PGconn *conn);
int PQresetStart(PGconn *conn);
void PQreset(PGconn *conn);
void PQfinish(PGconn *conn);
int PQstatus(const PGconn *conn);
char *PQerrorMessage(const PGconn *conn);
PQconninfoOption *PQconninfo(PGconn *conn);
PQconninfoOption *PQconninfoParse(const char *conninfo, char **error);
void PQconninfoFree(PQconninfoOption *options);
void PQfreemem(void *p);
int PQlibVersion(void);
char *PQhost(const PGconn *conn);
char *PQport(const PGconn *conn);
char *PQpass(const PGconn *conn);
int PQsocket(const PGconn *conn);

#ifdef PROGRAM
static int show(const char *entry, PGconn *conn)
{
    char *mode = "", *root = "";
    PQconninfoOption *all = PQconninfo(conn);
    for (PQconninfoOption *o = all; o && o->keyword; o++) {
        if (strcmp(o->keyword, "sslmode") == 0 && o->val)
            mode = o->val;
        if (strcmp(o->keyword, "sslrootcert") == 0 && o->val)
            root = strrchr(o->val, '/') ? strrchr(o->val, '/') + 1 : o->val;
    }
    printf("%s %d %s %s %s\n", entry, PQstatus(conn), mode, root, PQerrorMessage(conn));
    PQconninfoFree(all);
    PQfinish(conn);
    return 0;
}

/* program [SRVHOST]: with a value for the option that pgseal does not know. */
int main(int argc, char **argv)
{
    const char *keywords[] = {"host", "sslmode", "srvhost", NULL};
    const char *values[] = {"nowhere", "disable", argc > 1 ? argv[1] : NULL, NULL};
    char conninfo[128];
    snprintf(conninfo, sizeof conninfo, "host=nowhere sslmode=disable%s%s",
             argc > 1 ? " srvhost=" : "", argc > 1 ? argv[1] : "");
    show("PQconnectdb", PQconnectdb(conninfo));
    show("PQconnectStart", PQconnectStart(conninfo));
    show("PQconnectdbParams", PQconnectdbParams(keywords, values, 0));
    show("PQconnectStartParams", PQconnectStartParams(keywords, values, 1));
    show("PQsetdbLogin", PQsetdbLogin("nowhere", NULL, NULL, NULL, NULL, NULL, NULL));
    printf("PQping %d\n", PQping(conninfo));
    printf("PQpingParams %d\n", PQpingParams(keywords, values, 0));
    return 0;
}
#else
enum { OPTIONS = 13, PASSFILE = 10, SRVHOST = 11 };
static const char *const names[OPTIONS] = {"host",
                                           "hostaddr",
                                           "port",
                                           "dbname",
                                           "user",
                                           "password",
                                           "sslmode",
                                           "sslrootcert",
                                           "gssencmode",
                                           "sslcrl",
                                           "passfile",
                                           "srvhost",
                                           "target_session_attrs"};

struct pg_conn {
    char *values[OPTIONS];
    int bad;
    char message[512];
};

static char *copy(const char *s)
{
    return s != NULL ? strcpy(malloc(strlen(s) + 1), s) : NULL;
}

static void set(PGconn *c, const char *name, const char *value)
{
    int i = 0;
    while (i < OPTIONS && strcmp(names[i], name) != 0) {
        i++;
    }
    if (i == OPTIONS) {
        c->bad = 1;
        snprintf(c->message, sizeof c->message, "invalid connection option \"%s\"\n", name);
        return;
    }
    free(c->values[i]);
    c->values[i] = copy(value);
}

static void parse(PGconn *c, const char *conninfo)
{
    char *words = copy(conninfo);
    char *save = NULL;
    for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(w, '=');
        if (equals != NULL) {
            *equals = '\0';
            set(c, w, strcmp(equals + 1, "''") == 0 ? "" : equals + 1);
        }
    }
    free(words);
}

PGconn *PQconnectStartParams(const char *const *keywords, const char *const *values, int expand)
{
    PGconn *c = calloc(1, sizeof *c);
    set(c, "sslmode", "prefer");
    for (int i = 0; keywords[i] != NULL && !c->bad; i++) {
        if (values[i] == NULL || !values[i][0]) {
            continue;
        }
        if (expand && strcmp(keywords[i], "dbname") == 0 && strchr(values[i], '=') != NULL) {
            parse(c, values[i]);
        } else {
            set(c, keywords[i], values[i]);
        }
    }
    if (!c->bad && !(c->values[PASSFILE] != NULL && c->values[PASSFILE][0])) {
        set(c, "passfile", "/nonexistent/.pgpass");
    }
    if (!c->bad && c->values[OPTIONS - 1] != NULL) {
        c->bad = 1;
        snprintf(c->message, sizeof c->message, "invalid target_session_attrs value: \"%s\"\n",
                 c->values[OPTIONS - 1]);
    }
    return c;
}

PGconn *PQconnectdbParams(const char *const *keywords, const char *const *values, int expand)
{
    return PQconnectStartParams(keywords, values, expand);
}

PGconn *PQconnectStart(const char *conninfo)
{
    const char *keywords[] = {"dbname", NULL};
    const char *values[] = {conninfo, NULL};
    return PQconnectStartParams(keywords, values, 1);
}

PGconn *PQconnectdb(const char *conninfo)
{
    return PQconnectStart(conninfo);
}

PGconn *PQsetdbLogin(const char *host, const char *port, const char *options, const char *tty,
                     const char *dbname, const char *user, const char *secret)
{
    const char *keywords[] = {"dbname", "host", "port", "user", "password", NULL};
    const char *values[] = {dbname, host, port, user, secret, NULL};
    (void)options, (void)tty;
    return PQconnectStartParams(keywords, values, 1);
}

static int ping(PGconn *c)
{
    int answer = c->bad ? 3 : 0;
    PQfinish(c);
    return answer;
}

int PQping(const char *conninfo)
{
    return ping(PQconnectStart(conninfo));
}

int PQpingParams(const char *const *keywords, const char *const *values, int expand)
{
    return ping(PQconnectStartParams(keywords, values, expand));
}

int PQconnectPoll(PGconn *c)
{
    return c->bad ? 0 : 3;
}

int PQresetPoll(PGconn *c)
{
    return PQconnectPoll(c);
}

int PQresetStart(PGconn *c)
{
    return !c->bad;
}

void PQreset(PGconn *c)
{
    (void)c;
}

void PQfinish(PGconn *c)
{
    for (int i = 0; c != NULL && i < OPTIONS; i++) {
        free(c->values[i]);
    }
    free(c);
}

int PQstatus(const PGconn *c)
{
    return c != NULL ? c->bad : 1;
}

char *PQerrorMessage(const PGconn *c)
{
    return (char *)(size_t)c->message;
}

PQconninfoOption *PQconninfo(PGconn *c)
{
    PQconninfoOption *all = calloc(OPTIONS + 1, sizeof *all);
    for (int i = 0; i < OPTIONS; i++) {
        all[i].keyword = names[i];
        all[i].val = copy(c->values[i]);
    }
    all[SRVHOST].envvar = "PGSRVHOST"; /* proposed for libpq 20 */
    all[SRVHOST].compiled = "none";
    return all;
}

PQconninfoOption *PQconninfoParse(const char *conninfo, char **error)
{
    PGconn *c = calloc(1, sizeof *c);
    (void)error;
    parse(c, conninfo);
    PQconninfoOption *all = PQconninfo(c);
    PQfinish(c);
    return all;
}

void PQconninfoFree(PQconninfoOption *all)
{
    for (PQconninfoOption *o = all; o != NULL && o->keyword != NULL; o++) {
        free(o->val);
    }
    free(all);
}

void PQfreemem(void *p)
{
    free(p);
}

unsigned fakepq_asked; /* how often, for looks.c */

int PQlibVersion(void)
{
    fakepq_asked++;
    return 150018;
}

char *PQhost(const PGconn *c)
{
    return c->values[0] != NULL ? c->values[0] : (char *)(size_t) "/tmp";
}

char *PQport(const PGconn *c)
{
    return c->values[2] != NULL ? c->values[2] : (char *)(size_t) "5432";
}

char *PQpass(const PGconn *c)
{
    return c->values[5] != NULL ? c->values[5] : (char *)(size_t) "";
}

int PQsocket(const PGconn *c)
{
    (void)c;
    return -1;
}
#endif
