# lint.mk: `make lint`: the formatter, clang-tidy, cppcheck, shellcheck, and both compilers over every C file, each finding
# an error. What was fine is not looked at again before it, a header or the rules change; `make clean` forgets that.
LINT_C = $(sort $(shell find shim launch cli tests demo bench -name '*.c' 2>/dev/null))
LINT_H = $(sort $(shell find shim launch cli tests demo bench -name '*.h' 2>/dev/null))
# Scripts are known by their names or by their first line.
LINT_SH = $(sort $(shell find . \( -path ./build -o -path ./.git \) -prune -o -type f -print0 | xargs -0 awk \
	'FNR == 1 && (/^\#!.*[\/ ](ba|da)?sh( |$$)/ || /^\# shellcheck shell=/) { print FILENAME } FNR > 1 { nextfile }'))
LINT_CFLAGS = $(CSTD) $(WARNINGS) -O2 -fPIC -Ishim -I$(PG_INCLUDE) -DPGSEAL_VERSION='"$(VERSION)"' \
	-DPGSEAL_LIBDIR='"/usr/lib"'
LINT_RULES = $(LINT_H) $(wildcard shim/*.def) Makefile lint.mk

.PHONY: lint
lint:
	@tests/deps.sh build check fuzz lint
	@$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=target lint-installed
	@echo 'lint: no findings'

.PHONY: lint-installed
lint-installed: lint-format lint-shell lint-cppcheck lint-build $(LINT_C:%=build/lint/%.gcc) \
		$(LINT_C:%=build/lint/%.clang) $(LINT_C:%=build/lint/%.tidy)

.PHONY: lint-format
lint-format:
	@clang-format --dry-run -Werror $(LINT_C) $(LINT_H)

.PHONY: lint-shell
lint-shell:
	@shellcheck --external-sources --source-path=SCRIPTDIR $(LINT_SH)

# missingInclude: cppcheck is not told where the system's headers are, and need not know.
.PHONY: lint-cppcheck
lint-cppcheck:
	@mkdir -p build/lint/cppcheck
	@cppcheck --quiet --enable=warning,performance,portability --error-exitcode=1 --inline-suppr --std=c11 -D_GNU_SOURCE \
		--library=posix --suppress=missingInclude --suppress=missingIncludeSystem -Ishim -j2 \
		--cppcheck-build-dir=build/lint/cppcheck --template=gcc $(LINT_C)

# The whole of it built and linked by the other compiler, in a copy, so that build/ stays gcc's.
.PHONY: lint-build
lint-build:
	@mkdir -p build/lint/tree
	@tar --exclude=./build --exclude=./.git -cf - . | tar -xf - -C build/lint/tree
	@$(MAKE) --silent --no-print-directory -C build/lint/tree CC=clang all

build/lint/%.gcc: % $(LINT_RULES)
	@mkdir -p $(@D)
	@gcc $(LINT_CFLAGS) -c -o $@ $<

build/lint/%.clang: % $(LINT_RULES)
	@mkdir -p $(@D)
	@clang $(LINT_CFLAGS) -c -o $@ $<

build/lint/%.tidy: % $(LINT_RULES) .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(LINT_CFLAGS) 2>$@.err || { cat $@.err; exit 1; }
	@touch $@
