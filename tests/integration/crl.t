#!/bin/bash
# crl.t: the CRL file is judged when libpq opens it. A revoked certificate that is refused bare is refused sealed,
# wherever libpq finds the file. A file with anything but CRLs makes the connection fail, with pgseal's reason.
. "$(dirname "$0")/../lib/env.sh"

env_start good impostor revoked
P=$(env_port good) I=$(env_port impostor) R=$(env_port revoked)
full="dbname=app user=app sslmode=verify-full sslrootcert=$PKI/root.pem"
good="host=localhost port=$P $full" bad="host=localhost port=$I $full" revoked="host=localhost port=$R $full"
policy <<<"sslrootcert = $PKI/root.pem"
versions=(15 13 16 18 symbolic) # 15: the system's; symbolic: that, calling itself past any hook
mkdir "$TEST_DIR/symbolic"
python3 "$TEST_TOP/tests/matrix/symbolic.py" "$(realpath /usr/lib/*/libpq.so.5)" "$TEST_DIR/symbolic/libpq.so.5"
libs() {
    case $1 in
    15) echo /nonexistent ;;
    symbolic) echo "$TEST_DIR/symbolic" ;;
    *) "$TEST_TOP/tests/lib/libpqs.sh" "$1" ;;
    esac
}
home=$TEST_DIR/homes/x/.postgresql
mkdir -p "$home"

# --- homes: $HOME from libpq 15 on, the passwd entry before; and a line in passwd that is longer than most buffers
cp /etc/passwd "$TEST_DIR/passwd"
passwd() { sed "s#^root:.*#root:x:0:0:$1:$TEST_DIR/homes/x:/bin/bash#" "$TEST_DIR/passwd" >/etc/passwd; }
long=$(head -c 1100 /dev/zero | tr '\0' g)
both() { # VERSION CONNINFO: leaves BARE and SEALED, "ok t" or "bad", and ERROR, sealed
    local way
    for way in bare sealed; do
        run $way env LD_LIBRARY_PATH="$(libs "$1")" HOME="$TEST_DIR/homes/x" "$ENTRY_POINTS" x connectdb -- "$2"
        SEALED=$(out status server)
        SEALED=${SEALED% }
        [[ $way == sealed ]] || BARE=$SEALED
    done
    ERROR=$(out error)
}
for version in "${versions[@]}"; do
    for gecos in root "$long"; do
        what="libpq $version, passwd entry of ${#gecos} bytes and more"
        passwd "$gecos"
        cp "$PKI/crl.pem" "$home/root.crl"
        forget_events
        both "$version" "$revoked"
        is "$BARE" bad "$what, bare: root.crl at home revokes"
        is "$SEALED $(verdicts)" 'bad seal/sealed' "$what: so it does sealed"
        has "$ERROR" 'certificate verify failed' "$what: by libpq's own words"
        both "$version" "$good"
        is "$BARE $SEALED" 'ok t ok t' "$what: the good certificate is not revoked"
        cp "$PKI/crl-mixed.pem" "$home/root.crl"
        forget_events
        both "$version" "$bad"
        is "$BARE" 'ok t' "$what, bare: a certificate in root.crl makes the impostor trusted"
        is "$SEALED" bad "$what: not sealed"
        has "$ERROR" "pgseal: refused: sslcrl: $home/root.crl: contains a block other than X509 CRL (line 1); a CRL file may contain only CRLs" \
            "$what: the error says why"
        is "$(verdicts) $(events 'select(.event == "failed") | .action')" 'seal/sealed "refused"' "$what: the log says so"
        has "$(reason failed)" "sslcrl: $home/root.crl: contains a block other" "$what: with the reason"
        is "$(sessions impostor)" '- ssl' "$what: the impostor had the bare session only"
        log_mark impostor
        both "$version" "$good"
        has "$SEALED $ERROR" 'bad pgseal: refused: sslcrl: ' "$what: nor with the good server"
        rm "$home/root.crl"
    done
    passwd root
    for way in start setdblogin; do
        cp "$PKI/crl-mixed.pem" "$home/root.crl"
        if [[ $way == start ]]; then args=("$bad"); else args=(host=localhost "port=$I" dbname=app user=app); fi
        run sealed env LD_LIBRARY_PATH="$(libs "$version")" HOME="$TEST_DIR/homes/x" "$ENTRY_POINTS" x $way -- "${args[@]}"
        has "$(out status error)" 'bad pgseal: refused: sslcrl: ' "libpq $version, $way: the same"
        rm "$home/root.crl"
    done
    # --- files that are no CRL at all, and none
    while IFS='|' read -r name file outcome message; do
        rm -f "$home/root.crl"
        eval "$file"
        both "$version" "$revoked"
        is "$SEALED" "$outcome" "libpq $version: $name"
        has "$ERROR" "$message" "libpq $version: $name: $message"
    done <<END
