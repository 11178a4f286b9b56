/* scram: the server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, 7677, 5929). */
#ifndef PGSEAL_CLI_SCRAM_H
#define PGSEAL_CLI_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

/* One exchange. Starts as all zero; freed by scram_free. */
struct scram {
    char *gs2;          /* the header of the client's first message */
    char *client_first; /* without it */
    char *server_first;
};

void scram_free(struct scram *scram);

/* Takes the client's first message of n bytes. Returns the server's, which scram owns, or NULL if
 * the client's is malformed. */
const char *scram_first(struct scram *scram, const char *message, size_t n);

/* Takes the client's last message of n bytes. binding is what a client that binds the channel must
 * have bound (tls-server-end-point). Returns the server's last message, which the caller frees, or
 * NULL if the proof or the binding is wrong. */
char *scram_final(const struct scram *scram, const char *message, size_t n, const char *password,
                  const void *binding, size_t binding_n);

#endif
