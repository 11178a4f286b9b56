#!/bin/bash
# The images: that of the object and the launcher, twice the same and nothing more in it; the example's; compose.yaml.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "$0")/lib.sh"

# Leaves SERVER (its pid) and its port: files under a directory, over https, with a certificate that the CA has signed.
serve_https() { # DIRECTORY
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=test CA' \
        -addext keyUsage=critical,keyCertSign -keyout "$SCRATCH/ca.key" -out "$SCRATCH/ca.pem" 2>/dev/null
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
        -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:localhost \
        -CA "$SCRATCH/ca.pem" -CAkey "$SCRATCH/ca.key" -keyout "$SCRATCH/server.key" -out "$SCRATCH/server.pem" 2>/dev/null
    "$TOP/tests/lib/https" "$1" "$SCRATCH/server.pem" "$SCRATCH/server.key" "$SCRATCH/port" >"$SCRATCH/https.log" 2>&1 &
    SERVER=$!
    for _ in {1..200}; do
        [[ ! -f $SCRATCH/port ]] || return 0
        sleep 0.05
    done
    return 1
}
test_cleanup() { [[ -z ${SERVER:-} ]] || kill "$SERVER" 2>/dev/null || true; }

ok "compose.yaml is one" env ROOTS_SHA256=0 docker-compose -f "$TOP/docker/compose.yaml" config -q
nok "and asks for the checksum of the roots" env -u ROOTS_SHA256 docker-compose -f "$TOP/docker/compose.yaml" config -q \
    2>/dev/null

ok "there is a Debian to begin with" base_image
# What the Dockerfile installs, once for both builds of it; it has to find nothing missing of its own list.
packages=$(grep -o 'no-install-recommends gcc .*[a-z]' "$TOP/docker/Dockerfile" | cut -d' ' -f2-)
printf '%s\n' 'FROM docker.io/library/debian:bookworm-slim' \
    "RUN apt-get update -q && apt-get install -q -y --no-install-recommends $packages" >"$SCRATCH/compiler.Dockerfile"
ok "and one with a compiler" image_build localhost/pgseal-compiler --layers -f "$SCRATCH/compiler.Dockerfile" "$SCRATCH"

ok "the image is built" image_build pgseal --no-cache --build-arg BASE=localhost/pgseal-compiler -f "$TOP/docker/Dockerfile" "$TOP"
# From another directory, with other times of the files.
mkdir "$SCRATCH/elsewhere"
tar -C "$TOP" --exclude=./build --exclude=./.git -cf - . | tar --touch -C "$SCRATCH/elsewhere" -xf -
ok "and a second time" image_build pgseal-again --no-cache --build-arg BASE=localhost/pgseal-compiler \
    -f "$SCRATCH/elsewhere/docker/Dockerfile" "$SCRATCH/elsewhere"
unpack() { # IMAGE DIRECTORY
    local id
    id=$(image_podman create "$1")
    mkdir "$2"
    image_podman export "$id" | tar -C "$2" -xf -
    image_podman rm "$id" >/dev/null
}
unpack pgseal "$SCRATCH/one"
unpack pgseal-again "$SCRATCH/two"
for file in libpgseal.so pgseal-run; do
    ok "$file is the same, bit for bit" cmp "$SCRATCH/one/opt/pgseal/$file" "$SCRATCH/two/opt/pgseal/$file"
done
# The engine adds places for what it mounts (dev, etc, proc, sys), which are empty.
is "$(cd "$SCRATCH/one" && find . -type f -size +0 -printf '%m %U %p\n' | sort)" \
    "$(printf '%s\n' '644 0 ./opt/pgseal/libpgseal.so' '755 0 ./opt/pgseal/pgseal-run')" "the image holds these two files and no other"
run locked pgseal
is "$RC $OUT" "0 pgseal-run $(sed -n 's/^VERSION = //p' "$TOP/Makefile")" "it runs by itself, and says its version"

# --- the other machine's, cross-compiled

ok "the image for arm64 is built" image_build pgseal-arm64 --layers=false --platform linux/arm64 \
    --build-arg BASE=localhost/pgseal-compiler --build-arg BUILDPLATFORM=linux/amd64 -f "$TOP/docker/Dockerfile" "$TOP"
is "$(image_podman image inspect pgseal-arm64 --format '{{.Architecture}}')" arm64 "it says so"
arm64=$(image_podman image mount pgseal-arm64)/opt/pgseal
for file in libpgseal.so pgseal-run; do
    like "$(LC_ALL=C readelf -h "$arm64/$file")" 'Machine: +AArch64' "$file is arm64's"
done
is "$(qemu-aarch64-static "$arm64/pgseal-run" --version)" "$OUT" "and runs there"

# --- the example, with roots that an https server has

mkdir "$SCRATCH/www" "$SCRATCH/context"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=provider' \
    -keyout "$SCRATCH/provider.key" -out "$SCRATCH/www/bundle.pem" 2>/dev/null
chmod 0644 "$SCRATCH/www/bundle.pem"
serve_https "$SCRATCH/www"
cp -a "$TOP/docker/app/." "$SCRATCH/context/"
cp "$SCRATCH/ca.pem" "$SCRATCH/context/ca.pem"
url=https://localhost:$(<"$SCRATCH/port")/bundle.pem
sum=$(sha256sum <"$SCRATCH/www/bundle.pem" | cut -d' ' -f1)
app() { image_build pgseal-app --layers --build-arg PGSEAL=localhost/pgseal --build-arg ROOTS_URL="$url" "$@" \
    -f "$SCRATCH/context/Dockerfile" "$SCRATCH/context"; }
ok "the application's image is built, with the provider's bundle" app --build-arg ROOTS_SHA256="$sum"
run locked --entrypoint '["cat"]' pgseal-app /etc/pgseal/roots.pem
is "$OUT" "$(<"$SCRATCH/www/bundle.pem")" "which is in it, byte for byte"
has "$(<"$SCRATCH/https.log")" '"GET /bundle.pem' "and came over https"
run app --build-arg ROOTS_SHA256="${sum//[0-9]/a}"
is "$RC" 1 "with another checksum it is not built"
has "$OUT" "/roots.pem: FAILED" "because of the checksum"
run app
is "$RC" 1 "nor without one"
has "$OUT" "the bundle needs a checksum" "because there is none"
rm "$SCRATCH/context/ca.pem"
run app --build-arg ROOTS_SHA256="$sum"
is "$RC" 1 "nor from a server that nobody vouches for"
like "$OUT" "curl: .*(certificate|SSL)" "because of its certificate"

ok "the server's image is built" image_build pgseal-postgres --layers -f "$TOP/docker/postgres/Dockerfile" "$TOP/docker/postgres"
ok "and psql's without a shell" image_build pgseal-psql --build-arg APP=localhost/pgseal-app \
    -f "$TOP/docker/app/noshell.Dockerfile" "$TOP/docker/app"
done_testing
