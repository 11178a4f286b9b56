/* scram: the server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, 7677, 5929). */
#include "cli/impostor/scram.h"

#include "cli/lib/util.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum { HASH = 32, ROUNDS = 4096 };

static char *base64(const void *bytes, size_t n)
{
    char *text = xmalloc(4 * ((n + 2) / 3) + 1);
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
    return text;
}

static void hmac(const unsigned char key[HASH], const char *text, unsigned char out[HASH])
{
    unsigned n = 0;
    HMAC(EVP_sha256(), key, HASH, (const unsigned char *)text, strlen(text), out, &n);
}

void scram_free(struct scram *scram)
{
    free(scram->gs2);
    free(scram->client_first);
    free(scram->server_first);
    *scram = (struct scram){0};
}

const char *scram_first(struct scram *scram, const char *message, size_t n)
{
    if (n > 4000 || memchr(message, '\0', n) != NULL) {
        return NULL;
    }
    char *text = xstrndup(message, n);
    const char *comma = strchr(text, ',');
    const char *bare = comma != NULL ? strchr(comma + 1, ',') : NULL;
    const char *nonce = bare != NULL ? strstr(bare, ",r=") : NULL;
    if (nonce == NULL || strchr("nyp", text[0]) == NULL) {
        free(text);
        return NULL;
    }
    unsigned char random[2 * 18] = {0};
    RAND_bytes(random, sizeof random);
    char *server_nonce = base64(random, 18);
    char *salt = base64(random + 18, 18);
    scram->gs2 = xstrndup(text, (size_t)(bare + 1 - text));
    scram->client_first = xstrdup(bare + 1);
    scram->server_first = xprintf("r=%.*s%s,s=%s,i=%d", (int)strcspn(nonce + 3, ","), nonce + 3,
                                  server_nonce, salt, ROUNDS);
    free(server_nonce);
    free(salt);
    free(text);
    return scram->server_first;
}

/* What "c=" must be: the header, and where the client binds the channel, what it bound. */
static char *binding_text(const struct scram *scram, const void *binding, size_t n)
{
    size_t header = strlen(scram->gs2);
    size_t more = scram->gs2[0] == 'p' ? n : 0;
    char *bytes = xmalloc(header + more);
    memcpy(bytes, scram->gs2, header);
    if (more != 0) {
        memcpy(bytes + header, binding, more);
    }
    char *text = base64(bytes, header + more);
    free(bytes);
    return text;
}

static void salted_password(const struct scram *scram, const char *password,
                            unsigned char out[HASH])
{
    /* The salt is ours: ",s=" and 24 characters of base64, which are 18 bytes. */
    const char *salt = strstr(scram->server_first, ",s=") + 3;
    unsigned char bytes[18 + 3];
    EVP_DecodeBlock(bytes, (const unsigned char *)salt, 24);
    PKCS5_PBKDF2_HMAC(password, (int)strlen(password), bytes, 18, ROUNDS, EVP_sha256(), HASH, out);
}

char *scram_final(const struct scram *scram, const char *message, size_t n, const char *password,
                  const void *binding, size_t binding_n)
{
    char *text = xstrndup(message, n);
    char *proof = strstr(text, ",p=");
    size_t nonce = strcspn(scram->server_first, ",");
    char *channel = binding_text(scram, binding, binding_n);
    char *expected = xprintf("c=%s,%.*s", channel, (int)nonce, scram->server_first);
    char *final = NULL;
    if (proof != NULL) {
        *proof = '\0';
        unsigned char salted[HASH];
        unsigned char client_key[HASH];
        unsigned char server_key[HASH];
        unsigned char stored[HASH];
        unsigned char signature[HASH];
        unsigned size = 0;
        salted_password(scram, password, salted);
        hmac(salted, "Client Key", client_key);
        hmac(salted, "Server Key", server_key);
        EVP_Digest(client_key, HASH, stored, &size, EVP_sha256(), NULL);
        char *all = xprintf("%s,%s,%s", scram->client_first, scram->server_first, text);
        hmac(stored, all, signature);
        for (size_t i = 0; i < HASH; i++) {
            client_key[i] ^= signature[i];
        }
        char *right = base64(client_key, HASH);
        if (strcmp(text, expected) == 0 && strcmp(proof + 3, right) == 0) {
            hmac(server_key, all, signature);
            char *verifier = base64(signature, HASH);
            final = xprintf("v=%s", verifier);
            free(verifier);
        }
        free(right);
        free(all);
    }
    free(channel);
    free(expected);
    free(text);
    return final;
}
