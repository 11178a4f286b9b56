/* array: how many elements an array has. */
#ifndef PGSEAL_ARRAY_H
#define PGSEAL_ARRAY_H

/* For an array, never for a pointer. */
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
