# pgseal: `make demo` shows it, `make check` tests it, `make help` lists the rest.
VERSION = 1.0.0
# For another machine: `make CROSS=aarch64-linux-gnu-`; SYSROOT=DIR has its libraries and headers, which the tool needs.
CROSS =
SYSROOT =
ifeq ($(origin CC),default)
CC = $(CROSS)gcc $(SYSROOT:%=--sysroot=%)
endif
ifeq ($(origin AR),default)
AR = $(CROSS)ar
endif
CSTD = -std=gnu17 -D_GNU_SOURCE=
WARNINGS = -Wall -Wextra -Werror -Wshadow -Wformat=2 -Wcast-qual -Wwrite-strings -Wundef \
	-Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition -Wvla
ARCH = $(shell $(CC) -dumpmachine | cut -d- -f1)
CF_PROTECTION = $(if $(filter x86_64,$(ARCH)),-fcf-protection,)
HARDENING = -O2 -g -fPIE -fstack-protector-strong -fstack-clash-protection $(CF_PROTECTION) -D_FORTIFY_SOURCE=3
PG_INCLUDE ?= $(if $(SYSROOT),$(SYSROOT)/usr/include/postgresql,$(shell \
	pg_config --includedir 2>/dev/null || echo /usr/include/postgresql))
PREFIX ?= /usr/local
DESTDIR ?=

.PHONY: all
all: build/libpgseal.so

include shim/build.mk
include launch/build.mk
include cli/build.mk
include tests/tests.mk
-include tests/clients/clients.mk
-include tests/impostor/impostor.mk
-include tests/fuzz/fuzz.mk
include tests/page/page.mk
-include tests/hostile/hostile.mk
-include tests/matrix/matrix.mk
-include tests/faults/faults.mk
-include demo/demo.mk
-include lint.mk
-include install.mk
include bench/bench.mk
include docker/docker.mk

.PHONY: help
help:
	@echo 'make demo            show what pgseal does, on servers of its own (installs what is missing)'
	@echo 'make check           run the tests (installs what is missing)'
	@echo 'make                 build build/libpgseal.so, build/pgseal-run and build/pgseal'
	@echo 'make deps            install what building and testing need'
	@echo 'make check-clients   thirty real programs, bare and sealed'
	@echo 'make check-impostor  what psql, psycopg, asyncpg, Node, Bun, Go and JDBC tell impostors'
	@echo 'make check-hostile   impostors, men in the middle, libpqs that lie, cancel requests'
	@echo 'make check-faults    each step of pgseal fails once; sanitizers'
	@echo 'make check-matrix    libpq 13 to 19, other Debian releases, arm64, musl'
	@echo 'make check-page      the HTML report in a headless Chromium'
	@echo 'make check-docker    images and containers, without a daemon; make check-packages: the packages'
	@echo 'tests/upstream/run DIR   a PostgreSQL source tree'"'"'s own tests, bare and sealed (docs/upstream.md)'
	@echo 'tests/musl/run       a libpq and an OpenSSL built for musl, under pgseal (some minutes)'
	@echo 'make lint            formatter, static analysis, both compilers'
	@echo 'make fuzz SECONDS=N  each fuzz target for N seconds'
	@echo 'make bench           what it costs'
	@echo 'make install PREFIX=/usr/local DESTDIR=   make uninstall'
	@echo 'make deb   make rpm   make dist   packages, tarballs and an SBOM (docs/packages.md); make arm64: the programs for arm64'
	@echo 'make clean'

.PHONY: clean
clean:
	rm -rf build
