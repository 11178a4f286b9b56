#!/usr/bin/python3
"""compose.py SERVICE: reads what `docker-compose config` prints and writes the service as arguments for `podman run`, each
with a NUL after it: what compose.yaml says is what runs, without the daemon that docker-compose itself wants."""
import json
import sys

import yaml

service = yaml.safe_load(sys.stdin)["services"][sys.argv[1]]
out = []
KNOWN = {"image", "build", "depends_on", "command", "entrypoint", "environment", "volumes", "tmpfs", "read_only",
         "cap_drop", "security_opt", "user", "healthcheck"}
unknown = set(service) - KNOWN
if unknown:
    sys.exit("compose.py: %s: unknown here: %s" % (sys.argv[1], ", ".join(sorted(unknown))))
for name, value in service.get("environment", {}).items():
    out += ["--env", "%s=%s" % (name, value)]
for volume in service.get("volumes", []):
    out += ["--volume", volume]
for tmpfs in service.get("tmpfs", []):
    out += ["--tmpfs", tmpfs]
for capability in service.get("cap_drop", []):
    out += ["--cap-drop", capability.lower()]
for option in service.get("security_opt", []):
    out += ["--security-opt", option.replace(":true", "")]
if service.get("read_only"):
    out += ["--read-only", "--read-only-tmpfs=false"]
if "user" in service:
    out += ["--user", service["user"]]
if "entrypoint" in service:
    out += ["--entrypoint", json.dumps(service["entrypoint"])]
if "healthcheck" in service:
    kind, *test = service["healthcheck"]["test"]
    if kind != "CMD":
        sys.exit("compose.py: %s: a health check through a shell" % sys.argv[1])
    # To podman an array is a command already, without the word. No timer: the test asks when it wants to know.
    out += ["--health-cmd", json.dumps(test), "--health-interval", "disable"]
out += [service["image"]]
out += service.get("command") or []
sys.stdout.write("".join(argument + "\0" for argument in out))
