/* parse FILE: reads each line of FILE with jansson and drops it: what no report by jansson on one
 * processor can be below. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    char *line = NULL;
    size_t room = 0;
    size_t objects = 0;
    ssize_t n = 0;
    if (file == NULL) {
        fputs("usage: parse FILE\n", stderr);
        return 2;
    }
    while ((n = getline(&line, &room, file)) > 0) {
        json_t *object = json_loadb(line, (size_t)n, 0, NULL);
        objects += object != NULL;
        json_decref(object);
    }
    printf("%zu\n", objects);
    free(line);
    fclose(file);
    return 0;
}
