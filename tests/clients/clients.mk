# clients: real programs under the object; see tests/clients/suite.
.PHONY: check-clients
check-clients: build/libpgseal.so $(TEST_OBJECTS)
	tests/run --suite clients $(if $(T),"$(T)")
