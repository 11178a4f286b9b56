# lint.mk: `make lint`: the formatter, clang-tidy, cppcheck, shellcheck, and both compilers over every C file, each finding
# an error. What was fine is not looked at again before it, a header or the rules change; `make clean` forgets that.
# tests/hostile/src/liar.c is built against the server's headers, by its own rules.
LINT_C = $(filter-out tests/hostile/src/liar.c,$(sort $(shell find shim lib launch cli tests demo bench -name '*.c' 2>/dev/null)))
LINT_H = $(sort $(shell find shim lib launch cli tests demo bench -name '*.h' 2>/dev/null))
# Scripts are known by their names or by their first line.
LINT_SH = $(sort $(shell find . \( -path ./build -o -path ./.git \) -prune -o -type f -print0 | xargs -0 awk \
	'FNR == 1 && (/^\#!.*[\/ ](ba|da)?sh( |$$)/ || /^\# shellcheck shell=/) { print FILENAME } FNR > 1 { nextfile }'))
LINT_CFLAGS = $(CSTD) $(WARNINGS) -O2 -fPIC -I. -I$(PG_INCLUDE) -DPGSEAL_VERSION='"$(VERSION)"' \
	-DPGSEAL_LIBDIR='"/usr/lib"'
LINT_HASH = \#
LINT_RULES = $(LINT_H) $(wildcard shim/*.def shim/*/*.def lib/*/*/*.def launch/*.def) Makefile lint.mk

.PHONY: lint
lint:
	@tests/deps.sh build check fuzz lint
	@$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=target lint-installed
	@echo 'lint: no findings'

.PHONY: lint-installed
lint-installed: lint-format lint-graph lint-cppcheck lint-build $(LINT_SH:./%=build/lint/%.shellcheck) $(LINT_C:%=build/lint/%.gcc) \
		$(LINT_C:%=build/lint/%.tidy) $(LINT_C:%=build/lint/%.pointers)

.PHONY: lint-format
lint-format:
	@clang-format --dry-run -Werror $(LINT_C) $(LINT_H)
	@! LC_ALL=C.UTF-8 grep -nE '^.{101,}$$' $(LINT_C) $(LINT_H) || { echo 'lint: lines of more than 100 columns' >&2; exit 1; }

# One by one, with what it sources: the more scripts shellcheck is given at once, the longer it takes for each.
# Left out: a library's variables that its callers use (SC2034), and a name that is an array in one function's locals and
# a string in another file (SC2128, SC2178).
build/lint/%.shellcheck: % $(wildcard tests/lib/*.sh) lint.mk
	@mkdir -p $(@D)
	@shellcheck --exclude=SC2034,SC2128,SC2178 --external-sources --source-path=SCRIPTDIR $<
	@touch $@

# Left out: what it cannot know without the system's headers (missingInclude; invalidFunctionArg: mmap takes -1 for a
# descriptor), and what it mistakes: readdir(3) and gmtime(3) in programs of one thread, a check that stands behind a use
# in a macro (nullPointerRedundantCheck), a value that assembly reads (selfAssignment).
.PHONY: lint-cppcheck
lint-cppcheck:
	@mkdir -p build/lint/cppcheck
	@cppcheck --quiet --enable=warning,performance,portability --error-exitcode=1 --inline-suppr --std=c11 -D_GNU_SOURCE -D__x86_64__ \
		'-DElfW(t)=Elf64_$(LINT_HASH)$(LINT_HASH)t' -DEM_X86_64=62 --suppress=missingInclude \
		--suppress=missingIncludeSystem --suppress=readdirCalled --suppress=gmtimeCalled \
		--suppress=invalidFunctionArg --suppress=nullPointerRedundantCheck --suppress=selfAssignment \
		'--suppress=ignoredReturnValue:tests/*' '--suppress=leakReturnValNotUsed:tests/*' --suppress=ctuuninitvar \
		'--suppress=nullPointer:tests/unit/*' -I. -j2 \
		--cppcheck-build-dir=build/lint/cppcheck --template=gcc $(LINT_C)

# The whole of it built and linked by the other compiler, in a copy, so that build/ stays gcc's.
.PHONY: lint-build
lint-build:
	@mkdir -p build/lint/tree
	@find build/lint/tree -type f -not -path "build/lint/tree/build/*" -exec rm {} + # what has gone is not built
	@tar --exclude=./build --exclude=./.git -cf - . | tar -xf - -C build/lint/tree
	@$(MAKE) --silent --no-print-directory -C build/lint/tree CC=clang all

build/lint/%.gcc: % $(LINT_RULES)
	@mkdir -p $(@D)
	@gcc $(LINT_CFLAGS) -c -o $@ $<

build/lint/%.pointers: % $(LINT_RULES) tests/lint/pointers tests/lint/pointers.query
	@mkdir -p $(@D)
	@tests/lint/pointers $< $(LINT_CFLAGS)
	@touch $@

# clang-tidy gives clang's own warnings too.
build/lint/%.tidy: % $(LINT_RULES) .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(LINT_CFLAGS) 2>$@.err || { cat $@.err; exit 1; }
	@touch $@

# Who calls whom: no circle between files or folders, and no arrow from lib/ to the rest. `make graph` draws the folders,
# and updates the line numbers in docs/architecture.md.
GRAPH_OBJECTS = $(SHIM_OBJ) $(LIB_OBJ) $(LAUNCH_OBJ) $(CLI_OBJ)
.PHONY: lint-graph graph
lint-graph: all
	@tests/lint/link-graph $(sort $(GRAPH_OBJECTS))

graph: all
	@tests/deps.sh lint
	@tests/lint/link-graph --dot build/graph.dot $(sort $(GRAPH_OBJECTS))
	@dot -Tsvg -o docs/architecture.svg build/graph.dot
	@tests/lint/doc-lines docs/architecture.md
	@echo 'docs/architecture.svg and the line numbers in docs/architecture.md are up to date'
