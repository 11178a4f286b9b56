# shellcheck shell=bash
# pods.sh: the end of containers.sh: the pods and the task of docs/examples, run container by container as their manifests
# say, beside the servers that run there. What asks is psql of an image that knows nothing of pgseal.
examples=$TOP/docs/examples recipes=$TOP/tests/recipes
NODE_PATH=$("$recipes/modules")
export NODE_PATH
# sessions NAME APPLICATION: how many sessions of this application the server authorised: with TLS, without.
sessions() {
    printf '%s %s\n' "$(count "$1" "connection authorized: .*application_name=$2 SSL enabled")" \
        "$(logs "$1" | grep "connection authorized: .*application_name=$2" | grep -vc 'SSL enabled' || true)"
}
cp -a "$TOP/docker/init/." "$SCRATCH/init"
# shellcheck disable=SC2154 # set in containers.sh
cp "$trust/roots.pem" "$SCRATCH/init/"
ok "the init container's image is built" image_build pgseal-init --layers=false --build-arg PGSEAL=localhost/pgseal \
    -f "$SCRATCH/init/Dockerfile" "$SCRATCH/init"
is "$(image_podman image inspect pgseal-init --format '{{.User}} {{.Config.Entrypoint}} {{.Config.Cmd}}')" \
    '65534 [cp -r /opt/pgseal/.] [/pgseal/]' "it copies, and is not root"

# A ConfigMap as the kubelet mounts it: root's files behind two symbolic links.
mkdir -p "$SCRATCH/etc/..2026"
python3 -c 'import sys, yaml; print(yaml.safe_load(sys.stdin)["data"]["policy.conf"], end="")' \
    <"$examples/kubernetes/policy.yaml" >"$SCRATCH/etc/..2026/policy.conf"
cp "$trust/roots.pem" "$SCRATCH/etc/..2026/roots.pem"
chmod 0644 "$SCRATCH/etc/..2026"/*
ln -s ..2026 "$SCRATCH/etc/..data"
ln -s ..data/policy.conf "$SCRATCH/etc/policy.conf"
ln -s ..data/roots.pem "$SCRATCH/etc/roots.pem"
chmod 0755 "$SCRATCH" "$SCRATCH/etc" "$SCRATCH/etc/..2026"

init=$(image_podman image mount pgseal-init)
psql=$(image_podman image mount pgseal-postgres)
images=()
for registry in registry.example 123456789012.dkr.ecr.eu-west-1.amazonaws.com; do
    images+=(--root "$registry/pgseal-init:1.0.0=$init" --root "$registry/shop:1.0.0=$psql")
    for word in cp -r /opt/pgseal/. /pgseal/; do images+=(--default "$registry/pgseal-init:1.0.0=$word"); done
done
# container MANIFEST CONTAINER: runs one.
container() {
    local arguments
    mapfile -d '' arguments < <("$TOP/tests/docker/pod.py" "$2" "${volumes[@]}" "${images[@]}" <"$1")
    [[ ${#arguments[@]} != 0 ]] || return 1
    # shellcheck disable=SC2154 # set in containers.sh
    image_run --rm "${names[@]}" --env PGPORT="$PGPORT" --env PGPASSWORD="$DATABASE_PASSWORD" \
        --env PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin "${arguments[@]}"
}
empty_dir() { # NAME MODE: a new one
    install -d -m "$2" "$SCRATCH/$1"
    volumes=(--volume "pgseal=$SCRATCH/$1" --volume "pgseal-policy=$SCRATCH/etc")
}
to() { # HOST APPLICATION: psql's arguments, as JSON
    printf '["psql", "-XAtc", "select 1", "host=%s user=app dbname=app sslmode=require application_name=%s"]' "$1" "$2"
}

# --- Kubernetes, by hand

manifest() { # HOST: deployment.yaml with psql in it
    sed "s|args: \[/srv/app.py\]|args: $(to "$1" deployment)|" "$examples/kubernetes/deployment.yaml" >"$SCRATCH/deployment.yaml"
}
manifest postgres
empty_dir deployment 0777
run container "$SCRATCH/deployment.yaml" pgseal
is "$RC $(cd "$SCRATCH/deployment" && find . -type f -printf '%f %m\n' | sort | paste -sd' ')" \
    '0 libpgseal.so 644 pgseal-run 755 policy.conf 644 roots.pem 644' "deployment.yaml: it brings the launcher and the object"
run container "$SCRATCH/deployment.yaml" app
is "$RC $OUT / $(sessions postgres deployment)" '0 1 / 1 0' "deployment.yaml: the program has TLS"
has "$ERR" '"event":"downgrade"' "deployment.yaml: and the log is the container's"
manifest impostor
run container "$SCRATCH/deployment.yaml" app
has "$ERR" 'certificate verify failed' "deployment.yaml: the impostor is refused"
chmod 0666 "$SCRATCH/etc/..2026/policy.conf"
run container "$SCRATCH/deployment.yaml" app
is "$RC $OUT" '125 ' "deployment.yaml: with a policy that others may write it is not started"
chmod 0644 "$SCRATCH/etc/..2026/policy.conf"

# --- Kubernetes, by label (the admission policy makes the same of a pod: recipes.t)

cat >"$SCRATCH/pod.yaml" <<POD
apiVersion: v1
kind: Pod
metadata: {name: shop, labels: {pgseal/inject: "true"}}
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 10001}
  initContainers:
    - {name: migrate, image: "registry.example/shop:1.0.0", command: $(to postgres migrate)}
  containers:
    - {name: app, image: "registry.example/shop:1.0.0", command: $(to impostor injected)}
POD
empty_dir injected 0777
run container "$SCRATCH/pod.yaml" app
is "$RC $OUT / $(sessions impostor injected)" '0 1 / 1 0' "a pod as it was logs in at the impostor"
node "$recipes/kubernetes.js" kyverno "$examples/kubernetes/kyverno.yaml" "$SCRATCH/pod.yaml" >"$SCRATCH/kyverno.json"
run container "$SCRATCH/kyverno.json" pgseal
is "$RC" 0 "kyverno.yaml: the injected init container ends well"
run container "$SCRATCH/kyverno.json" migrate
is "$RC $OUT / $(sessions postgres migrate)" '0 1 / 1 0' "kyverno.yaml: an init container of the pod's own has TLS"
has "$ERR" '"event":"downgrade"' "kyverno.yaml: and is sealed"
run container "$SCRATCH/kyverno.json" app
has "$ERR" 'certificate verify failed' "kyverno.yaml: the impostor is refused"
is "$(sessions impostor injected)" '1 0' "kyverno.yaml: whose log shows no further session"

# --- ECS

task() { # HOST: the task definition with psql in it
    jq --argjson command "$(to "$1" task)" '.containerDefinitions[1].command = $command' \
        "$examples/ecs/task-definition.json" >"$SCRATCH/task.json"
}
task postgres
empty_dir task 0755
run container "$SCRATCH/task.json" pgseal
is "$RC" 0 "task-definition.json: the init container ends well"
run container "$SCRATCH/task.json" app
is "$RC $OUT / $(sessions postgres task)" '0 1 / 1 0' "task-definition.json: the program has TLS"
task impostor
run container "$SCRATCH/task.json" app
has "$ERR" 'certificate verify failed' "task-definition.json: the impostor is refused"
is "$(sessions impostor task)" '0 0' "task-definition.json: whose log shows no session"
