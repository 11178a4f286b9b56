# clients: real programs under the object; see tests/clients/run.
.PHONY: check-clients
check-clients: build/libpgseal.so
	tests/clients/run
