#!/usr/bin/python3
"""cloudformation.py SPECIFICATION TEMPLATE: holds a template against AWS's own resource specification: each type and
property is one of it, each required property is there, each value is of its kind. Prints what is wrong; exit 1 then."""
import json
import sys

import yaml


class Loader(yaml.SafeLoader):
    """Knows the short forms of the intrinsic functions: !Ref x is {"Ref": "x"}."""


def intrinsic(loader, suffix, node):
    del loader
    return {"Ref" if suffix == "Ref" else "Fn::" + suffix: node.value}


Loader.add_multi_constructor("!", intrinsic)
KINDS = {"String": str, "Boolean": bool, "Integer": int, "Json": dict}


def faults(specification, template):
    for name, resource in template["Resources"].items():
        known = specification["ResourceTypes"].get(resource["Type"])
        if known is None:
            yield "%s: no such type: %s" % (name, resource["Type"])
            continue
        given = resource.get("Properties", {})
        for key, value in given.items():
            kind = known["Properties"].get(key)
            if kind is None:
                yield "%s: no such property: %s" % (name, key)
            elif not isinstance(value, dict) and not isinstance(value, KINDS.get(kind.get("PrimitiveType"), object)):
                yield "%s: %s is no %s" % (name, key, kind["PrimitiveType"])
        for key, kind in known["Properties"].items():
            if kind["Required"] and key not in given:
                yield "%s: %s is missing" % (name, key)
        for value in given.values():
            if isinstance(value, dict) and "Ref" in value and value["Ref"] not in template["Resources"]:
                yield "%s: refers to nothing: %s" % (name, value["Ref"])


with open(sys.argv[1]) as file:
    SPECIFICATION = json.load(file)
with open(sys.argv[2]) as file:
    found = list(faults(SPECIFICATION, yaml.load(file, Loader)))
print("\n".join(found))
sys.exit(1 if found else 0)
