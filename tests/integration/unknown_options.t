#!/bin/bash
# unknown_options.t: an option that this libpq has and pgseal does not know is refused wherever it is set, before the
# server is contacted. Its default, which psql's \c passes on, is not. The libpq is the machine's own with two options
# renamed.
. "$(dirname "$0")/../lib/env.sh"
env_start good
P=$(env_port good)
policy <<<"sslrootcert = $PKI/root.pem"

# In place, so that the file stays what it is: xrbsrvname has a default (postgres), xequirepeer has none.
mkdir "$TEST_DIR/lib"
libpq=$(ldd "$ENTRY_POINTS" | sed -n 's/.*libpq\.so\.5 => \([^ ]*\).*/\1/p')
LC_ALL=C sed 's/krbsrvname/xrbsrvname/g; s/PGKRBSRVNAME/PGXRBSRVNAME/g; s/requirepeer/xequirepeer/g; s/PGREQUIREPEER/PGXEQUIREPEER/g' \
    "$libpq" >"$TEST_DIR/lib/libpq.so.5"
export LD_LIBRARY_PATH=$TEST_DIR/lib
version=$(pg_config --version 2>/dev/null | sed 's/[^0-9]*\([0-9]*\).*/\1/')
printf '[%s]\n%s\n' default xrbsrvname=postgres other xrbsrvname=x peer xequirepeer=postgres >"$TEST_DIR/services"
export PGSERVICEFILE=$TEST_DIR/services

target="host=localhost port=$P user=app dbname=app"
arrays="host=localhost ; port=$P ; user=app ; dbname=app"
uri="postgresql://app@localhost:$P/app?"
# NAME|WHAT THE PROGRAM SAYS|OPTIONS, each refused
refused() {
    cat <<END
a string|$target xrbsrvname=x
one without a default|$target xequirepeer=postgres
an empty one|$target xequirepeer=''
an empty one with a default|$target xrbsrvname=''
a URI|${uri}xrbsrvname=x
arrays|$arrays ; xrbsrvname=x|entry:params
arrays that are not expanded|$arrays ; xequirepeer=x|entry:startparams0
the last of two|$arrays ; xrbsrvname=postgres ; xrbsrvname=x|entry:params
an expanded dbname|dbname=$target xrbsrvname=x|entry:startparams
login|dbname=$target xrbsrvname=x|entry:setdblogin
the environment|$target|env:PGXRBSRVNAME=x
the environment, none by default|$target|env:PGXEQUIREPEER=postgres
the service file|service=other $target
the service file, none by default|$target|env:PGSERVICE=peer
a socket too|host=/tmp xrbsrvname=x
END
}
taken() {
    cat <<END
a default in a string|$target xrbsrvname=postgres
a default in a URI|${uri}xrbsrvname=postgres
a default in arrays|$arrays ; xrbsrvname=postgres ; xequirepeer=|entry:params
the last of two|$arrays ; xrbsrvname=x ; xrbsrvname=postgres|entry:params
a default in the environment|$target|env:PGXRBSRVNAME=postgres
a default in the service file|service=default $target
END
}
list() { # PREFIX OUTCOME VERDICT
    while IFS='|' read -r name says options; do printf '%s: %s|%s|%s|%s|%s\n' "$1" "$name" "$2" "$3" "$says" "$options"; done
}
rows bare <<<"$({ refused | grep -v '^a socket'; taken; } | list bare 'ok t' -)"
# Refused before libpq is asked for the application's name, but for the service file's.
log_mark good
rows <<<"$(refused | grep -v '^the service file' | list sealed bad none)"
n=$(refused | grep -vc '^the service file')
is "$(verdicts | tr ' ' '\n' | sort | uniq -c | xargs), $(contacts good)" "$n refuse/refused, 0" 'each has its line, and no server was contacted'
rows <<<"$(refused | grep '^the service file' | list sealed bad refuse/refused)"
run sealed "$ENTRY_POINTS" x connectdb -- "$target xrbsrvname=x"
like "$(out error)" "pgseal: refused: xrbsrvname: .*\(version $version\.[0-9]+\)" 'the reason names option and version'
like "${ROW_ERROR[sealed__the_service_file]}" 'pgseal: refused: xrbsrvname: ' 'also where the service file sets it'
rows <<<"$(taken | list sealed 'ok t' seal/sealed)"

