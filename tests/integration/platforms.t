#!/bin/bash
# platforms.t: docs/platforms.md: each way to start programs, with pgseal-run where the page puts it. The files are in
# docs/examples/platforms. Everything runs with its own /usr/local, /srv, /run and /etc. Bare: plaintext; sealed: TLS,
# as the server's log shows.
. "$(dirname "$0")/../lib/env.sh"
examples=$TEST_TOP/docs/examples/platforms
for place in /srv /run /usr/local; do mount -t tmpfs -o mode=755 tmpfs "$place"; done
mkdir -p /usr/local/bin /usr/local/lib /srv/shop /run/php
install -m 0755 "$TEST_TOP/build/pgseal-run" "$TEST_TOP/build/pgseal" /usr/local/bin/
[[ ! -f $OBJECT ]] || install -m 0644 "$OBJECT" /usr/local/lib/libpgseal.so
SO=/usr/local/lib/libpgseal.so
env_start good impostor
P=$(env_port good) I=$(env_port impostor)
install -m 0644 "$PKI/root.pem" /etc/pgseal/roots.pem
conninfo="host=localhost port=$P dbname=app user=app sslmode=disable connect_timeout=10"
elsewhere="host=localhost port=$I dbname=app user=app sslmode=disable connect_timeout=10"
install -d -m 1777 /var/log/pgseal-test
mount -t tmpfs -o mode=1777 tmpfs /var/log/pgseal-test
logdir=/var/log/pgseal-test

