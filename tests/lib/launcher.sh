# shellcheck shell=bash
# launcher.sh: what the tests of pgseal-run share: a mount namespace with an /etc of its own, programs and objects to start,
# and r, refused and printed. Leaves dir (the working directory), lib and run. BUILD: another build directory.
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/lib/tap.sh
. "$top/tests/lib/tap.sh"
if [[ $EUID != 0 ]]; then
    echo "Bail out! ${0##*/} runs as root (it makes setuid files, namespaces and a chroot)"
    exit 1
fi
if [[ ${LAUNCHER_NAMESPACE:-} != "$$" ]]; then
    # unshare(1) and the script that it runs keep this process number.
    LAUNCHER_NAMESPACE=$$ exec unshare -m --propagation private -- "$BASH" "$0" "$@"
fi
unset LAUNCHER_NAMESPACE
build=${BUILD:-$top/build}
for name in $(compgen -e | grep -E '^(PG|LD_|SSL|NODE_|JAVA_|XDG_RUNTIME_DIR$)'); do
    unset "$name"
done
export LC_ALL=C
umask 022

dir=$(mktemp -d /tmp/pgseal-launcher.XXXXXX)
trap 'cd /; umount -l "$dir/jail" "$dir/etc" /etc 2>/dev/null; rm -rf --one-file-system "$dir"' EXIT
chmod 0755 "$dir"
mkdir "$dir/bin" "$dir/etc" "$dir/jail" "$dir/new"
mount -t tmpfs -o mode=755 tmpfs "$dir/etc"
cp -a /etc/. "$dir/etc/"
rm -rf "$dir/etc/pgseal" "$dir/etc/ld.so.preload"
mount --bind "$dir/etc" /etc
mkdir /etc/pgseal
cp "$build/pgseal-run" "$build/libpgseal.so" "$dir/bin/"
chmod 0755 "$dir/bin"/*
cd "$dir" || exit 1
lib=$dir/bin/libpgseal.so
run=$dir/bin/pgseal-run

# r COMMAND…: runs it; out, err and status are what came of it.
r() {
    "$@" >"$dir/out" 2>"$dir/err" </dev/null
    status=$?
    out=$(<"$dir/out")
    err=$(<"$dir/err")
}
# refused STATUS WORD NAME: what r ran was refused with this status and one line that holds the word; the program did not run.
refused() {
    is "$status" "$1" "$3: status $1"
    has "$err" "$2" "$3: says $2"
    like "$err" '^pgseal-run: [^'$'\n'']*$' "$3: one line of pgseal-run's"
    is "$out" '' "$3: the program did not run"
}
# printed WANT NAME: it ran, printed this, and nothing else was written.
printed() {
    is "$status" 0 "$2: status 0"
    is "$out" "$1" "$2: output"
    is "$err" '' "$2: nothing on stderr"
}

cat >probe.c <<'END'
/* probe WHAT: tells one thing about the process it became. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile sig_atomic_t got;
static void on_term(int n) { got = n; }
int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "hello";
    if (strcmp(what, "preload") == 0) {
        const char *v = getenv("LD_PRELOAD");
        puts(v ? v : "(none)");
    } else if (strcmp(what, "get") == 0) {
        const char *v = getenv(argv[2]);
        puts(v ? v : "(none)");
    } else if (strcmp(what, "pid") == 0) {
        printf("%d\n", (int)getpid());
    } else if (strcmp(what, "maps") == 0) {
        char line[4096];
        FILE *f = fopen("/proc/self/maps", "r");
        int n = 0;
        while (f && fgets(line, sizeof line, f)) n += strstr(line, argv[2]) != NULL;
        puts(n > 0 ? "mapped" : "not mapped");
    } else if (strcmp(what, "args") == 0) {
        for (int i = 0; i < argc; i++) printf("[%s]", argv[i]);
        puts("");
    } else if (strcmp(what, "exit") == 0) {
        return atoi(argv[2]);
    } else if (strcmp(what, "kill") == 0) {
        raise(atoi(argv[2]));
    } else if (strcmp(what, "signals") == 0) {
        sigset_t mask, pending;
        sigprocmask(SIG_BLOCK, NULL, &mask);
        sigpending(&pending);
        for (int n = 1; n < 65; n++) {
            struct sigaction a;
            if (sigaction(n, NULL, &a) == 0 && a.sa_handler == SIG_IGN) printf("ignored %d ", n);
            if (sigismember(&mask, n) == 1) printf("blocked %d ", n);
            if (sigismember(&pending, n) == 1) printf("pending %d ", n);
        }
        puts("");
    } else if (strcmp(what, "fds") == 0) {
        for (int n = 0; n < 64; n++)
            if (n != 1 && fcntl(n, F_GETFD) >= 0) printf("%d ", n);
        puts("");
    } else if (strcmp(what, "children") == 0) {
        puts(wait(NULL) < 0 && errno == ECHILD ? "none" : "some");
    } else if (strcmp(what, "append") == 0) {
        FILE *f = fopen(argv[2], "a");
        if (!f) return 1;
        fputs("ran\n", f);
    } else if (strcmp(what, "wait") == 0) {
        signal(SIGTERM, on_term);
        FILE *f = fopen(argv[2], "w");
        if (!f) return 1;
        fprintf(f, "%d\n", (int)getpid());
        fclose(f);
        for (int i = 0; i < 1000 && !got; i++) usleep(10000);
        return got ? 43 : 44;
    } else {
        puts("hello");
    }
    return 0;
}
END
gcc -o probe probe.c || echo 'Bail out! no probe'
gcc -static -o static probe.c
gcc -static-pie -o staticpie probe.c
musl-gcc -o musl probe.c
musl-gcc -static -o muslstatic probe.c

# Objects with pgseal's own note that are something else.
note() { # VERSION: C source of the note
    printf '__attribute__((section(".note.pgseal"), used, aligned(4))) static const struct {\n'
    printf '    unsigned n, d, t; char name[8]; char text[%d]; } pgseal_note = {7, %d, 1, "pgseal", "%s"};\n' \
        $((${#1} + 1)) $((${#1} + 1)) "$1"
}
version=$("$run" --version)
version=${version#pgseal-run }
bytes() { # FILE OFFSET BYTES…: writes them over
    local file=$1 offset=$2
    shift 2
    printf '%b' "$(printf '\\x%s' "$@")" | dd of="$file" bs=1 seek="$offset" conv=notrunc status=none
}