# What the verdict would have been is logged; the connection is what it is bare.
policy <<<"mode = audit"$'\n'"sslrootcert = $PKI/root.pem"
rows <<<"$(refused | grep -v '^a socket' | grep -v '^the service file' | list audit 'ok t' none)"
is "$(verdicts | tr ' ' '\n' | sort | uniq -c | xargs)" "$((n - 1)) refuse/would-refuse" 'audit: each has its line'
rows <<<"$(refused | grep '^the service file' | list audit 'ok t' refuse/would-refuse)"

# psql hands every value that it has back to libpq.
policy <<<"sslrootcert = $PKI/root.pem"
psql=$(echo /usr/lib/postgresql/*/bin/psql)
for how in bare sealed; do
    run "$how" "$psql" -XAt "$target" -c '\c' -c "\\c - - localhost $P" -c 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'
    is "$RC $(tail -n 1 <<<"$OUT") $ERR" '0 t ' "psql connects again, $how"
done
run sealed env PGXRBSRVNAME=x "$psql" -XAt "$target" -c 'select 1'
like "$RC $ERR" '^2 .*pgseal: refused: xrbsrvname: ' 'psql and the environment'

# --- a kind of URI that pgseal does not know: one of libpq's own two, renamed
LC_ALL=C sed 's#postgres://#postgrey://#g' "$libpq" >"$TEST_DIR/lib/libpq.so.5"
unset PGSERVICEFILE
uri="postgrey://app@localhost:$P/app"
strings() {
    for entry in connectdb start; do echo "$entry|$uri|entry:$entry"; done
    for entry in params startparams setdblogin; do echo "$entry, a dbname|dbname=$uri|entry:$entry"; done
}
rows bare <<<"$(strings | list bare 'ok t' -)"
log_mark good
rows <<<"$(strings | list sealed bad none)"
is "$(verdicts | tr ' ' '\n' | sort | uniq -c | xargs), $(contacts good)" '5 refuse/refused, 0' 'an unknown URI: each has its line, and no server was contacted'
run sealed "$ENTRY_POINTS" x connectdb -- "$uri"
like "$(out error)" "pgseal: refused: this program's libpq \(version $version\) accepts this connection string, and pgseal does not know its kind" 'and the reason'
run bare "$ENTRY_POINTS" x ping -- "$uri"
is "$(out status)" ok 'bare: a ping of an unknown URI'
run sealed "$ENTRY_POINTS" x ping -- "$uri"
is "$(out status)" no_attempt 'an unknown URI: a ping makes no attempt'
rows <<END
a database of this name, not expanded|bad|seal/sealed|host=localhost ; port=$P ; user=app ; dbname=$uri|entry:params0
no connection string|bad|none|postgrex://app@localhost:$P/app
no connection string for a dbname|bad|seal/sealed|host=localhost ; port=$P ; user=app ; dbname=none|entry:params
blanks for a dbname|bad|seal/sealed|host=localhost ; port=$P ; user=app ; dbname=  |entry:params
END
run bare "$TEST_TOP/build/pgseal" explain "$uri"
has "$OUT$ERR" 'accepts this connection string, and' 'explain says so, too'
policy <<<"mode = audit"$'\n'"sslrootcert = $PKI/root.pem"
rows <<<"$(strings | list audit 'ok t' none)"
is "$(verdicts | tr ' ' '\n' | sort | uniq -c | xargs)" '5 refuse/would-refuse' 'an unknown URI, audit: each has its line'
done_testing
