# cli/build.mk: build/pgseal, the operator's tool: all of cli/, and of lib/ and shim/ what it calls, so that explain and
# check cannot say anything else than the object does. cli/explain/preview_outside.c has what that code misses here.
CLI_CFLAGS = $(CSTD) $(WARNINGS) $(HARDENING) -I. -I$(PG_INCLUDE) \
	-DPGSEAL_VERSION='"$(VERSION)"' -DPGSEAL_LIBDIR='"$(LIBDIR)"'
CLI_LIBS = -lpq -lssl -lcrypto -lcurl -lelf -ljansson -lz -lzstd -lpthread
CLI_SRC = $(sort $(shell find cli -name '*.c'))
CLI_OBJ = $(CLI_SRC:%.c=build/%.o)

all: build/pgseal

build/cli/%.o: cli/%.c
	@mkdir -p $(@D)
	$(CC) $(CLI_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# What the tool may take of the object: nothing that is exported. The slots of its own libpq lead to it as in a sealed process.
build/shim.a: $(addprefix build/shim/,connect/call.o connect/params.o connect/passwords.o connect/probe.o dynlink/hold.o dynlink/known.o dynlink/linkage.o dynlink/opens.o \
		dynlink/lock.o dynlink/reach.o dynlink/real.o dynlink/slot.o hooks/landing.o hooks/slot_stubs.o log/fired.o log/log.o \
		session/client_key.o session/crl.o session/current.o session/default_files.o session/demand.o session/ldap.o session/openssl.o session/passfile.o \
		session/ptr_map.o session/root_load.o session/session.o session/stop.o session/verify_as.o)
	rm -f $@
	$(AR) rcsD $@ $^

# The files of the HTML report.
build/cli/report/page.o: cli/report/page.S $(wildcard cli/report/page/*)
	@mkdir -p $(@D)
	$(CC) -c -o $@ $<

build/pgseal: $(CLI_OBJ) build/cli/report/page.o build/shim.a build/lib.a
	$(CC) $(HARDENING) $(CFLAGS) -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed -o $@ $^ $(CLI_LIBS)

-include $(CLI_OBJ:.o=.d)

check-installed: build/pgseal

FUZZ_MORE_fuzz_scan = cli/scan/elf.c cli/scan/symbols.c cli/scan/places.c cli/scan/constants.c cli/scan/go.c cli/scan/zip.c cli/scan/source.c \
	cli/lib/util.c cli/lib/safe.c cli/lib/term.c
FUZZ_LIBS_fuzz_scan = -lelf -ljansson -lcrypto
FUZZ_MORE_fuzz_impostor = $(addprefix cli/impostor/,expand.c junit.c message.c scram.c verdict.c) cli/lib/term.c cli/lib/safe.c cli/lib/util.c
FUZZ_LIBS_fuzz_impostor = -ljansson -lcrypto
FUZZ_MORE_fuzz_line = cli/report/line.c
FUZZ_LIBS_fuzz_line = -ljansson
