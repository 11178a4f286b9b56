# shellcheck shell=bash
# reach.sh: programs and modules that reach libpq in every way, beside private libpq copies of other versions; sourced
# after env.sh. Leaves REACH (a directory): reach, reach-linked (itself linked to the system's libpq), reach-ctor; mods.so
# (the system's libpq), a/moda.so (a private libpa.so.5: libpq 13), b/modb.so (libpb.so.5: 16), c/modc.so (libpc.so.5: 18).

REACH=$TEST_DIR/reach
REACH_SRC=$TEST_TOP/tests/integration/src
mkdir "$REACH"

reach_cc() { # FLAG…: as the tests' helpers are compiled
    gcc -std=gnu17 -D_GNU_SOURCE= -O2 -g -Wall -Wextra -Werror -I"$(pg_config --includedir)" "$@"
}

# reach_private VERSION LETTER: a libpq of that version under a name of its own, and a module that is linked to it.
reach_private() {
    local from dir=$REACH/$2
    from=$("$TEST_TOP/tests/lib/libpqs.sh" "$1")
    mkdir "$dir"
    cp -L "$from/libssl.so.1.1" "$from/libcrypto.so.1.1" "$dir/"
    # The name is as long as before, so the file stays what it is.
    LC_ALL=C sed "s/libpq\\.so\\.5/libp$2.so.5/g" "$(readlink -f "$from/libpq.so.5")" >"$dir/libp$2.so.5"
    reach_cc -fPIC -shared -o "$dir/mod$2.so" "$REACH_SRC/module.c" "$dir/libp$2.so.5" -Wl,-rpath,"\$ORIGIN" -Wl,-z,lazy \
        -Wl,--unresolved-symbols=ignore-in-shared-libs
}

reach_private 13 a
reach_private 16 b
reach_private 18 c
reach_cc -fPIC -shared -o "$REACH/mods.so" "$REACH_SRC/module.c" -lpq -Wl,-z,lazy
reach_cc -o "$REACH/reach" "$REACH_SRC/reach.c" -rdynamic -lpthread
reach_cc -DLINKED -DMODULE=self -o "$REACH/reach-linked" "$REACH_SRC/reach.c" "$REACH_SRC/module.c" -rdynamic -lpq -lpthread
