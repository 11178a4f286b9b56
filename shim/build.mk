# shim/build.mk: build/libpgseal.so, from all of shim/ and lib/.
LIB_SRC = $(sort $(shell find lib -name '*.c'))
CORE_SRC = $(filter lib/core/%,$(LIB_SRC))
SHIM_CFLAGS = $(CSTD) $(WARNINGS) -O2 -g -fPIC -fvisibility=hidden -ftls-model=initial-exec \
	-fstack-protector-strong -fstack-clash-protection $(CF_PROTECTION) -fno-plt -U_FORTIFY_SOURCE \
	-I. -I$(PG_INCLUDE) -DPGSEAL_VERSION='"$(VERSION)"'
# noseparate-code: three mappings instead of four, with startup.ld. Each process of a container pays for its start, libpq or
# not; what is made executable by it is constant data only. sort-section: what lib/os/startup.h puts on one page.
# -nostartfiles: one constructor is all there is to run, so a process that ends has nothing of ours to call (`make bench`).
SHIM_LDFLAGS = -shared -nostartfiles -Wl,-Bsymbolic-functions,-z,noseparate-code,-z,relro,-z,now,-z,noexecstack,-z,defs,-z,nodelete \
	-Wl,--as-needed,--gc-sections,--sort-section=name,-T,shim/startup.ld,--version-script=build/pgseal.map -Wl,-soname,libpgseal.so
# On arm64 the C library's linker script would make ld-linux, which has the stack guard there, a library to load, and
# outlined atomics would ask for __getauxval: musl has neither, and its programs would not start. So: libc.so.6 alone, the
# guard is found in the process, and the matrix looks at what is left undefined.
SHIM_CFLAGS_aarch64 = -mno-outline-atomics
SHIM_LDFLAGS_aarch64 = -nodefaultlibs -Wl,-z,undefs
SHIM_LIBS_aarch64 = -l:libc.so.6 -lgcc
SHIM_CFLAGS += $(SHIM_CFLAGS_$(ARCH))
SHIM_LDFLAGS += $(SHIM_LDFLAGS_$(ARCH))
SHIM_SRC = $(sort $(shell find shim -name '*.c'))
# Not the launcher's own: lib/elf/elf_file.c reads files, and the object looks only at what is loaded.
SHIM_OBJECT_SRC = $(SHIM_SRC) $(filter-out lib/elf/elf_file.c,$(LIB_SRC))
SHIM_OBJ = $(SHIM_OBJECT_SRC:%.c=build/%.o) $(patsubst %.S,build/%.o,$(wildcard shim/hooks/*.S))
LIB_OBJ = $(LIB_SRC:%.c=build/%.o)

build/shim/%.o: shim/%.c
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -MMD -MP -c -o $@ $<

build/shim/%.o: shim/%.S
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -MMD -MP -c -o $@ $<

build/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -MMD -MP -c -o $@ $<

build/pgseal.map: shim/hooks.def
	@mkdir -p $(@D)
	{ echo '{ global:'; sed -n 's/^HOOK(\([A-Za-z0-9_]*\),.*/  \1;/p' $<; echo 'local: *; };'; } > $@

# No libdl: its functions are looked up where the process has them (lib/elf/loaded.c), and loading it would be the dearest
# part of a start under pgseal.
build/libpgseal.so: $(SHIM_OBJ) build/pgseal.map shim/startup.ld shim/build.mk
	$(CC) $(SHIM_CFLAGS) $(SHIM_LDFLAGS) -o $@ $(SHIM_OBJ) $(SHIM_LIBS_$(ARCH))

-include $(SHIM_OBJ:.o=.d) $(LIB_OBJ:.o=.d)
