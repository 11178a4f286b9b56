#!/bin/bash
# The example of compose.yaml, running: what the servers' logs say; and containers that must not start. After images.sh.
# shellcheck source=tests/docker/lib.sh
. "$(dirname "$0")/lib.sh"

for ((port = 20000 + RANDOM % 10000; ; port++)); do
    (exec 3<>"/dev/tcp/127.0.0.2/$port") 2>/dev/null || (exec 3<>"/dev/tcp/127.0.0.3/$port") 2>/dev/null || break
done
export PGPORT=$port LISTEN_POSTGRES=127.0.0.2 LISTEN_IMPOSTOR=127.0.0.3 ROOTS_SHA256=0 DATABASE_PASSWORD=hunter2-sesame
names=(--add-host postgres:127.0.0.2 --add-host impostor:127.0.0.3)
docker-compose -f "$TOP/docker/compose.yaml" config >"$SCRATCH/compose.yaml"
# service NAME ARG…: runs it as compose.yaml says.
service() {
    local name=$1 arguments
    shift
    mapfile -d '' arguments < <("$TOP/tests/docker/compose.py" "$name" <"$SCRATCH/compose.yaml")
    image_run "${names[@]}" --log-driver k8s-file "$@" "${arguments[@]}"
}
logs() { image_podman logs "$1" 2>&1; }
# count NAME ERE: how many lines of its log match.
count() { logs "$1" | grep -cE "$2" || true; }
healthy() { # NAME
    local i
    for ((i = 0; i < 60; i++)); do
        image_podman healthcheck run "$1" >/dev/null 2>&1 && return 0
        sleep 0.5
    done
    diag "$(logs "$1" | tail -n 10)"
    return 1
}

image_clear # what a test that was killed may have left
run service certificates --rm
is "$RC $ERR" "0 " "certificates are made"
service postgres --detach --name postgres >/dev/null
service impostor --detach --name impostor >/dev/null
ok "the server's health check is content" healthy postgres
ok "the impostor's, too" healthy impostor
is "$(image_podman top postgres user capeff | sort -u | tail -n 1)" "postgres    none" "no server has a capability"

# --- what the servers are, without pgseal
bare() { locked "${names[@]}" --entrypoint '["psql"]' --env PGPASSWORD="$DATABASE_PASSWORD" --env PGPORT="$PGPORT" \
    pgseal-postgres -XAtc 'select 1' "$1"; }
run bare "host=postgres user=app dbname=app sslmode=disable"
has "$ERR" "no encryption" "the server takes nobody without TLS"
run bare "host=impostor user=app dbname=app sslmode=require application_name=bare"
is "$OUT" 1 "without pgseal a program logs in at the impostor"
is "$(count impostor 'connection authorized: user=app database=app application_name=bare SSL enabled')" 1 "whose log says so"

# --- the application
authorized='connection authorized: user=app database=app'
before=$(count impostor "$authorized") contacts=$(count impostor 'connection received')
service app --detach --name app >/dev/null
for _ in {1..60}; do
    [[ $(logs app) != *impostor:* ]] || break
    sleep 0.5
done
has "$(logs app)" "postgres: TLSv1.3" "the application reaches the server over TLS, though it asks for none"
has "$(logs app)" "certificate verify failed" "and not the impostor"
like "$(count postgres "$authorized application_name=example SSL enabled \(protocol=TLSv1.3")" '^[1-9]' "the server's log says so"
is "$(count postgres 'no encryption')" 1 "and that nobody but the bare one came without"
is "$(count impostor "$authorized")" "$before" "the impostor authorised nobody"
ok "though it was reached" test "$(count impostor 'connection received')" -gt "$contacts"
hasnt "$(logs impostor)" "application_name=example" "and learnt no name"
is "$(logs app | grep '^{' | jq -rs '[.[] | select(.event == "downgrade") | [.action, .host, .changes[0].requested // ""]
    | join(" ")] | unique | join("; ")')" "sealed impostor disable; sealed postgres disable" "pgseal logged what was asked for"
ok "its health check is content" image_podman healthcheck run app
hasnt "$(logs app)$(logs postgres)" "$DATABASE_PASSWORD" "no log holds the password"
inside() { image_podman exec app "$@"; }
is "$(inside cat /proc/1/comm)" app.py "the first process is the program itself"
is "$(inside sed -n -e 's/^Uid:\t\([0-9]*\).*/\1/p' -e 's/^NoNewPrivs:\t/nnp /p' -e 's/^CapBnd:\t/cap /p' /proc/1/status |
    paste -sd' ')" "10001 cap 0000000000000000 nnp 1" "no root, no capability and none to be had"
