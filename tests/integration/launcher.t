#!/bin/bash
# launcher.t: pgseal-run refuses every policy that the shim would refuse, and becomes the program without a trace.
# shellcheck source=tests/lib/launcher.sh
. "$(dirname "$0")/../lib/launcher.sh"

# --- usage
r "$run"
refused 125 'no COMMAND' 'no command'
r "$run" --nonsense ./probe
is "$status" 125 'unknown option: status 125'
like "$err" "^pgseal-run: .*--nonsense" 'unknown option: named'
r "$run" --root '' ./probe
refused 125 'empty' 'an option with an empty value'
r "$run" --help
is "$status" 0 '--help: status 0'
has "$out" '--drivers' '--help: on stdout'
r "$run" --version
printed "pgseal-run $version" '--version'
r bash -c 'exec "$@" >/dev/full' - "$run" --help
is "$status/$err" '125/pgseal-run: cannot write the output: No space left on device' '--help that does not get out is no success'
r "$run" ./probe args --policy -- x
printed '[./probe][args][--policy][--][x]' "options behind COMMAND are its own"
r "$run" -- ./probe args
printed '[./probe][args]' '-- before COMMAND'

# --- all is well
r "$run" ./probe maps "$lib"
printed mapped 'a dynamic program has the object in it'
r "$run" ./musl maps "$lib"
printed mapped 'a musl program has the object in it'
r "$run" --lib bin/libpgseal.so ./probe preload
printed "$lib" '--lib: made absolute'
mkdir -p pre/bin pre/lib && cp "$run" pre/bin/ && cp "$lib" pre/lib/
r pre/bin/pgseal-run ./probe preload
printed "$dir/pre/lib/libpgseal.so" 'the installed object, beside the bin directory'
r "$run" ./probe append "$dir/once"
r "$run" ./musl append "$dir/once"
is "$(<"$dir/once")" $'ran\nran' 'the proof runs nothing of the program'

printf 'unlisted_hosts = refuse\nlog = none\n' >refuse.conf
r "$run" --policy refuse.conf psql 'host=127.0.0.1 port=1 sslmode=disable dbname=x user=x'
is "$status" 2 'psql under a policy that refuses all hosts: its own status for no connection'
has "$err" 'pgseal: refused: ' 'psql under a policy that refuses all hosts: refused by the object'

mkdir -p app/bin app/lib
echo 'int answer(void); int answer(void) { return 42; }' >answer.c
echo 'int answer(void); int main(void) { return answer(); }' >ask.c
gcc -shared -fPIC -o app/lib/libanswer.so answer.c
gcc -o app/bin/ask ask.c -Lapp/lib -lanswer -Wl,-rpath,"\$ORIGIN/../lib"
ln -s app/bin/ask ask
r "$run" ./ask
is "$status/$err" 42/ "a link to a program that finds its libraries by \$ORIGIN"

# --- paths
long=$(printf '%2100s' '' | sed 's, ,a/,g')
for option in --lib --root --policy; do
    r "$run" "$option" "${long}x" ./probe
    refused 125 'the path is too long' "$option: a path that is too long"
    # shellcheck disable=SC2016
    r bash -c 'mkdir gone && cd gone && rmdir ../gone && exec "$@"' - "$run" "$option" x "$dir/probe"
    refused 125 'no working directory' "$option: a relative path without a working directory"
done
# shellcheck disable=SC2016
r bash -c 'mkdir gone && cd gone && rmdir ../gone && exec "$@"' - "$run" --lib "$lib" "$dir/probe" preload
is "$status/$out" "0/$lib" 'an absolute path needs none'
r "$run" "$long"x
refused 126 'File name too long' 'a command whose path is too long'

# --- LD_PRELOAD
echo 'int nothing_of_ours;' >other.c && gcc -shared -fPIC -o other.so other.c
echo 'int PQconnectdb(void); int PQconnectdb(void) { return 0; }' >pq.c && gcc -shared -fPIC -o pq.so pq.c
r "$run" ./probe preload
printed "$lib" 'LD_PRELOAD: set'
r env LD_PRELOAD="$dir/other.so" "$run" ./probe preload
printed "$lib:$dir/other.so" 'LD_PRELOAD: in front, the rest kept'
r env LD_PRELOAD= "$run" ./probe preload
printed "$lib" 'LD_PRELOAD: an empty one'
r "$run" "$run" --lib "$lib" true
is "$status" 125 'the launcher is static itself'
r env LD_PRELOAD="$lib" "$run" ./probe preload
printed "$lib" 'LD_PRELOAD: there already, not twice'
r env LD_PRELOAD="$lib $dir/other.so" "$run" ./probe preload
printed "$lib $dir/other.so" 'LD_PRELOAD: there already, first'
ln -s bin/libpgseal.so link.so
r env LD_PRELOAD="$dir/link.so" "$run" ./probe preload
is "$status/$err" 0/ 'LD_PRELOAD: there already under another name'
is "$out" "$dir/link.so" 'LD_PRELOAD: there already under another name, not twice'
r env LD_PRELOAD="$dir/other.so:$lib" "$run" ./probe preload
is "$status/$out" "0/$dir/other.so:$lib" 'a preload before ours: kept'
is "$err" "pgseal-run: warning: LD_PRELOAD: $dir/other.so comes before $lib" 'a preload before ours: a warning'
r env LD_PRELOAD="$dir/pq.so" "$run" ./probe preload
is "$status/$out" "0/$lib:$dir/pq.so" 'a preload with a PQ symbol: kept'
is "$err" "pgseal-run: warning: $dir/pq.so is preloaded too and defines PQconnectdb" 'a preload with a PQ symbol: a warning'
r env LD_LIBRARY_PATH="$dir" LD_PRELOAD=pq.so "$run" ./probe
is "$err" 'pgseal-run: warning: pq.so is preloaded too and defines PQconnectdb' 'the same by a bare name'
echo "$dir/pq.so" >/etc/ld.so.preload
r "$run" ./probe
rm /etc/ld.so.preload
has "$err" "warning: $dir/pq.so is preloaded too" 'the same in /etc/ld.so.preload'

