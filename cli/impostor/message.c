/* message: parses what clients of the PostgreSQL protocol send. Pure: bytes in, facts out. */
#include "cli/impostor/message.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t word(const char *bytes)
{
    const unsigned char *p = (const unsigned char *)bytes;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The string at *at, which moves after it; NULL if it does not end within n. */
static const char *string_at(const char *bytes, size_t n, size_t *at)
{
    const char *s = bytes + *at;
    const char *end = *at < n ? memchr(s, '\0', n - *at) : NULL;
    if (end == NULL) {
        return NULL;
    }
    *at += (size_t)(end - s) + 1;
    return s;
}

static void login_parse(const char *bytes, size_t n, struct startup *startup)
{
    size_t at = 4;
    startup->minor = word(bytes) & 0xffff;
    for (;;) {
        const char *name = string_at(bytes, n, &at);
        if (name == NULL) {
            return;
        }
        if (name[0] == '\0') {
            break;
        }
        const char *value = string_at(bytes, n, &at);
        if (value == NULL) {
            return;
        }
        if (strcmp(name, "user") == 0) {
            startup->user = value;
        } else if (strcmp(name, "database") == 0) {
            startup->database = value;
        } else if (strncmp(name, "_pq_.", 5) == 0 && startup->nunknown < STARTUP_UNKNOWN_MAX) {
            startup->unknown[startup->nunknown++] = name;
        }
    }
    startup->kind = STARTUP_LOGIN;
}

struct startup startup_parse(const char *bytes, size_t n)
{
    struct startup startup = {.user = "", .database = ""};
    if (n < 4) {
        return startup;
    }
    switch (word(bytes)) {
    case 80877103:
        startup.kind = n == 4 ? STARTUP_SSL : STARTUP_INVALID;
        break;
    case 80877104:
        startup.kind = n == 4 ? STARTUP_GSS : STARTUP_INVALID;
        break;
    case 80877102:
        startup.kind = n >= 12 ? STARTUP_CANCEL : STARTUP_INVALID;
        break;
    default:
        if (word(bytes) >> 16 == 3) {
            login_parse(bytes, n, &startup);
        }
        break;
    }
    return startup;
}

bool sasl_initial_parse(const char *bytes, size_t n, const char **mechanism, const char **first,
                        size_t *first_n)
{
    size_t at = 0;
    *mechanism = string_at(bytes, n, &at);
    if (*mechanism == NULL || n - at < 4 || word(bytes + at) != n - at - 4) {
        return false;
    }
    *first = bytes + at + 4;
    *first_n = n - at - 4;
    return true;
}

/* How many bytes of blanks, comments and opening parentheses stand first. */
static size_t skip_blank(const char *sql, size_t n)
{
    size_t i = 0;
    while (i < n) {
        const char *end = NULL;
        if (isspace((unsigned char)sql[i]) || sql[i] == '(') {
            i++;
        } else if (n - i >= 2 && memcmp(sql + i, "--", 2) == 0) {
            end = memchr(sql + i, '\n', n - i);
            i = end != NULL ? (size_t)(end - sql) + 1 : n;
        } else if (n - i >= 2 && memcmp(sql + i, "/*", 2) == 0) {
            end = memmem(sql + i + 2, n - i - 2, "*/", 2);
            i = end != NULL ? (size_t)(end - sql) + 2 : n;
        } else {
            break;
        }
    }
    return i;
}

static bool is_one_of(const char *text, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(text, *list) == 0) {
            return true;
        }
    }
    return false;
}

size_t statement_parse(const char *sql, size_t n, struct statement *statement)
{
    static const char *const of_rows[] = {"SELECT", "WITH",    "VALUES", "TABLE",
                                          "SHOW",   "EXPLAIN", "FETCH",  NULL};
    static const char *const of_changes[] = {"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", NULL};
    static const char *const starts[] = {"BEGIN", "START", NULL};
    static const char *const ends[] = {"COMMIT", "ROLLBACK", "END", "ABORT", NULL};
    size_t at = skip_blank(sql, n);
    char word_at[20] = "";
    size_t len = 0;
    while (at + len < n && len + 1 < sizeof word_at && isalpha((unsigned char)sql[at + len])) {
        word_at[len] = (char)toupper((unsigned char)sql[at + len]);
        len++;
    }
    *statement = (struct statement){.rows = is_one_of(word_at, of_rows)};
    const char *suffix = statement->rows                  ? " 1"
                         : strcmp(word_at, "INSERT") == 0 ? " 0 1"
                         : is_one_of(word_at, of_changes) ? " 1"
                                                          : "";
    bool is_empty = at == n || sql[at] == ';';
    snprintf(statement->tag, sizeof statement->tag, "%s%s",
             statement->rows         ? "SELECT"
             : len == 0 && !is_empty ? "DO"
                                     : word_at,
             suffix);
    statement->after = is_one_of(word_at, starts) ? 'T' : is_one_of(word_at, ends) ? 'I' : '\0';
    char quote = '\0';
    for (; at < n; at++) {
        if (quote != '\0') {
            quote = sql[at] == quote ? '\0' : quote;
        } else if (sql[at] == '\'' || sql[at] == '"') {
            quote = sql[at];
        } else if (sql[at] == ';') {
            return at + 1;
        }
    }
    return n;
}

unsigned statement_parameters(const char *sql)
{
    unsigned highest = 0;
    while ((sql = strchr(sql, '$')) != NULL) {
        unsigned number = 0;
        for (sql++; isdigit((unsigned char)*sql) && number <= 65535; sql++) {
            number = 10 * number + (unsigned)(*sql - '0');
        }
        if (number > highest && number <= 65535) {
            highest = number;
        }
    }
    return highest;
}
