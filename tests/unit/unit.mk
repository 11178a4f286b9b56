# unit.mk: one program of each tests/unit/test_X.c, linked with the pure core, all of it under ASan and UBSan.
# A test that needs more of pgseal names it: UNIT_MORE_test_X = shim/file.c
UNIT_SRC = $(wildcard tests/unit/test_*.c)
UNIT_PROGRAMS = $(UNIT_SRC:%.c=build/%)
UNIT_CFLAGS = $(CSTD) $(WARNINGS) -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined -I. -I$(PG_INCLUDE) -DPGSEAL_VERSION='"$(VERSION)"'
UNIT_CORE = $(patsubst %.c,build/tests/unit/%.o,$(CORE_SRC))
UNIT_MORE_test_sink = lib/os/sink.c lib/os/sink_write.c lib/os/log_target.c lib/os/sys.c
UNIT_MORE_test_sink_stderr = $(UNIT_MORE_test_sink)
UNIT_MORE_test_call = $(addprefix shim/,connect/call.c connect/params.c connect/probe.c session/current.c session/ldap.c session/ptr_map.c \
	session/session.c log/fired.c) lib/elf/definitions.c lib/elf/loaded.c lib/elf/tables.c lib/os/roots.c lib/os/settings.c lib/os/sys.c
UNIT_MORE_test_verify_as = $(addprefix shim/session/,current.c ptr_map.c session.c verify_as.c) lib/os/roots.c lib/os/sys.c
UNIT_MORE_test_ptr_map = shim/session/ptr_map.c
UNIT_MORE_test_sys = lib/os/sys.c
UNIT_MORE_test_opens = shim/dynlink/opens.c
UNIT_MORE_test_impostor = $(addprefix cli/impostor/,expand.c junit.c message.c scram.c verdict.c) \
	cli/lib/term.c cli/lib/safe.c cli/lib/util.c
UNIT_LIBS_test_impostor = -ljansson -lcrypto
UNIT_LIBS_test_options = -lpq
UNIT_MORE_test_redact = cli/explain/rejection.c
UNIT_MORE_test_when = cli/report/when.c cli/report/timeline.c
UNIT_LIBS_test_pem = -lcrypto
UNIT_MORE_test_demand = shim/session/demand.c lib/os/roots.c lib/os/sys.c
UNIT_MORE_test_roots = lib/os/roots.c lib/os/sys.c
UNIT_LIBS_test_roots = -lpthread
UNIT_LIBS_test_demand = -lssl -lcrypto
UNIT_LIBS_test_name_hash = -lcrypto

build/tests/unit/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<

.SECONDEXPANSION:
$(UNIT_PROGRAMS): build/tests/unit/%: build/tests/unit/tests/unit/%.o $(UNIT_CORE) \
		$$(patsubst %.c,build/tests/unit/%.o,$$(UNIT_MORE_$$(@F)))
	$(CC) $(UNIT_CFLAGS) -o $@ $^ -lcmocka $(UNIT_LIBS_$(@F))

.PHONY: check-unit
check-unit: $(UNIT_PROGRAMS)
	tests/run $(UNIT_PROGRAMS)

-include $(UNIT_CORE:.o=.d) $(UNIT_SRC:%.c=build/tests/unit/%.d)
