# bench.mk: `make bench`: what pgseal costs, beside its peers, measured in turn in one run; writes docs/benchmarks.md.
# `make bench-check`: the figures that do not depend on the machine's load, for CI. BENCH_QUICK=1: a tenth of it.
BENCH_PROGRAMS = build/bench/start build/bench/connect build/bench/empty.so build/bench/naive.so build/bench/parse \
	build/bench/judge

build/bench/start: bench/start.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O2 -g -o $@ $<

build/bench/connect: bench/connect.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O2 -g -I$(PG_INCLUDE) -o $@ $< -lpq

build/bench/judge: bench/judge.c build/lib.a
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O2 -g -I. -o $@ $^

build/bench/parse: bench/parse.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O2 -g -o $@ $< -ljansson

# What any preloaded object costs, whatever is in it.
build/bench/empty.so:
	@mkdir -p $(@D)
	echo | $(CC) -xc -fPIC -shared -Wl,-z,relro,-z,now,-soname,empty.so -o $@ -

build/bench/naive.so: bench/naive.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O2 -fPIC -shared -Wl,-z,relro,-z,now -I$(PG_INCLUDE) -o $@ $< -lpq -lssl -lcrypto

.PHONY: bench
bench:
	@tests/deps.sh build check bench
	@tests/lib/libpqs.sh 13 18 >/dev/null
	@$(MAKE) --no-print-directory bench-installed

.PHONY: bench-installed
bench-installed: all $(TEST_OBJECTS) $(BENCH_PROGRAMS) build/roots/sid.complete
	@bench/run
	@bench/report.py $(CURDIR)

.PHONY: bench-check
bench-check: all $(BENCH_PROGRAMS)
	@bench/check
