/* name_text: an X.509 name as people read it. */
#include "cli/check/check.h"

#include <openssl/bio.h>
#include <openssl/x509.h>

char *chain_name_text(const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *at = NULL;
    if (bio != NULL) {
        X509_NAME_print_ex(bio, name, 0,
                           (XN_FLAG_RFC2253 | XN_FLAG_SEP_CPLUS_SPC) &
                               ~(unsigned long)(XN_FLAG_SEP_COMMA_PLUS | ASN1_STRFLGS_ESC_MSB));
    }
    long n = bio != NULL ? BIO_get_mem_data(bio, &at) : 0;
    char *text = xstrndup(n > 0 ? at : "", n > 0 ? (size_t)n : 0);
    BIO_free(bio);
    return text;
}