ok "under the object" inside grep -q /opt/pgseal/libpgseal.so /proc/1/maps
nok "the root file system is read-only" inside /bin/sh -c 'touch /etc/x /srv/x /tmp/x 2>/dev/null'
image_podman kill --signal TERM app >/dev/null
is "$(image_podman wait app)" 0 "signals reach it, and its exit status is the container's"

# --- an image that knows nothing of pgseal
run service seal --rm
is "$RC" 0 "seal fills its volume"
run service psql --rm
is "$RC $OUT" "0  TLSv1.3" "and psql of another image, which asks for no TLS, has it"
is "$(count postgres "$authorized application_name=unchanged SSL enabled")" 1 "the server's log says so"

# --- no shell
is "$(image_podman export "$(image_podman create pgseal-psql)" | tar -t | grep -E '(bin|sbin)/.')" bin/psql \
    "an image holds no program but psql"
noshell() { locked "${names[@]}" --volume trust:/etc/pgseal:ro --env PGPASSWORD="$DATABASE_PASSWORD" \
    --env PGPORT="$PGPORT" pgseal-psql "$@"; }
run noshell psql -XAtc 'select 1' "host=postgres user=app dbname=app sslmode=disable application_name=noshell"
is "$RC $OUT" "0 1" "pgseal-run starts it there"
is "$(count postgres "$authorized application_name=noshell SSL enabled")" 1 "the server's log says so"
run noshell psql -XAtc 'select 1' "host=impostor user=app dbname=app sslmode=disable"
is "$RC" 2 "and the impostor is refused there, too"
is "$(count impostor "$authorized")" "$before" "its log says so"

# --- exit statuses
run locked pgseal-app sh -c 'exit 7'
is "$RC" 7 "an exit status is the program's"
run locked pgseal-app no-such-program
is "$RC" 127 "that of none is 127"

# --- containers that must not start
contacts=$(count postgres 'connection received')/$(count impostor 'connection received')
# refused NAME REASON ARG…: the application with these arguments; 125 is also podman's, the reason is pgseal-run's alone.
refused() {
    local name=$1 reason=$2
    shift 2
    run locked "${names[@]}" --env PGPORT="$PGPORT" --env DATABASE_PASSWORD="$DATABASE_PASSWORD" "$@" pgseal-app /srv/app.py --once postgres
    is "$RC $OUT" "125 " "$name: not started"
    like "$ERR" "^pgseal-run: .*$reason" "$name: the reason"
}
trust=$(image_podman volume inspect trust --format '{{.Mountpoint}}')
opt=$(image_podman volume inspect seal --format '{{.Mountpoint}}')
# variant NAME VOLUME: a copy of a volume, to be spoilt.
variant() { cp -a "$2" "$SCRATCH/$1" && printf '%s\n' "$SCRATCH/$1"; }
d=$(variant object "$opt") && rm "$d/libpgseal.so"
refused "the object is missing" "libpgseal.so is missing" --volume "$d:/opt/pgseal:ro"
d=$(variant unreadable "$opt") && chmod 0600 "$d/libpgseal.so"
refused "the object is unreadable" "unreadable" --volume "$d:/opt/pgseal:ro"
d=$(variant root "$trust") && rm "$d/roots.pem"
refused "the root file is missing" "/etc/pgseal/roots.pem" --volume "$d:/etc/pgseal:ro"
d=$(variant policy "$trust") && rm "$d/policy.conf"
refused "the policy is missing" "/etc/pgseal/policy.conf" --volume "$d:/etc/pgseal:ro"
d=$(variant faulty "$trust") && echo 'mode = of' >>"$d/policy.conf"
refused "the policy has a fault" "/etc/pgseal/policy.conf:2" --volume "$d:/etc/pgseal:ro"
d=$(variant writable "$trust") && chmod 0666 "$d/policy.conf"
refused "others may write the policy" "writable" --volume "$d:/etc/pgseal:ro"
refused "an option against the policy" "--audit" --entrypoint '["/opt/pgseal/pgseal-run", "--audit", "--"]' \
    --volume "$trust:/etc/pgseal:ro"
is "$(count postgres 'connection received')/$(count impostor 'connection received')" "$contacts" "none of them reached a server"

# shellcheck source=tests/docker/pods.sh
. "$(dirname "$0")/pods.sh"
done_testing
