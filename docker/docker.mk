# docker.mk: `make check-docker`: builds the images and runs them, without a daemon; the servers' logs are what is asserted.
# `make check-deb`: installs, removes and purges the package in a Debian of its own; `make demo` and `make install` in another.
.PHONY: check-docker
check-docker:
	@tests/deps.sh build docker
	PGSEAL_TEST_JOBS=1 PGSEAL_TEST_TIMEOUT=1800 tests/run tests/docker/images.sh tests/docker/containers.sh

.PHONY: check-deb
check-deb:
	@tests/deps.sh build docker
	PGSEAL_TEST_JOBS=1 PGSEAL_TEST_TIMEOUT=1800 tests/run tests/docker/package.sh tests/docker/fresh.sh
