#!/bin/bash
# recipes.t: docs/examples for Kubernetes, ECS, Lambda and systemd: valid by their makers' schemas and, as far as it
# can be run here, sealed. (Pods and tasks run in tests/docker/pods.sh.)
. "$(dirname "$0")/../lib/env.sh"
examples=$TEST_TOP/docs/examples recipes=$TEST_TOP/tests/recipes
NODE_PATH=$("$recipes/modules")
export NODE_PATH
kubernetes() { node "$recipes/kubernetes.js" "$@"; }

# --- Kubernetes

for name in policy deployment kyverno admission-policy; do
    run kubernetes validate "$examples/kubernetes/$name.yaml"
    is "$RC $OUT" '0 ' "$name.yaml is valid by the API's schema"
done
wrong() { # NAME FROM TO: with this fault in it the file is not
    sed "s/$2/$3/" "$examples/kubernetes/$1.yaml" >"$TEST_DIR/wrong.yaml"
    run kubernetes validate "$TEST_DIR/wrong.yaml"
    is "$RC" 1 "$1.yaml with $3 is not"
}
wrong policy 'data:' 'data: 7'
wrong deployment 'mountPath: .opt' 'mountpath: '
wrong kyverno 'failurePolicy: Fail' 'failurePolicy: Perhaps'
wrong admission-policy 'reinvocationPolicy: Never' 'reinvocationPolicy: Perhaps'

# pod NAME LABELS: a pod with these labels, an init container of its own, and a preload of its own.
pod() {
    cat >"$TEST_DIR/$1.yaml" <<POD
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {$2}}
spec:
  initContainers:
    - {name: migrate, image: shop}
  containers:
    - name: app
      image: shop
      env: [{name: LD_PRELOAD, value: /usr/lib/libjemalloc.so}, {name: TZ, value: UTC}]
    - {name: side, image: side, volumeMounts: [{name: data, mountPath: /data}]}
  volumes: [{name: data, emptyDir: {}}]
POD
}
sorted='def s: if type == "array" then map(s) | sort_by(tostring) elif type == "object" then map_values(s) else . end; s'
inject='pgseal/inject: "true"' leave='pgseal/inject: "false"'
pod asked "$inject"
pod silent 'app: shop'
pod against "$leave"
rows=('asked|{}|sealed' 'silent|{}|left' 'silent|{"pgseal/inject":"true"}|sealed' 'against|{"pgseal/inject":"true"}|left'
    'silent|{"pgseal/inject":"false"}|left' 'asked|{"pgseal/inject":"false"}|sealed')
for row in "${rows[@]}"; do
    IFS='|' read -r name namespace want <<<"$row"
    run kubernetes kyverno "$examples/kubernetes/kyverno.yaml" "$TEST_DIR/$name.yaml" "$namespace"
    printf '%s\n' "$OUT" >"$TEST_DIR/kyverno.json"
    got=$(jq -r 'if any(.spec.containers[].env[]?; .value | startswith("/opt/pgseal/libpgseal.so")) then "sealed" else "left" end' \
        "$TEST_DIR/kyverno.json")
    is "$got" "$want" "a pod that is $name, namespace $namespace: $want by Kyverno's policy"
    run kubernetes admission "$examples/kubernetes/admission-policy.yaml" "$TEST_DIR/$name.yaml" "$namespace"
    printf '%s\n' "$OUT" >"$TEST_DIR/admission.json"
    is "$(jq -Sc "$sorted" "$TEST_DIR/admission.json")" "$(jq -Sc "$sorted" "$TEST_DIR/kyverno.json")" 'and likewise by the admission policy'
done
kubernetes kyverno "$examples/kubernetes/kyverno.yaml" "$TEST_DIR/asked.yaml" >"$TEST_DIR/sealed.json"
kubernetes admission "$examples/kubernetes/admission-policy.yaml" "$TEST_DIR/asked.yaml" >"$TEST_DIR/admission.json"
for file in sealed admission; do
    is "$(jq -r '[.spec.initContainers[].name] | join(" ")' "$TEST_DIR/$file.json")" 'pgseal migrate' "$file: the object comes first"
    is "$(jq -r '[.spec.initContainers[1], .spec.containers[] | .env[] | select(.name == "LD_PRELOAD").value] | join(" ")' \
        "$TEST_DIR/$file.json")" '/opt/pgseal/libpgseal.so: /opt/pgseal/libpgseal.so:/usr/lib/libjemalloc.so /opt/pgseal/libpgseal.so:' \
        "$file: every container is sealed, and a preload of its own stays"
    is "$(jq -r '[.spec.initContainers[0].env // [] | .[]] | length' "$TEST_DIR/$file.json")" 0 "$file: but the one that brings it"
    run kubernetes validate "$TEST_DIR/$file.json"
    is "$RC $OUT" '0 ' "$file: what comes of it is a valid pod"
