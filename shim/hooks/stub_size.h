/* stub_size: read by C and by the assembler. */
#ifndef PGSEAL_STUB_SIZE_H
#define PGSEAL_STUB_SIZE_H

#define STUB_SIZE 32

#endif
