# matrix.mk: `make check-matrix`: libpq 13 to 19, each also as if linked -Bsymbolic-functions, the libpq of four Debian
# releases and of arm64, and musl. Writes docs/matrix.md. Some rows alone: `make check-matrix WORLDS='libpq-18 sid'`.
MATRIX = build/matrix
MATRIX_VERSIONS = 13 14 15 16 17 18
MATRIX_ROOTS = bullseye trixie sid experimental arm64 experimental-arm64
ARM64_CC = aarch64-linux-gnu-gcc
WORLDS =

# What was fetched is kept though it is but a step on the way.
.PRECIOUS: build/roots/%.complete build/libpqs/%/complete

build/roots/%.complete:
	tests/matrix/roots.sh $*

build/libpqs/%/complete:
	tests/lib/libpqs.sh $* >/dev/null

$(MATRIX)/libpq-%-symbolic/libpq.so.5: build/libpqs/%/complete tests/matrix/symbolic.py
	@mkdir -p $(@D)
	tests/matrix/symbolic.py build/libpqs/$*/native/lib/libpq.so.5 $@

$(MATRIX)/experimental-symbolic/libpq.so.5: build/roots/experimental.complete tests/matrix/symbolic.py
	@mkdir -p $(@D)
	tests/matrix/symbolic.py build/roots/experimental/usr/lib/x86_64-linux-gnu/libpq.so.5 $@

# Linked to the oldest C library of the matrix, so that it runs on all.
MATRIX_OLD = build/roots/bullseye
$(MATRIX)/entry_points-old: tests/lib/entry_points.c build/roots/bullseye.complete
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARNINGS) -O1 -g -I$(PG_INCLUDE) -o $@ $< -nodefaultlibs -Wl,--allow-shlib-undefined \
		$(MATRIX_OLD)/usr/lib/x86_64-linux-gnu/libpq.so.5 $(MATRIX_OLD)/lib/x86_64-linux-gnu/libpthread.so.0 \
		$(MATRIX_OLD)/lib/x86_64-linux-gnu/libc.so.6

$(MATRIX)/entry_points-arm64: tests/lib/entry_points.c build/roots/arm64.complete
	@mkdir -p $(@D)
	$(ARM64_CC) $(CSTD) $(WARNINGS) -O1 -g -I$(PG_INCLUDE) -o $@ $< -Wl,--allow-shlib-undefined \
		build/roots/arm64/usr/lib/aarch64-linux-gnu/libpq.so.5

MATRIX_PARTS = $(MATRIX_VERSIONS:%=$(MATRIX)/libpq-%-symbolic/libpq.so.5) $(MATRIX)/entry_points-old $(MATRIX)/entry_points-arm64 \
	$(MATRIX)/experimental-symbolic/libpq.so.5 \
	build/hostile/symbolic/libpq.so.5 $(MATRIX_ROOTS:%=build/roots/%.complete)

.PHONY: check-matrix check-matrix-installed
check-matrix: deps
	@tests/matrix/deps.sh
	@$(MAKE) --no-print-directory --silent --jobs=2 matrix-parts
	@tests/run --suite matrix $(if $(T),"$(T)",$(WORLDS))

.PHONY: matrix-parts
matrix-parts: build/libpgseal.so arm64-installed $(TEST_OBJECTS) $(MATRIX_PARTS)

check-matrix-installed: matrix-parts
	@tests/run --suite matrix $(if $(T),"$(T)",$(WORLDS))
