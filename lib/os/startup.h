/* startup: the sections for code that every process runs when the object is loaded, whether it
 * connects or not, and for what that code writes. */
#ifndef PGSEAL_STARTUP_H
#define PGSEAL_STARTUP_H

/* One section for all of it, which the linker puts first: so the start of a process touches the
 * first pages of the file, which the dynamic linker has read anyway, and no others. Such functions
 * name no string constants on the way that most processes go, for these stand at the file's end.
 * `make bench` has what it is worth. */
#define AT_START __attribute__((section(".text.startup"), noinline))

/* All of it on one page, the last; every other page of the object's memory stays untouched. There
 * is no .data: what is not constant begins as zero. So what is mapped of the file to be written is
 * read-only as a whole once it is relocated, and need not be split in two. */
#define START_DATA __attribute__((section(".bss.startup")))

#endif
