/* startup: sections for the code that every process runs when the object is loaded, and for the
 * data that this code writes. */
#ifndef PGSEAL_STARTUP_H
#define PGSEAL_STARTUP_H

/* The linker puts this section first, so the start of a process touches only the first pages of the
 * file, which the dynamic linker has read anyway. On their usual path, these functions use no
 * string constants, which are at the file's end. `make bench` shows the effect. */
#define AT_START __attribute__((section(".text.startup"), noinline))

/* All such data is on the last page; no other page of the object's memory is touched. There is no
 * .data: every variable begins as zero. So the writable part of the file is read-only as a whole
 * after relocation, and its mapping is not split. */
#define START_DATA __attribute__((section(".bss.startup")))

#endif
