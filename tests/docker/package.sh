#!/bin/bash
# The Debian package: lintian finds no error, and installing, removing and purging it leaves a Debian as it was.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "$0")/lib.sh"

# --- what the build needs is listed alike in each place
declare -A rpm_name=([libcurl4-openssl-dev]=libcurl-devel [libelf-dev]=elfutils-libelf-devel [libjansson-dev]=jansson-devel
    [libpq-dev]=libpq-devel [libssl-dev]=openssl-devel [libzstd-dev]=libzstd-devel [zlib1g-dev]=zlib-devel)
libraries=$(sed -n '/^ *build) /,/;;/p' "$TOP/tests/deps.sh" | grep -oE '[a-z0-9-]+-dev\b' | grep -vx libc6-dev | sort)
isnt "$libraries" "" "tests/deps.sh says what the build needs"
is "$(sed -n '/^Build-Depends:/,/^[A-Z]/{/^Build-Depends:\|^ /p}' "$TOP/packaging/debian/control" | grep -oE '[a-z0-9-]+-dev\b' | sort)" "$libraries" \
    "debian/control asks for the same libraries"
is "$(sed -n 's/^BuildRequires: //p' "$TOP/packaging/rpm/pgseal.spec" | grep -oE '[a-z0-9-]+-devel' | sort)" \
    "$(for library in $libraries; do echo "${rpm_name[$library]-unknown: $library}"; done | sort)" "so does pgseal.spec, by their names there"
is "$(comm -23 <(echo "$libraries") <(sed -n 's/^sysroot=//p' "$TOP/tests/matrix/roots.sh" | tr , '\n' | sort))" "" \
    "the root that arm64 is built against has them"

