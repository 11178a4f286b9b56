/* client_cert: which client certificate a connection would send, and whether it can. */
#include "cli/explain/client_cert.h"

#include "cli/lib/util.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The option's value: forced, else requested, else libpq's default file in ~/.postgresql.
 * malloc'ed; NULL if there is no home. */
static char *file_of(const struct preview *q, const char *option, const char *name)
{
    const struct verdict *v = &q->verdict;
    const char *value = request_value(&q->probe.request, option);
    for (size_t i = 0; i < v->nforced; i++) {
        value = strcmp(v->forced[i].option, option) == 0 ? v->forced[i].value : value;
    }
    if (value != NULL) {
        return xstrdup(value);
    }
    return preview_home_file(q, name);
}

/* OpenSSL's default callback would ask on the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *data)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)data;
    return -1;
}

/* A regular file only: a FIFO would make the tool wait. */
static FILE *open_file(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    FILE *f = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;
    if (f == NULL && fd >= 0) {
        close(fd);
    }
    return f;
}

static X509 *read_certificate(const char *path)
{
    FILE *f = open_file(path);
    X509 *certificate = f != NULL ? PEM_read_X509(f, NULL, no_passphrase, NULL) : NULL;
    if (f != NULL) {
        fclose(f);
    }
    return certificate;
}

static bool matches(X509 *certificate, const char *path)
{
    FILE *f = path != NULL ? open_file(path) : NULL;
    EVP_PKEY *key = f != NULL ? PEM_read_PrivateKey(f, NULL, no_passphrase, NULL) : NULL;
    bool same = key == NULL || X509_check_private_key(certificate, key) == 1;
    if (f != NULL) {
        fclose(f);
    }
    EVP_PKEY_free(key);
    return same; /* another message reports a key that cannot be read */
}

char *client_cert_sentence(const struct preview *q)
{
    char *path = q->probed && q->verdict.tcp && q->verdict.kind != VERDICT_REFUSE
                     ? file_of(q, "sslcert", "postgresql.crt")
                     : NULL;
    char *key = path != NULL ? file_of(q, "sslkey", "postgresql.key") : NULL;
    X509 *certificate = path != NULL ? read_certificate(path) : NULL;
    char *sentence = NULL;
    if (q->left_out != NULL) {
        sentence =
            xprintf("Note: the client certificate in ~/.postgresql is not used: %s.", q->left_out);
    } else if (certificate != NULL && !matches(certificate, key)) {
        sentence = xprintf("%s and %s do not match: every TLS connection will fail.", path, key);
    } else if (certificate != NULL) {
        char *issuer = X509_NAME_oneline(X509_get_issuer_name(certificate), NULL, 0);
        sentence = xprintf("A server that asks for a client certificate will be sent %s; it must "
                           "trust its issuer (%s), or it will close the connection.",
                           path, issuer != NULL ? issuer : "?");
        OPENSSL_free(issuer);
    }
    X509_free(certificate);
    ERR_clear_error();
    free(key);
    free(path);
    return sentence;
}
