#!/bin/bash
# make install and make uninstall: what they put where, and that they take away what they brought and nothing else.
set -euo pipefail
TOP=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/tap.sh
. "$TOP/tests/lib/tap.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL PREFIX DESTDIR LIBDIR
export LC_ALL=C
SCRATCH=$(mktemp -d /tmp/pgseal-install.XXXXXX)
trap 'rm -rf --one-file-system "$SCRATCH"' EXIT
target() { make -s -C "$TOP" "$@" >"$SCRATCH/make.out" 2>&1 || {
    diag "$(tail -n 10 "$SCRATCH/make.out")"
    return 1
}; }
# Type, mode and name of all there is, and of what content.
listing() { (cd "$1" && find . -printf '%y %m %p\n' && find . -type f -exec sha256sum {} +) | sort; }

umask 077 # what others may read does not hang on the one who installs
dest=$SCRATCH/dest
mkdir -m 0755 "$dest"
ok "make install" target install DESTDIR="$dest" PREFIX=/usr
doc=./usr/share/doc/pgseal
is "$(cd "$dest" && find . -type f -printf '%m %p\n' | sort -k 2)" "$(sort -k 2 <<EOT
644 ./usr/lib/libpgseal.so
755 ./usr/bin/pgseal
755 ./usr/bin/pgseal-run
644 ./usr/share/bash-completion/completions/pgseal
644 ./usr/share/bash-completion/completions/pgseal-run
644 ./usr/share/man/man1/pgseal.1
644 ./usr/share/man/man1/pgseal-run.1
644 ./usr/share/man/man5/pgseal-policy.5
644 ./usr/share/man/man7/libpgseal.7
644 $doc/.directories
644 $doc/CHANGELOG.md
644 $doc/README.md
644 $doc/SECURITY.md
644 $doc/docs/sample-policy.conf
$(cd "$TOP" && for text in docs/*.md; do echo "644 $doc/$text"; done)
EOT
)" "puts these files there, with these modes"
is "$(find "$dest" ! -type d ! -type f)" "" "and nothing else than files"
is "$(find "$dest" -type d ! -perm 755)" "" "in directories that everybody may enter"
is "$(find "$dest/etc" -printf '%y %P\n')" $'d \nd pgseal' "of /etc an empty /etc/pgseal: no policy, nothing preloaded"
for file in lib/libpgseal.so bin/pgseal-run bin/pgseal; do
    ok "$file is what was built" cmp "$TOP/build/${file#*/}" "$dest/usr/$file"
done
run_out=$("$dest/usr/bin/pgseal-run" --root program env 2>&1) || true
has "$run_out" "LD_PRELOAD=$dest/usr/lib/libpgseal.so" "the installed launcher finds the installed object"

first=$(listing "$dest")
inode=$(stat -c %i "$dest/usr/lib/libpgseal.so")
ok "make install, again" target install DESTDIR="$dest" PREFIX=/usr
is "$(listing "$dest")" "$first" "makes no difference"
isnt "$(stat -c %i "$dest/usr/lib/libpgseal.so")" "$inode" "yet brings a new file: processes keep the one they have"
ok "make uninstall" target uninstall DESTDIR="$dest" PREFIX=/usr
is "$(find "$dest" -mindepth 1)" "" "leaves nothing behind"
ok "make uninstall where nothing is" target uninstall DESTDIR="$dest" PREFIX=/usr

# --- where something is already
(umask 022 && mkdir -p "$dest/opt/x/bin" "$dest/opt/x/share/man/man1" "$dest/etc/pgseal")
chmod 0750 "$dest/opt/x/bin"
echo 'mode = audit' >"$dest/etc/pgseal/policy.conf"
echo theirs >"$dest/opt/x/bin/psql"
before=$(listing "$dest")
ok "make install beside others" target install DESTDIR="$dest" PREFIX=/opt/x LIBDIR=/opt/x/lib/pgseal
ok "with the object elsewhere" test -f "$dest/opt/x/lib/pgseal/libpgseal.so"
run_out=$("$dest/opt/x/bin/pgseal-run" --root program env 2>&1) || true
has "$run_out" "LD_PRELOAD=$dest/opt/x/lib/pgseal/libpgseal.so" "where the launcher finds it"
is "$(<"$dest/etc/pgseal/policy.conf")" 'mode = audit' "the administrator's policy is untouched"
ok "make uninstall" target uninstall DESTDIR="$dest" PREFIX=/opt/x LIBDIR=/opt/x/lib/pgseal
is "$(listing "$dest")" "$before" "leaves all as it was, empty directories and modes, too"

status=0
out=$(make -s -C "$TOP" install DESTDIR="$dest" PREFIX=usr 2>&1) || status=$?
is "$status" 2 "a relative PREFIX is refused"
has "$out" "absolute" "with the reason"
is "$(listing "$dest")" "$before" "before anything is written"
done_testing
