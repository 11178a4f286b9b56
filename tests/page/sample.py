#!/usr/bin/env python3
"""sample.py [DAYS]: a log of some programs on some machines over DAYS (30) days up to now, the same each time but for its dates."""
import datetime
import hashlib
import json
import random
import sys

DAYS = int(sys.argv[1]) if len(sys.argv) > 1 else 30
now = datetime.datetime.now(datetime.timezone.utc).replace(hour=18, minute=0, second=0, microsecond=0)
random.seed(7)
ROOT = "/etc/pgseal/roots.pem"
HOSTS = {  # host: days until its certificate ends
    "orders.internal": 212, "billing.internal": 64, "users.eu-west-1.rds.amazonaws.com": 341, "analytics.internal": 19, "legacy.internal": -6,
    "reports.eu-west-1.rds.amazonaws.com": 341, "sessions.internal": 120, "127.0.0.1": None, "/var/run/postgresql": None,
}
# program: (how often a day, machines, {host: what happens}); what happens: (option, requested, source) or a word
PROGRAMS = {
    "/srv/shop/api": (40, ["web-1", "web-2", "web-3"], {"orders.internal": "fine", "users.eu-west-1.rds.amazonaws.com": "fine", "sessions.internal": ("sslmode", "require", "uri"), "127.0.0.1": "exempt"}),
    "/srv/shop/worker": (24, ["worker-1", "worker-2"], {"orders.internal": "fine", "billing.internal": ("sslmode", "prefer", "params"), "legacy.internal": "failed"}),
    "/usr/bin/psql": (9, ["bastion", "web-1"], {"orders.internal": ("sslmode", "disable", "conninfo"), "billing.internal": ("sslmode", "require", "environment"), "analytics.internal": "fine", "/var/run/postgresql": "socket"}),
    "/usr/lib/postgresql/15/bin/pg_dump": (3, ["backup"], {h: "fine" for h in list(HOSTS)[:7]}),
    "/usr/bin/python3.11": (16, ["etl-1", "etl-2"], {"analytics.internal": ("sslrootcert", "/home/etl/ca.pem", "uri"), "reports.eu-west-1.rds.amazonaws.com": ("sslmode", "require", "service"), "legacy.internal": "refuse"}),
    "/opt/metabase/agent": (12, ["bi"], {"analytics.internal": ("sslmode", "allow", "params"), "reports.eu-west-1.rds.amazonaws.com": "violation"}),
    "/usr/sbin/postgres_exporter": (20, ["web-1", "web-2", "web-3", "bi"], {"127.0.0.1": "exempt", "sessions.internal": "would"}),
}


def line(t, node, event, action, program, host, **more):
    fields = {"schema": "pgseal/1", "time": t.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (t.microsecond // 1000), "node": node, "event": event}
    if action:
        fields["action"] = action
    fields.update({"mode": "audit" if action.startswith("would") else "enforce", "entry": "PQconnectdbParams", "pid": random.randrange(400, 60000), "uid": 1000, "exe": program,
                   "libpq": "/usr/lib/x86_64-linux-gnu/libpq.so.5.15", "libpq_version": 150018, "host": host, "port": "5432", "dbname": "app", "user": "app"})
    fields.update(more)
    return t, json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def changes(asked):
    made = [{"option": "gssencmode", "source": "default", "requested": "prefer", "enforced": "disable"}]
    if asked:
        made.insert(0, {"option": asked[0], "source": asked[2], "requested": asked[1], "enforced": "verify-full" if asked[0] == "sslmode" else ROOT})
    return made


def attempt(t, node, program, host, what):
    later = t + datetime.timedelta(milliseconds=40)
    if what == "exempt":
        until = (now + datetime.timedelta(days=12)).strftime("%Y-%m-%d")
        yield line(t, node, "exempt", "allowed", program, host, port="6432", rule="/etc/pgseal/policy.conf:31", reason="pgbouncer sidecar on loopback", exempt_until=until)
        return
    if what == "socket":
        yield line(t, node, "socket", "allowed", program, host)
        return
    if what == "refuse":
        yield line(t, node, "refuse", "refused", program, host, rule="/etc/pgseal/policy.conf:12", reason="/etc/pgseal/policy.conf:12: sslcrl: /etc/pgseal/crl.pem: no such file")
        return
    asked = what if isinstance(what, tuple) else None
    action = "would-seal" if what == "would" else "sealed"
    yield line(t, node, "downgrade" if asked else "seal", action, program, host, rule="/etc/pgseal/policy.conf:3", changes=changes(asked))
    if what == "would":
        return
    if what == "failed":
        yield line(later, node, "failed", "sealed", program, host, reason='connection to server at "%s" (10.2.0.9), port 5432 failed: SSL error: certificate verify failed' % host)
        return
    if what == "violation" and t.hour == 9:
        yield line(later, node, "violation", "refused", program, host, reason="the session did not match what was requested: TLSv1.1")
        return
    days = HOSTS[host]
    if days is not None:
        rds = "amazonaws" in host
        issuer = "/CN=Amazon RDS eu-west-1 Root CA RSA2048 G1" if rds else "/O=Example/CN=Internal CA 2"
        yield line(later, node, "witness", "sealed", program, host, protocol="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", bits=256, peer_subject="/CN=" + host, peer_issuer=issuer,
                   peer_names=host + ("" if rds else ",db-%d.internal" % (len(host) % 7)), peer_not_after=(now + datetime.timedelta(days=days)).strftime("%Y-%m-%dT06:00:00Z"),
                   peer_sha256=hashlib.sha256(host.encode()).hexdigest(), verified_name=host, root=ROOT, root_sha256=hashlib.sha256(b"r").hexdigest(), openssl="3.0.15")


lines = []
for day in range(DAYS):
    for program, (often, machines, hosts) in PROGRAMS.items():
        start = now - datetime.timedelta(days=DAYS - day)
        busy = 0.35 if start.weekday() > 4 else 1.0
        for host, what in hosts.items():
            for _ in range(max(1, round(often * busy * random.uniform(0.5, 1.2)))):
                hour = min(23, max(0, round(random.gauss(13, 4))))
                t = start.replace(hour=hour) + datetime.timedelta(seconds=random.uniform(0, 3599))
                node = random.choice(machines)
                # What was set right half-way: what asked for less no longer does on some days.
                now_what = "fine" if isinstance(what, tuple) and program == "/srv/shop/worker" and day > DAYS * 0.6 else what
                lines.extend(attempt(t, node, program, host, now_what))
    for node in ("bastion", "web-1"):
        if day % 9 == 0:
            t = now - datetime.timedelta(days=DAYS - day, hours=3)
            lines.append(line(t, node, "plaintext_cancel", "allowed", "/usr/bin/psql", "orders.internal"))
for _, text in sorted(lines):
    print(text)
