# install.mk: `make install`, `make uninstall`, packages; and what makes a build the same wherever it is done.
export PREFIX DESTDIR LIBDIR

# The directory that it was built in stands in no binary.
CSTD += -ffile-prefix-map=$(CURDIR)=. $(SYSROOT:%=-ffile-prefix-map=%=)

.PHONY: install
install: all
	@packaging/install install

.PHONY: uninstall
uninstall:
	@packaging/install uninstall

.PHONY: deb
deb:
	@tests/deps.sh build package
	@packaging/build-deb

.PHONY: rpm
rpm:
	@tests/deps.sh build package
	@packaging/build-rpm

.PHONY: dist
dist:
	@tests/deps.sh build package arm64
	@$(MAKE) --no-print-directory build/roots/arm64.complete
	@packaging/build-dist

# The three programs for arm64, in build/arm64. Built in a copy of the tree, so that build/ stays this machine's own; the
# libraries are those of the matrix's arm64 root.
.PHONY: arm64
arm64:
	@tests/deps.sh build arm64
	@$(MAKE) --no-print-directory arm64-installed

.PHONY: arm64-installed
arm64-installed: build/roots/arm64.complete
	@mkdir -p build/arm64/tree
	@find build/arm64/tree -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
	@tar --exclude=./build --exclude=./.git -cf - . | tar -xf - -C build/arm64/tree
	@$(MAKE) --no-print-directory -C build/arm64/tree CROSS=aarch64-linux-gnu- SYSROOT=$(CURDIR)/build/roots/arm64 all
	@ln -sf tree/build/libpgseal.so tree/build/pgseal-run tree/build/pgseal build/arm64
