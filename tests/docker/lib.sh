# shellcheck shell=bash
# lib.sh: what the tests of images and of the package share: a Debian of their own, and storage for images in build/docker.
#
# Set here: TOP (the source tree), WORK (build/docker, kept from run to run), SCRATCH (a temporary directory, removed at the
# end, with every container and volume that the test made).
set -euo pipefail
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WORK=$TOP/build/docker
# shellcheck source=tests/lib/tap.sh
. "$TOP/tests/lib/tap.sh"
export LC_ALL=C TZ=UTC
unset MAKEFLAGS MFLAGS MAKELEVEL PREFIX DESTDIR LIBDIR LD_PRELOAD
exec </dev/null
umask 022
mkdir -p "$WORK"
SCRATCH=$(mktemp -d /tmp/pgseal-docker.XXXXXX)

if [[ $EUID != 0 ]]; then
    echo "Bail out! the tests of images and of the package run as root"
    exit 1
fi

_storage=(--root "$WORK/storage" --runroot "$WORK/run" --storage-driver vfs)
# Without the limits podman would ask for more than a container that it runs in may give.
_run=(--runtime runc run --network host --ulimit nofile=20000:20000 --ulimit nproc=1024:1024)
image_podman() { podman "${_storage[@]}" "$@"; }
# image_build TAG ARG…: builds an image from the tree, and shows what went wrong if anything did.
image_build() {
    local tag=$1
    shift
    buildah "${_storage[@]}" bud --isolation chroot --network host -t "$tag" "$@" >"$SCRATCH/build.log" 2>&1 && return 0
    diag "$(tail -n 30 "$SCRATCH/build.log")"
    return 1
}
# image_run ARG…: a container that is removed when it ends, unless it has a name (then the end of the test does).
image_run() { image_podman "${_run[@]}" "$@"; }
# locked ARG…: image_run with nothing that a container may be without.
locked() { image_run --rm --read-only --cap-drop all --security-opt no-new-privileges "$@"; }

# run COMMAND…: leaves OUT, ERR and RC.
# shellcheck disable=SC2034
run() {
    RC=0
    OUT=$("$@" 2>"$SCRATCH/err") || RC=$?
    ERR=$(<"$SCRATCH/err")
}

_mirror() {
    sed -n -e 's/^URIs: *\([^ ]*\).*/\1/p' -e 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' \
        /etc/apt/sources.list /etc/apt/sources.list.d/debian* 2>/dev/null | head -n 1
}

# base_tree: makes $WORK/bookworm.tar, a minimal Debian 12, where it is not there yet.
base_tree() {
    [[ ! -f $WORK/bookworm.tar ]] || return 0
    debootstrap --variant=minbase bookworm "$SCRATCH/bookworm" "$(_mirror)" >"$SCRATCH/debootstrap.log" 2>&1 ||
        { diag "$(tail -n 20 "$SCRATCH/debootstrap.log")" && return 1; }
    rm -rf "$SCRATCH"/bookworm/var/cache/apt/archives/*.deb "$SCRATCH"/bookworm/var/lib/apt/lists/*
    tar -C "$SCRATCH/bookworm" --one-file-system -cf "$WORK/bookworm.tar.new" .
    mv "$WORK/bookworm.tar.new" "$WORK/bookworm.tar"
    rm -rf --one-file-system "$SCRATCH/bookworm"
}
# base_image: that Debian as the image that the Dockerfiles begin with.
base_image() {
    base_tree
    image_podman image exists docker.io/library/debian:bookworm-slim ||
        image_podman import "$WORK/bookworm.tar" docker.io/library/debian:bookworm-slim >"$SCRATCH/import.log" 2>&1
}

# image_clear: no container and no volume is left in the tests' own storage.
image_clear() {
    [[ -d $WORK/storage ]] || return 0
    image_podman rm --force --time 1 --all >"$SCRATCH/clear.log" 2>&1 ||
        image_podman rm --force --time 1 --all >"$SCRATCH/clear.log" 2>&1 || diag "$(<"$SCRATCH/clear.log")"
    image_podman volume rm --force --all >"$SCRATCH/clear.log" 2>&1 || true
}

_cleanup() {
    local status=$? mounted
    trap - EXIT
    declare -F test_cleanup >/dev/null && test_cleanup
    image_clear
    while read -r _ _ _ _ mounted _; do
        [[ $mounted == "$SCRATCH"/* ]] && umount -l "$mounted" 2>/dev/null
    done < <(tac /proc/self/mountinfo)
    rm -rf --one-file-system "$SCRATCH" || true
    exit "$status"
}
trap _cleanup EXIT
trap 'exit 130' INT TERM
