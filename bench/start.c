/* start ROUNDS PROGRAM OBJECT…: starts PROGRAM under each OBJECT in turn ("-": none), ROUNDS times,
 * and prints a line for each: the medians of wall clock and processor time, in microseconds, and
 * the object. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { OBJECTS = 8 };

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

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *all, size_t n)
{
    qsort(all, n, sizeof *all, compare);
    return n % 2 == 1 ? all[n / 2] : (all[n / 2 - 1] + all[n / 2]) / 2;
}

static int start(char *program, const char *object, double *wall, double *cpu)
{
    char preload[4096];
    char *const argv[] = {program, NULL};
    char *const env[] = {preload, NULL};
    struct rusage usage;
    pid_t pid;
    int status;

    snprintf(preload, sizeof preload, "%s%s",
             strcmp(object, "-") == 0 ? "NONE=" : "LD_PRELOAD=", object);
    double began = now();
    if (posix_spawn(&pid, program, NULL, NULL, argv, env) != 0) {
        return -1;
    }
    if (wait4(pid, &status, 0, &usage) != pid || status != 0) {
        return -1;
    }
    *wall = now() - began;
    *cpu = micros(usage.ru_utime) + micros(usage.ru_stime);
    return 0;
}

int main(int argc, char **argv)
{
    static double *wall[OBJECTS];
    static double *cpu[OBJECTS];
    size_t objects = argc > 3 ? (size_t)argc - 3 : 0;
    size_t rounds = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;
    if (objects == 0 || objects > OBJECTS || rounds == 0) {
        fprintf(stderr, "usage: start ROUNDS PROGRAM OBJECT…\n");
        return 2;
    }
    for (size_t i = 0; i < objects; i++) {
        wall[i] = calloc(rounds, sizeof(double));
        cpu[i] = calloc(rounds, sizeof(double));
        if (wall[i] == NULL || cpu[i] == NULL) {
            return 1;
        }
    }
    for (size_t round = 0; round < rounds; round++) {
        for (size_t k = 0; k < objects; k++) {
            size_t i = (k + round) % objects; /* nobody is always first */
            if (start(argv[2], argv[3 + i], &wall[i][round], &cpu[i][round]) != 0) {
                fprintf(stderr, "start: %s fails under %s\n", argv[2], argv[3 + i]);
                return 1;
            }
        }
    }
    for (size_t i = 0; i < objects; i++) {
        printf("%.1f %.1f %s\n", median(wall[i], rounds), median(cpu[i], rounds), argv[3 + i]);
    }
    return 0;
}
