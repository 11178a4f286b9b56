# tests.mk: `make deps` and `make check`. Unit tests add their programs to UNIT_PROGRAMS in tests/unit/unit.mk.
-include tests/unit/unit.mk

INTEGRATION_TESTS = $(sort $(wildcard tests/integration/*.t))
TEST_OBJECTS = build/tests/entry_points build/tests/swap.so

build/tests/entry_points: tests/lib/entry_points.c tests/lib/entry_points_report.h
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O1 -g -I$(PG_INCLUDE) -o $@ $< -lpq -lpthread

build/tests/swap.so: tests/lib/swap.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O1 -g -fPIC -shared -o $@ $<

.PHONY: deps
deps:
	@tests/deps.sh build check recipes
	@tests/lib/libpqs.sh 13 16 18 >/dev/null
	@tests/lib/debs.sh rsyslog libestr0 libfastjson4 prometheus
	@tests/lib/npm.sh postgres@3.4.9 @neondatabase/serverless@1.2.0 pg@8.11.3 >/dev/null

# What is built depends on what is installed (pg_config), so it is another make that builds.
.PHONY: check
check: deps
	@$(MAKE) --no-print-directory check-installed

# T=NAME or T=NAME:ROW: only that; see tests/README.md.
.PHONY: check-installed
check-installed: build/libpgseal.so $(TEST_OBJECTS) $(UNIT_PROGRAMS)
	@tests/run $(if $(T),"$(T)",$(UNIT_PROGRAMS) $(INTEGRATION_TESTS))
