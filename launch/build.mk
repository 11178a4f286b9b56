# launch/build.mk: build/pgseal-run, statically linked: all of launch/, and of lib/ what it calls.
LIBDIR ?= $(PREFIX)/lib
LAUNCH_SRC = $(wildcard launch/*.c)
LAUNCH_OBJ = $(LAUNCH_SRC:%.c=build/%.o)
LAUNCH_CFLAGS = $(CSTD) $(WARNINGS) $(HARDENING) -ffunction-sections -I. \
	-DPGSEAL_VERSION='"$(VERSION)"' -DPGSEAL_LIBDIR='"$(LIBDIR)"'
LAUNCH_LDFLAGS = -static-pie -Wl,-z,relro,-z,now,-z,noexecstack,--gc-sections

all: build/pgseal-run
check-installed: build/pgseal-run

build/launch/%.o: launch/%.c
	@mkdir -p $(@D)
	$(CC) $(LAUNCH_CFLAGS) -MMD -MP -c -o $@ $<

build/lib.a: $(LIB_OBJ)
	rm -f $@
	$(AR) rcsD $@ $^

build/pgseal-run: $(LAUNCH_OBJ) build/lib.a
	$(CC) $(LAUNCH_CFLAGS) $(LAUNCH_LDFLAGS) -o $@ $^

-include $(LAUNCH_OBJ:.o=.d)
