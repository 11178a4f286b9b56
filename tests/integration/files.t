#!/bin/bash
# files.t: policy, root and CRL files are read to their end, whatever their st_size says. A file that is not regular
# does not block.
. "$(dirname "$0")/../lib/env.sh"
env_start good
P=$(env_port good)
target="host=localhost port=$P user=app dbname=app"
proc=/proc/sys/kernel/ostype # a regular file of root's, of 0 bytes, that says "Linux"
is "$(stat -c '%F %s %U %a' "$proc") $(cat "$proc")" 'regular empty file 0 root 444 Linux' 'a file that says more than its size'
mkfifo "$TEST_DIR/fifo"
chmod 600 "$TEST_DIR/fifo"

# An empty policy would be one with every default.
no_policy
log=(PGSEAL_LOG=none)
run sealed env PGSEAL_POLICY="$proc" "$ENTRY_POINTS" x connectdb -- "$target"
has "$(out error)" "pgseal: refused: $proc:1: neither a section nor key = value" 'a policy of /proc is read'
run timeout 10 env LD_PRELOAD="$OBJECT" PGSEAL_POLICY="$TEST_DIR/fifo" "$ENTRY_POINTS" x connectdb -- "$target"
has "$RC $(out error)" "pgseal: refused: $TEST_DIR/fifo: not a regular file" 'a FIFO as policy is not waited for'
run sealed env "${log[@]}" PGSEAL_SSLROOTCERT="$proc" "$ENTRY_POINTS" x connectdb -- "$target"
has "$(out error)" "$proc: contains no certificate" 'a root of /proc is read'
run timeout 10 env LD_PRELOAD="$OBJECT" "${log[@]}" PGSEAL_SSLROOTCERT="$TEST_DIR/fifo" "$ENTRY_POINTS" x connectdb -- "$target"
has "$RC $(out error)" "$TEST_DIR/fifo: not a regular file" 'a FIFO as root is not waited for'
run sealed env "${log[@]}" PGSEAL_SSLROOTCERT="$PKI/root.pem" PGSEAL_SSLCRL="$proc" "$ENTRY_POINTS" x connectdb -- "$target"
has "$(out error)" "$proc: contains no CRL" 'a CRL of /proc is read'
run timeout 10 env LD_PRELOAD="$OBJECT" "${log[@]}" PGSEAL_SSLROOTCERT="$PKI/root.pem" PGSEAL_SSLCRL="$TEST_DIR/fifo" "$ENTRY_POINTS" x connectdb -- "$target"
has "$RC $(out error)" "$TEST_DIR/fifo: not a regular file" 'a FIFO as CRL is not waited for'

# One that is longer than the first read: what stands behind it counts.
{
    cat "$PKI/root.pem"
    head -c 100000 /dev/zero | tr '\0' '\n'
    cat "$PKI/foreign.pem"
} >"$TEST_DIR/long.pem"
for size in 4095 4096 4097 8192; do
    head -c $((size - $(stat -c %s "$PKI/root.pem"))) /dev/zero | tr '\0' '\n' | cat - "$PKI/root.pem" >"$TEST_DIR/$size.pem"
    run sealed env "${log[@]}" PGSEAL_SSLROOTCERT="$TEST_DIR/$size.pem" "$ENTRY_POINTS" x connectdb -- "$target"
    is "$(out status)" ok "a root that ends after $size bytes"
done
run sealed env "${log[@]}" PGSEAL_SSLROOTCERT="$TEST_DIR/long.pem" "$ENTRY_POINTS" x connectdb -- "$target"
is "$(out status)" ok 'a long root'
{
    cat "$TEST_DIR/long.pem"
    echo '-----BEGIN TRUSTED CERTIFICATE-----'
} >"$TEST_DIR/tail.pem"
run sealed env "${log[@]}" PGSEAL_SSLROOTCERT="$TEST_DIR/tail.pem" "$ENTRY_POINTS" x connectdb -- "$target"
has "$(out error)" 'contains a block other than CERTIFICATE' 'what stands at its end is judged'
done_testing
