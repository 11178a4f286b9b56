#!/bin/bash
# ldap.t: a service that libpq looks up in LDAP. Bare, the LDAP server is asked, in plaintext. Sealed, it gets no
# byte, wherever the service is defined, and the reason is pgseal's. Other users of LDAP in the process are not
# affected.
pgseal_cli=${CLI:-} # env.sh forgets what begins with PG
. "$(dirname "$0")/../lib/env.sh"

env_start good impostor
P=$(env_port good) I=$(env_port impostor)
recorder_start ldap raw
stanza() { printf '[x]\nldap://127.0.0.1:%s/dc=x?description?one?(cn=%s)\nhost=localhost\n' "$(env_port ldap)" "$1"; }
policy <<<"sslrootcert = $PKI/root.pem"
defaults=$TEST_DIR/bin/defaults
gcc -std=gnu17 -O1 -I"$(pg_config --includedir)" -o "$defaults" "$TEST_TOP/tests/integration/src/defaults.c" -lpq
export PGSERVICE=x PGUSER=app PGDATABASE=app PGPORT=1

# --- where a stanza can stand: NAME, and what makes libpq find it there
mkdir -p "$TEST_DIR/sys" "$TEST_DIR/svc" "$TEST_DIR/homes/svc" /etc/postgresql-common
stanza sys >"$TEST_DIR/sys/pg_service.conf"
stanza home >"$TEST_DIR/homes/svc/.pg_service.conf"
stanza file >"$TEST_DIR/service.conf"
stanza link >"$TEST_DIR/target.conf"
ln -s target.conf "$TEST_DIR/link.conf"
printf '[x]\nuser=app\0[other]\nldap://127.0.0.1:%s/dc=x?description?one?(cn=nul)\n' "$(env_port ldap)" >"$TEST_DIR/nul.conf"
printf '[x]\nuser=app\n[x]\nldap://127.0.0.1:%s/dc=x?description?one?(cn=twice)\n' "$(env_port ldap)" >"$TEST_DIR/twice.conf"
stanza cut >"$TEST_DIR/svc/f"
# libpq keeps 1,023 bytes of HOME's path, and then it is $TEST_DIR/svc/f.
n=$((1023 - ${#TEST_DIR} - 6))
cut=$TEST_DIR/$(printf './%.0s' $(seq $((n / 2))))$([[ $((n % 2)) == 0 ]] || echo /)svc/f
where=(
    "a file|PGSERVICEFILE=$TEST_DIR/service.conf"
    "a link|PGSERVICEFILE=$TEST_DIR/link.conf"
    "a descriptor|PGSERVICEFILE=/dev/fd/7"
    "the home directory|HOME=$TEST_DIR/homes/svc"
    "the system directory|PGSYSCONFDIR=$TEST_DIR/sys"
    "a HOME of more than 1,023 bytes|HOME=${cut}zzzz"
    "behind a NUL byte|PGSERVICEFILE=$TEST_DIR/nul.conf"
)
# reached ID: whether the LDAP server was told of this look-up. (It never answers: only its name server's time is spent.)
forget_recorded ldap
for row in "${where[@]}"; do
    bare timeout 20 env "${row#*|}" "$ENTRY_POINTS" x connectdb -- '' >/dev/null 2>&1 7<"$TEST_DIR/service.conf" &
    waiting+=($!)
done
bare timeout 20 env PGSERVICEFILE="$TEST_DIR/service.conf" "$defaults" >/dev/null 2>&1 &
waiting+=($!)
wait "${waiting[@]}" || true
is "$(recorded ldap | grep -c .)" $((${#where[@]} + 1)) 'bare: the LDAP server is asked, wherever the stanza stands, and by PQconndefaults'
forget_recorded ldap
for row in "${where[@]}"; do
    for entry in connectdb start ping params setdblogin; do
        forget_events
        run sealed timeout 20 env "${row#*|}" "$ENTRY_POINTS" x "$entry" -- 7<"$TEST_DIR/service.conf"
        like "$(out status)" '^(bad|no_attempt)$' "${row%%|*}, $entry: no connection"
        is "$(verdicts)" refuse/refused "${row%%|*}, $entry: refused, and one line says so"
        [[ $entry == ping ]] || has "$(out error)" 'pgseal: refused: the service "x" gets its connection options from an LDAP server' "${row%%|*}, $entry: the error says why"
    done
    has "$(reason refuse)" 'the service "x" gets its connection options from an LDAP server, in plaintext' "${row%%|*}: the log says why"
done
run sealed timeout 20 env PGSERVICEFILE="$TEST_DIR/twice.conf" PGPORT="$P" PGHOST=localhost "$ENTRY_POINTS" x connectdb -- ''
is "$(out status server)" 'ok t' 'only the first stanza of a name counts, as for libpq'
is "$(recorded ldap)" '' 'not one byte to the LDAP server'

# --- a file that turns to LDAP between the look and the connection
for at in 1 2 3 4; do
    printf '[x]\nhost=localhost\nport=%s\n' "$P" >"$TEST_DIR/race.conf"
    stanza race >"$TEST_DIR/race.new"
    forget_events
    run env LD_PRELOAD="$OBJECT:$TEST_TOP/build/tests/swap.so" SWAP_FILE="$TEST_DIR/race.conf" SWAP_WITH="$TEST_DIR/race.new" SWAP_AT="$at" \
        PGSERVICEFILE="$TEST_DIR/race.conf" timeout 20 "$ENTRY_POINTS" x connectdb -- ''
    outcomes+="$(out status) "
    [[ $at != 2 ]] || ERROR=$(out error) REASON=$(reason failed)
done
is "$outcomes" 'bad bad ok ok ' 'a file that turns to LDAP: no connection by what it says then'
has "$ERROR" 'pgseal: refused: the service gets its connection options from an LDAP server' 'read a second time: the error says why'
has "$REASON" 'the service gets its connection options from an LDAP server' 'and the log'
is "$(recorded ldap)" '' 'and not one byte either'

# --- PQconndefaults
forget_events
run sealed timeout 20 env PGSERVICEFILE="$TEST_DIR/service.conf" PGHOST=elsewhere "$defaults"
is "$RC $OUT" '0 host=elsewhere port=1 user=app' 'PQconndefaults: environment and defaults, as where the server does not respond'
is "$(recorded ldap)" '' 'PQconndefaults: not one byte to the LDAP server'
is "$(events 'select(.event == "refuse") | .entry')" '"PQconndefaults"' 'PQconndefaults: the log says so'
printf '[x]\nhost=by.service\n' >"$TEST_DIR/plain.conf"
run sealed env PGSERVICEFILE="$TEST_DIR/plain.conf" "$defaults"
is "$OUT" 'host=by.service port=1 user=app' 'PQconndefaults: a service without LDAP counts'
run sealed /usr/bin/python3 - <<'PY'
import ctypes, os
os.environ["PGSERVICEFILE"] = os.environ["TEST_DIR"] + "/service.conf"
ctypes.CDLL("libpq.so.5").PQconndefaults()
PY
is "$(recorded ldap)" '' 'PQconndefaults by dlsym, as the first call of all: not one byte'
run sealed timeout 20 env PGSERVICEFILE="$TEST_DIR/service.conf" pg_isready
is "$RC" 3 'pg_isready: no attempt'
is "$(recorded ldap)" '' 'pg_isready: not one byte to the LDAP server'

# --- the tool's own libpq is held to the same
for command in explain check; do
    run bare env PGSERVICEFILE="$TEST_DIR/service.conf" "${pgseal_cli:-$TEST_TOP/build/pgseal}" $command ''
    has "$OUT $ERR" 'the service "x" gets its connection options' "pgseal $command: says why it would be refused"
    is "$(recorded ldap)" '' "pgseal $command: not one byte to the LDAP server"
done

# --- what is no regular file is not read twice
mkfifo "$TEST_DIR/fifo.conf"
run sealed timeout 5 env PGSERVICEFILE="$TEST_DIR/fifo.conf" "$ENTRY_POINTS" x connectdb -- ''
has "$(out error)" "pgseal: refused: service file $TEST_DIR/fifo.conf: not a regular file" 'a FIFO is refused'
run sealed timeout 5 "$ENTRY_POINTS" x connectdb "env:PGSERVICEFILE=/dev/stdin" -- '' < <(stanza pipe)
has "$(out error)" 'pgseal: refused: service file /dev/stdin: not a regular file' 'a pipe is refused'
run sealed timeout 5 "$ENTRY_POINTS" x connectdb "env:PGSERVICEFILE=$TEST_DIR/sys" -- ''
has "$(out error)" "pgseal: refused: service file $TEST_DIR/sys: not a regular file" 'a directory too'

# --- audit mode changes nothing
policy <<<"mode = audit"
forget_recorded ldap
forget_events
run sealed timeout 20 env PGSERVICEFILE="$TEST_DIR/service.conf" PGPORT="$I" "$ENTRY_POINTS" x connectdb -- 'sslmode=require'
is "$(out status server)" 'ok t' 'audit mode: the service falls back on its other lines, as bare'
is "$(recorded ldap | grep -c .)" 1 'audit mode: the LDAP server is asked once, as bare'
is "$(verdicts)" refuse/would-refuse 'audit mode: the log says what would be'
policy <<<"sslrootcert = $PKI/root.pem"

# --- others that use LDAP
asks="import ctypes
ldap = ctypes.CDLL('libldap-2.5.so.0')
pq = ctypes.CDLL('libpq.so.5')
ldap.ldap_init.restype = ctypes.c_void_p
pq.PQconnectdb.restype = ctypes.c_void_p
pq.PQconnectdb(b'service=y')
handle = ldap.ldap_init(b'127.0.0.1', $(env_port ldap))
print(ldap.ldap_simple_bind(ctypes.c_void_p(handle), None, None) > 0)"
forget_recorded ldap
run bare /usr/bin/python3 -c "$asks"
BARE="$OUT $(recorded ldap)"
forget_recorded ldap
run sealed /usr/bin/python3 -c "$asks"
is "$OUT $(recorded ldap)" "$BARE" "another user of LDAP in the process: the same bytes"
like "$BARE" 'True 30' 'and there are some'

# --- a libpq that can ask LDAP, and does not show where: a service is refused
mkdir "$TEST_DIR/inside"
sed 's/\x00ldap_init\x00/\x00ldap_inix\x00/' "$(realpath /usr/lib/*/libpq.so.5)" >"$TEST_DIR/inside/libpq.so.5"
gcc -shared -fPIC -x c -o "$TEST_DIR/inside/libx.so" - -l:libldap-2.5.so.0 <<'C'
void *ldap_init(const char *, int);
void *ldap_inix(const char *host, int port);
void *ldap_inix(const char *host, int port)
{
    return ldap_init(host, port);
}
C
forget_recorded ldap
forget_events
run env LD_LIBRARY_PATH="$TEST_DIR/inside" LD_PRELOAD="$TEST_DIR/inside/libx.so:$OBJECT" PGSERVICEFILE="$TEST_DIR/service.conf" "$ENTRY_POINTS" x connectdb -- ''
is "$(out status) $(verdicts) $(recorded ldap)" 'bad refuse/refused ' 'its LDAP inside: not one byte'
has "$(out error)" 'pgseal: refused: this libpq could look the service up in LDAP' 'its LDAP inside: the error says why'
run env -u PGSERVICE LD_LIBRARY_PATH="$TEST_DIR/inside" LD_PRELOAD="$TEST_DIR/inside/libx.so:$OBJECT" "$ENTRY_POINTS" x connectdb -- "host=localhost port=$P"
is "$(out status server)" 'ok t' 'its LDAP inside: without a service it connects'

# --- libpqs without LDAP: a service file is theirs to judge
for version in 13 16 18; do
    libs=$("$TEST_TOP/tests/lib/libpqs.sh" $version)
    for way in bare sealed; do
        run $way env LD_LIBRARY_PATH="$libs" PGSERVICEFILE="$TEST_DIR/service.conf" "$ENTRY_POINTS" x connectdb -- ''
        is "$(out status) $(grep -c 'syntax error in service file' <<<"$(out error)")" 'bad 1' "$version, $way: no LDAP, so a syntax error"
        run $way env LD_LIBRARY_PATH="$libs" PGSERVICEFILE="$TEST_DIR/plain.conf" PGPORT=1 "$ENTRY_POINTS" x connectdb -- 'host=localhost'
        has "$(out error)" 'onnection refused' "$version, $way: a service is used"
    done
done
done_testing
