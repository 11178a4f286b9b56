# docker.mk: `make check-docker`: builds the images and runs them, without a daemon; the servers' logs are what is asserted.
# `make check-packages`: installs, upgrades, removes and purges the Debian package in a Debian of its own, the RPM packages in
# an empty root; builds and unpacks the tarballs; `make demo` and `make install` in another Debian.
.PHONY: check-docker
check-docker:
	@tests/deps.sh build docker recipes
	TEST_JOBS=1 TEST_TIMEOUT=1800 tests/run $(if $(T),"$(T)",tests/docker/images.sh tests/docker/containers.sh)

.PHONY: check-packages
check-packages:
	@tests/deps.sh build docker
	TEST_JOBS=1 TEST_TIMEOUT=1800 tests/run $(if $(T),"$(T)",$(addprefix tests/docker/,package.sh rpm.sh dist.sh fresh.sh))
