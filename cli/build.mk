# cli/build.mk: build/pgseal, the operator's tool.
CLI_CFLAGS = $(CSTD) $(WARNINGS) $(HARDENING) -Ishim -I$(PG_INCLUDE) \
	-DPGSEAL_VERSION='"$(VERSION)"' -DPGSEAL_LIBDIR='"$(LIBDIR)"'
CLI_LIBS = -lpq -lssl -lcrypto -lcurl -lelf -ljansson
CLI_SRC = $(wildcard cli/*.c)
CLI_OBJ = $(CLI_SRC:%.c=build/%.o)
# The shim's own code: explain and check can say nothing else than the shim does. cli/asked_outside.c has what it misses.
CLI_SHIM_OBJ = $(addprefix build/shim/,call.o dial.o files.o log.o objects.o probe.o service.o settings.o sys.o)

all: build/pgseal

build/cli/%.o: cli/%.c
	@mkdir -p $(@D)
	$(CC) $(CLI_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

build/pgseal: $(CLI_OBJ) $(CLI_SHIM_OBJ) $(CORE_OBJ)
	$(CC) $(HARDENING) $(CFLAGS) -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed -o $@ \
		$(CLI_OBJ) $(CLI_SHIM_OBJ) $(CORE_OBJ) $(CLI_LIBS)

-include $(CLI_OBJ:.o=.d)

check-installed: build/pgseal

FUZZ_MORE_fuzz_scan = cli/scan_elf.c cli/scan_constants.c cli/scan_go.c cli/scan_zip.c cli/scan_source.c \
	cli/util.c cli/out.c
FUZZ_LIBS_fuzz_scan = -lelf -ljansson -lcrypto
