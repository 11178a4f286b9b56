/* say: refusals and warnings, each one line on stderr that begins with `pgseal-run: `. */
#ifndef PGSEAL_LAUNCH_SAY_H
#define PGSEAL_LAUNCH_SAY_H

enum { STATUS_REFUSED = 125, STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127 };

/* Prints the message and ends the launcher with this status. Control characters in the text (a file
 * name may contain a newline) become '?', so that it stays one line. */
_Noreturn void refuse(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints `warning: …`. Changes errno. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
