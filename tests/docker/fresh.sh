#!/bin/bash
# What README.md promises a newcomer: on a Debian with only make and git, `make demo` installs what is missing, shows what it
# should and leaves nothing behind; then `make` and `make install` work.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "$0")/lib.sh"

base_tree
root=$SCRATCH/root
mkdir -p "$root"
tar -C "$root" -xf "$WORK/bookworm.tar"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
mkdir "$root/src"
(cd "$TOP" && git ls-files -z | tar --null -T - -cf -) | tar -C "$root/src" --no-same-owner -xf -
# In namespaces of its own, with an empty /tmp: what is left there, and who still runs, is written down at the end.
here() {
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --propagation private bash -c 'root=$0
        mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount -t tmpfs -o mode=1777 tmpfs "$root/tmp" || exit 99
        chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"
        status=$?
        find "$root/tmp" -mindepth 1 >"$root/left"
        for comm in "$root"/proc/[0-9]*/comm; do # by the shell alone, which is the one that may run
            { read -r name <"$comm"; } 2>/dev/null && [[ $name == bash ]] || echo "$name"
        done >"$root/running"
        exit "$status"' "$root" "$@"
}

run here sh -c 'apt-get -q update && apt-get -q install -y --no-install-recommends make git ca-certificates'
is "$RC" 0 "a Debian with make and git"
[[ $RC == 0 ]] || diag "$(tail -n 10 <<<"$ERR")"
run here make -C /src demo
is "$RC" 0 "make demo"
[[ $RC == 0 ]] || diag "$(tail -n 20 <<<"$OUT"$'\n'"$ERR")"
like "$OUT" 'make deps installs with apt-get:[a-z0-9 .-]* postgresql-15 ' "it says first what it installs"
has "$OUT" "no login  refused: certificate verify failed" "it shows the impostor refused"
has "$OUT" '"event":"downgrade"' "and what was logged"
is "$(<"$root/running")" "" "nothing of it is left running"
is "$(<"$root/left")" "" "and no file is left in /tmp"

run here sh -c 'cd /src && make && make install'
is "$RC" 0 "then make, make install"
[[ $RC == 0 ]] || diag "$(tail -n 20 <<<"$OUT"$'\n'"$ERR")"
run here pgseal-run --root program psql --version
has "$RC $OUT" '0 psql (PostgreSQL)' "pgseal-run starts psql from where it is installed"
run here pgseal explain 'host=db.example sslmode=disable'
has "$OUT" verify-full "and pgseal explains"

done_testing