# --- settings
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out root.pem -days 30 -subj /CN=launcher 2>/dev/null
r env PGSEAL_MODE=of "$run" ./probe
refused 125 'environment: PGSEAL_MODE: unknown value "of"' 'a wrong variable, in the words of the shim'
r "$run" --log nowhere ./probe
refused 125 'PGSEAL_LOG' 'a wrong sink'
r "$run" --root root.pem ./probe get PGSEAL_SSLROOTCERT
printed "$dir/root.pem" '--root'
r "$run" --root program ./probe get PGSEAL_SSLROOTCERT
printed program '--root program'
r "$run" --audit --log none ./probe get PGSEAL_MODE
printed audit '--audit'
r "$run" --audit --log none ./probe get PGSEAL_LOG
printed none '--log'
r "$run" --root gone.pem ./probe
refused 125 gone.pem 'a missing root'
r "$run" --root key.pem ./probe
refused 125 CERTIFICATE 'a root file with a key in it'
cp root.pem writable.pem && chmod 666 writable.pem
r "$run" --root writable.pem ./probe
refused 125 writable 'a root file that others may write'
r "$run" --audit --root gone.pem ./probe
is "$status/$out" 0/hello 'a missing root in audit mode: runs'
has "$err" 'warning: ' 'a missing root in audit mode: a warning'
r env PGSEAL_SSLCRL="$dir/gone.crl" "$run" --root root.pem ./probe
refused 125 gone.crl 'a missing CRL'
r env PGSEAL_SSLCRL="$dir/root.pem" "$run" --root root.pem ./probe
refused 125 CRL 'a CRL file with a certificate in it'
printf 'sslrootcert = %s\n' "$dir/root.pem" >policy.conf
r "$run" --policy policy.conf ./probe get PGSEAL_POLICY
printed "$dir/policy.conf" '--policy: made absolute'
r env PGSEAL_MODE=of "$run" --policy policy.conf ./probe
printed hello 'under a policy file no variable counts'
r "$run" --policy gone.conf ./probe
refused 125 gone.conf 'a missing policy'
r env PGSEAL_POLICY="$dir/gone.conf" "$run" ./probe
refused 125 gone.conf 'a missing policy in PGSEAL_POLICY'
printf 'mode = enforce\nnonsense = 1\n' >bad.conf
r "$run" --policy bad.conf ./probe
refused 125 "$dir/bad.conf:2: " 'a policy with an unknown key: file and line'
printf 'sslrootcert = %s\n[host a.example]\nsslrootcert = %s/gone.pem\n' "$dir/root.pem" "$dir" >section.conf
r "$run" --policy section.conf ./probe
refused 125 "$dir/section.conf:3: sslrootcert: $dir/gone.pem" "a section's missing root: file and line"
cp policy.conf loose.conf && chmod 666 loose.conf
r "$run" --policy loose.conf ./probe
refused 125 writable 'a policy that others may write'
cp policy.conf foreign.conf && chown 65533 foreign.conf
r "$run" --policy foreign.conf ./probe
refused 125 owned "a stranger's policy"
r "$run" --policy policy.conf --root root.pem ./probe
refused 125 -- '--policy together with --root'
r env PGSEAL_POLICY="$dir/policy.conf" "$run" --audit ./probe
refused 125 PGSEAL_POLICY '--audit beside PGSEAL_POLICY'
cp policy.conf /etc/pgseal/policy.conf
for option in "--policy=$dir/policy.conf" --root=root.pem --audit --log=none; do
    r "$run" "$option" ./probe
    refused 125 /etc/pgseal/policy.conf "${option%%=*} where the installed policy is in force"
done
r env PGSEAL_MODE=of PGSEAL_POLICY=/gone "$run" ./probe
printed hello 'the installed policy alone counts'
printf 'nonsense\n' >/etc/pgseal/policy.conf
r "$run" ./probe
refused 125 /etc/pgseal/policy.conf:1: 'a fault in the installed policy'
rm -r /etc/pgseal && ln -s pgseal /etc/pgseal
r "$run" ./probe
refused 125 /etc/pgseal/policy.conf 'an installed policy that cannot be opened'
rm /etc/pgseal

