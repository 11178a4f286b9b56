# launch/build.mk: build/pgseal-run, statically linked. From shim/ it takes, out of an archive so that only what
# is called comes along, the code that finds and judges the settings: launcher and shim cannot disagree.
LIBDIR ?= $(PREFIX)/lib
LAUNCH_SRC = $(wildcard launch/*.c)
LAUNCH_OBJ = $(LAUNCH_SRC:%.c=build/%.o)
LAUNCH_SHIM_OBJ = build/shim/settings.o build/shim/files.o build/shim/sys.o $(CORE_OBJ)
LAUNCH_CFLAGS = $(CSTD) $(WARNINGS) $(HARDENING) -ffunction-sections -iquote shim \
	-DPGSEAL_VERSION='"$(VERSION)"' -DPGSEAL_LIBDIR='"$(LIBDIR)"'
LAUNCH_LDFLAGS = -static-pie -Wl,-z,relro,-z,now,-z,noexecstack,--gc-sections

all: build/pgseal-run
check-installed: build/pgseal-run

build/launch/%.o: launch/%.c
	@mkdir -p $(@D)
	$(CC) $(LAUNCH_CFLAGS) -MMD -MP -c -o $@ $<

build/launch/shim.a: $(LAUNCH_SHIM_OBJ)
	@mkdir -p $(@D)
	rm -f $@
	ar rcsD $@ $^

build/pgseal-run: $(LAUNCH_OBJ) build/launch/shim.a
	$(CC) $(LAUNCH_CFLAGS) $(LAUNCH_LDFLAGS) -o $@ $^

-include $(LAUNCH_OBJ:.o=.d)