done
# The expression that keeps it, by a real JMESPath.
is "$(/usr/bin/python3 - "$examples/kubernetes/kyverno.yaml" <<'PYTHON'
import jmespath, re, sys
expression = re.search(r"\{\{ (element\.env.*?) \}\}", open(sys.argv[1]).read()).group(1)
for env in (None, [], [{"name": "TZ", "value": "UTC"}], [{"name": "LD_PRELOAD", "value": "/x.so"}]):
    print("[%s]" % jmespath.search(expression, {"element": {"env": env} if env is not None else {}}), end=" ")
PYTHON
)" '[] [] [] [/x.so] ' "Kyverno's variable is the preload that is there, or nothing"
# An empty element of LD_PRELOAD is none.
is "$(env LD_PRELOAD="$OBJECT:" /bin/sh -c 'echo fine' 2>&1)" fine 'a preload that ends with a colon is no error'

# --- ECS

run "$recipes/aws.py" input ecs RegisterTaskDefinition "$examples/ecs/task-definition.json"
is "$RC $OUT" '0 ' "the task definition is what ECS takes, by AWS's model"
jq '.containerDefinitions[1].entrypoint = ["x"]' "$examples/ecs/task-definition.json" >"$TEST_DIR/wrong.json"
run "$recipes/aws.py" input ecs RegisterTaskDefinition "$TEST_DIR/wrong.json"
is "$RC" 1 'one with a misspelt member is not'

# --- the servers for what runs here

env_start good impostor
P=$(env_port good) I=$(env_port impostor)
mount -t tmpfs -o mode=755 tmpfs /srv
mount -t tmpfs -o mode=755 tmpfs /opt
mount -t tmpfs -o mode=755 tmpfs /usr/local
mkdir -p /srv/shop /usr/local/bin /usr/local/lib
cat >/srv/shop/orders.py <<'PYTHON'
#!/usr/bin/python3
import sys
import psycopg2

def handler(port):
    try:
        connection = psycopg2.connect(host="localhost", port=port, dbname="app", user="app", sslmode="disable", application_name="shop")
    except psycopg2.OperationalError as error:
        return "refused" if "certificate verify failed" in str(error) else str(error)
    cursor = connection.cursor()
    cursor.execute("select version from pg_stat_ssl where pid = pg_backend_pid()")
    return cursor.fetchone()[0] or "no TLS"

if __name__ == "__main__":
    print(*[handler(port) for port in sys.argv[1:]])
PYTHON
# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\nexec /srv/shop/orders.py $PORTS\n' >/srv/shop/start
chmod 0755 /srv/shop/*

# --- Lambda

cp "$examples/lambda/policy.conf" "$PKI/root.pem" "$TEST_DIR/"
install -m 0644 "$PKI/root.pem" "$TEST_DIR/roots.pem"
files=("$TEST_TOP/build/pgseal-run" "$TEST_TOP/build/libpgseal.so" "$TEST_DIR/policy.conf" "$TEST_DIR/roots.pem")
ok 'a layer is packed' "$examples/lambda/layer" "$TEST_DIR/one.zip" "${files[@]}"
touch "$TEST_DIR/roots.pem"
"$examples/lambda/layer" "$TEST_DIR/two.zip" "${files[@]}"
ok 'twice the same' cmp "$TEST_DIR/one.zip" "$TEST_DIR/two.zip"
is "$(python3 -c 'import sys, zipfile
for entry in zipfile.ZipFile(sys.argv[1]).infolist(): print("%o" % (entry.external_attr >> 16), entry.filename)' "$TEST_DIR/one.zip")" \
    $'100755 pgseal/libpgseal.so\n100755 pgseal/pgseal-run\n100644 pgseal/policy.conf\n100644 pgseal/roots.pem' 'with these files'
# What Lambda does: the layer is unpacked into /opt, and the runtime's start script hands its command to the wrapper.
python3 - "$TEST_DIR/one.zip" <<'PYTHON'
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    for entry in archive.infolist():
        os.chmod(archive.extract(entry, "/opt"), entry.external_attr >> 16 & 0o777)
PYTHON
sed -i 's/^\[host .*/[host localhost]/' /opt/pgseal/policy.conf
cat >"$TEST_DIR/bootstrap" <<'SH'
#!/bin/sh
set -- /usr/bin/python3 -u /srv/shop/orders.py "$@"
if [ -z "$AWS_LAMBDA_EXEC_WRAPPER" ]; then exec "$@"; fi
exec "$AWS_LAMBDA_EXEC_WRAPPER" "$@"
SH
chmod 0755 "$TEST_DIR/bootstrap"
run as_user env -i "$TEST_DIR/bootstrap" "$P" "$I"
is "$OUT" 'no TLS no TLS' 'Lambda: without the wrapper the function speaks plaintext with both'
mapfile -t variables < <(python3 - "$examples/lambda/template.yaml" <<'PYTHON'
import sys, yaml
yaml.SafeLoader.add_multi_constructor("!", lambda loader, tag, node: node.value)
variables = yaml.safe_load(open(sys.argv[1]))["Resources"]["Orders"]["Properties"]["Environment"]["Variables"]
print("\n".join("%s=%s" % pair for pair in variables.items()))
PYTHON
)
is "${variables[0]}" AWS_LAMBDA_EXEC_WRAPPER=/opt/pgseal/pgseal-run 'Lambda: the template sets the wrapper'
log_mark good
run as_user env -i "${variables[@]}" "$TEST_DIR/bootstrap" "$P" "$I"
is "$RC $OUT" '0 TLSv1.3 refused' 'Lambda: with it, sealed'
is "$(sessions good)" 'shop ssl' "Lambda: the server's log says so"
is "$(jq -r '[.event, .action] | join("/")' <<<"$ERR" | sort | uniq -c | tr -s ' ' | paste -sd';')" \
    ' 2 downgrade/sealed; 1 failed/sealed' 'Lambda: the log is on standard error'
