# hostile.mk: `make check-hostile`: attackers, libpqs that lie, and cancel requests; see docs/hostile.md.
# `make hostile-table` writes the page's table anew.
HOSTILE = build/hostile
HOSTILE_LIB = $(dir $(firstword $(wildcard /usr/lib/postgresql/*/lib/libpgcommon_shlib.a)))
HOSTILE_LIBPQ_A = $(shell $(CC) -print-file-name=libpq.a)
HOSTILE_TESTS = $(sort $(wildcard tests/hostile/*.t))
HOSTILE_PARTS = $(HOSTILE)/mkcert

$(HOSTILE)/mkcert: tests/hostile/src/mkcert.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O1 -g -o $@ $< -lcrypto

.PHONY: hostile-deps check-hostile check-hostile-installed hostile-table
hostile-deps:
	@tests/hostile/deps.sh

check-hostile: deps hostile-deps
	@$(MAKE) --no-print-directory check-hostile-installed

# libpqs of our own, of Debian's own static libpq: linked as Ubuntu links it (-Bsymbolic-functions), lying (src/liar.c), both.
LIAR_NAMES = PQsslInUse PQgssEncInUse PQhost PQport
LIAR_WRAPS = pqsecure_initialize SSL_set_verify SSL_CTX_load_verify_locations \
	pq_verify_peer_name_matches_certificate connect
LIBPQ_NEEDS = $(HOSTILE_LIB)libpgcommon_shlib.a $(HOSTILE_LIB)libpgport_shlib.a \
	-lssl -lcrypto -lgssapi_krb5 -lldap -lm -lpthread
LIBPQ_LINK = $(CC) -shared -o $@ -Wl,-soname,libpq.so.5 -Wl,--version-script=$(HOSTILE)/libpq.map -Wl,-z,relro
HOSTILE_LIBPQS = $(foreach dir,symbolic liar liar-symbolic,$(HOSTILE)/$(dir)/libpq.so.5)
HOSTILE_PARTS += $(HOSTILE_LIBPQS)

$(HOSTILE)/libpq.map:
	@mkdir -p $(@D)
	{ echo '{ global:'; nm -D --defined-only "$$($(CC) -print-file-name=libpq.so)" | \
		awk '$$2 == "T" { print $$3 ";" }'; echo 'local: *; };'; } >$@

$(HOSTILE)/liar.o: tests/hostile/src/liar.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -Wall -Wextra -Werror -Wno-unused-parameter -O1 -g -fPIC -I$(PG_INCLUDE) \
		-I$(PG_INCLUDE)/internal -I$(firstword $(wildcard $(PG_INCLUDE)/*/server)) -c -o $@ $<

$(HOSTILE)/liar.a: $(HOSTILE_LIBPQ_A)
	@mkdir -p $(@D)
	objcopy $(foreach name,$(LIAR_NAMES),--redefine-sym $(name)=honest_$(name)) $< $@

$(HOSTILE)/symbolic/libpq.so.5: $(HOSTILE_LIBPQ_A) $(HOSTILE)/libpq.map
	@mkdir -p $(@D)
	$(LIBPQ_LINK) -Wl,-Bsymbolic-functions -Wl,--whole-archive $< -Wl,--no-whole-archive $(LIBPQ_NEEDS)

$(HOSTILE)/liar/libpq.so.5 $(HOSTILE)/liar-symbolic/libpq.so.5: $(HOSTILE)/liar.a $(HOSTILE)/liar.o $(HOSTILE)/libpq.map
	@mkdir -p $(@D)
	$(LIBPQ_LINK) $(if $(findstring symbolic,$@),-Wl$(comma)-Bsymbolic-functions) \
		$(foreach name,$(LIAR_WRAPS),-Wl$(comma)--wrap=$(name)) $(HOSTILE)/liar.o \
		-Wl,--whole-archive $< -Wl,--no-whole-archive $(LIBPQ_NEEDS)

comma := ,

$(HOSTILE)/cycles: tests/hostile/src/cycles.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O1 -g -I$(PG_INCLUDE) -o $@ $< -lpq
HOSTILE_PARTS += $(HOSTILE)/cycles

$(HOSTILE)/canceller: tests/hostile/src/canceller.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O1 -g -I$(PG_INCLUDE) -o $@ $< -lpq

# What it calls is in libpq 17 and newer only: it is linked to names alone, and finds the functions when it runs.
ASYNC_CANCEL = $(addprefix PQ,connectdb status sendQuery errorMessage getResult resultErrorMessage clear finish) \
	$(addprefix PQcancel,Create Start Blocking Poll Status Socket ErrorMessage Reset Finish)
$(HOSTILE)/async/libpq.so.5: tests/hostile/hostile.mk
	@mkdir -p $(@D)
	printf 'void %s(void) {}\n' $(ASYNC_CANCEL) | $(CC) -shared -fPIC -w -Wl,-soname,libpq.so.5 -o $@ -x c -

$(HOSTILE)/cancelconn: tests/hostile/src/cancelconn.c $(HOSTILE)/async/libpq.so.5
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O1 -g -I$(PG_INCLUDE) -o $@ $^

$(HOSTILE)/onelock.so: tests/hostile/src/onelock.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O1 -g -fno-builtin -fPIC -shared -o $@ $<
HOSTILE_PARTS += $(HOSTILE)/canceller $(HOSTILE)/cancelconn $(HOSTILE)/onelock.so

# Last: what a rule needs is read where it stands.
check-hostile-installed: build/libpgseal.so $(TEST_OBJECTS) $(HOSTILE_PARTS)
	TEST_TIMEOUT=900 tests/run $(if $(T),"$(T)",$(HOSTILE_TESTS))

hostile-table: build/libpgseal.so $(TEST_OBJECTS) $(HOSTILE_PARTS)
	HOSTILE_TABLE=$(CURDIR)/docs/hostile.md tests/hostile/attackers.t
