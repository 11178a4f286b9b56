#!/bin/sh
# deps.sh [PURPOSE…]: installs what building and testing pgseal need on Debian: build, check, lint. All where none is named.
# Says first what it will install; does nothing where all is there.
set -eu

packages() {
    case $1 in
    build) echo gcc libc6-dev make libpq-dev libssl-dev libelf-dev libjansson-dev zlib1g-dev libzstd-dev \
        libcurl4-openssl-dev pkg-config binutils ;;
    demo) echo postgresql-15 postgresql-client-15 openssl procps jq ;;
    check) echo postgresql-15 postgresql-client-15 postgresql-contrib libcmocka-dev jq openssl python3-minimal python3 \
        python3-psycopg2 python3-prometheus-client musl musl-tools binutils util-linux procps strace groff-base \
        gdb valgrind perl ruby ruby-pg php-cli php-pgsql python3-psycopg default-jdk-headless@java nodejs@node npm@npm git \
        curl sqlite3 openssh-client bc zstd xz-utils gnupg tcl libjemalloc2 locales dash libcap2-bin bsdutils golang-go golang-github-jackc-pgx-v4-dev ;;
    impostor) echo postgresql-client-15 python3-psycopg2 python3-psycopg python3-asyncpg golang-go golang-github-jackc-pgx-v4-dev \
        golang-github-lib-pq-dev libpostgresql-jdbc-java default-jdk-headless@javac nodejs@node npm@npm jq ;;
    recipes) echo python3-yaml python3-botocore python3-jmespath python3-seccomp python3-psycopg2 systemd nodejs@node npm@npm curl strace \
        postgresql-15 musl-tools php8.2-fpm php-pgsql libfcgi-bin apache2 libapache2-mod-php8.2 supervisor cron gosu \
        apparmor ;;
    page) echo chromium nodejs@node npm@npm python3 fonts-dejavu-core ;;
    package) echo dpkg-dev debhelper fakeroot rpm python3 ;;
    arm64) echo gcc-aarch64-linux-gnu debootstrap debian-archive-keyring ;;
    musl) echo musl-tools dpkg-dev perl flex bison linux-libc-dev ;;
    docker) echo buildah podman runc docker-compose debootstrap lintian dpkg-dev debhelper fakeroot rpm \
        qemu-user-static python3 python3-yaml postgresql-client-15 jq openssl ;;
    bench) echo debootstrap debian-archive-keyring pgbouncer stunnel4 libeatmydata1 torsocks valgrind python3-psycopg2 python3-psycopg php-cli php-pgsql ;;
    fuzz) echo clang libclang-rt-14-dev libjansson-dev libssl-dev libpq-dev libelf-dev ;;
    lint) echo clang clang-format clang-tidy clang-tools cppcheck shellcheck graphviz ;;
    *)
        echo "deps.sh: unknown purpose: $1" >&2
        exit 2
        ;;
    esac
}

[ $# -gt 0 ] || set -- build demo check lint
missing=
for purpose in "$@"; do
    list=$(packages "$purpose") || exit $?
    for package in $list; do
        # package@command: if the command is there, from wherever, the package is not needed.
        case $package in
        *@*)
            command -v "${package#*@}" >/dev/null && continue
            package=${package%@*}
            ;;
        esac
        case " $missing " in *" $package "*) continue ;; esac
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
            missing="$missing $package"
        fi
    done
done
[ -n "$missing" ] || exit 0

echo "make deps installs with apt-get:$missing"
if [ "$(id -u)" != 0 ]; then
    echo "make deps: only root may install; run it as root, or: sudo apt-get install$missing" >&2
    exit 1
fi
# The packaged server must not come up: the tests run servers of their own.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086
apt-get install -q -y --no-install-recommends $missing
