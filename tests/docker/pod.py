#!/usr/bin/python3
"""pod.py CONTAINER [--volume VOLUME=DIRECTORY…] [--root IMAGE=DIRECTORY…] [--default IMAGE=WORD…] <MANIFEST

A container of a Kubernetes pod (or workload) or of an ECS task definition as arguments for `podman run`, each with a NUL
after it. What it does not know it refuses, and a volume or image that it was not told of. --root: where an image's files
are (podman would copy them for each container); --default: a word of its ENTRYPOINT and CMD."""
import argparse
import json
import sys

import yaml

parser = argparse.ArgumentParser()
parser.add_argument("container")
parser.add_argument("--volume", action="append", default=[])
parser.add_argument("--root", action="append", default=[])
parser.add_argument("--default", action="append", default=[])
options = parser.parse_args()
volumes = dict(word.split("=", 1) for word in options.volume)
roots = dict(word.split("=", 1) for word in options.root)
defaults = [word.split("=", 1) for word in options.default]
manifest = yaml.safe_load(sys.stdin)
out = []


def known(what, *names):
    unknown = set(what) - set(names)
    if unknown:
        sys.exit("pod.py: unknown here: %s" % ", ".join(sorted(unknown)))


def secure(user, read_only, drop, no_new_privileges):
    if user is not None:
        out.extend(["--user", str(user)])
    if read_only:
        out.extend(["--read-only", "--read-only-tmpfs=false"])
    for capability in drop:
        out.extend(["--cap-drop", capability.lower()])
    if no_new_privileges:
        out.extend(["--security-opt", "no-new-privileges"])


def mount(volume, path, read_only):
    out.extend(["--volume", "%s:%s%s" % (volumes[volume], path, ":ro" if read_only else "")])


def finish(image, entrypoint, arguments):
    words = entrypoint + arguments or [word for name, word in defaults if name == image]
    out.extend(["--rootfs", roots[image], *words])


def environment(pairs):
    for pair in pairs:
        out.extend(["--env", "%s=%s" % (pair["name"], pair["value"])])


def kubernetes(spec):
    containers = spec.get("initContainers", []) + spec["containers"]
    container = next(c for c in containers if c["name"] == options.container)
    known(container, "name", "image", "command", "args", "env", "volumeMounts", "securityContext", "readinessProbe")
    context = {**spec.get("securityContext", {}), **container.get("securityContext", {})}
    known(context, "runAsNonRoot", "runAsUser", "readOnlyRootFilesystem", "capabilities", "allowPrivilegeEscalation")
    environment(container.get("env", []))
    for each in container.get("volumeMounts", []):
        mount(each["name"], each["mountPath"], each.get("readOnly"))
    secure(context.get("runAsUser"), context.get("readOnlyRootFilesystem"), context.get("capabilities", {}).get("drop", []),
           context.get("allowPrivilegeEscalation") is False)
    finish(container["image"], container.get("command", []), container.get("args", []))


def ecs(definitions):
    container = next(c for c in definitions if c["name"] == options.container)
    known(container, "name", "image", "essential", "user", "readonlyRootFilesystem", "linuxParameters", "mountPoints",
          "dependsOn", "entryPoint", "command", "environment", "healthCheck", "logConfiguration")
    environment(container.get("environment", []))
    for each in container.get("mountPoints", []):
        mount(each["sourceVolume"], each["containerPath"], each.get("readOnly"))
    secure(container.get("user"), container.get("readonlyRootFilesystem"),
           container.get("linuxParameters", {}).get("capabilities", {}).get("drop", []), False)
    finish(container["image"], container.get("entryPoint", []), container.get("command", []))


if "containerDefinitions" in manifest:
    ecs(manifest["containerDefinitions"])
else:
    spec = manifest["spec"]
    kubernetes(spec["template"]["spec"] if "template" in spec else spec)
sys.stdout.write("".join(argument + "\0" for argument in out))