# saw NAME: waits until the good server has a session of this application; prints "NAME ssl" or "NAME plain".
saw() {
    local i
    for ((i = 0; i < 400; i++)); do
        if sessions good | grep "^$1 "; then return 0; fi
        sleep 0.05
    done
    diag "$(log_since good | tail -n 5)"
    return 1
}
is_sealed() { is "$(saw "$1" | sort -u)" "$1 ssl" "$2"; }
is_plain() { is "$(saw "$1" | sort -u)" "$1 plain" "$2"; }
here() { # LOG: a policy with this log
    printf 'sslrootcert = /etc/pgseal/roots.pem\nlog_level = all\nlog = %s\n' "$1" >/etc/pgseal/policy.conf
}
program() { # NAME APPLICATION: a shell script that asks once
    printf '#!/bin/sh\nexec psql -XAtqw "%s application_name=%s" -c "select 1"\n' "$conninfo" "$2" >"/srv/shop/$1"
    chmod 0755 "/srv/shop/$1"
}
events_of() { # APPLICATION: from the log's file
    jq -r --arg a "$1" 'select(.application_name == $a) | .event + "/" + (.action // "")' "$logdir"/*.jsonl 2>/dev/null | sort -u | paste -sd' '
}
declare -A daemon=()
trap 'RC=$?; kill "${daemon[@]}" 2>/dev/null; (exit "$RC"); _env_cleanup' EXIT

# --- cron: begins here, and is looked at last

program job cron
program bare-job cron-bare
here "file:$logdir/cron.jsonl"
mount -t tmpfs tmpfs /var/spool/cron
mkdir -m 1730 /var/spool/cron/crontabs
rm -rf /etc/crontab /etc/cron.d/*
install -m 0644 "$examples/crontab" /etc/cron.d/shop
printf '@reboot nobody /srv/shop/bare-job\n' >/etc/cron.d/bare
printf 'LD_PRELOAD=%s\n@reboot nobody /srv/shop/preload-job\n' "$SO" >/etc/cron.d/preload
program preload-job cron-preload
sed -i '/pam_loginuid/d' /etc/pam.d/cron # containers do not have it either
env LD_PRELOAD=$SO /usr/sbin/cron -f >"$TEST_DIR/cron.log" 2>&1 &
daemon[cron]=$!
is_plain cron-bare 'cron: a job has a new environment: a preload of the daemon is lost'
is_sealed cron 'cron: the launcher in the command seals the job'
is_sealed cron-preload 'cron: so does LD_PRELOAD in the crontab'

# --- php-fpm

cat >/srv/shop/index.php <<'PHP'
<?php
$dsn = sprintf("host=localhost port=%d dbname=app user=app sslmode=disable connect_timeout=10 application_name=%s", $_GET["port"], $_GET["name"]);
$connection = @pg_connect($dsn);
if (!$connection) { echo str_contains(error_get_last()["message"] ?? "", "certificate verify failed") ? "refused" : "failed"; exit; }
echo pg_fetch_result(pg_query($connection, "select coalesce(version, 'no TLS') from pg_stat_ssl where pid = pg_backend_pid()"), 0, 0);
PHP
fpm_start() { # COMMAND…: a master on the pool of the example
    printf '[global]\nerror_log = %s\ndaemonize = no\ninclude = %s\n' "$TEST_DIR/fpm.err" "$examples/php-fpm.conf" >"$TEST_DIR/fpm.conf"
    rm -f /run/php/shop.sock
    "$@" /usr/sbin/php-fpm8.2 --nodaemonize --fpm-config "$TEST_DIR/fpm.conf" >"$TEST_DIR/fpm.out" 2>&1 &
    daemon[fpm]=$!
    for _ in {1..200}; do
        [[ ! -S /run/php/shop.sock ]] || return 0
        sleep 0.05
    done
    diag "$(<"$TEST_DIR/fpm.err")"
    return 1
}
end() { # NAME: it is told to, and has
    kill "${daemon[$1]}"
    wait "${daemon[$1]}" || true
    unset "daemon[$1]"
}
fpm_get() { # PORT NAME
    OUT=$(env -i SCRIPT_FILENAME=/srv/shop/index.php REQUEST_METHOD=GET QUERY_STRING="port=$1&name=$2" \
        cgi-fcgi -bind -connect /run/php/shop.sock 2>"$TEST_DIR/fcgi.err" | tr -d '\r' | sed '1,/^$/d')
}
fpm_start
fpm_get "$P" fpm-bare
is "$OUT" 'no TLS' 'php-fpm: bare, plaintext'
end fpm
here "file:$logdir/fpm.jsonl"
start=$(sed -n 's/^ExecStart=\(.*\) --nodaemonize.*/\1/p' "$examples/php8.2-fpm.service.conf" | sed 's/^ *//')
is "$start" '/usr/local/bin/pgseal-run -- /usr/sbin/php-fpm8.2' 'php-fpm: the drop-in starts the master under pgseal-run'
fpm_start /usr/local/bin/pgseal-run --
fpm_get "$P" fpm
is "$OUT" TLSv1.3 'php-fpm: sealed, though the workers have no environment'
is_sealed fpm "php-fpm: the server's log says so"
is "$(events_of fpm)" 'downgrade/sealed witness/sealed' "php-fpm: a log that the workers may write has it"
is "$(stat -c %U "$logdir/fpm.jsonl")" www-data 'php-fpm: the file is theirs'
fpm_get "$I" fpm
is "$OUT" refused 'php-fpm: the impostor is refused'
sed -i '1i mode = audit' /etc/pgseal/policy.conf
fpm_get "$P" fpm-old
is "$OUT" TLSv1.3 'php-fpm: a changed policy counts for nothing yet'
before=$(grep -c 'ready to handle' "$TEST_DIR/fpm.err" || true)
kill -USR2 "${daemon[fpm]}"
for _ in {1..200}; do
    (($(grep -c 'ready to handle' "$TEST_DIR/fpm.err" || true) == before)) || break
    sleep 0.05
done
fpm_get "$P" fpm-new
is "$OUT" 'no TLS' 'php-fpm: after a reload it does'
end fpm
# A directory that they may not write: standard error of a worker is not the master's, so the line goes to syslog.
mkdir -m 0755 "$logdir/closed"
here "file:$logdir/closed/fpm.jsonl"
python3 - "$TEST_DIR/syslog" <<'PYTHON' &
import os, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("/run/log")
os.chmod("/run/log", 0o666)
with open(sys.argv[1], "ab", buffering=0) as out:
    while True: out.write(listener.recv(65536) + b"\n")
PYTHON
daemon[syslog]=$!
for _ in {1..100}; do
    [[ ! -S /run/log ]] || break
    sleep 0.05
done
mkdir -p "$TEST_DIR/dev"
mount --rbind /dev "$TEST_DIR/dev"
mount -t tmpfs -o mode=755 tmpfs /dev
for node in null zero full random urandom tty; do
    touch "/dev/$node"
    mount --bind "$TEST_DIR/dev/$node" "/dev/$node"
done
ln -s /proc/self/fd /dev/fd
ln -s /run/log /dev/log
mkdir -m 1777 /dev/shm
fpm_start /usr/local/bin/pgseal-run --
fpm_get "$P" fpm-closed
is "$OUT" TLSv1.3 'php-fpm: workers that may not write the log connect all the same, sealed'
end fpm
has "$(<"$TEST_DIR/syslog")" '"application_name":"fpm-closed"' 'php-fpm: and the line is in syslog'
nok 'php-fpm: no file was made' test -e "$logdir/closed/fpm.jsonl"

# --- Apache with mod_php

here "file:$logdir/apache.jsonl"
for ((port = 20000 + RANDOM % 10000; ; port++)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
done
mkdir -p /run/apache2 "$TEST_DIR/apache" /run/lock/apache2
chmod 0755 "$TEST_DIR/apache"
cp /etc/apache2/envvars "$TEST_DIR/apache/envvars"
cat >"$TEST_DIR/apache/apache2.conf" <<CONF
ServerName localhost
Listen 127.0.0.1:$port
PidFile /run/apache2/apache2.pid
Mutex file:/run/apache2 default
User www-data
Group www-data
ErrorLog $TEST_DIR/apache/error.log
DocumentRoot /srv/shop
LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
LoadModule php_module /usr/lib/apache2/modules/libphp8.2.so
TypesConfig /etc/mime.types
StartServers 1
MinSpareServers 1
<FilesMatch \.php$>
    SetHandler application/x-httpd-php
</FilesMatch>
CONF
apache() { # COMMAND…: back when the server is there
    APACHE_CONFDIR=$TEST_DIR/apache "$@" || return 1
    for _ in {1..200}; do
        [[ ! -s /run/apache2/apache2.pid ]] || break
        sleep 0.05
    done
    daemon[apache]=$(cat /run/apache2/apache2.pid)
}
apache_get() { # PORT NAME
    OUT=''
    for _ in {1..100}; do
        OUT=$(curl -s --noproxy '*' "http://127.0.0.1:$port/index.php?port=$1&name=$2") && break
        sleep 0.05
    done
}
apache_stop() {
    local pid
    pid=$(cat /run/apache2/apache2.pid)
    kill "$pid"
    for _ in {1..400}; do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    rm -f /run/apache2/apache2.pid
    unset "daemon[apache]"
}
apache /usr/sbin/apachectl start
apache_get "$P" apache-bare
is "$OUT" 'no TLS' 'Apache: bare, plaintext'
apache_stop
read -r -a start < <(sed -n 's/^ExecStart=\(.\)/\1/p' "$examples/apache2.service.conf")
apache "${start[@]}"
apache_get "$P" apache
is "$OUT" TLSv1.3 "Apache: sealed by the drop-in's command"
is_sealed apache "Apache: the server's log says so"
apache_get "$I" apache
is "$OUT" refused 'Apache: the impostor is refused'
kill -USR1 "${daemon[apache]}"
sleep 0.5
apache_get "$P" apache-graceful
is "$OUT" TLSv1.3 'Apache: so it is after a graceful restart, which loads its modules anew'
apache_stop
printf 'export LD_PRELOAD=%s\n' "$SO" >>"$TEST_DIR/apache/envvars"
apache /usr/sbin/apachectl start
apache_get "$P" apache-envvars
is "$OUT" TLSv1.3 'Apache: LD_PRELOAD in envvars seals as well'
apache_stop

# --- supervisord

here "file:$logdir/supervisor.jsonl"
program shop supervisor
program legacy supervisor-bare
supervise() { # COMMAND…
    log_mark good
    "$@" /usr/bin/supervisord -c "$examples/supervisord.conf" >"$TEST_DIR/supervisor.log" 2>&1 &
    daemon[supervisor]=$!
}
supervise env
is_sealed supervisor 'supervisord: a program with pgseal-run in its command is sealed'
is_plain supervisor-bare 'supervisord: its neighbour is not'
end supervisor
supervise /usr/local/bin/pgseal-run --
is_sealed supervisor-bare 'supervisord: under pgseal-run all its programs are'
is_sealed supervisor 'supervisord: also one that has it twice'
end supervisor

# --- pg_ctlcluster: a server is a client too (dblink, foreign data, subscriptions)

here "file:$logdir/cluster.jsonl"
for place in /var/lib/postgresql /var/log/postgresql; do mount -t tmpfs -o mode=755 tmpfs "$place"; done
chown postgres /var/lib/postgresql /var/log/postgresql
install -d -o postgres -m 2775 /run/postgresql
rm -rf /etc/postgresql
mkdir /etc/postgresql
for ((port = 20000 + RANDOM % 10000; ; port++)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
done
pg_createcluster --port "$port" 15 main -- --auth=trust --no-sync >"$TEST_DIR/createcluster.log" 2>&1
cluster() { # NAME COMMAND…: the cluster is started by COMMAND; dblink connects under this name
    local name=$1
    shift
    "$@" pg_ctlcluster 15 main start >"$TEST_DIR/cluster.log" 2>&1 || diag "$(<"$TEST_DIR/cluster.log")"
    PGOPTIONS='-c client_min_messages=warning' bare psql -Xqw -h /run/postgresql -p "$port" -U postgres -c 'create extension if not exists dblink' \
        -c "select * from dblink('$conninfo application_name=$name', 'select 1') as x(y int)" >/dev/null 2>"$TEST_DIR/dblink.err" || true
    is "$(<"$TEST_DIR/dblink.err")" '' "pg_ctlcluster: $name connects"
    pg_ctlcluster 15 main stop -m fast
}
cluster cluster-env env LD_PRELOAD=$SO
is_plain cluster-env 'pg_ctlcluster: it empties the environment: a preload is lost'
install -m 0644 "$examples/environment" /etc/postgresql/15/main/environment
cluster cluster
is_sealed cluster "pg_ctlcluster: the cluster's file environment seals it"

# --- gosu, su: entrypoints

here "file:$logdir/entrypoint.jsonl"
useradd --no-create-home --home-dir /nonexistent --shell /bin/sh app
program start gosu
run /usr/local/bin/pgseal-run -- gosu app /srv/shop/start
is "$RC" 125 'gosu: pgseal-run refuses to start it'
has "$ERR" 'static' 'gosu: for it is static'
run "$examples/entrypoint" /srv/shop/start
is "$RC" 0 'gosu: the entrypoint of the example starts the program'
is_sealed gosu 'gosu: sealed, behind gosu'
program start su
run env LD_PRELOAD=$SO su app -s /bin/sh -c /srv/shop/start
is_sealed su 'su: without - the environment stays, and a preload with it'
program start su-login
run env LD_PRELOAD=$SO su - app -s /bin/sh -c /srv/shop/start
is_plain su-login 'su -: a login empties the environment: a preload is lost'
program start su-behind
run su - app -s /bin/sh -c 'exec /usr/local/bin/pgseal-run -- /srv/shop/start'
is_sealed su-behind 'su -: the launcher behind it seals'
run /usr/local/bin/pgseal-run -- su app -c /srv/shop/start
is "$RC" 125 'su: pgseal-run refuses to start it'
like "$ERR" 'setuid|su ' 'su: for it is setuid'

# --- /etc/ld.so.preload

here "file:$logdir/preload.jsonl"
cp "$(bare which pg_isready)" "$TEST_DIR/bin/"
install -m 4755 "$ENTRY_POINTS" "$TEST_DIR/bin/setuid"
printf 'int puts(const char *); int main(void) { return puts("fine") < 0; }' >"$TEST_DIR/fine.c"
gcc -static -o "$TEST_DIR/bin/static" "$TEST_DIR/fine.c"
musl-gcc -o "$TEST_DIR/bin/musl" "$TEST_DIR/fine.c"
program start preloaded
run /srv/shop/start
is_plain preloaded '/etc/ld.so.preload: bare, plaintext'
log_mark good
echo "$SO" >/etc/ld.so.preload
run /srv/shop/start
OUT_SEALED=$RC
run "$TEST_DIR/bin/static"
STATIC=$OUT$ERR
run "$TEST_DIR/bin/musl"
MUSL=$OUT$ERR
run as_user "$TEST_DIR/bin/setuid" x connectdb env:PGAPPNAME=setuid -- "$conninfo"
SETUID=$(out status)
mv "$SO" "$SO.away"
run /bin/echo fine
GONE="$RC $OUT"
GONE_ERR=$ERR
rm -f /etc/ld.so.preload 2>/dev/null
mv "$SO.away" "$SO"
is "$OUT_SEALED $(saw preloaded)" '0 preloaded ssl' '/etc/ld.so.preload: every program is sealed, without a launcher'
is "$SETUID $(saw setuid)" 'ok setuid ssl' '/etc/ld.so.preload: setuid programs, too'
is "$STATIC $MUSL" 'fine fine' '/etc/ld.so.preload: static programs and those of musl run as before'
is "$GONE" '0 fine' '/etc/ld.so.preload: if the object is gone, programs run'
has "$GONE_ERR" 'cannot be preloaded' '/etc/ld.so.preload: and each says so'
log_mark good
run /srv/shop/start
is_plain preloaded '/etc/ld.so.preload: with the file away all is as before'

# --- AppArmor: the rules cover what pgseal opens

mkdir -p "$TEST_DIR/apparmor/abstractions"
cp "$examples/apparmor" "$TEST_DIR/apparmor/abstractions/pgseal"
printf 'include <tunables/global>\nprofile shop /srv/shop/shop {\n  include <abstractions/base>\n  include <abstractions/pgseal>\n}\n' \
    >"$TEST_DIR/apparmor/shop"
parse() { apparmor_parser --skip-kernel-load --skip-cache --base /etc/apparmor.d --Include "$TEST_DIR/apparmor" --preprocess "$TEST_DIR/apparmor/shop"; }
run parse
is "$RC" 0 'AppArmor: the rules are read by its parser'
# Each file that the object opens, and the bare program does not, has a rule.
program tls strace-tls
sed -i 's/sslmode=disable/sslmode=require/' /srv/shop/tls
opened() { strace -f -qq -e trace=%file -o "$TEST_DIR/strace" "$@" >/dev/null 2>&1; grep -oE '"/[^"]+"' "$TEST_DIR/strace" | tr -d '"' | sort -u; }
opened /srv/shop/tls >"$TEST_DIR/opened.bare"
opened -E LD_PRELOAD=$SO /srv/shop/start >"$TEST_DIR/opened.sealed"
python3 - "$examples/apparmor" <(comm -13 "$TEST_DIR/opened.bare" "$TEST_DIR/opened.sealed") >"$TEST_DIR/uncovered" <<'PYTHON'
import re, sys
def pattern(rule):
    out, depth = "", 0
    for part in re.findall(r"\*\*|\*|\{|\}|,|@\{\w+\}|[^*{},@]+", rule):
        if part == "{": out += "(?:"; depth += 1
        elif part == "}": out += ")"; depth -= 1
        elif part == "," and depth: out += "|"
        else: out += {"**": ".*", "*": "[^/]*", "@{PROC}": "/proc", "@{pid}": "(?:[0-9]+|self)"}.get(part) or re.escape(part)
    return out
rules = [re.compile(pattern(line.rsplit(" ", 1)[0]) + r"\Z") for line in open(sys.argv[1]) if line.strip() and line[0] != "#"]
for path in open(sys.argv[2]).read().split("\n"):
    if path and not any(rule.match(path) for rule in rules): print(path)
PYTHON
# (/dev/null is in abstractions/base; the log and the program have places of this test's own.)
is "$(grep -vE '^/(srv/shop|var/log/pgseal-test|dev/null$)|\.postgresql' "$TEST_DIR/uncovered" | paste -sd' ')" '' 'AppArmor: they cover each file that the object opens'
ok 'AppArmor: and it opens some' grep -q /etc/pgseal/policy.conf "$TEST_DIR/opened.sealed"

# --- the log of the jobs that began first

is "$(events_of cron)" 'downgrade/sealed witness/sealed' "cron: the job's log is where the policy says"
done_testing
