/* reply: messages of a PostgreSQL server, one after another. */
#include "cli/impostor/reply.h"

#include <openssl/rand.h>
#include <string.h>

enum { TEXT_OID = 25 };

bool reply_room(const struct reply *reply)
{
    return reply->n + 1024 < sizeof reply->at;
}

static void bytes(struct reply *reply, const void *from, size_t n)
{
    if (n <= sizeof reply->at - reply->n) {
        memcpy(reply->at + reply->n, from, n);
        reply->n += n;
    }
}

static void int16(struct reply *reply, unsigned value)
{
    unsigned char at[2] = {(unsigned char)(value >> 8), (unsigned char)value};
    bytes(reply, at, sizeof at);
}

static void int32(struct reply *reply, unsigned value)
{
    int16(reply, value >> 16);
    int16(reply, value);
}

void reply_string(struct reply *reply, const char *s)
{
    bytes(reply, s, strlen(s) + 1);
}

void reply_begin(struct reply *reply, char type)
{
    bytes(reply, &type, 1);
    reply->began = reply->n;
    int32(reply, 0);
}

void reply_end(struct reply *reply)
{
    size_t end = reply->n;
    reply->n = reply->began;
    int32(reply, (unsigned)(end - reply->began));
    reply->n = end;
}

void reply_empty(struct reply *reply, char type)
{
    reply_begin(reply, type);
    reply_end(reply);
}

void reply_auth(struct reply *reply, unsigned kind, const char *from, size_t n)
{
    reply_begin(reply, 'R');
    int32(reply, kind);
    bytes(reply, from, n);
    reply_end(reply);
}

void reply_error(struct reply *reply, const char *sqlstate, const char *text)
{
    reply_begin(reply, 'E');
    reply_string(reply, "SERROR");
    reply_string(reply, "VERROR");
    bytes(reply, "C", 1);
    reply_string(reply, sqlstate);
    bytes(reply, "M", 1);
    reply_string(reply, text);
    bytes(reply, "", 1);
    reply_end(reply);
}

void reply_negotiate(struct reply *reply, const char *const *unknown, size_t n)
{
    reply_begin(reply, 'v');
    int32(reply, 3U << 16);
    int32(reply, (unsigned)n);
    for (size_t i = 0; i < n && strlen(unknown[i]) < 256; i++) {
        reply_string(reply, unknown[i]);
    }
    reply_end(reply);
}

void reply_welcome(struct reply *reply)
{
    static const char *const settings[][2] = {
        {"server_version", "15.0"},
        {"server_encoding", "UTF8"},
        {"client_encoding", "UTF8"},
        {"application_name", ""},
        {"is_superuser", "off"},
        {"session_authorization", "app"},
        {"DateStyle", "ISO, MDY"},
        {"IntervalStyle", "postgres"},
        {"TimeZone", "UTC"},
        {"integer_datetimes", "on"},
        {"standard_conforming_strings", "on"},
        {"in_hot_standby", "off"},
        {"default_transaction_read_only", "off"},
    };
    unsigned char key[8] = {0};
    reply_auth(reply, 0, "", 0);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        reply_begin(reply, 'S');
        reply_string(reply, settings[i][0]);
        reply_string(reply, settings[i][1]);
        reply_end(reply);
    }
    RAND_bytes(key, sizeof key);
    key[0] = 0; /* a process number is positive */
    reply_begin(reply, 'K');
    bytes(reply, key, sizeof key);
    reply_end(reply);
}

void reply_columns(struct reply *reply)
{
    reply_begin(reply, 'T');
    int16(reply, 1);
    reply_string(reply, "?column?");
    int32(reply, 0);
    int16(reply, 0);
    int32(reply, TEXT_OID);
    int16(reply, 0xffff);
    int32(reply, 0xffffffff);
    int16(reply, 0);
    reply_end(reply);
}

void reply_row(struct reply *reply)
{
    reply_begin(reply, 'D');
    int16(reply, 1);
    int32(reply, 1);
    bytes(reply, "1", 1);
    reply_end(reply);
}

void reply_parameters(struct reply *reply, unsigned n)
{
    n = n < 1000 ? n : 1000;
    reply_begin(reply, 't');
    int16(reply, n);
    for (unsigned i = 0; i < n; i++) {
        int32(reply, TEXT_OID);
    }
    reply_end(reply);
}

void reply_ready(struct reply *reply, char transaction)
{
    reply_begin(reply, 'Z');
    bytes(reply, &transaction, 1);
    reply_end(reply);
}
