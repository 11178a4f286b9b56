# impostor: real clients at `pgseal impostor`; see tests/impostor/run.
.PHONY: check-impostor
check-impostor:
	@tests/deps.sh build impostor
	@$(MAKE) --no-print-directory all
	tests/impostor/run
