# impostor: real clients at `pgseal impostor`; see tests/impostor/suite.
.PHONY: check-impostor
check-impostor:
	@tests/deps.sh build impostor
	@$(MAKE) --no-print-directory all
	tests/run --suite impostor $(if $(T),"$(T)")
