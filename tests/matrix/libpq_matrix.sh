# shellcheck shell=bash
# libpq_matrix.sh: one libpq in the place where it lives; sourced after env.sh, with WORLD set to
#   libpq-N libpq-N-symbolic   a build of libpq N, on this machine; symbolic: it binds its own calls to itself
#   host host-symbolic         this machine's libpq; the same linked -Bsymbolic-functions from its static library
#   bullseye trixie sid        another Debian's, in a chroot; experimental: sid with the libpq to come; experimental-symbolic
#   arm64 experimental-arm64   bookworm's, and the libpq to come, under qemu
#   musl-libpq                 libpq, OpenSSL and psql of musl, built by tests/musl/build
# Leaves MAJOR (of libpq), LIBPQ_VERSION, SYMBOLIC (1 or empty), PSQL (a program of that world, or empty), WORLD_ETC (its
# /etc, private), ENTRY_POINTS, and two commands: world and world_bare COMMAND…, run in it with and without the object.

_world_root=$TEST_TOP/build/roots/${WORLD%-symbolic}
_world_libdir='' SYMBOLIC='' PSQL='' WORLD_ETC=/etc
_world_env=()

# The root's own /etc stays as it is: a copy is laid over it, in this mount namespace only.
_world_enter() {
    WORLD_ETC=$TEST_DIR/rootetc
    mkdir "$WORLD_ETC"
    mount -t tmpfs -o mode=755 tmpfs "$WORLD_ETC"
    cp -a "$_world_root/etc/." "$WORLD_ETC/"
    mkdir -p "$WORLD_ETC/pgseal"
    printf '127.0.0.1 localhost\n' >"$WORLD_ETC/hosts"
    [[ -f $WORLD_ETC/passwd ]] || printf 'root:x:0:0:root:/root:/bin/sh\n' >"$WORLD_ETC/passwd"
    mount --bind "$WORLD_ETC" "$_world_root/etc"
    mount --bind /etc/pgseal "$_world_root/etc/pgseal"
    PSQL=$(echo "$_world_root"/usr/lib/postgresql/*/bin/psql)
    PSQL=${PSQL#"$_world_root"}
}

case $WORLD in
libpq-*)
    MAJOR=${WORLD//[^0-9]/}
    _world_libdir=$TEST_TOP/build/libpqs/$MAJOR/native/lib
    [[ $MAJOR == 13 || $MAJOR == 15 ]] || PSQL=/usr/lib/postgresql/15/bin/psql
    _world_env=("LD_LIBRARY_PATH=$_world_libdir")
    ;;
host | host-symbolic)
    PSQL=/usr/lib/postgresql/15/bin/psql
    [[ $WORLD == host ]] || _world_env=("LD_LIBRARY_PATH=$TEST_TOP/build/hostile/symbolic")
    ;;
musl-libpq)
    cp "$TEST_TOP/build/musl/entry_points" "$ENTRY_POINTS"
    PSQL=$TEST_TOP/build/musl/root/bin/psql
    ;;
arm64 | experimental-arm64)
    _world_enter
    cp "$TEST_TOP/build/arm64/libpgseal.so" "$OBJECT"
    cp "$TEST_TOP/build/matrix/entry_points-arm64" "$ENTRY_POINTS"
    PSQL=$_world_root$PSQL
    ;;
*)
    _world_enter
    cp "$TEST_TOP/build/matrix/entry_points-old" "$ENTRY_POINTS"
    # /tmp exists in every root; what is mounted there is seen by this test alone.
    mount -t tmpfs -o mode=1777 tmpfs "$_world_root/tmp"
    for _world_dir in "$PKI" "$TEST_DIR/log" "$TEST_DIR/bin" "$TEST_DIR/srv" "$TEST_DIR/homes" "$TEST_DIR/home"; do
        mkdir -p "$_world_dir" "$_world_root$_world_dir"
        mount --bind "$_world_dir" "$_world_root$_world_dir"
    done
    [[ -e $_world_root/proc/self ]] || mount -t proc proc "$_world_root/proc"
    if [[ $WORLD == *-symbolic ]]; then
        mkdir "$TEST_DIR/bin/symbolic"
        cp "$TEST_TOP/build/matrix/$WORLD/libpq.so.5" "$TEST_DIR/bin/symbolic"
        _world_env=("LD_LIBRARY_PATH=$TEST_DIR/bin/symbolic")
    fi
    ;;
esac
mkdir -p "$TEST_DIR/homes"
if [[ $WORLD == *-symbolic ]]; then
    SYMBOLIC=1
    [[ $WORLD != libpq-* ]] || _world_env=("LD_LIBRARY_PATH=$TEST_TOP/build/matrix/$WORLD:$_world_libdir")
fi

_world_run() { # PRELOAD COMMAND…
    local preload=$1
    shift
    case $WORLD in
    libpq-* | host* | musl-libpq) env "${_world_env[@]}" ${preload:+LD_PRELOAD="$preload"} "$@" ;;
    arm64 | experimental-arm64)
        qemu-aarch64-static -L "$_world_root" ${preload:+-E LD_PRELOAD="$preload"} "$@"
        ;;
    *) chroot "$_world_root" /usr/bin/env HOME="$HOME" "${_world_env[@]}" ${preload:+LD_PRELOAD="$preload"} "$@" ;;
    esac
}
world() { _world_run "$OBJECT" "$@"; }
world_bare() { _world_run '' "$@"; }

# world_home DIR: the home directory of root, as the password file of this world says it.
world_home() {
    sed -i "s|^\(root:[^:]*:[^:]*:[^:]*:[^:]*\):[^:]*:|\1:$1:|" "$WORLD_ETC/passwd"
}

# world_words: what is in this world, for the table: libpq, OpenSSL, C library.
world_words() {
    local dir root='' libc
    case $WORLD in
    libpq-*) dir=$_world_libdir ;;
    host*) dir=/usr/lib/x86_64-linux-gnu ;;
    musl-libpq) dir=$TEST_TOP/build/musl/root/lib ;;
    *) root=$_world_root dir=$(dirname "$(find "$_world_root"/usr/lib -name 'libcrypto.so.*' | head -n 1)") ;;
    esac
    if [[ $WORLD == musl-libpq ]]; then
        libc="musl $(/lib/ld-musl-x86_64.so.1 2>&1 | sed -n 's/^Version //p')"
    else
        libc=$(find -L "${root:-}"/lib/*-linux-gnu -maxdepth 1 -name libc.so.6 -exec strings {} + 2>/dev/null |
            sed -n 's/^GNU C Library .* version \([0-9.]*[0-9]\)\..*/\1/p' | sort -u | head -n 1)
    fi
    printf '%s|%s|%s\n' "$((LIBPQ_VERSION / 10000)).$((LIBPQ_VERSION % 10000))" \
        "$(find -L "$dir" -maxdepth 1 -name 'libcrypto.so.*' -exec strings {} + |
            sed -n 's/^OpenSSL \([0-9][0-9.a-z]*\) .*/\1/p' | sort -u | head -n 1)" "$libc"
}
