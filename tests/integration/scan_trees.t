#!/bin/bash
# scan_trees.t: `pgseal scan`: an image's root, and a tree of 20,000 files.
# shellcheck source=tests/lib/scan.sh
. "$(dirname "$0")/../lib/scan.sh"

# --- an image's root ----------------------------------------------------------------------------------------------------
mkdir -p image/etc/ld.so.conf.d image/usr/lib image/opt/pg image/usr/bin
ln -s usr/lib image/lib
echo 'include /etc/ld.so.conf.d/*.conf' >image/etc/ld.so.conf
echo /opt/current >image/etc/ld.so.conf.d/pg.conf
ln -s /opt/pg image/opt/current
cp "$(ldd "$psql" | awk '/libpq\.so/ {print $3}')" image/opt/pg/libpq.so.5.99
ln -s /opt/pg/libpq.so.5.99 image/opt/pg/libpq.so.5
cp tree/bin/direct image/usr/bin/
scan --root image
is "$status $(item /usr/bin/direct)" '0 program covered linked' 'an image'
is "$(evidence /usr/bin/direct)" /opt/pg/libpq.so.5.99 'absolute links and ld.so.conf are taken within the root'
is "$(field '.items[] | select(.path | endswith("direct")) | .path')" /usr/bin/direct 'paths are those within the root'
scan --root image /usr/bin/direct
is "$(field '.items | length') $(field .root)" '1 image' '--root with a PATH'
rm image/opt/pg/libpq.so.5
ln -s ../../../../../../../../../../usr/lib/x86_64-linux-gnu/libpq.so.5 image/opt/pg/libpq.so.5
scan --root image /usr/bin
is "$(evidence /usr/bin/direct)" 'libpq.so.5, which is missing' 'no .. leads out of the root'
echo 'ID=x' >image/etc/os-release
scan image
is "$(field .root) $(field '.items[] | select(.path | endswith("direct")) | .path')" 'image /usr/bin/direct' 'a directory with an etc/os-release of its own is taken for a root'

# --- a tree of 20,000 files ---------------------------------------------------------------------------------------------
python3 - <<'END'
import os, shutil
for d in range(200):
    os.makedirs("many/%d" % d)
    for f in range(99): open("many/%d/%d" % (d, f), "wb").write(b"x" * 100)
    shutil.copy("tree/bin/direct", "many/%d/direct" % d)
END
began=$(date +%s%N)
scan many
took=$((($(date +%s%N) - began) / 1000000))
is "$status $(field '.items | length') $(field .summary.files)" '0 200 20000' '20,000 files'
ok "in seconds ($took ms)" test "$took" -lt 30000
terminal=$(TERM=xterm script -qec "$pgseal scan many" /dev/null || true)
like "$terminal" '[0-9]+ files, 0 processes' 'progress on a terminal'
done_testing
