#!/bin/bash
# callsite.t: a call of an imported function is told from one through a pointer, however the caller was compiled and linked.
. "$(dirname "$0")/../lib/env.sh"

src=$LAB_TOP/tests/integration/src/callsite.c
cc=(gcc -std=gnu17 -D_GNU_SOURCE -I"$LAB_TOP")
"${cc[@]}" -DWHERE -shared -fPIC -o "$LAB/libwhere.so" "$src"
for options in '-O2 -Wl,-z,lazy' '-O2 -Wl,-z,now' '-O0 -Wl,-z,now' '-O2 -fno-plt' '-O2 -fcf-protection=none -Wl,-z,lazy' \
    '-O2 -fcf-protection -Wl,-z,lazy' '-O2 -fcf-protection -Wl,-z,now,-z,ibtplt' '-O2 -fno-pie -no-pie'; do
    # shellcheck disable=SC2086
    "${cc[@]}" $options -o "$LAB/callsite" "$src" "$LAB_TOP"/shim/dynlink/callsite.c "$LAB_TOP/build/lib.a" -L"$LAB" -lwhere -Wl,-rpath,"$LAB"
    run "$LAB/callsite"
    is "$RC $OUT" '0 1 1 0' "$options"
done

done_testing
