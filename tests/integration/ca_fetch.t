#!/bin/bash
# ca_fetch.t: `pgseal ca --fetch`: from a server that sends the right file, and from others.
# shellcheck source=tests/lib/ca.sh
. "$(dirname "$0")/../lib/ca.sh"

cat good.pem good2.pem >two.pem
cat two.pem expired.pem >mixed.pem
run ca --prune clean.pem mixed.pem
head -c -40 good.pem >cut.pem
printf 'junk' >junk.pem
: >empty.pem
mkdir directory
signed localhost good leaf
cat >server.py <<'END'
# An https server on loopback with pages that a hostile one would have.
import http.server, ssl, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("requests", "a") as log:
            log.write(self.path + "\n")
        path = self.path.split("?")[0]
        where = {"/to-http": "http://localhost:%d/two.pem?plain" % plain.server_port, "/to-file": "file:///etc/passwd",
                 "/to-https": "/two.pem", "/loop": "/loop"}.get(path)
        if where:
            self.send_response(302); self.send_header("Location", where); self.end_headers(); return
        if path == "/endless":
            self.send_response(200); self.end_headers()
            try:
                while True: self.wfile.write(b"x" * 65536)
            except OSError: return
        try: body = open("." + path, "rb").read()
        except OSError: self.send_error(404); return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + (100 if self.path.endswith("?cut") else 0)))
        self.end_headers(); self.wfile.write(body)
    def log_message(self, *args): pass
class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args): pass
plain = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=plain.serve_forever, daemon=True).start()
server = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("localhost.pem", "localhost.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
END
python3 server.py >port 2>server.err &
server=$!
for _ in $(seq 100); do
    [[ -s port ]] && break
    sleep 0.1
done
url=https://localhost:$(cat port)
sum() { sha256sum <"$1" | cut -d' ' -f1; }
fetch() { # PAGE HEX ARG…
    local page=$1 hex=$2
    shift 2
    run ca --json --fetch "$url/$page" --sha256 "$hex" --cacert good.pem "$@"
}
fetch two.pem "$(sum two.pem)" -o bundle.pem
is "$status $(field .action)" '0 written' 'fetched: exit 0'
ok 'and the file holds what the server has' cmp -s bundle.pem two.pem
: >requests
fetch two.pem "$(sum two.pem)" -o bundle.pem
is "$status $(field .action) $(wc -l <requests)" '0 unchanged 0' 'a file that has the checksum already is not fetched again'
fetch mixed.pem "$(sum mixed.pem | tr a-f A-F)" -o bundle.pem
is "$status $(field .action)" '0 written' 'expired ones are no reason to refuse; the checksum may be in capitals'
ok 'the old one was replaced' cmp -s bundle.pem mixed.pem
kept() { # NAME
    ok "$1: the old file stays" cmp -s bundle.pem mixed.pem
    is "$(find . -maxdepth 1 -name '.bundle*' | wc -l)" 0 "$1: no temporary file is left"
}
fetch two.pem "$(sum good2.pem)" -o bundle.pem
is "$status $(field .action)" '1 refused' 'another checksum: exit 1'
has "$err" "$(sum two.pem)" 'and it says which one it was'
kept 'another checksum'
cat two.pem leaf.pem >bad-leaf.pem
cat two.pem small.pem >bad-weak.pem
cat two.pem good.crl >bad-crl.pem
cat two.pem good.key >bad-key.pem
cat two.pem cut.pem >bad-cut.pem
cp expired.pem bad-expired.pem
cp good.crl bad-only-crl.pem
for bad in bad-*.pem empty.pem junk.pem; do
    fetch "$bad" "$(sum "$bad")" -o bundle.pem
    is "$status $(field .action)" '1 refused' "$bad: refused, exit 1"
    kept "$bad"
done
mkfifo pipe
status=0
timeout 10 "$pgseal" ca --fetch https://localhost:1/two.pem --sha256 "$(sum two.pem)" -o pipe >out 2>err || status=$?
is "$status" 2 'a pipe as the target: nothing waits for it'
fetch missing.pem "$(sum two.pem)" -o bundle.pem
is "$status" 2 '404: exit 2'
kept '404'
fetch 'two.pem?cut' "$(sum two.pem)" -o bundle.pem
is "$status" 2 'a transfer that breaks off: exit 2'
kept 'a transfer that breaks off'
: >requests
fetch to-http "$(sum two.pem)" -o bundle.pem
is "$status $(cat requests)" '2 /to-http' 'redirected to http: not followed'
kept 'redirected to http'
fetch to-file "$(sum /etc/passwd)" -o bundle.pem
is "$status" 2 'redirected to a file: not followed'
fetch loop "$(sum two.pem)" -o bundle.pem
is "$status" 2 'redirected for ever: given up'
fetch endless "$(sum two.pem)" -o bundle.pem
is "$status" 2 'more than 16 MiB: given up'
has "$err" 'more than 16777216 bytes' 'and it says so'
kept 'an endless page'
fetch to-https "$(sum two.pem)" -o followed.pem
is "$status" 0 'redirected to https: followed'
run ca --fetch "$url/two.pem" --sha256 "$(sum two.pem)" --cacert good2.pem -o bundle.pem
is "$status" 2 'a server of another CA: exit 2'
kept 'another CA'
run ca --fetch "${url/localhost/127.0.0.1}/two.pem" --sha256 "$(sum two.pem)" --cacert good.pem -o bundle.pem
is "$status" 2 'a server of another name: exit 2'
for bad in "http://localhost:$(cat port)/two.pem" "file://$work/two.pem" "localhost/two.pem" ''; do
    run ca --fetch "$bad" --sha256 "$(sum two.pem)" -o bundle.pem
    is "$status" 2 "no https: \"${bad%%:*}\""
done
kept 'no https'
run ca --fetch "$url/two.pem" --cacert good.pem -o bundle.pem
is "$status" 2 'without --sha256: wrong usage'
run ca --fetch "$url/two.pem" --sha256 12ab --cacert good.pem -o bundle.pem
is "$status" 2 'a short checksum: wrong usage'
secret=${url/https:\/\//https:\/\/user:hunter2@}
run ca --fetch "$secret/missing.pem?token=hunter2" --sha256 "$(sum two.pem)" --cacert good.pem -o bundle.pem
is "$status" 2 'with a password in the URL'
hasnt "$out$err" hunter2 'which is not shown'
fetch two.pem "$(sum two.pem)" -o directory
is "$status $(field .action)" '2 failed' 'a target that cannot be written: exit 2'
fetch mixed.pem "$(sum mixed.pem)" --prune pruned.pem
is "$status" 0 '--fetch with --prune'
ok 'writes the cleaned copy' cmp -s pruned.pem clean.pem
fetch two.pem "$(sum two.pem)"
is "$status $(field .action)" '0 checked' 'without a target it only looks'
done_testing
