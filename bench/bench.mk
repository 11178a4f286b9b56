# bench.mk: `make bench`: what pgseal costs, as ratios of medians taken side by side in one run. Never fails for a figure.
BENCH_PROGRAMS = build/bench/start build/bench/connect build/bench/empty.so

build/bench/start: bench/start.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O2 -g -o $@ $<

build/bench/connect: bench/connect.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O2 -g -I$(PG_INCLUDE) -o $@ $< -lpq

# What any preloaded object costs, whatever is in it.
build/bench/empty.so:
	@mkdir -p $(@D)
	echo | $(CC) -xc -fPIC -shared -Wl,-z,relro,-z,now,-soname,empty.so -o $@ -

.PHONY: bench
bench:
	@tests/deps.sh build check
	@$(MAKE) --no-print-directory bench-installed

.PHONY: bench-installed
bench-installed: build/libpgseal.so build/pgseal-run $(TEST_OBJECTS) $(BENCH_PROGRAMS)
	@bench/run
