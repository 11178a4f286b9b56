/* reply: messages of a PostgreSQL server, one after another. */
#ifndef PGSEAL_CLI_REPLY_H
#define PGSEAL_CLI_REPLY_H

#include <stdbool.h>
#include <stddef.h>

/* Starts as all zero. What does not fit is left out: reply_room says when to stop. */
struct reply {
    size_t n;
    size_t began; /* where the length word of the open message is */
    char at[16 * 1024];
};

/* Whether there is room for another statement's answer. */
bool reply_room(const struct reply *reply);

/* A message of that type is opened and closed. */
void reply_begin(struct reply *reply, char type);
void reply_end(struct reply *reply);

/* A string with its NUL, in an open message. */
void reply_string(struct reply *reply, const char *s);

/* Whole messages: one without a body, an authentication request of that kind, an error,
 * NegotiateProtocolVersion with the options that are not known, what follows a login,
 * RowDescription of one column of text, DataRow of it, ParameterDescription, ReadyForQuery. */
void reply_empty(struct reply *reply, char type);
void reply_auth(struct reply *reply, unsigned kind, const char *bytes, size_t n);
void reply_error(struct reply *reply, const char *sqlstate, const char *text);
void reply_negotiate(struct reply *reply, const char *const *unknown, size_t n);
void reply_welcome(struct reply *reply);
void reply_columns(struct reply *reply);
void reply_row(struct reply *reply);
void reply_parameters(struct reply *reply, unsigned n);
void reply_ready(struct reply *reply, char transaction);

#endif
