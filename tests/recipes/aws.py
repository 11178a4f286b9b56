#!/usr/bin/python3
"""aws.py: holds what our pages say about AWS against AWS's own models, which botocore brings along. No network.

  aws.py commands PAGE…            each `aws SERVICE OPERATION --option` of a page: does it exist?
  aws.py input SERVICE OP FILE     is this JSON what the operation takes?
  aws.py token HOST PORT USER      an IAM token for RDS, signed with made-up keys
"""
import json
import re
import sys

import botocore.session
import botocore.validate
from botocore import xform_name

SESSION = botocore.session.get_session()
GLOBAL = {"query", "output", "region", "profile"}


def commands(pages):
    wrong, seen = [], 0
    for page in pages:
        with open(page) as file:
            text = file.read().replace("\\\n", " ")
        for service, operation, rest in re.findall(r"^ *aws ([a-z0-9]+) ([a-z-]+)(.*)$", text, re.M):
            seen += 1
            model = SESSION.get_service_model(service)
            names = {xform_name(name, "-"): name for name in model.operation_names}
            if operation not in names:
                wrong.append("%s: aws %s %s" % (page, service, operation))
                continue
            members = {xform_name(m, "-") for m in model.operation_model(names[operation]).input_shape.members}
            for option in re.findall(r" --([a-z-]+)", rest):
                if re.sub("^no-", "", option) not in members | GLOBAL:
                    wrong.append("%s: aws %s %s --%s" % (page, service, operation, option))
    return wrong or ([] if seen else ["no command found"])


def given(service, operation, path):
    with open(path) as file:
        value = json.load(file)
    shape = SESSION.get_service_model(service).operation_model(operation).input_shape
    return [report for report in [botocore.validate.ParamValidator().validate(value, shape).generate_report()] if report]


def token(host, port, user):
    client = SESSION.create_client("rds", region_name="eu-west-1", aws_access_key_id="AKIDEXAMPLE",
                                   aws_secret_access_key="example", aws_session_token="e" * 600)
    return [client.generate_db_auth_token(host, int(port), user)]


WHAT, ARGUMENTS = sys.argv[1], sys.argv[2:]
if WHAT == "token":
    print(token(*ARGUMENTS)[0])
    sys.exit(0)
FOUND = commands(ARGUMENTS) if WHAT == "commands" else given(*ARGUMENTS)
print("\n".join(FOUND))
sys.exit(1 if FOUND else 0)
