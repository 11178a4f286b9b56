/* rows: how many rows the tables of stubs have, and how large a stub is; for C and assembler. */
#ifndef PGSEAL_ROWS_H
#define PGSEAL_ROWS_H

#define LINKED_LIBPQS 16 /* copies of libpq that can be told apart at a time */
#define LINKED_SPACES 16 /* C libraries of other namespaces: glibc's own limit */
#define STUB_SIZE 32     /* bytes */

#endif