rm /opt/pgseal/libpgseal.so
run as_user env -i "${variables[@]}" "$TEST_DIR/bootstrap" "$P"
is "$RC $OUT" '125 ' 'Lambda: without the object the function is not started'
run "$recipes/cloudformation.py" "$NODE_PATH/@aws-cdk/cfnspec/spec/specification.json" "$examples/lambda/template.yaml"
is "$RC $OUT" '0 ' "Lambda: the template is valid by AWS's specification"

# --- rootless: a user namespace in which only one user is known

install -m 0644 "$TEST_TOP/build/libpgseal.so" /opt/pgseal/
rootless() { run setpriv --reuid=61234 --regid=61234 --clear-groups unshare --user --map-root-user "$@"; }
install -m 0644 -o 61234 /opt/pgseal/policy.conf /opt/pgseal/own.conf
rootless /opt/pgseal/pgseal-run --policy /opt/pgseal/own.conf -- /srv/shop/orders.py "$P" "$I"
is "$RC $OUT" '0 TLSv1.3 refused' "rootless: sealed, by a policy of the container's root"
rootless /opt/pgseal/pgseal-run --policy /opt/pgseal/policy.conf -- /srv/shop/orders.py "$P"
is "$RC $OUT" '125 ' "rootless: a policy of the host's root is refused"
like "$ERR" 'own(ed|er)' 'rootless: for its owner'

# --- systemd

install -m 0755 "$TEST_TOP/build/pgseal-run" /usr/local/bin/
install -m 0644 "$TEST_TOP/build/libpgseal.so" /usr/local/lib/
units=$TEST_DIR/units
mkdir "$units"
cp -a "$examples/systemd/shop.service" "$units/"
verify() {
    SYSTEMD_UNIT_PATH=$units: run systemd-analyze verify --man=no "$units/shop.service"
    ERR=$(grep -v '^/lib/systemd/system/' <<<"$ERR" || true) # what other packages' units have
}
verify
is "$RC $ERR" '0 ' 'systemd: the unit is one'
cp -a "$examples/systemd/shop.service.d" "$units/"
verify
is "$RC $ERR" '0 ' 'systemd: and one with the drop-in'
has "$(SYSTEMD_UNIT_PATH=$units: systemd-analyze cat-config --no-pager "$units/shop.service.d/pgseal.conf" 2>/dev/null ||
    cat "$units/shop.service.d/pgseal.conf")" 'ExecStart=/usr/local/bin/pgseal-run' 'systemd: which starts pgseal-run'
sed -i '/^ExecStart=$/d' "$units/shop.service.d/pgseal.conf"
verify
like "$RC $ERR" '^1 .*more than one ExecStart' 'systemd: without the empty line it is an error'
cp "$examples/systemd/shop.conf" /etc/pgseal/shop.conf
install -m 0644 "$PKI/root.pem" /etc/pgseal/roots.pem
read -r -a start < <(sed -n 's/^ExecStart=\(.\)/\1/p' "$examples/systemd/shop.service.d/pgseal.conf")
export PORTS="$P $I"
log_mark good
# As a unit with these settings is run: no privileges, nothing writable, no memory that can be written and executed.
run unshare -m --propagation private sh -c 'mount --make-rprivate / && mount -o remount,bind,ro / && exec "$@"' sh \
    setpriv --reuid=61234 --regid=61234 --clear-groups "$recipes/sandbox.py" "${start[@]}"
is "$RC $OUT" '0 TLSv1.3 refused' 'systemd: sealed in a sandbox'
is "$(sessions good)" 'shop ssl' "systemd: the server's log says so"
has "$ERR" '"action":"sealed"' 'systemd: the log is where the journal takes it'
is "$("$recipes/sandbox.py" /usr/bin/python3 -c '
import mmap, socket
for what in (lambda: mmap.mmap(-1, 4096, prot=7), lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)):
    try: what(); print("allowed")
    except OSError as error: print(error.errno)' | paste -sd' ')" '13 1' 'systemd: it is a sandbox'
done_testing
