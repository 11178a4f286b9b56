#!/bin/bash
# launcher_follows.t: pgseal-run starts nothing that it cannot follow to a program: env(1) in #! lines, a dynamic
# linker as the command, programs that clear the environment, AddressSanitizer; and setuid programs with
# /etc/ld.so.preload.
# shellcheck source=tests/lib/launcher.sh
. "$(dirname "$0")/../lib/launcher.sh"

script() { # NAME LINE
    printf '%s\n' "$2" >"$1"
    chmod 755 "$1"
}
mkdir path && cp static path/staticprog && cp probe path/dynprog
PATH=$dir/path:$PATH

# --- env(1) in a #! line: what the words WORDS are, for the static program and for one that can be sealed
# unfollowed WORDS WORD: refused for that word, and the static program did not run (bare, env would have started it, or not).
unfollowed() {
    script viaenv "#!/usr/bin/env $1"
    r "$run" ./viaenv
    refused 125 "what env does with \"$2\" cannot be followed" "#!/usr/bin/env $1"
}
bare_runs() { # WORDS: env does start it
    script viaenv "#!/usr/bin/env $1"
    r ./viaenv
    is "$status/$out" 0/hello "#!/usr/bin/env $1: bare it runs"
}
for words in "-S -u FOO $dir/static" "-S -i $dir/static" "-S -- $dir/static" "-S -u LD_PRELOAD $dir/probe" "-S --ignore-environment $dir/probe"; do
    bare_runs "$words"
    word=${words#-S }
    unfollowed "$words" "${word%% *}"
done
bare_runs "-S '$dir/static'"
unfollowed "-S '$dir/static'" "'$dir/static'"
bare_runs "-S \"$dir/static\""
unfollowed "-S \"$dir/static\"" "\"$dir/static\""
unfollowed "-S $dir/static\\_x" "$dir/static\\_x"
unfollowed "-S \${STATIC}" "\${STATIC}"
for words in "-S env $dir/static" "-S /usr/bin/env -i $dir/static" "-S A=b env -u LD_PRELOAD $dir/probe"; do
    bare_runs "$words"
    word=${words#-S } word=${word#A=b }
    unfollowed "$words" "${word%% *}"
done
unfollowed "-vS $dir/static" "-vS $dir/static"
unfollowed "--split-string=$dir/static" "--split-string=$dir/static"
unfollowed "-i" "-i"
unfollowed "-S PATH=$dir/path staticprog" "PATH=$dir/path"
unfollowed "-S LD_PRELOAD= dynprog" "LD_PRELOAD="
unfollowed "-S LD_LIBRARY_PATH=/x dynprog" "LD_LIBRARY_PATH=/x"
unfollowed "-S PGSEAL_MODE=audit dynprog" "PGSEAL_MODE=audit"
unfollowed "-S GLIBC_TUNABLES=x=y dynprog" "GLIBC_TUNABLES=x=y"
unfollowed "FOO=bar dynprog" "FOO=bar dynprog"
unfollowed "-S" "-S"
script viaenv '#!/usr/bin/env'
r "$run" ./viaenv
refused 125 'env does with "(nothing)" cannot be followed' 'env without a word'
ln -s /usr/bin/env myenv
script viaenv "#!$dir/myenv -S -i $dir/static"
r "$run" ./viaenv
refused 125 'what env does with "-i" cannot be followed' 'env by another name'

# What can be sealed still is.
script viaenv '#!/usr/bin/env dynprog'
r "$run" ./viaenv
is "$status/$out" 0/hello 'a plain name'
script viaenv '#!/usr/bin/env -S dynprog maps libpgseal.so'
r "$run" ./viaenv
printed mapped 'plain words'
script viaenv '#!/usr/bin/env -S FOO=bar _B=1 dynprog get FOO'
r "$run" ./viaenv
printed bar 'harmless assignments'
script viaenv "#!/usr/bin/env -S FOO=bar $dir/static"
r "$run" ./viaenv
refused 125 static 'a static program behind an assignment'
script inner "#!/usr/bin/env -S -i $dir/probe"
script viaenv "#!/usr/bin/env -S $dir/inner"
r "$run" ./viaenv
refused 125 '"-i"' 'env behind env'

# --- the dynamic linker as the command
ld=/lib64/ld-linux-x86-64.so.2
r "$run" "$ld" ./probe maps libpgseal.so
printed mapped 'the dynamic linker: its program is sealed'
r "$run" "$ld" --library-path /nowhere --argv0 renamed ./probe args
is "$status/$out" '0/[renamed][args]' 'its options are its own'
r "$run" "$ld" --inhibit-cache ./probe preload
is "$status/$out" "0/$lib" 'an option without a value'
r "$ld" ./static
is "$status/$out" 0/hello 'a static program behind it: bare it runs'
r "$run" "$ld" ./static
refused 125 'static: no loader runs there' 'a static program behind it'
has "$err" "$ld -> ./static" 'a static program behind it: named'
r "$run" "$ld" --library-path /x ./staticpie
refused 125 static 'a static PIE behind it and an option'
r "$run" "$ld" ./setuid-like
refused 127 setuid-like 'a program that is not there'
r "$run" "$ld"
refused 125 'without a program' 'no program'
r "$run" "$ld" --list ./probe
refused 125 'the option --list of a dynamic linker cannot be followed' 'another option'
r "$run" "$ld" --preload
refused 125 'the option --preload of' 'an option without its value'
r "$run" "$ld" probe
refused 125 'among libraries' 'a program without a path'
r "$run" "$ld" "$ld" ./static
refused 125 'started by another' 'a dynamic linker behind a dynamic linker'
script text hello
r "$run" "$ld" ./text
refused 126 'Exec format error' 'a script behind it'
cp "$ld" ./ld-of-an-appimage.so
r "$run" ./ld-of-an-appimage.so ./probe maps libpgseal.so
printed mapped 'a copy of it, as AppImages have'
cp static ld-static.so
r "$run" ./ld-static.so ./probe
refused 125 static 'a static program of such a name'
r "$run" /lib/ld-musl-x86_64.so.1 ./musl maps libpgseal.so
printed mapped "musl's"
script vialoader "#!$ld $dir/probe"
r "$run" ./vialoader maps libpgseal.so
is "$status" 0 'in a #! line'
script vialoader "#!$ld $dir/static"
r "$run" ./vialoader
refused 125 static 'in a #! line, a static program'
script vialoader "#!/usr/bin/env -S $ld $dir/probe maps libpgseal.so"
r "$run" ./vialoader
printed mapped 'through env'
script vialoader "#!/usr/bin/env -S $ld $dir/static"
r "$run" ./vialoader
refused 125 static 'through env, a static program'

# --- a relative entry of ours
mkdir elsewhere
r env -C "$dir/bin" LD_PRELOAD=./libpgseal.so "$run" "$dir/probe" preload
printed "$lib" 'a relative entry becomes absolute'
r env -C "$dir/bin" LD_PRELOAD="../bin/libpgseal.so:$dir/new" "$run" "$dir/probe" preload
is "$out" "$dir/bin/../bin/libpgseal.so:$dir/new" 'and what stands behind it stays'

# --- AddressSanitizer's runtime
gcc -fsanitize=address -o asan probe.c
r ./asan
is "$status/$out" 0/hello 'a program with AddressSanitizer, bare'
r env LD_PRELOAD="$lib" ./asan
has "$err" 'ASan runtime does not come first' 'under the object alone it breaks'
r "$run" ./asan
refused 125 "which must come before libpgseal.so; start it with LD_PRELOAD=" 'pgseal-run says so'
runtime=$(sed -n 's/.*LD_PRELOAD=\([^ ]*\) .*/\1/p' <<<"$err")
r env LD_PRELOAD="$runtime" "$run" ./asan maps libpgseal.so
printed mapped 'as it says, both are there'
r env LD_PRELOAD="$runtime" "$run" ./asan preload
is "$out" "$runtime:$lib" 'the runtime first'
r env ASAN_OPTIONS=verify_asan_link_order=0 "$run" ./asan maps libpgseal.so
printed mapped 'where the order does not matter to it, it is started'

# --- what drops the environment
cp static path/gosu
r "$run" gosu nobody ./probe
refused 125 'put pgseal-run after it: gosu USER pgseal-run COMMAND' gosu
r "$run" "$run" ./probe
refused 125 'start COMMAND with one pgseal-run only' 'pgseal-run behind pgseal-run'
r "$run" su nobody -c ./probe
refused 125 "su USER -c 'pgseal-run COMMAND'" su
cp probe path/sudo && chmod 4755 path/sudo
r "$run" sudo ./probe
refused 125 'sudo -u USER pgseal-run COMMAND' sudo
script path/pg_ctlcluster '#!/usr/bin/perl -T'
r "$run" pg_ctlcluster 15 main start
refused 125 '/etc/postgresql/VERSION/CLUSTER/environment' pg_ctlcluster

# --- /etc/ld.so.preload reaches programs in secure-execution mode
cp probe setuid && chmod 4755 setuid
cp probe caps
python3 -c 'import os, struct; os.setxattr("caps", "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))'
cp "$lib" listed.so
as_nobody() { r setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
as_nobody "$run" ./setuid
refused 125 'setuid: ld.so ignores LD_PRELOAD there' 'without that file'
echo 'int other;' >other.c && gcc -shared -fPIC -o other-library.so other.c
printf '# pgseal\n%s\n' "$dir/other-library.so" >/etc/ld.so.preload
as_nobody "$run" ./setuid
refused 125 'setuid: ld.so ignores LD_PRELOAD there' 'with another library in it'
printf '# %s\n' "$dir/listed.so" >/etc/ld.so.preload
as_nobody "$run" ./setuid
refused 125 'setuid: ld.so ignores LD_PRELOAD there' 'with the object in a comment'
printf '# pgseal\n%s\n' "$dir/listed.so" >/etc/ld.so.preload
for program in setuid caps; do
    as_nobody "./$program" maps listed.so
    is "$status/$out" 0/mapped "$program: the file alone reaches it"
    as_nobody "$run" "./$program" maps listed.so
    printed mapped "$program: pgseal-run starts it"
    as_nobody "$run" --root system "./$program" maps listed.so
    refused 125 'variables and options are ignored' "$program: settings that it would not see"
done
touch /etc/pgseal/policy.conf
as_nobody env PGSEAL_MODE=of "$run" ./setuid maps listed.so
printed mapped 'where a policy file is in force, variables are no hindrance'
rm /etc/pgseal/policy.conf
r "$run" ./probe maps libpgseal.so
printed 'not mapped' 'an ordinary program gets the object of that file, and no second one'
r "$run" ./probe maps listed.so
printed mapped 'the object of that file'
cp musl muslsetuid && chmod 4755 muslsetuid
as_nobody "$run" ./muslsetuid
is "$status" 125 'a setuid musl program, whose loader does not know that file, is refused'
as_nobody "$run" ./static
refused 125 static 'a static program still is'
rm /etc/ld.so.preload
done_testing
