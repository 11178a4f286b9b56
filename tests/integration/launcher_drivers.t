#!/bin/bash
# launcher_drivers.t: pgseal-run --drivers, --rewrite-url and --dry-run: which variables the program sees, and what the log says.
# shellcheck source=tests/lib/launcher.sh
. "$(dirname "$0")/../lib/launcher.sh"
mount -t tmpfs -o mode=755 tmpfs /run
log=$dir/log.jsonl
for name in root other; do
    openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out "$name.pem" -days 30 -subj "/CN=$name" 2>/dev/null
done
root=$dir/root.pem
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=ca 2>/dev/null
: >index.txt
printf '[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\ndefault_md = sha256\ndefault_crl_days = 30\n' >ca.conf
openssl ca -config ca.conf -gencrl -keyfile ca.key -cert ca.pem -out crl.pem 2>/dev/null

# sees NAME WANT ROW [VARIABLE=VALUE…] -- OPTION…: with this environment and these options the program sees this of NAME.
sees() {
    local name=$1 want=$2 row=$3
    local -a setting=()
    shift 3
    while [[ $1 != -- ]]; do setting+=("$1") && shift; done
    rm -f "$log"
    r env "${setting[@]}" "$run" --root root.pem --log "file:$log" "${@:2}" ./probe get "$name"
    printed "$want" "$row"
}
# logged WANT ROW: the lines of the log, as "option requested enforced", joined by semicolons.
logged() {
    local got=
    [[ ! -e $log ]] || got=$(jq -rs '[.[] | select(.event == "downgrade" and .entry == "pgseal-run" and .mode == "enforce" and
        (has("action") | not)) | .changes[] | select(.source == "environment") |
        "\(.option) \(.requested) \(.enforced // "-")"] | join("; ")' "$log")
    is "$got" "$1" "$2: the log"
}

# --- what is set, and what asked for less
for name in PGSSLMODE PG_SSLMODE PGSSL; do
    sees "$name" verify-full "$name: set" -- --drivers
    logged '' "$name: set"
    sees "$name" verify-full "$name: overwritten" "$name=disable" -- --drivers
    logged "$name disable verify-full" "$name: overwritten"
    sees "$name" verify-full "$name: there already" "$name=verify-full" -- --drivers
    logged '' "$name: there already"
    sees "$name" verify-full "$name: empty" "$name=" -- --drivers
    logged '' "$name: empty"
    sees "$name" disable "$name: without --drivers" "$name=disable" --
    logged '' "$name: without --drivers"
done
sees PGSSLMODE verify-full 'node-postgres: no-verify' PGSSLMODE=no-verify -- --drivers
sees PGSSLROOTCERT "$root" 'PGSSLROOTCERT: set' -- --drivers
sees PGSSLROOTCERT "$root" 'PGSSLROOTCERT: another' PGSSLROOTCERT=/other -- --drivers
logged "PGSSLROOTCERT /other $root" 'PGSSLROOTCERT: another'
is "$(jq -r '[.exe, .pid > 0, .uid, .reason] | @tsv' "$log")" \
    "$dir/probe"$'\t'true$'\t'0$'\t''honoured by libpq in a static program, pgx, lib/pq, asyncpg, sqlx, Npgsql; this is a request: the program'"'s own settings take precedence" \
    "the log: the program's path, and who honours the variable"
# NAME|VALUE|WANT: WANT is "(none)" where it must have been removed.
while IFS='|' read -r name value want; do
    sees "$name" "$want" "$name=$value: $want" "$name=$value" -- --drivers
    if [[ $want == "$value" ]]; then logged '' "$name=$value"; else logged "$name $value ${want/(none)/-}" "$name=$value"; fi
done <<END
PGGSSENCMODE|prefer|disable
PGGSSENCMODE|disable|disable
PGSSLMINPROTOCOLVERSION|TLSv1|(none)
PGSSLMINPROTOCOLVERSION|TLSv1.3|TLSv1.3
PGSSLMAXPROTOCOLVERSION|TLSv1.1|(none)
PGSSLMAXPROTOCOLVERSION|TLSv1.2|TLSv1.2
PGSSLCRL|$dir/other.pem|(none)
PGSSLCRL|$dir/crl.pem|$dir/crl.pem
NODE_TLS_REJECT_UNAUTHORIZED|0|(none)
NODE_TLS_REJECT_UNAUTHORIZED|1|1
SSLKEYLOGFILE|/tmp/keys|(none)
END
# What is an error to lib/pq is never set.
for name in PGGSSENCMODE PGGSSDELEGATION PGGSSLIB PGCHANNELBINDING PGSSLCRL PGSSLCRLDIR PGSSLCERTMODE PGREQUIREPEER PGREQUIRESSL \
    PGSSLCOMPRESSION; do
    sees "$name" '(none)' "$name: not set" -- --drivers
