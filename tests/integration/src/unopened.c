/* unopened CONNINFO…: calls everything that works on a PGconn, with NULL and with PGconns that
 * libpq never opened or that are closed, and prints what each function says. */
#include <dlfcn.h>
#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

static const char *shown(const char *s)
{
    return s != NULL ? s : "(null)";
}

/* libpq 17's cancels, which older headers do not declare. */
static void cancel_connection(PGconn *conn)
{
    void *(*create)(PGconn *) = dlsym(RTLD_DEFAULT, "PQcancelCreate");
    int (*start)(void *) = dlsym(RTLD_DEFAULT, "PQcancelStart");
    int (*blocking)(void *) = dlsym(RTLD_DEFAULT, "PQcancelBlocking");
    char *(*message)(void *) = dlsym(RTLD_DEFAULT, "PQcancelErrorMessage");
    void (*reset)(void *) = dlsym(RTLD_DEFAULT, "PQcancelReset");
    void (*finish)(void *) = dlsym(RTLD_DEFAULT, "PQcancelFinish");
    void *cancel = reset != NULL ? create(conn) : NULL;
    if (cancel != NULL) {
        int sent = blocking(cancel);
        printf("PQcancelBlocking %d %s\n", sent, message(cancel));
        reset(cancel);
        sent = start(cancel);
        printf("PQcancelStart %d %s\n", sent, message(cancel));
        finish(cancel);
    }
}

static void all(PGconn *conn)
{
    char text[256] = "untouched";
    errno = EXDEV;
    printf("PQstatus %d %s\n", PQstatus(conn), shown(PQerrorMessage(conn)));
    printf("PQconnectPoll %d\n", PQconnectPoll(conn));
    printf("PQresetStart %d\n", PQresetStart(conn));
    printf("PQresetPoll %d\n", PQresetPoll(conn));
    PQreset(conn);
    printf("PQreset %d %s\n", PQstatus(conn), shown(PQerrorMessage(conn)));
    PQconninfoOption *options = PQconninfo(conn);
    printf("PQconninfo %d\n", options != NULL);
    PQconninfoFree(options);
    PGcancel *cancel = PQgetCancel(conn);
    int sent = PQcancel(cancel, text, sizeof text);
    printf("PQcancel %d %d %s\n", cancel != NULL, sent, text);
    PQfreeCancel(cancel);
    sent = PQrequestCancel(conn);
    printf("PQrequestCancel %d %s\n", sent, shown(PQerrorMessage(conn)));
    cancel_connection(conn);
    printf("errno %d\n", errno == EXDEV);
    PQfinish(conn);
}

int main(int argc, char *argv[])
{
    setvbuf(stdout, NULL, _IONBF, 0);
    all(NULL);
    for (int i = 1; i < argc; i++) {
        all(PQconnectdb(argv[i]));
        all(PQconnectStart(argv[i]));
    }
    return 0;
}
