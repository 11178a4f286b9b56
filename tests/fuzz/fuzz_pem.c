/* fuzz_pem: any bytes as a root and as a CRL file, held against OpenSSL's own loader.
 * What must hold: no file is good as both; of what is good as roots OpenSSL finds no CRL, of what
 * is good as CRLs no certificate. (That OpenSSL finds what it should is not held: behind the shape
 * that pem.c looks at, it may not.) */
#include "lib/core/text/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int held)
{
    if (!held) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    void *room = malloc(size + 1);
    int roots = pem_read(bytes, size, PEM_CERTIFICATES, room, NULL) == NULL;
    int crls = pem_read(bytes, size, PEM_CRLS, room, NULL) == NULL;
    free(room);
    must(!(roots && crls));
    if (roots || crls) {
        BIO *bio = BIO_new_mem_buf(bytes, (int)size);
        STACK_OF(X509_INFO) *all = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
        for (int i = 0; i < sk_X509_INFO_num(all); i++) {
            must(!(roots && sk_X509_INFO_value(all, i)->crl != NULL));
            must(!(crls && sk_X509_INFO_value(all, i)->x509 != NULL));
        }
        sk_X509_INFO_pop_free(all, X509_INFO_free);
        BIO_free(bio);
        ERR_clear_error();
    }
    return 0;
}