done
r "$run" --drivers --root program ./probe get PGSSLROOTCERT
printed '(none)' '--root program: no root is set'
r env PGSSLROOTCERT=/own "$run" --drivers --root program ./probe get PGSSLROOTCERT
printed /own '--root program: its own stays'

# --- roots for Node
sees NODE_EXTRA_CA_CERTS "$root" 'NODE_EXTRA_CA_CERTS: set' -- --drivers
sees NODE_EXTRA_CA_CERTS "$root" 'NODE_EXTRA_CA_CERTS: there already' NODE_EXTRA_CA_CERTS="$root" -- --drivers
r env NODE_EXTRA_CA_CERTS="$dir/other.pem" "$run" --drivers --root root.pem ./probe get NODE_EXTRA_CA_CERTS
like "$out" '^/run/pgseal/roots-[0-9a-f]{16}/roots\.pem$' 'NODE_EXTRA_CA_CERTS: another file: a new one'
is "$(<"$out")" "$(cat root.pem)"$'\n\n'"$(cat other.pem)" 'the new one holds both'
is "$(stat -c '%a %u' "$out" /run/pgseal)" $'644 0\n755 0' 'the new one: for all to read, for root to write'
first=$out
r env NODE_EXTRA_CA_CERTS="$dir/other.pem" "$run" --drivers --root root.pem ./probe get NODE_EXTRA_CA_CERTS
printed "$first" 'the same again'
echo spoilt >>"$first"
r env NODE_EXTRA_CA_CERTS="$dir/other.pem" "$run" --drivers --root root.pem ./probe get NODE_EXTRA_CA_CERTS
is "$(<"$first")" "$(cat root.pem)"$'\n\n'"$(cat other.pem)" 'another content is replaced'
for bad in gone.pem key.pem .; do
    sees NODE_EXTRA_CA_CERTS "$root" "NODE_EXTRA_CA_CERTS: $bad cannot be joined" NODE_EXTRA_CA_CERTS="$dir/$bad" -- --drivers
    logged "NODE_EXTRA_CA_CERTS $dir/$bad $root" "NODE_EXTRA_CA_CERTS: $bad"
    like "$(jq -r .reason "$log")" 'cannot be combined with the policy.s and are left out: ' "NODE_EXTRA_CA_CERTS: $bad: why"
done
chmod 777 /run/pgseal
rm -rf "/tmp/pgseal-0"
r env NODE_EXTRA_CA_CERTS="$dir/other.pem" XDG_RUNTIME_DIR="$dir/new" "$run" --drivers --root root.pem ./probe get NODE_EXTRA_CA_CERTS
like "$out" "^$dir/new/pgseal/roots-" 'a directory that others may write to is not used'
rm -rf "$dir/new/pgseal" && ln -s "$dir/etc" "$dir/new/pgseal"
chown 65533 /run/pgseal && chmod 755 /run/pgseal
r env NODE_EXTRA_CA_CERTS="$dir/other.pem" XDG_RUNTIME_DIR="$dir/new" "$run" --drivers --root root.pem ./probe get NODE_EXTRA_CA_CERTS
like "$out" '^/tmp/pgseal-0/roots-' "nor a stranger's, nor a link"
rm -rf /tmp/pgseal-0 /run/pgseal

