/* pem_samples: a certificate and its CRL, good for a century; made once with openssl, their key is
 * gone. */
#ifndef PGSEAL_PEM_SAMPLES_H
#define PGSEAL_PEM_SAMPLES_H

#define CERTIFICATE_BODY                                                                           \
    "MIIBjTCCATOgAwIBAgIUNUjTaWcQwaWcrH+c3MlkpVn6pMowCgYIKoZIzj0EAwIw\n"                           \
    "GzEZMBcGA1UEAwwQcGdzZWFsLXRlc3Qtcm9vdDAgFw0yNjExMjQwNDA3MzRaGA8y\n"                           \
    "MTI2MTAzMTA0MDczNFowGzEZMBcGA1UEAwwQcGdzZWFsLXRlc3Qtcm9vdDBZMBMG\n"                           \
    "ByqGSM49AgEGCCqGSM49AwEHA0IABIFinurO3Q5yCepAuVzOjRb5/8fEraZDFth1\n"                           \
    "vUL+AvRrfyPf+lyDuksvEIZlvEuAV0IT5mR5oYU1R41BFxodkm6jUzBRMB0GA1Ud\n"                           \
    "DgQWBBTkyzjG83BTUmjK5+IXfB6QypLAmTAfBgNVHSMEGDAWgBTkyzjG83BTUmjK\n"                           \
    "5+IXfB6QypLAmTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIFUr\n"                           \
    "ZxV5zemLqtQWDccv99jiVPJ+WLBy76a2P7hVwjS/AiEAk5pWo04POP/2jF8YOsIY\n"                           \
    "WpauxuZkW91cRUj6H/KH9k4=\n"

#define CRL_BODY                                                                                   \
    "MIGzMFwCAQEwCgYIKoZIzj0EAwIwGzEZMBcGA1UEAwwQcGdzZWFsLXRlc3Qtcm9v\n"                           \
    "dBcNMjYxMTI0MDQwNzM0WhgPMjEyNjEwMzEwNDA3MzRaoA4wDDAKBgNVHRQEAwIB\n"                           \
    "ATAKBggqhkjOPQQDAgNHADBEAiAti2qmZyLdZLp1/M0/3NQ8BQQ/7gF1wymQc+Ls\n"                           \
    "M35dmgIgTDd9iqpagJ+QrAgTdG8/CD5G65jfXIb9Bq8kxH6RsMg=\n"

#define CERTIFICATE "-----BEGIN CERTIFICATE-----\n" CERTIFICATE_BODY "-----END CERTIFICATE-----\n"
#define CRL "-----BEGIN X509 CRL-----\n" CRL_BODY "-----END X509 CRL-----\n"

#endif
