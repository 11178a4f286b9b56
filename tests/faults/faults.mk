# faults.mk: `make check-faults`: what pgseal does when the system calls and allocations under it fail, and the files, limits
# and clocks around it change.
.PHONY: faults-deps check-faults check-faults-installed
faults-deps:
	@tests/faults/deps.sh

check-faults: deps faults-deps
	@$(MAKE) --no-print-directory check-faults-installed

check-faults-installed: build/libpgseal.so $(TEST_OBJECTS)
	TEST_TIMEOUT=1800 tests/run $(if $(T),"$(T)",$(sort $(wildcard tests/faults/*.t)))
