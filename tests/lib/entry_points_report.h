/* entry_points_report: a row of entry_points.c, and what came of it as a line of JSON. */
#ifndef PGSEAL_TESTS_ENTRY_POINTS_REPORT_H
#define PGSEAL_TESTS_ENTRY_POINTS_REPORT_H

#include <libpq-fe.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 128 };

struct row {
    const char *name;
    const char *entry;
    const char *query;
    const char *between;
    const char *reset;
    int threads;
    int times;
    bool fork;
    bool cancel;
    char *args[WORDS];
    int nargs;
};

static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "entry_points: %s: %s\n", what, detail);
    exit(2);
}

static void json_string(FILE *out, const char *s)
{
    if (s == NULL) {
        fputs("null", out);
        return;
    }
    fputc('"', out);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < 0x20 || c > 0x7e) {
            fprintf(out, "\\u%04x", c);
        } else {
            fputc(c, out);
        }
    }
    fputc('"', out);
}

static void json_field(FILE *out, const char *key, const char *value)
{
    fprintf(out, ",\"%s\":", key);
    json_string(out, value);
}

/* The line of a connection: step is connect or reset. */
static void report(const struct row *row, PGconn *conn, const char *step)
{
    char *buf = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&buf, &len);
    if (out == NULL) {
        die("open_memstream", strerror(errno));
    }
    bool good = PQstatus(conn) == CONNECTION_OK;
    fputs("{\"row\":", out);
    json_string(out, row->name);
    json_field(out, "entry", row->entry);
    json_field(out, "step", step);
    json_field(out, "status", good ? "ok" : "bad");
    json_field(out, "error", PQerrorMessage(conn));
    fprintf(out, ",\"ssl\":%s", PQsslInUse(conn) ? "true" : "false");
    json_field(out, "host", PQhost(conn));
    json_field(out, "hostaddr", PQhostaddr(conn));
    json_field(out, "port", PQport(conn));
    json_field(out, "pass", PQpass(conn));
    fprintf(out, ",\"needs_password\":%s", PQconnectionNeedsPassword(conn) ? "true" : "false");
    if (good) {
        PGresult *res = PQexec(conn, row->query != NULL ? row->query : "select ssl_is_used()");
        bool rows = PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1;
        json_field(out, "server", rows ? PQgetvalue(res, 0, 0) : PQerrorMessage(conn));
        PQclear(res);
    }
    fputs(",\"conninfo\":{", out);
    PQconninfoOption *options = PQconninfo(conn);
    bool comma = false;
    for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (o->val == NULL) {
            continue;
        }
        if (comma) {
            fputc(',', out);
        }
        comma = true;
        json_string(out, o->keyword);
        fputc(':', out);
        json_string(out, o->val);
    }
    PQconninfoFree(options);
    fputs("}}\n", out);
    fclose(out);
    pthread_mutex_lock(&out_lock);
    fwrite(buf, 1, len, stdout);
    fflush(stdout);
    pthread_mutex_unlock(&out_lock);
    free(buf);
}

static void report_ping(const struct row *row, PGPing ping)
{
    static const char *const names[] = {"ok", "reject", "no_response", "no_attempt"};
    pthread_mutex_lock(&out_lock);
    fputs("{\"row\":", stdout);
    json_string(stdout, row->name);
    json_field(stdout, "entry", row->entry);
    json_field(stdout, "status", names[ping]);
    fputs("}\n", stdout);
    fflush(stdout);
    pthread_mutex_unlock(&out_lock);
}

#endif
