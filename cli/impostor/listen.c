/* listen: the one port, on every address that the server's name has; all must be loopback. */
#include "cli/impostor/impostor.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORTS_TRIED = 50, BACKLOG = 64 };

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    struct sockaddr_in6 in6;
    memcpy(&in6, address, sizeof in6);
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
}

/* Listens at one address; -1 with errno. Port 0 is any; *port is then set. */
static int listen_at(const struct addrinfo *address, unsigned short *port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } at = {0};
    int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    memcpy(&at, address->ai_addr, address->ai_addrlen);
    socklen_t n = address->ai_addrlen;
    if (address->ai_family == AF_INET6) {
        at.in6.sin6_port = htons(*port);
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    } else {
        at.in.sin_port = htons(*port);
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, &at.any, n) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, &at.any, &n) != 0) {
        int saved_errno = errno;
        close(fd);
        errno = saved_errno;
        return -1;
    }
    *port = ntohs(address->ai_family == AF_INET6 ? at.in6.sin6_port : at.in.sin_port);
    return fd;
}

static void close_all(struct impostor *im)
{
    while (im->nlisteners > 0) {
        close(im->listeners[--im->nlisteners]);
    }
}

/* Whether the list has the same address before this one: /etc/hosts may name it twice. */
static bool is_repeated(const struct addrinfo *list, const struct addrinfo *address)
{
    for (; list != address; list = list->ai_next) {
        if (list->ai_addrlen == address->ai_addrlen &&
            memcmp(list->ai_addr, address->ai_addr, address->ai_addrlen) == 0) {
            return true;
        }
    }
    return false;
}

/* Returns 0, or the errno. An address that this machine does not have (IPv6 switched off) is left
 * out as long as there is another. */
static int listen_on(struct impostor *im, const struct addrinfo *list, unsigned short port)
{
    int absent = EADDRNOTAVAIL;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        if (is_repeated(list, a)) {
            continue;
        }
        int fd = listen_at(a, &port);
        if (fd >= 0) {
            im->listeners[im->nlisteners++] = fd;
        } else if (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT) {
            absent = errno;
        } else {
            int error = errno;
            close_all(im);
            return error;
        }
    }
    im->port = port;
    return im->nlisteners > 0 ? 0 : absent;
}

char *listen_start(struct impostor *im)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char *reason = NULL;
    size_t n = 0;
    int status = getaddrinfo(im->host, NULL, &hints, &list);
    if (status != 0) {
        return xprintf("%s: %s; add it to /etc/hosts", im->host, gai_strerror(status));
    }
    for (const struct addrinfo *a = list; a != NULL && reason == NULL; a = a->ai_next, n++) {
        char text[NI_MAXHOST] = "?";
        if (!is_loopback(a->ai_addr)) {
            getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
            reason = xprintf("%s is %s, not loopback; add it to /etc/hosts", im->host, text);
        }
    }
    if (reason == NULL) {
        im->listeners = xcalloc(n, sizeof *im->listeners);
        int error = EADDRINUSE;
        /* Any port that is free at the first address may be taken at the second. */
        for (int i = 0; i < PORTS_TRIED && error == EADDRINUSE && (i == 0 || im->port == 0); i++) {
            error = listen_on(im, list, im->port);
        }
        if (error != 0) {
            reason =
                xprintf("cannot listen on %s port %u: %s", im->host, im->port, strerror(error));
        }
    }
    freeaddrinfo(list);
    return reason;
}
