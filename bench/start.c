/* start ROUNDS OBJECT… -- PROGRAM [ARG…]: starts PROGRAM under each OBJECT in turn ("-": none),
 * ROUNDS times, and prints a line for each start: the object, wall clock and processor time in
 * microseconds. start forks N: forks N children that end at once, and prints the wall clock of one,
 * in microseconds. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double micros(struct timeval t)
{
    return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static int start(char *const *command, const char *object)
{
    char preload[4096];
    char *const env[] = {preload, NULL};
    struct rusage usage;
    pid_t pid;
    int status;

    snprintf(preload, sizeof preload, "%s%s",
             strcmp(object, "-") == 0 ? "NONE=" : "LD_PRELOAD=", object);
    double began = now();
    if (posix_spawn(&pid, command[0], NULL, NULL, command, env) != 0 ||
        wait4(pid, &status, 0, &usage) != pid || status != 0) {
        return -1;
    }
    printf("%s %.1f %.1f\n", object, now() - began,
           micros(usage.ru_utime) + micros(usage.ru_stime));
    return 0;
}

static int forks(unsigned long n)
{
    double began = now();
    for (unsigned long i = 0; i < n; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            _exit(0);
        }
        if (pid < 0 || waitpid(pid, NULL, 0) != pid) {
            return 1;
        }
    }
    printf("%.2f\n", (now() - began) / (double)n);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "forks") == 0) {
        return forks(strtoul(argv[2], NULL, 10));
    }
    int objects = 0;
    while (objects + 2 < argc && strcmp(argv[2 + objects], "--") != 0) {
        objects++;
    }
    unsigned long rounds = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;
    if (objects == 0 || rounds == 0 || objects + 3 >= argc) {
        fprintf(stderr, "usage: start ROUNDS OBJECT… -- PROGRAM [ARG…] | start forks N\n");
        return 2;
    }
    for (unsigned long round = 0; round < rounds; round++) {
        for (int k = 0; k < objects; k++) {
            int i = (int)((unsigned long)k + round) % objects; /* none is always first */
            if (start(argv + 3 + objects, argv[2 + i]) != 0) {
                fprintf(stderr, "start: %s fails under %s\n", argv[3 + objects], argv[2 + i]);
                return 1;
            }
        }
    }
    return 0;
}
