#!/bin/bash
# sanitize.t: every entry point, resets, threads and children, under valgrind and with the object built with the
# address, undefined-behaviour and thread sanitizers: no report.
. "$(dirname "$0")/../lib/env.sh"

env_start good impostor
P=$(env_port good) I=$(env_port impostor)
policy <<<"sslrootcert = $PKI/root.pem"$'\n'"sslcrl = $PKI/crl.pem"
table=()
for port in "$P" "$I"; do
    target="host=localhost port=$port user=app dbname=app"
    pairs="host=localhost	port=$port	user=app	dbname=app"
    for entry in connectdb start ping; do
        table+=("x	$entry	--	$target sslmode=disable" "x	$entry	--	postgresql://app@localhost:$port/app?sslmode=allow")
    done
    for entry in params startparams pingparams params0; do table+=("x	$entry	--	$pairs	sslmode=prefer"); done
    table+=("x	setdblogin	--	$pairs" "x	start	reset=start	--	$target" "x	connectdb	reset=sync	--	$target"
        "x	params	threads=4	times=2	--	$pairs	sslmode=disable" "x	connectdb	fork	--	$target"
        "x	connectdb	--	$target sslcrl=$PKI/crl-mixed.pem gssencmode=prefer" "x	connectdb	--	$target nonsense=1")
done
want=$(printf '%s\n' "${table[@]}" | sealed "$ENTRY_POINTS" - | jq -r '.status + (.server // "")' | xargs)

run bash -c 'printf "%s\n" "$@" | LD_PRELOAD='"$OBJECT"' valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect '"$ENTRY_POINTS"' -' _ "${table[@]}"
is "$RC $(jq -r '.status + (.server // "")' <<<"$OUT" | xargs)" "0 $want" 'valgrind: the same outcomes'
is "$ERR" '' 'valgrind has nothing to say, of leaks neither'

# The object, and the program that loads it, with a sanitizer: its library comes first in the process. What answers dlsym is
# left as it is: a sanitizer asks dlsym before it can be called itself.
mapfile -t sources < <(find "$TEST_TOP/shim" "$TEST_TOP/lib" -name "*.[cS]" ! -name elf_file.c)
early='forked hooked loader loader_open loader_entries slot_stubs stubs definitions loaded tables real sys'
built() { # NAME FLAG…: leaves the object and entry_points in $TEST_DIR/NAME
    local name=$1 file word
    local -a flags=(-std=gnu17 -D_GNU_SOURCE= -O1 -g -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-omit-frame-pointer
        -I"$TEST_TOP" -I"$(pg_config --includedir)" -DPGSEAL_VERSION='"test"')
    shift
    mkdir -p "$TEST_DIR/$name"
    for file in "${sources[@]}"; do
        word=${file##*/}
        word=${word%.[cS]}
        if [[ " $early " == *" $word "* ]]; then
            gcc "${flags[@]}" -c -o "$TEST_DIR/$name/$word.o" "$file"
        else
            gcc "${flags[@]}" "$@" -c -o "$TEST_DIR/$name/$word.o" "$file"
        fi
    done
    gcc "$@" -shared -Wl,-z,now,-z,nodelete -Wl,--version-script="$TEST_TOP/build/pgseal.map" -Wl,-soname,libpgseal.so \
        -o "$TEST_DIR/$name/libpgseal.so" "$TEST_DIR/$name"/*.o -ldl
    gcc -std=gnu17 -D_GNU_SOURCE= -O1 -g "$@" -I"$(pg_config --includedir)" -o "$TEST_DIR/$name/entry_points" "$TEST_TOP/tests/lib/entry_points.c" -lpq -lpthread
}
library() { readlink -f "$(gcc -print-file-name="lib$1.so")"; }
under() { # NAME LIBRARY CASE ROWS…: the same outcomes as without
    local name=$1 library=$2
    shift 2
    run bash -c 'dir=$1 library=$2; shift 2; printf "%s\n" "$@" |
        env ASAN_OPTIONS=detect_leaks=0:exitcode=9 UBSAN_OPTIONS=halt_on_error=1:exitcode=9 TSAN_OPTIONS=exitcode=9 \
        LD_PRELOAD="$library $dir/libpgseal.so" "$dir/entry_points" -' _ "$TEST_DIR/$name" "$library" "$@"
}
threads="x	params	threads=8	times=6	--	host=localhost	port=$P	user=app	dbname=app	sslmode=disable"
built asan -fsanitize=address,undefined -fno-sanitize-recover=undefined
under asan "$(library asan) $(library ubsan)" "${table[@]}"
is "$RC $(jq -r '.status + (.server // "")' <<<"$OUT" | xargs)" "0 $want" 'address and undefined behaviour: the same outcomes'
is "$ERR" '' 'address and undefined behaviour: nothing to say'
under asan "$(library asan) $(library ubsan)" "$threads"
is "$RC $(jq -r '.status + .server' <<<"$OUT" | sort | uniq -c | xargs) $ERR" '0 48 okt ' 'address: eight threads'

built tsan -fsanitize=thread
forget_events
under tsan "$(library tsan)" "$threads"
is "$RC $(jq -r '.status + .server' <<<"$OUT" | sort | uniq -c | xargs)" '0 48 okt' 'thread: eight threads connect'
is "$ERR" '' 'thread: nothing to say'
is "$(events 'select(.event == "witness")' | wc -l)" 48 'thread: a witness each'
done_testing
