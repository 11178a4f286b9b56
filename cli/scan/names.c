/* names: drivers that are recognised by a file's name. */
#include "cli/scan/scan.h"

#include <string.h>
#include <strings.h>

static const struct name_rule rules[] = {
    {"/node_modules/pg/package.json", "node", "node-postgres", NOT_COVERED, "pg"},
    {"/node_modules/postgres/package.json", "node", "Postgres.js", NOT_COVERED, "postgres"},
    {"/node_modules/@neondatabase/serverless/package.json", "node", "Neon's serverless driver",
     NOT_COVERED, "@neondatabase/serverless"},
    {"/asyncpg/__init__.py", "asyncpg", "asyncpg", NOT_COVERED, NULL},
    {"/pg8000/__init__.py", "pg8000", "pg8000", NOT_COVERED, NULL},
    {"/DBD/PgPP.pm", "perl", "DBD::PgPP", NOT_COVERED, NULL},
    {"/Elixir.Postgrex.beam", "elixir", "Postgrex", NOT_COVERED, NULL},
    {"/psycopg/pq/_pq_ctypes.py", "ctypes",
     "psycopg 3 in pure Python: ctypes asks the loader for libpq", COVERED_BY_LOADER_HOOKS, NULL},
};

static bool ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s);
    size_t m = strlen(suffix);
    return n >= m && strcmp(s + n - m, suffix) == 0;
}

const struct name_rule *name_rule(const char *path)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (ends_with(path, rules[i].suffix)) {
            return &rules[i];
        }
    }
    return NULL;
}

bool name_is_archive(const char *path)
{
    static const char *const endings[] = {".jar", ".war", ".ear", ".rar", ".nar"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof *endings; i++) {
        if (strcasecmp(dot, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool name_is_javascript(const char *path)
{
    static const char *const endings[] = {".js", ".mjs", ".cjs"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (ends_with(path, endings[i])) {
            return true;
        }
    }
    return false;
}

bool name_is_npgsql(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcasecmp(slash != NULL ? slash + 1 : path, "Npgsql.dll") == 0;
}