base_tree
run make -s -C "$TOP" deb
is "$RC" 0 "make deb builds it"
package=${OUT##*$'\n'}
run lintian --allow-root --fail-on error --no-tag-display-limit "${package%.deb}.changes"
is "$RC" 0 "lintian finds no error"
is "$(dpkg-deb --contents "$package" | grep -oE '/doc/pgseal/(CHANGELOG|SECURITY|changelog)[^/]*$' | sort)" '/doc/pgseal/CHANGELOG.md.gz
/doc/pgseal/SECURITY.md
/doc/pgseal/changelog.gz' "the changelogs of the program and of the package, and SECURITY.md"
hasnt "$OUT" "E: " "and says so"
[[ $RC == 0 ]] || diag "$OUT"

is "$(dpkg-deb --fsys-tarfile "$package" | tar -xO --wildcards '*/lintian/overrides/pgseal' | grep -v '^#')" \
    'pgseal: shared-library-lacks-prerequisites [usr/bin/pgseal-run]' "one finding is overridden, and no more"

sum=$(sha256sum <"$package")
run make -s -C "$TOP" deb
is "$RC" 0 "make deb, again"
is "$(sha256sum <"$package")" "$sum" "is the same package, bit for bit"

root=$SCRATCH/root
mkdir "$root"
tar -C "$root" -xf "$WORK/bookworm.tar"
cp "$package" "$root/tmp/pgseal.deb"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/hosts "$root/etc/hosts"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 0755 "$root/usr/sbin/policy-rc.d"
here() { unshare --mount --pid --fork --propagation private chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"; }
install_needs() {
    here apt-get -q update && here apt-get -q satisfy -y --no-install-recommends "$(dpkg-deb -f "$package" Depends)" &&
        here apt-get -q install -y --no-install-recommends postgresql-client
}
run install_needs
is "$RC" 0 "what it depends on can be installed"
[[ $RC == 0 ]] || diag "$(tail -n 10 <<<"$ERR")"

# Every path with its type, mode, owner, link target and content; of the package manager's own files, what it knows.
listing() {
    (
        cd "$root"
        find . \( -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache \) -prune -o -printf '%p %y %m %U:%G %l\n'
        find . \( -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache \) -prune -o -type f -print0 |
            xargs -0 sha256sum
        find ./var/lib/dpkg/info ./var/lib/dpkg/triggers ./var/lib/dpkg/alternatives -printf '%p %y %m\n'
        # shellcheck disable=SC2016
        here dpkg-query -W -f '${Package} ${Version} ${Status}\n'
    ) | sort
}
listing >"$SCRATCH/before"
here dpkg -i /tmp/pgseal.deb >"$SCRATCH/dpkg.log" 2>&1 || diag "$(<"$SCRATCH/dpkg.log")"
listing >"$SCRATCH/installed"
run comm -23 "$SCRATCH/before" "$SCRATCH/installed"
is "$OUT" "" "installing changes and removes no file that was there"
run bash -c "comm -13 '$SCRATCH/before' '$SCRATCH/installed' | sed -n 's/^\(\.[^ ]*\) [fdl] .*/\1/p' | grep -v '^./var/lib/dpkg/info/'"
is "$OUT" "$(dpkg-deb --fsys-tarfile "$package" | tar -t | sed 's,/$,,' | sort |
    comm -23 - <(cd "$root" && sed -n 's/^\(\.[^ ]*\) [fdl] .*/\1/p' "$SCRATCH/before" | sort) | grep -v '^\.$')" \
    "and adds what the package lists"
is "$(ls -A "$root/etc/pgseal")" "" "/etc/pgseal is there, and empty"
nok "nothing is preloaded: no ld.so.preload" test -e "$root/etc/ld.so.preload"
is "$(grep -rl pgseal "$root/etc" 2>/dev/null | sort)" "" "no file of /etc speaks of pgseal"

run here psql --version
has "$OUT" "psql (PostgreSQL)" "psql runs, as it did"
run here env LD_DEBUG=files psql --version
hasnt "$ERR" libpgseal "and not under pgseal"
run here pgseal-run --root program env LD_DEBUG=files psql --version
has "$ERR" /usr/lib/pgseal/libpgseal.so "started by pgseal-run, it is, with the object of the package"
is "$RC" 0 "and runs"
run here pgseal --version
has "$OUT" "$(dpkg-deb -f "$package" Version)" "pgseal finds its libraries"

echo 'mode = audit' >"$root/etc/pgseal/policy.conf"
here dpkg -r pgseal >"$SCRATCH/dpkg.log" 2>&1
is "$(cat "$root/etc/pgseal/policy.conf" 2>&1)" "mode = audit" "removing leaves the administrator's policy"
here dpkg -P pgseal >>"$SCRATCH/dpkg.log" 2>&1 || true
is "$(cat "$root/etc/pgseal/policy.conf" 2>&1)" "mode = audit" "so does purging"
rm "$root/etc/pgseal/policy.conf"
rmdir "$root/etc/pgseal"

listing >"$SCRATCH/after"
run diff "$SCRATCH/before" "$SCRATCH/after"
is "$OUT" "" "then all is as before, to the byte"

here dpkg -i /tmp/pgseal.deb >"$SCRATCH/dpkg.log" 2>&1
here dpkg -P pgseal >"$SCRATCH/dpkg.log" 2>&1
listing >"$SCRATCH/after"
run diff "$SCRATCH/before" "$SCRATCH/after"
is "$OUT" "" "and after installing and purging at once, as well"

# --- an upgrade, on a machine whose administrator has a policy and preloads the object everywhere
dpkg-deb -R "$package" "$SCRATCH/earlier"
sed -i 's/^Version: .*/Version: 0.9.0/' "$SCRATCH/earlier/DEBIAN/control"
echo 'of the earlier version' >>"$SCRATCH/earlier/usr/lib/pgseal/libpgseal.so"
(cd "$SCRATCH/earlier" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | xargs -0 md5sum >DEBIAN/md5sums)
dpkg-deb --root-owner-group -b "$SCRATCH/earlier" "$root/tmp/earlier.deb" >"$SCRATCH/dpkg.log"
run here dpkg -i /tmp/earlier.deb
is "$RC" 0 "an earlier version is installed"
printf 'mode = audit\n' >"$root/etc/pgseal/policy.conf"
printf '/usr/lib/pgseal/libpgseal.so\n' >"$root/etc/ld.so.preload"
mine() { (cd "$root/etc" && sha256sum pgseal/* ld.so.preload && stat -c '%n %i %a %U:%G %Y' pgseal/* ld.so.preload); }
before=$(mine)
run here env LD_DEBUG=files true
has "$ERR" /usr/lib/pgseal/libpgseal.so "every program is preloaded"
inode=$(stat -c %i "$root/usr/lib/pgseal/libpgseal.so")
run here dpkg -i /tmp/pgseal.deb
is "$RC $ERR" "0 " "it is upgraded, by a dpkg that runs under it"
[[ $RC == 0 ]] || diag "$OUT"
# shellcheck disable=SC2016
is "$(here dpkg-query -W -f '${Version} ${Status}' pgseal)" "$(dpkg-deb -f "$package" Version) install ok installed" \
    "to this version"
is "$(here dpkg -V pgseal)" "" "every file is the package's"
isnt "$(stat -c %i "$root/usr/lib/pgseal/libpgseal.so")" "$inode" "the object is a new file: processes keep the one they have"
is "$(mine)" "$before" "the administrator's policy and ld.so.preload are not touched"
rm "$root/etc/ld.so.preload" # first, or each program would complain of the missing object
run here dpkg -P pgseal
is "$(cat "$root/etc/pgseal/policy.conf" 2>&1)" "mode = audit" "nor is the policy when it is purged"
rm -r "$root/etc/pgseal" "$root/tmp/earlier.deb"
listing >"$SCRATCH/after"
run diff "$SCRATCH/before" "$SCRATCH/after"
is "$OUT" "" "then all is as before the first installation"
is "$(dpkg-deb --ctrl-tarfile "$package" | tar -t | sort | xargs)" "./ ./control ./md5sums" "the package has no maintainer scripts"

# --- make install and make uninstall, in that Debian itself, with what stands in packaging/install and nothing else
mkdir "$root/tmp/tree"
tar -C "$TOP" -cf - --exclude='./build/?*/*' --exclude=./.git . | tar -C "$root/tmp/tree" -xf -
listing >"$SCRATCH/before"
run here /tmp/tree/packaging/install install
is "$RC" 0 "packaging/install with neither DESTDIR nor PREFIX"
[[ $RC == 0 ]] || diag "$ERR"
run here /usr/local/bin/pgseal-run --root program env
has "$OUT" LD_PRELOAD=/usr/local/lib/libpgseal.so "the launcher finds the object in /usr/local"
run here /usr/local/bin/pgseal --version
is "$RC" 0 "pgseal runs from /usr/local"
listing >"$SCRATCH/installed"
run comm -23 "$SCRATCH/before" "$SCRATCH/installed"
is "$OUT" "" "it changes and removes no file that was there"
run here /tmp/tree/packaging/install uninstall
is "$RC" 0 "and away again"
listing >"$SCRATCH/after"
run diff "$SCRATCH/before" "$SCRATCH/after"
is "$OUT" "" "leaves all as it was, to the byte"
done_testing