# --- pgjdbc
r "$run" --drivers --root root.pem ./probe get JAVA_TOOL_OPTIONS
like "$out" '^-Xbootclasspath/a:/run/pgseal/jdbc-[0-9a-f]{16}$' 'JAVA_TOOL_OPTIONS: set'
is "$(<"${out#*:}/org/postgresql/driverconfig.properties")" \
    $'sslmode=verify-full\ngssEncMode=disable\nsslrootcert='"$root" 'driverconfig.properties'
java=$out
r env JAVA_TOOL_OPTIONS=-Dx=y "$run" --drivers --root root.pem ./probe get JAVA_TOOL_OPTIONS
printed "-Dx=y $java" 'JAVA_TOOL_OPTIONS: appended to'
r env JAVA_TOOL_OPTIONS="$java" "$run" --drivers --root root.pem ./probe get JAVA_TOOL_OPTIONS
printed "$java" 'JAVA_TOOL_OPTIONS: there already'
rm -rf /run/pgseal
mount -o remount,ro /run
rm -rf /tmp/pgseal-0 && echo >/tmp/pgseal-0
r env JAVA_HOME=/opt/java "$run" --drivers --root root.pem ./probe get JAVA_TOOL_OPTIONS
is "$status/$out" '0/(none)' 'no place for a file: the program runs'
has "$err" 'pgseal-run: warning: pgjdbc is not asked for verification: /tmp/pgseal-0: a component of the path is not a directory' 'no place for a file: a warning'
r env PATH= "$run" --drivers --root root.pem ./probe get JAVA_TOOL_OPTIONS
printed '(none)' 'no place for a file, and no Java: not a word'
mount -o remount,rw /run
rm -f /tmp/pgseal-0

# --- refused where it would undo what the policy lets through
r "$run" --drivers --audit --root root.pem ./probe
refused 125 'audit mode' '--drivers in audit mode'
r env URL=postgres://h/d "$run" --rewrite-url URL --audit --root root.pem ./probe
refused 125 'audit mode' '--rewrite-url in audit mode'
printf 'sslrootcert = %s\n[host a]\nverify_as = b\n[host c]\nexempt = old\n' "$root" >exempt.conf
r "$run" --drivers --policy exempt.conf ./probe
refused 125 "$dir/exempt.conf:4: [host c] is exempt" '--drivers with an exemption'
printf 'sslrootcert = %s\nlog = file:%s\n[host c]\nmode = audit\n' "$root" "$log" >audited.conf
r "$run" --drivers --policy audited.conf ./probe
refused 125 "$dir/audited.conf:3: [host c] is audited" '--drivers with an audited section'
r "$run" --drivers=nonsense ./probe
refused 125 '--drivers=nonsense' '--drivers=nonsense'

# --- only
warning='pgseal-run: warning: --drivers=only: nothing is sealed; drivers are asked to verify, and may ignore that'
for program in static muslstatic probe; do
    r env PGSSLMODE=disable "$run" --drivers=only --policy audited.conf "./$program" get PGSSLMODE
    is "$status/$out" 0/verify-full "--drivers=only: $program"
    is "$err" "$warning" "--drivers=only: $program: says that nothing is sealed"
done
r "$run" --drivers=only --root root.pem ./probe preload
is "$status/$out" '0/(none)' '--drivers=only: nothing is preloaded'
r "$run" --drivers=only --root root.pem --log none ./probe exit 42
is "$status" 42 "--drivers=only: the program's exit status"
r "$run" --drivers=only ./not-there
refused 127 not-there '--drivers=only: a missing program'
cp probe plain && chmod 644 plain
r "$run" --drivers=only ./plain
refused 126 plain '--drivers=only: a file that is not executable'
# shellcheck disable=SC2016
echo 'echo "$PGSSLMODE"' >script && chmod 755 script
r "$run" --drivers=only --root root.pem ./script
is "$status/$out" 0/verify-full '--drivers=only: a script without #!'
printf '\177ELF\nexit 9\n' >kind && chmod 755 kind
r env ./kind
bare=$status
r "$run" --drivers=only --root root.pem ./kind
is "$bare $status" '9 9' '--drivers=only: the kernel decides what a file is, as bare'
r "$run" --drivers=only --lib "$lib" ./probe
refused 125 --lib '--drivers=only with --lib'
r "$run" --drivers=only --root gone.pem ./probe
refused 125 gone.pem '--drivers=only: a missing root'

# --- connection URLs
rewritten() { # WANT ROW VALUE [LOG]
    sees URL "$1" "$2" "URL=$3" -- --rewrite-url URL
    logged "${4:-}" "$2"
}
rewritten 'postgres://u:p@h/d?sslmode=verify-full' 'a URL: added' 'postgres://u:p@h/d'
rewritten 'postgresql://u:p@h:1,i:2/d?a=b&sslmode=verify-full&c=d' 'a URL: replaced, the rest kept' \
    'postgresql://u:p@h:1,i:2/d?a=b&sslmode=disable&c=d&sslmode=prefer' 'sslmode disable verify-full; sslmode prefer verify-full'
rewritten 'postgres://u:p@h/d?sslmode=verify-full' 'a URL: ssl' 'postgres://u:p@h/d?ssl=false&sslmode=verify-full' 'ssl false -'
rewritten "postgres://h/d?sslrootcert=$root&sslmode=verify-full" 'a URL: another root' 'postgres://h/d?sslrootcert=/x&sslm%6Fde=verify-full' \
    "sslrootcert /x $root"
rewritten 'postgres://h/d?gssencmode=disable&sslmode=verify-full' 'a URL: GSS, old TLS' \
    'postgres://h/d?gssencmode=require&ssl_min_protocol_version=TLSv1' 'gssencmode require disable; ssl_min_protocol_version TLSv1 -'
rewritten 'postgresql+psycopg2://h/d?sslmode=verify-full' "SQLAlchemy's URL" 'postgresql+psycopg2://h/d'
rewritten 'postgresql+asyncpg://h/d?ssl=verify-full' "SQLAlchemy's URL for asyncpg" 'postgresql+asyncpg://h/d?ssl=prefer' 'ssl prefer verify-full'
rewritten "jdbc:postgresql://h/d?user=a@b&sslmode=verify-full&sslrootcert=$root&gssEncMode=disable" "pgjdbc's URL" \
    'jdbc:postgresql://h/d?user=a@b&ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory' \
    'ssl true -; sslfactory org.postgresql.ssl.NonValidatingFactory -'
rewritten "host=h password='a b' sslmode=verify-full" 'keywords' "host=h password='a b' sslmode = 'disable'" 'sslmode disable verify-full'
rewritten 'host=h password=a;b sslmode=verify-full' 'keywords: a semicolon in the password' 'host=h password=a;b'
rewritten "host=h password='' sslmode=verify-full" 'keywords: an empty password at the end' 'host=h password='
rewritten "Host=h;Password=\"a;b\";SSL Mode=VerifyFull;Root Certificate=$root" "Npgsql's" \
    'Host=h;Password="a;b";SSL Mode=Disable;Root Certificate=/x;Trust Server Certificate=true' \
    "sslmode Disable VerifyFull; rootcertificate /x $root; trustservercertificate true -"
rewritten 'host=h;port=1;SSL Mode=VerifyFull' "Npgsql's, in lower case" 'host=h;port=1'
while IFS='|' read -r row value word; do
    r env URL="$value" "$run" --rewrite-url URL --root root.pem ./probe
    refused 125 "$word" "--rewrite-url: $row"
    hasnt "$err" pa55 "--rewrite-url: $row: the password is not shown"
done <<'END'
not set||URL is not set
another database|mysql://u:pa55@h/d|pgseal-run does not know its syntax
a driver without a known syntax|postgresql+pg8000://u:pa55@h/d|pgseal-run does not know its syntax
words|pa55 and more|pgseal-run does not know its syntax
a quote that is not closed|host=h password='pa55|pgseal-run does not know its syntax
a backslash at the end|host=h password=pa55\|pgseal-run does not know its syntax
a quote of Npgsql's that is not closed|Host=h;Password="pa55|pgseal-run does not know its syntax
a ; that makes pairs of the rest|ssl=a host=h;Pa55 password=pa55;b|a ';' in it can be read in two ways
a ? in the password|postgres://u:pa55?x@h/d|%3F
a # in the password|postgres://u:pa55#x@h/d|%23
END

# --- the dry run
r env PGSSLMODE=disable SSLKEYLOGFILE=/tmp/keys NODE_EXTRA_CA_CERTS="$dir/other.pem" JAVA_TOOL_OPTIONS=-Dx.password=pa55 \
    URL='postgres://u:pa55@h/d?sslmode=require&password=pa55&sslpassword=pa55' "$run" --drivers --rewrite-url URL --dry-run --root root.pem ./probe
printed "- PGSSLMODE=disable
+ PGSSLMODE=verify-full
+ PG_SSLMODE=verify-full
+ PGSSL=verify-full
+ PGSSLROOTCERT=$root
- NODE_EXTRA_CA_CERTS=$dir/other.pem
+ NODE_EXTRA_CA_CERTS=(a file that holds both)
- SSLKEYLOGFILE=/tmp/keys
- JAVA_TOOL_OPTIONS=(hidden)
+ JAVA_TOOL_OPTIONS=(hidden)
- URL=postgres://u:(hidden)@h/d?sslmode=require&password=(hidden)&sslpassword=(hidden)
+ URL=postgres://u:(hidden)@h/d?sslmode=verify-full&password=(hidden)&sslpassword=(hidden)" '--dry-run'
for url in 'postgres://u:p/pa55@s@h/d' 'postgres://u:p@pa55@h/d' "host=h password='x pa55'" 'Host=h;PWD="x;pa55"' \
    'jdbc:postgresql://h/d?user=u&password=pa55' 'postgres://h/d?pass%77ord=pa55'; do
    r env URL="$url" "$run" --rewrite-url URL --dry-run --root root.pem
    is "$status/$err" 0/ "--dry-run: $url"
    like "$out" 'verify-full|VerifyFull' "--dry-run: $url: rewritten"
    hasnt "$out" pa55 "--dry-run: $url: the password is hidden"
done
r "$run" --dry-run ./probe
refused 125 --dry-run '--dry-run alone'

# --- docs/drivers.md tells of every row of the table
rows=0
while IFS='"' read -r _ driver _ variable _; do
    rows=$((rows + 1))
    like "$(grep -F "| \`$variable\` |" "$top/docs/drivers.md")" "[|,] $driver( \||,)" "docs/drivers.md: $variable, $driver"
done < <(grep '^DRIVER(' "$top/launch/drivers.def")
is "$((rows > 25))" 1 'docs/drivers.md: the rows of drivers.def were found'

done_testing
