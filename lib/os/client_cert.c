/* client_cert: whether libpq can use a client certificate. */
#include "lib/os/client_cert.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/sys.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 1 << 20 };

/* Whether there is a terminal on which OpenSSL could ask for a passphrase. */
static bool has_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

/* Whether the PEM file at fd is encrypted: PKCS #8 has it in the label, the older form in a
 * header. */
static bool is_encrypted(int fd)
{
    static const char word[] = "ENCRYPTED";
    size_t len = 0;
    char *bytes = sys_read_file(fd, KEY_MAX, false, &len);
    bool encrypted = bytes != NULL && memmem(bytes, len, word, sizeof word - 1) != NULL;
    if (bytes != NULL) {
        strbuf_wipe(bytes, len);
    }
    free(bytes);
    return encrypted;
}

/* libpq's own rule for the mode of a key file. */
static bool is_open_to_others(const struct stat *st)
{
    mode_t denied = st->st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    return (st->st_mode & denied) != 0;
}

static const char *key_fault(const char *key, bool passphrase)
{
    struct stat st;
    if (sys_stat(key, &st) != 0) {
        return errno == ENOENT || errno == ENOTDIR ? "it has no key" : "its key cannot be accessed";
    }
    if (!S_ISREG(st.st_mode)) {
        return "its key is not a regular file";
    }
    if (is_open_to_others(&st)) {
        return "its key is accessible to users other than its owner";
    }
    int fd = sys_open_read(key);
    if (fd < 0) {
        return "its key cannot be read";
    }
    bool encrypted = !passphrase && is_encrypted(fd);
    close(fd);
    return encrypted && !has_terminal() ? "its key is encrypted, and no passphrase is available"
                                        : NULL;
}

/* Checked by path: opening the file needs a descriptor, and there may be none left. */
static bool is_absent(const char *path)
{
    struct stat st;
    return sys_stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

const char *client_cert_fault(const char *certificate, const char *key, bool passphrase)
{
    int saved_errno = errno;
    const char *fault = NULL;
    int fd = sys_open_read(certificate);
    if (fd >= 0) {
        close(fd);
        fault = key_fault(key, passphrase);
    } else if (!is_absent(certificate)) {
        fault = "it cannot be read";
    }
    errno = saved_errno;
    return fault;
}
