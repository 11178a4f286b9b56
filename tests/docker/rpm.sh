#!/bin/bash
# The RPM packages: what is in them, that they have no scriptlets, and that installing, upgrading and removing them in a root
# leaves the administrator's policy and ld.so.preload as they were.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "$0")/lib.sh"

run make -s -C "$TOP" rpm
is "$RC" 0 "make rpm builds them"
[[ $RC == 0 ]] || diag "$(tail -n 20 <<<"$ERR")"
main=$(echo "$TOP"/build/rpm/RPMS/x86_64/pgseal-[0-9]*.rpm)
tools=$(echo "$TOP"/build/rpm/RPMS/x86_64/pgseal-tools-*.rpm)
# rpm_in ROOT ARG…: without the two lines in which Debian's rpm wonders whether it is wanted.
rpm_in() {
    local root=$1
    shift
    rpm --root "$root" --dbpath /var/lib/rpm "$@" 2> >(grep -v '^rpm: ' >&2)
}
version=$(sed -n 's/^VERSION = //p' "$TOP/Makefile")

mkdir -p "$SCRATCH/elsewhere/tree"
tar -C "$TOP" --exclude=./build --exclude=./.git -cf - . | tar --touch -C "$SCRATCH/elsewhere/tree" -xf -
run env TZ=Asia/Tokyo make -s -C "$SCRATCH/elsewhere/tree" rpm
is "$RC" 0 "make rpm, in another directory and at another time"
for package in "$main" "$tools"; do
    ok "${package##*/} is the same, bit for bit" cmp "$package" \
        "$SCRATCH/elsewhere/tree/build/rpm/RPMS/x86_64/${package##*/}"
done
rm -rf "$SCRATCH/elsewhere"

# --- what is in them
for package in "$main" "$tools"; do
    name=$(rpm -qp --qf '%{NAME}' "$package")
    run rpm -qp --scripts --triggers --filetriggers "$package"
    is "$RC $OUT$ERR" "0 " "$name has no scriptlet and no trigger"
    run rpm -qp --qf '[%{FILEFLAGS:fflags}]' "$package"
    hasnt "$OUT" c "$name has no configuration file"
    is "$(rpm -qp --qf '[%{FILEUSERNAME}:%{FILEGROUPNAME}\n]' "$package" | sort -u)" root:root "$name: all is root's"
done
is "$(rpm -qpl "$main" | grep -v '^/usr/share/doc/')" '/etc/pgseal
/usr/bin/pgseal-run
/usr/lib/pgseal
/usr/lib/pgseal/libpgseal.so
/usr/share/bash-completion/completions/pgseal-run
/usr/share/man/man1/pgseal-run.1
/usr/share/man/man5/pgseal-policy.5
/usr/share/man/man7/libpgseal.7' "pgseal: the object, the launcher, their man pages, an empty /etc/pgseal"
is "$(rpm -qpl "$tools")" '/usr/bin/pgseal
/usr/share/bash-completion/completions/pgseal
/usr/share/man/man1/pgseal.1' "pgseal-tools: the tool"
needs=$(rpm -qp --requires "$main")
is "$(grep -vE '^(libc\.so\.6\(|rtld\(GNU_HASH\)|rpmlib\()' <<<"$needs" || true)" '' "pgseal needs the C library only"
is "$(grep -oE 'GLIBC_[0-9.]+' <<<"$needs" | sort -V | tail -n 1)" GLIBC_2.17 "of version 2.17 or later"
needs=$(rpm -qp --requires "$tools")
has "$needs" "pgseal = $version-1" "pgseal-tools needs the pgseal of the same version"
has "$needs" 'libpq.so.5()(64bit)' "and libpq"
hasnt "$needs" CURL_OPENSSL "and no symbol version that only Debian's libcurl has"

# --- an earlier version: the same spec over other contents, so that nothing is compiled again
mkdir -p "$SCRATCH/payload" "$SCRATCH/old"
rpm_in "$SCRATCH/payload" --nodeps -i "$main" "$tools"
rm -rf "$SCRATCH/payload/var"
echo 'of the earlier version' >>"$SCRATCH/payload/usr/lib/pgseal/libpgseal.so"
sed -e 's/^Version: .*/Version: 0.9.0/' -e '/^Source0:/d' -e '/^%setup/d' -e '/^env .* all$/d' -e '/^rm .*\.directories$/d' \
    -e "s,^env .* install\$,cp -a $SCRATCH/payload/. %{buildroot}/," "$TOP/packaging/rpm/pgseal.spec" >"$SCRATCH/old.spec"
run rpmbuild -bb --nodeps --define "_topdir $SCRATCH/old" "$SCRATCH/old.spec"
is "$RC" 0 "an earlier version can be built"
[[ $RC == 0 ]] || diag "$(tail -n 20 <<<"$ERR")"

root=$SCRATCH/root
mkdir -p "$root/etc"
listing() { (cd "$root" && find . -path ./var/lib/rpm -prune -o -printf '%p %y %m %U:%G %l\n' | sort); }
run rpm_in "$root" --initdb
listing >"$SCRATCH/before"
run rpm_in "$root" --nodeps -i "$SCRATCH"/old/RPMS/x86_64/*.rpm
is "$RC $ERR" "0 " "it is installed into a root"
is "$(rpm_in "$root" -qa | sort | xargs)" "pgseal-0.9.0-1.x86_64 pgseal-tools-0.9.0-1.x86_64" "as rpm knows"
is "$(find "$root/etc" -mindepth 1 -printf '%P %y %m\n')" "pgseal d 755" "/etc/pgseal is there, and empty; nothing is preloaded"

printf 'mode = audit\n' >"$root/etc/pgseal/policy.conf"
printf '/usr/lib/pgseal/libpgseal.so\n' >"$root/etc/ld.so.preload"
mine() { (cd "$root/etc" && sha256sum pgseal/* ld.so.preload && stat -c '%n %i %a %U:%G %Y' pgseal/* ld.so.preload); }
before=$(mine)
inode=$(stat -c %i "$root/usr/lib/pgseal/libpgseal.so")
run rpm_in "$root" --nodeps -U "$main" "$tools"
is "$RC $ERR" "0 " "it is upgraded"
is "$(rpm_in "$root" -qa | sort | xargs)" "pgseal-$version-1.x86_64 pgseal-tools-$version-1.x86_64" "to this version"
is "$(mine)" "$before" "the administrator's policy and ld.so.preload are not touched"
isnt "$(stat -c %i "$root/usr/lib/pgseal/libpgseal.so")" "$inode" "the object is a new file: processes keep the one they have"
run rpm_in "$root" -V pgseal pgseal-tools --nodeps
is "$RC $OUT" "0 " "and every file is the package's"
run "$root/usr/bin/pgseal-run" --root program env
has "$OUT" "LD_PRELOAD=$root/usr/lib/pgseal/libpgseal.so" "the launcher finds the object beside it"
run "$root/usr/bin/pgseal" --version
has "$RC $OUT" "0 pgseal $version" "the tool runs"

run rpm_in "$root" -e pgseal-tools pgseal
is "$RC" 0 "it is removed"
is "$(mine)" "$before" "the policy and ld.so.preload are as they were"
rm -r "$root/etc/pgseal" "$root/etc/ld.so.preload"
listing >"$SCRATCH/after"
run comm -13 "$SCRATCH/before" "$SCRATCH/after"
is "$(grep -vE '^\./usr( |/(bin|lib|share|share/(man|man/man[0-9]|bash-completion|bash-completion/completions|doc)) )' <<<"$OUT" || true)" \
    "" "and nothing of it is left but directories that other packages own"
done_testing
