/* elf: what an ELF object shows about how it reaches PostgreSQL. */
#ifndef PGSEAL_CLI_SCAN_ELF_H
#define PGSEAL_CLI_SCAN_ELF_H

#include "cli/lib/util.h"
#include "cli/scan/source.h"

#include <stdbool.h>
#include <stdint.h>

/* Facts about one object. Strings are owned; free with elf_facts_free. */
struct elf_facts {
    bool is_elf;
    const char *reason; /* it is truncated or invalid: what could be read was read */
    bool is_program;    /* has an interpreter, or is static and executable */
    bool is_static;     /* a program without interpreter */
    int class;          /* 32 or 64 */
    unsigned machine;   /* e_machine */
    char *interpreter;
    char *soname;
    struct strings needed;
    char *rpath;
    char *runpath;
    bool imports_entry; /* an undefined PQconnectdb or another entry point */
    bool defines_entry; /* a defined one */
    bool defines_exec;  /* a defined PQexec: then it is a libpq, and not pgseal's object */
    bool replaceable;   /* all of libpq's entry points are defined for others, and called so that
                           a preloaded object's come first */
    int libpq_version;  /* what its PQlibVersion returns: 150018; 0 where that cannot be read */
    bool imports_dl;    /* dlopen, dlmopen, dlsym or dlvsym */
    /* Only with deep: */
    char *names_libpq; /* a text such as "libpq.so.5" among its constants */
    char *names_entry; /* a text such as "PQconnectdb" among its constants */
    char *openssl;   /* "3.0.17", where OpenSSL's own text of its version is among the constants */
    int libpq_least; /* the major version that its newest option came with: 18; 0: unknown */
    bool libpq_inside; /* constants that only libpq's own code has */
    bool is_go;
    struct strings go;   /* drivers for Go */
    struct strings rust; /* drivers for Rust */
    bool is_pgbouncer;
    bool uses_kci;  /* imports or defines a function of KingbaseES's libkci; not only with deep */
    bool names_kci; /* a text "libkci.so" */
};

/* Reads the facts; deep looks at constants too. Never fails: what cannot be read stays unset.
 * Memory is bounded whatever the bytes say; a file that changes meanwhile does no harm. */
void elf_look(const struct source *source, bool deep, struct elf_facts *facts);

/* The part of elf_look that looks at constants; `loads` are the segments, for addresses. */
struct elf_load {
    uint64_t address, offset, size;
    bool executable;
};
struct elf_span {
    uint64_t offset, size;
};
struct elf_places {
    struct elf_load *loads;
    size_t n_loads;
    struct elf_span *constants; /* where texts may stand */
    size_t n_constants;
};
void elf_look_at_constants(const struct source *source, const struct elf_places *places,
                           struct elf_facts *facts);

/* The offset of an address, or UINT64_MAX. */
uint64_t elf_offset(const struct elf_places *places, uint64_t address);

/* "x86_64", "aarch64", … or "another machine". */
const char *elf_machine_name(unsigned machine, int class);

void elf_facts_free(struct elf_facts *facts);

#endif