no file: nobody is revoked|:|ok t|
an empty file|: >$home/root.crl|bad|pgseal: refused: sslcrl: $home/root.crl: empty
a cut one|head -c 300 $PKI/crl.pem >$home/root.crl|bad|pgseal: refused: sslcrl: $home/root.crl: a block is truncated
a directory|mkdir -p $home/root.crl|bad|pgseal: refused: sslcrl: $home/root.crl:
END
    rmdir "$home/root.crl"
    mkfifo "$home/root.crl"
    run sealed env LD_LIBRARY_PATH="$(libs "$version")" HOME="$TEST_DIR/homes/x" timeout 10 "$ENTRY_POINTS" x connectdb -- "$good"
    has "$(out error)" "pgseal: refused: sslcrl: $home/root.crl: " "libpq $version: a FIFO, without a wait"
    rm "$home/root.crl"
    # --- PQreset: the file is judged anew
    cp "$PKI/crl.pem" "$home/root.crl"
    for how in sync start; do
        run sealed env LD_LIBRARY_PATH="$(libs "$version")" HOME="$TEST_DIR/homes/x" "$ENTRY_POINTS" x connectdb "reset=$how" \
            "between=cp '$PKI/crl-mixed.pem' '$home/root.crl'" -- "$good"
        is "$(jq -rs 'map(.status) | join(" ")' <<<"$OUT")" 'ok bad' "libpq $version, reset=$how: a certificate got into root.crl"
        has "$(jq -rs '.[1].error' <<<"$OUT")" 'pgseal: refused: sslcrl: ' "libpq $version, reset=$how: the error says why"
        cp "$PKI/crl.pem" "$home/root.crl"
    done
    rm "$home/root.crl"
done
cp "$TEST_DIR/passwd" /etc/passwd

# --- a file that was named and judged, and is another one by the time libpq opens it
log_mark impostor
for at in 2 3; do
    cp "$PKI/crl.pem" "$TEST_DIR/named.pem"
    cp "$PKI/crl-mixed.pem" "$TEST_DIR/named.new"
    run env LD_PRELOAD="$OBJECT:$TEST_TOP/build/tests/swap.so" SWAP_FILE="$TEST_DIR/named.pem" SWAP_WITH="$TEST_DIR/named.new" SWAP_AT=$at \
        "$ENTRY_POINTS" x connectdb -- "$bad sslcrl=$TEST_DIR/named.pem"
    is "$(out status)" bad "a CRL that becomes a certificate at look $at"
done
is "$(sessions impostor)" '' 'no session with the impostor came of it'
for at in 2 3; do
    cp "$PKI/crl.pem" "$TEST_DIR/named.pem"
    : >"$TEST_DIR/named.new"
    run env LD_PRELOAD="$OBJECT:$TEST_TOP/build/tests/swap.so" SWAP_FILE="$TEST_DIR/named.pem" SWAP_WITH="$TEST_DIR/named.new" SWAP_AT=$at \
        "$ENTRY_POINTS" x connectdb -- "$revoked sslcrl=$TEST_DIR/named.pem"
    is "$(out status)" bad "a CRL that becomes empty at look $at revokes nobody less"
done

# --- a libpq that has its OpenSSL inside, so that nothing shows what it opens: its own home file is judged beforehand, and named
mkdir "$TEST_DIR/inside"
sed 's/X509_STORE_load_locations/X509_STORE_load_locationz/' "$(realpath /usr/lib/*/libpq.so.5)" >"$TEST_DIR/inside/libpq.so.5"
gcc -shared -fPIC -x c -o "$TEST_DIR/inside/libz.so" - <<'C'
int X509_STORE_load_locations(void *, const char *, const char *);
int X509_STORE_load_locationz(void *store, const char *file, const char *dir);
int X509_STORE_load_locationz(void *store, const char *file, const char *dir)
{
    return X509_STORE_load_locations(store, file, dir);
}
C
mkdir -p "$home"
hidden() { # bare|sealed CONNINFO
    local preload=$TEST_DIR/inside/libz.so
    [[ $1 == bare ]] || preload+=":$OBJECT"
    run env LD_LIBRARY_PATH="$TEST_DIR/inside" LD_PRELOAD="$preload" HOME="$TEST_DIR/homes/x" "$ENTRY_POINTS" x connectdb -- "$2"
    GOT=$(out status server)
    GOT=${GOT% }
}
cp "$PKI/crl.pem" "$home/root.crl"
hidden bare "$revoked"
is "$GOT" bad 'its OpenSSL inside, bare: root.crl at home revokes'
hidden sealed "$revoked"
is "$GOT" bad 'its OpenSSL inside: so it does sealed'
hidden sealed "$good"
is "$GOT" 'ok t' 'its OpenSSL inside: the good certificate is not revoked'
cp "$PKI/crl-mixed.pem" "$home/root.crl"
hidden bare "$bad"
is "$GOT" 'ok t' 'its OpenSSL inside, bare: a certificate in root.crl makes the impostor trusted'
log_mark impostor
forget_events
hidden sealed "$bad"
is "$GOT $(verdicts) $(contacts impostor)" 'bad refuse/refused 0' 'its OpenSSL inside: refused, and nobody was dialled'
rm "$home/root.crl"
hidden sealed "$good"
is "$GOT" 'ok t' 'its OpenSSL inside: without a file none is loaded'
PGPORT="$P,$P" hidden sealed "host=localhost,localhost${good#*port="$P"}"
is "$GOT" 'ok t' 'its OpenSSL inside: nor if the environment has a list'

# --- others in the process that load certificates
run sealed /usr/bin/python3 - "$P" "$PKI" <<'PY'
import ctypes, ssl, sys
pq = ctypes.CDLL("libpq.so.5")
pq.PQconnectdb.restype = ctypes.c_void_p
pq.PQconnectdb(b"host=localhost port=" + sys.argv[1].encode() + b" user=app dbname=app")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(sys.argv[2] + "/foreign.pem")
print(len(context.get_ca_certs()))
PY
is "$OUT" 1 'another user of OpenSSL in the process is not touched'
done_testing
