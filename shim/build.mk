# shim/build.mk: build/libpgseal.so, and the pure core as build/core/*.o for the cli and the unit tests.
SHIM_CFLAGS = $(CSTD) $(WARNINGS) -O2 -g -fPIC -fvisibility=hidden -ftls-model=initial-exec \
	-fstack-protector-strong -fstack-clash-protection $(CF_PROTECTION) -fno-plt -U_FORTIFY_SOURCE \
	-Ishim -I$(PG_INCLUDE) -DPGSEAL_VERSION='"$(VERSION)"'
# noseparate-code: two mappings instead of four. Each process of a container pays for its start, libpq or not; what is made
# executable by it is constant data only.
# -nostartfiles: one constructor is all there is to run, so a process that ends has nothing of ours to call (`make bench`).
SHIM_LDFLAGS = -shared -nostartfiles -Wl,-Bsymbolic,-z,noseparate-code,-z,relro,-z,now,-z,noexecstack,-z,defs,-z,nodelete \
	-Wl,--as-needed,--version-script=build/pgseal.map -Wl,-soname,libpgseal.so
CORE_SRC = $(wildcard shim/core/*.c)
SHIM_SRC = $(wildcard shim/*.c) $(CORE_SRC)
SHIM_OBJ = $(SHIM_SRC:%.c=build/%.o)
CORE_OBJ = $(CORE_SRC:%.c=build/%.o)

build/shim/%.o: shim/%.c
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -MMD -MP -c -o $@ $<

build/pgseal.map: shim/hooks.def
	@mkdir -p $(@D)
	{ echo '{ global:'; sed -n 's/^HOOK(\([A-Za-z0-9_]*\),.*/  \1;/p' $<; echo 'local: *; };'; } > $@

# No libdl: its functions are looked up where the process has them (objects.c), and loading it would be the dearest part
# of a start under pgseal.
build/libpgseal.so: $(SHIM_OBJ) build/pgseal.map shim/build.mk
	$(CC) $(SHIM_CFLAGS) $(SHIM_LDFLAGS) -o $@ $(SHIM_OBJ)

-include $(SHIM_OBJ:.o=.d)
