# demo.mk: `make demo`: psql before and after, against servers that live as long as the demo does.
.PHONY: demo
demo:
	@tests/deps.sh build demo
	@$(MAKE) --no-print-directory demo-installed

# Another make: how things are built depends on what `deps` has just installed (pg_config).
.PHONY: demo-installed
demo-installed:
	@echo 'make demo: building build/libpgseal.so'
	@$(MAKE) --no-print-directory -s build/libpgseal.so
	@demo/demo
