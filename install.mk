# install.mk: `make install`, `make uninstall`, `make deb`, `make rpm`; and what makes a build the same wherever it is done.
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
