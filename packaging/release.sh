# shellcheck shell=sh
# release.sh: what the package builders share; sourced with $top set to the source tree.
# Sets VERSION, EPOCH (the time stamp of everything that is packed) and DIST (build/dist).

DIST=${top:?}/build/dist
VERSION=$(sed -n 's/^VERSION = //p' "$top/Makefile")
_changelog=$top/packaging/debian/changelog
_spec=$top/packaging/rpm/pgseal.spec
if [ "$(sed -n '1s/.*(\(.*\)).*/\1/p' "$_changelog")" != "$VERSION" ] ||
    [ "$(sed -n 's/^Version: *//p' "$_spec")" != "$VERSION" ]; then
    echo "${0##*/}: Makefile says $VERSION; $_changelog and $_spec must say the same" >&2
    exit 1
fi
EPOCH=$(date -u -d "$(sed -n 's/^ -- .*>  //p' "$_changelog" | head -n 1)" +%s)
# The builds in here have their own variables, not those of a make that called us.
unset MAKEFLAGS MFLAGS MAKELEVEL PREFIX DESTDIR LIBDIR CFLAGS CPPFLAGS LDFLAGS
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH="$EPOCH"
umask 022

# pack TARGET TAR-ARGUMENT…: a .tar.gz that depends on nothing but names, contents and which files are executable.
pack() {
    _target=$1
    shift
    tar --sort=name --format=gnu --mtime="@$EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -cf - "$@" |
        gzip -9n >"$_target.$$"
    mv "$_target.$$" "$_target"
}

# pack_source: writes $DIST/pgseal-VERSION.tar.gz: what git tracks or would add; without git, all but build/.
pack_source() {
    mkdir -p "$DIST"
    (
        cd "$top" || exit
        if [ -e .git ] && git ls-files >/dev/null 2>&1; then
            git ls-files --cached --others --exclude-standard
        else
            find . \( -path ./build -o -path ./.git \) -prune -o -type f -print | sed 's,^\./,,'
        fi | while IFS= read -r _file; do
            [ ! -f "$_file" ] || printf '%s\n' "$_file"
        done | sort -u >"$DIST/source.list.$$"
    )
    pack "$DIST/pgseal-$VERSION.tar.gz" -C "$top" --transform="flags=r;s,^,pgseal-$VERSION/," --verbatim-files-from \
        -T "$DIST/source.list.$$"
    rm "$DIST/source.list.$$"
}
