#!/bin/bash
# looks.t: what pgseal found out about a libpq and its OpenSSL is kept until an object comes or goes: how many loaded objects
# each connection looks at. The program's dl_iterate_phdr counts; time says nothing here.
. "$(dirname "$0")/../lib/env.sh"

env_start good
policy <<<"sslrootcert = $PKI/root.pem"
target="host=localhost port=$(env_port good) dbname=app user=app sslmode=disable"
source=$TEST_TOP/tests/integration/src/looks.c
gcc -std=gnu17 -D_GNU_SOURCE= -O2 -Wall -Wextra -Werror -I"$(pg_config --includedir)" -rdynamic -o "$TEST_DIR/looks" "$source" -lpq
echo 'int module;' | gcc -xc -shared -fPIC -o "$TEST_DIR/module.so" -

run bare "$TEST_DIR/looks" "$target" "$TEST_DIR/module.so"
is "$RC $OUT" $'0 0\n0\n0\n0\n0' 'libpq itself looks at no loaded object'
log_mark good
run sealed "$TEST_DIR/looks" "$target" "$TEST_DIR/module.so"
is "$RC $ERR" '0 ' 'five connections, sealed'
is "$(sessions good | sort | uniq -c | tr -s ' ')" ' 5 - ssl' 'all are verified TLS'
mapfile -t looks <<<"$OUT"
diag "objects looked at: ${looks[*]}"
ok 'the second connection looks at less than a third' test "${looks[1]}" -gt 0 -a "${looks[1]}" -lt $((looks[0] / 3))
is "${looks[2]}" "${looks[1]}" 'the third at as many'
ok 'after an object has come and gone, they are looked at anew' test "${looks[3]}" -gt $((2 * looks[2]))
ok 'once' test "${looks[4]}" -lt $((looks[3] * 2 / 3))

mkdir "$TEST_DIR/fake"
gcc -std=gnu17 -O1 -fPIC -shared -Wl,-soname,libpq.so.5 -o "$TEST_DIR/fake/libpq.so.5" "$TEST_TOP/tests/matrix/fakepq.c"
run bare env LD_LIBRARY_PATH="$TEST_DIR/fake" "$TEST_DIR/looks" host=nowhere "$TEST_DIR/module.so"
is "$RC $OUT" $'0 0\n0\n0\n0\n0' 'a libpq that counts: bare'
run sealed env LD_LIBRARY_PATH="$TEST_DIR/fake" "$TEST_DIR/looks" host=nowhere "$TEST_DIR/module.so"
# The first time also for the log's line on the process.
is "$RC $OUT" $'0 2\n2\n2\n3\n3' 'its functions are looked up once, and once more when an object has come and gone'

done_testing
