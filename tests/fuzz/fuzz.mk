# fuzz.mk: `make fuzz SECONDS=N` builds each tests/fuzz/fuzz_X.c with the pure core under libFuzzer, ASan and UBSan, and
# runs it for N seconds on tests/fuzz/corpus/X. What a run finds new goes to build/, not into the tree.
# A target that needs more of pgseal names it: FUZZ_MORE_fuzz_X = shim/file.c, FUZZ_LIBS_fuzz_X = -lname
ifneq ($(filter command line,$(origin SECONDS)),)
FUZZ_SECONDS = $(SECONDS)
endif
FUZZ_SECONDS ?= 30
FUZZ_CC ?= clang
FUZZ_SRC = $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_PROGRAMS = $(FUZZ_SRC:%.c=build/%)
FUZZ_CFLAGS = $(CSTD) $(WARNINGS) -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined -I. -I$(PG_INCLUDE) -DPGSEAL_VERSION='"$(VERSION)"'
FUZZ_CORE = $(patsubst %.c,build/tests/fuzz/%.o,$(CORE_SRC))
FUZZ_LIBS_fuzz_event = -ljansson
FUZZ_LIBS_fuzz_pem = -lcrypto
FUZZ_MORE_fuzz_rewrite = $(addprefix shim/,connect/call.c connect/params.c connect/probe.c session/current.c session/ldap.c session/ptr_map.c \
	session/session.c log/fired.c) lib/elf/definitions.c lib/elf/loaded.c lib/elf/tables.c lib/os/roots.c lib/os/settings.c lib/os/sys.c
FUZZ_LIBS_fuzz_rewrite = -lpq
FUZZ_MORE_fuzz_url = launch/url.c launch/url_parts.c
FUZZ_LIBS_fuzz_url = -lpq

build/tests/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

.SECONDEXPANSION:
$(FUZZ_PROGRAMS): build/tests/fuzz/%: build/tests/fuzz/tests/fuzz/%.o $(FUZZ_CORE) \
		$$(addprefix build/tests/fuzz/,$$(FUZZ_MORE_$$(@F):.c=.o))
	$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(FUZZ_LIBS_$(@F))

.PHONY: fuzz
fuzz:
	@tests/deps.sh build fuzz
	@$(MAKE) --no-print-directory fuzz-installed

.PHONY: fuzz-installed
fuzz-installed: $(FUZZ_PROGRAMS)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run --suite fuzz $(if $(T),"$(T)")

-include $(FUZZ_CORE:.o=.d) $(FUZZ_SRC:%.c=build/tests/fuzz/%.d)
