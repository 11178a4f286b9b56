/* startup: the section for code that every process runs when the object is loaded, whether it
 * connects or not. */
#ifndef PGSEAL_STARTUP_H
#define PGSEAL_STARTUP_H

/* One section for all of it, which the linker puts first: so the start of a process touches the
 * first pages of the file, which the dynamic linker has read anyway, and no others. Such functions
 * name no string constants on the way that most processes go, for these stand at the file's end.
 * `make bench` has what it is worth. */
#define AT_START __attribute__((section(".text.startup"), noinline))

#endif
