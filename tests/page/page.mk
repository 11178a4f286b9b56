# page.mk: `make check-page`: the page of `pgseal report --html` in a headless Chromium. `make screenshots` takes those in docs/.
PAGE_MODULES = build/tests/page/node_modules/.package-lock.json

.PHONY: check-page
check-page:
	@tests/deps.sh build page
	@$(MAKE) --no-print-directory check-page-installed

.PHONY: check-page-installed
check-page-installed: build/pgseal $(PAGE_MODULES)
	tests/run $(if $(T),"tests/page/$(T)",tests/page/check)

.PHONY: screenshots
screenshots: build/pgseal $(PAGE_MODULES)
	SCREENSHOTS=docs tests/page/check

$(PAGE_MODULES): tests/page/package.json tests/page/package-lock.json
	@mkdir -p build/tests/page
	cp $^ build/tests/page
	cd build/tests/page && npm ci --no-audit --no-fund --silent
	touch $@