# --- the distribution's bundle
bundle=/etc/ssl/certs/ca-certificates.crt
mkdir -p /etc/ssl/certs && cp root.pem "$bundle"
r "$run" --drivers --root system ./probe get PGSSLROOTCERT
printed "$bundle" '--drivers --root system: the path of the bundle'
r "$run" --drivers --root program ./probe get PGSSLROOTCERT
printed '(none)' '--drivers --root program: no root'
rm "$bundle"
r "$run" --root system ./probe
refused 125 'no bundle' '--root system without a bundle'
r "$run" ./probe
is "$status/$out" 0/hello 'the default root without a bundle: runs'
has "$err" 'warning: ' 'the default root without a bundle: a warning'

# --- it has become the program
mapfile -t pids < <(bash -c 'echo $$; exec "$0" ./probe pid' "$run" 2>/dev/null)
is "${pids[1]:-}" "${pids[0]}" 'same process number'
r "$run" --root root.pem ./probe exit 42
is "$status" 42 "the program's exit status"
r "$run" --root root.pem ./probe kill 15
is "$status" 143 'the program dies of its signal'
r env -- python3 -c '
import os, signal, sys
for n in (1, 13, 17): signal.signal(n, signal.SIG_IGN)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, [10, 15])
os.execv(sys.argv[1], sys.argv[1:])' "$run" --root root.pem ./probe signals
printed 'ignored 1 blocked 10 ignored 13 blocked 15 ignored 17 ' 'signals: ignored and blocked ones stay so'
# blocked CODE WANT NAME: the program of a caller that blocks SIGCHLD and runs CODE, bare and by the launcher.
blocked() {
    local way
    for way in '' "$run --root root.pem"; do
        # shellcheck disable=SC2086
        r python3 -c "
import os, signal, sys
for n in (13, 25): signal.signal(n, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, [17])
$1
os.execv(sys.argv[1], sys.argv[1:])" $way ./probe signals
        is "$status/$out" "0/$2" "a caller that blocks SIGCHLD, $3, ${way:+not }bare"
    done
}
blocked '' 'blocked 17 ' 'without children: none is pending'
blocked 'if os.fork() == 0: os._exit(0)
os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)' 'blocked 17 pending 17 ' 'with a child that has ended: it stays pending'
r "$run" --root root.pem ./probe signals
printed '' 'signals: none changed'
# fds SETUP COMMAND…: what the probe finds open behind the command, where SETUP came first.
fds() {
    python3 -c 'import os, sys
os.closerange(3, 64)
exec(sys.argv[1])
os.execv(sys.argv[2], sys.argv[2:])' "$@"
}
r fds 'os.close(0); os.close(2)' "$run" --root root.pem ./probe fds
printed '' 'closed descriptors stay closed, none is left open'
r fds 'os.set_inheritable(os.dup2(0, 5), True)' "$run" --root root.pem ./probe fds
printed '0 2 5 ' 'open descriptors stay open, none is added'
r "$run" --root root.pem ./probe children
printed none 'no child is left behind'
r unshare -pf --kill-child "$run" --root root.pem ./probe pid
printed 1 'as PID 1'
unshare -pf --kill-child "$run" --root root.pem ./probe wait "$dir/ready" 2>/dev/null &
ns=$!
for ((i = 0; i < 500; i++)); do
    [[ -s $dir/ready ]] && break
    sleep 0.01
done
kill -TERM "$(pgrep -P "$ns")"
wait "$ns"
is "$?" 43 'as PID 1: SIGTERM reaches the program'

# --- no shell, no /proc, no user, nothing writable
jail=$dir/jail
mount -t tmpfs tmpfs "$jail"
cp "$run" "$lib" probe root.pem "$jail/"
ldd ./probe | grep -o '/[^ ]*' | while read -r file; do
    mkdir -p "$jail${file%/*}" && cp -L "$file" "$jail$file"
done
ldd "$lib" | grep -o '/[^ ]*' | while read -r file; do
    mkdir -p "$jail${file%/*}" && cp -L "$file" "$jail$file"
done
mount -o remount,ro "$jail"
r chroot "$jail" /pgseal-run --root /root.pem /probe preload
printed /libpgseal.so 'an empty chroot'
r chroot --userspec=65534:65534 "$jail" /pgseal-run --root /root.pem /probe
printed hello 'an empty chroot, without privileges'
r unshare -pf --kill-child chroot --userspec=65534:65534 "$jail" /pgseal-run --root /root.pem /probe pid
printed 1 'an empty chroot, without privileges, as PID 1'
r chroot "$jail" /pgseal-run --root /gone.pem /probe
refused 125 gone.pem 'an empty chroot: a missing root'
mount -o remount,rw "$jail" && rm "$jail/libpgseal.so" && mount -o remount,ro "$jail"
r chroot "$jail" /pgseal-run --root /root.pem /probe
if [[ ! -e $jail/usr/lib/libpgseal.so ]]; then
    refused 125 missing 'an empty chroot: a missing object'
fi

done_testing
