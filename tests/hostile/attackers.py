#!/usr/bin/python3
"""attackers: every attacker of cases.py against every entry point of libpq: bare, bare with verify-full, sealed. Speaks TAP; writes the
table of docs/hostile.md.

  attackers.py --pki DIR --conf DIR --entry-points PROGRAM --object FILE --kerberos PORT [--table FILE] [NAME…]
"""
import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import cases
from wire import GSS_REQUEST, SSL_REQUEST, Listener, outside_tls

STRINGS = ["connectdb", "start", "ping"]
PARAMS = ["params", "startparams", "pingparams", "params0", "startparams0", "pingparams0"]
ENTRY_POINTS = STRINGS + PARAMS + ["setdblogin"]
BOUND = 12  # seconds that any entry point may take; an attacker that holds the line hangs up after 7
PATIENCE = 5.5
LOGIN_ARGUMENTS = ("host", "port", "user", "password")
BAD = ("bad", "no_response", "no_attempt")

count = failed = 0


def ok(passed, name, *why):
    global count, failed
    count += 1
    failed += not passed
    print("%s %d - %s" % ("ok" if passed else "not ok", count, name))
    if not passed:
        for line in why:
            print("# %s" % (line,))
    sys.stdout.flush()


def conninfo(options):
    return " ".join("%s='%s'" % (k, v.replace("\\", "\\\\").replace("'", "\\'")) for k, v in options.items())


def row(entry, options, env):
    """One line for entry_points."""
    if entry in STRINGS:
        words = [conninfo(options)]
    elif entry == "setdblogin":
        words = ["%s=%s" % (k, options[k]) for k in LOGIN_ARGUMENTS if k in options]
        words.append("dbname=" + conninfo({k: v for k, v in options.items() if k not in LOGIN_ARGUMENTS}))
    else:
        words = ["%s=%s" % item for item in options.items()]
    first = ["env:%s=%s" % item for item in env.items()]
    return "\t".join([entry, entry] + first + ["query=select 'query-7391'", "--"] + words) + "\n"


class Run:
    """One attacker, once: what the entry points printed, and what the attacker recorded."""

    def __init__(self, case, listener, args, entries, extra, sealed=False):
        options = {k: v for k, v in {"port": str(listener.port), **case.conn, **extra}.items() if v is not None}
        env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        self.log = "%s/%s.jsonl" % (args.conf, case.name)
        if sealed:
            policy = "%s/%s.policy" % (args.conf, case.name)
            with open(policy, "w") as out:
                out.write("sslrootcert = %s/root.pem\nlog = file:%s\nlog_level = all\n%s\n" % (args.pki, self.log, case.policy))
            env.update(PGSEAL_POLICY=policy, LD_PRELOAD=args.object)
        env.update({k: v for k, v in case.env.items() if k.startswith("OPENSSL")})
        rows = [row(entry, options, {k: v for k, v in case.env.items() if not k.startswith("OPENSSL")}) for entry in entries]
        lots = [[r] for r in rows] if case.apart else [rows]
        listener.forget()
        with ThreadPoolExecutor(len(lots)) as pool:
            done = list(pool.map(lambda lot: self.connect(args, lot, env), lots))
        self.rows = [r for d in done for r in d[0]]
        self.died = [d[2] for d in done if d[1] != 0]
        self.seconds = max(d[3] / len(d[4]) for d in done)
        # How long the entry points that wait for themselves took; the others' programs wait as they like.
        self.blocked = max([d[3] for d in done if len(d[4]) == 1 and not d[4][0].startswith("start")] or [0])
        time.sleep(0.2)  # what a client that has gone by now sent is being read
        self.wires = listener.forget()
        self.asked = len(rows)

    def connect(self, args, lot, env):
        began = time.monotonic()
        try:
            p = subprocess.run([args.entry_points, "-"], input="".join(lot), env=env, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, timeout=BOUND * len(lot) + 5)
            return [json.loads(line) for line in p.stdout.splitlines()], p.returncode, p.stderr, time.monotonic() - began, lot
        except subprocess.TimeoutExpired:
            return [], -1, "not in bounded time", time.monotonic() - began, lot

    def raw(self):
        return [bytes(w.raw) for w in self.wires]

    def statuses(self):
        return {r["entry"]: r["status"] for r in self.rows}

    def told(self, data):
        return [what for what, secret in cases.SECRETS.items() if any(secret in d for d in data)]

    def outcome(self):
        """What came of it, in the words of cases.py."""
        def words(found):
            return ", ".join(found[:-1]) + " and " + found[-1] if len(found) > 1 else found[0]
        clear, inner = self.told(self.raw()), self.told([bytes(w.inner) for w in self.wires])
        good = any(s in ("ok", "reject") for s in self.statuses().values())
        gss = any(GSS_REQUEST in raw[:16] for raw in self.raw())
        if clear:
            return words(clear) + " in clear"
        if inner:
            return words(inner) + " told to it, inside its TLS"
        if good:
            return cases.LETS_IN
        return "fails, a GSSENCRequest told in clear" if gss else cases.FAILS

    def events(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log) as lines:
            return [json.loads(line) for line in lines]


def judge_sealed(case, run):
    name = case.name
    statuses = run.statuses()
    ok(len(run.rows) == run.asked and not run.died, name + ": each entry point gave an answer", statuses, *run.died)
    outside = {outside_tls(raw) for raw in run.raw()} - {b"", SSL_REQUEST}
    ok(not outside, name + ": outside TLS at most the SSLRequest", *(o[:64].hex() for o in outside))
    ok(run.seconds < BOUND, name + ": in bounded time", run.seconds)
    if case.apart:
        ok(run.blocked < PATIENCE, name + ": blocking entry points keep to connect_timeout = 2", run.blocked)
    if case.sealed == cases.FAILS:
        ok(all(s in BAD for s in statuses.values()), name + ": an error at each entry point", statuses)
        inner = [bytes(w.inner) for w in run.wires if w.inner]
        ok(not inner, name + ": nothing told inside TLS either", *(i[:64] for i in inner))
    ok(run.outcome() == case.sealed, name + ": sealed: " + case.sealed, run.outcome(), *(r.get("error") for r in run.rows[:2]))
    events = run.events()
    last = [e["event"] for e in events if e["event"] in ("failed", "violation", "witness", "refuse")]
    ok(set(last) == {case.event} and len(last) == run.asked, "%s: %d lines say %s" % (name, run.asked, case.event), last,
       *(json.dumps(e)[:600] for e in events[-2:]))


def attack(case, args):
    listener = Listener(case.talk, case.address)
    if hasattr(case, "prepare"):
        case.prepare(listener.port)
    entries = case.entries or ENTRY_POINTS
    full = {"sslmode": "verify-full", "sslrootcert": args.pki + "/root.pem"}
    bare = Run(case, listener, args, entries, {})
    strict = Run(case, listener, args, ["connectdb"], full)
    if hasattr(case, "extra"):
        contacts = len(case.extra.forget())
    sealed = Run(case, listener, args, entries, {}, sealed=True)
    if hasattr(case, "extra"):
        ok(contacts > 0, case.name + ": bare, the directory is asked")
        ok(not case.extra.forget(), case.name + ": sealed, nothing is asked of the directory")
    ok(bare.outcome() == case.bare, "%s: bare: %s" % (case.name, case.bare), bare.outcome(), bare.statuses(),
       *(r.get("error") for r in bare.rows[:1]))
    ok(strict.outcome() == case.full, "%s: bare, verify-full: %s" % (case.name, case.full), strict.outcome(),
       *(r.get("error") for r in strict.rows))
    judge_sealed(case, sealed)
    clear = max((len(outside_tls(raw)) for raw in sealed.raw()), default=0)
    return "| %s | %s | %s | %s | %d | %s |" % (case.title, bare.outcome(), strict.outcome(), sealed.outcome(), clear, case.note)


def cuts(args, side):
    """Hangs up after each byte of the exchange with a genuine server, one byte further each time, entry point after entry point."""
    context = cases.server_context(args.pki, "good")
    limit = [None]

    def talk(wire):
        setattr(wire, "cut_" + side, limit[0])
        if limit[0] is not None:
            limit[0] += 1
        if cases.request(wire):
            wire.send(b"S")
            wire.start_tls(context)
        wire.login()
    listener = Listener(talk)
    title = {"sent": "hangs up after each byte that it sends", "read": "hangs up after each byte that it reads"}[side]
    case = cases.Case("cut-" + side, title, talk)
    whole = Run(case, listener, args, ["connectdb"], {}, sealed=True)
    ok(whole.statuses() == {"connectdb": "ok"}, case.name + ": uncut, the genuine server lets it in", whole.rows)
    wire = whole.wires[0]
    # Up to its last byte before the query's answer, or what it has read when the password is complete.
    total = wire.sent - 60 if side == "sent" else len(wire.raw) - 80
    entries = [d for d in ENTRY_POINTS if "ping" not in d]
    limit[0] = 0
    sealed = Run(case, listener, args, [entries[i % len(entries)] for i in range(total)], {}, sealed=True)
    limit[0] = total // 4  # bare, a stretch in the middle of the handshake shows the bypass
    bare = Run(case, listener, args, [entries[i % len(entries)] for i in range(64)], {})
    limit[0] = total // 4
    strict = Run(case, listener, args, ["connectdb"] * 64, {"sslmode": "verify-full", "sslrootcert": args.pki + "/root.pem"})
    ok(bare.told(bare.raw()) != [], case.name + ": bare: libpq goes on in clear", bare.outcome())
    good = [r for r in sealed.rows if r["status"] == "ok" and not r.get("server")]
    ok(len(sealed.rows) == total and not sealed.died, "%s: %d connections, each with an answer" % (case.name, total),
       len(sealed.rows), *sealed.died)
    ok(not good, case.name + ": none of them came to an end", len(good))
    outside = {outside_tls(raw) for raw in sealed.raw()} - {b"", SSL_REQUEST, *(SSL_REQUEST[:i] for i in range(8))}
    ok(not outside, case.name + ": outside TLS at most the SSLRequest", *(o[:64].hex() for o in outside))
    ok(sealed.told(sealed.raw()) == [], case.name + ": nothing told in clear")
    clear = max(len(outside_tls(raw)) for raw in sealed.raw())
    ok(sealed.seconds < 1, case.name + ": each in bounded time", sealed.seconds)
    return "| %s: %d cuts | %s | %s | %s | %d | %s |" % (
        title, total, bare.outcome(), strict.outcome(), sealed.outcome(), clear, "the certificate is genuine: everything is told inside verified TLS")


HEAD = """| attacker | bare | bare, verify-full | sealed | bytes in clear, sealed | |
|---|---|---|---|---|---|
"""


def write_table(path, lines):
    """Between the two marks of the page."""
    with open(path) as page:
        text = page.read()
    begin, end = "<!-- table: written by tests/hostile/attackers.py -->\n", "<!-- end -->"
    head, rest = text.split(begin)
    with open(path, "w") as page:
        page.write(head + begin + HEAD + "\n".join(lines) + "\n" + end + rest.split(end)[1])


def main():
    parser = argparse.ArgumentParser()
    for option in ("pki", "conf", "entry-points", "object", "table"):
        parser.add_argument("--" + option)
    parser.add_argument("--kerberos", type=int)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    everyone = (cases.protocol_cases(args.pki) + cases.tls_cases(args.pki, args.conf) + cases.redirect_cases(args.pki, args.conf) +
                cases.kerberos_cases(args.pki, args.conf, args.kerberos))
    lines = [attack(case, args) for case in everyone if not args.names or case.name in args.names]
    for side in ("sent", "read"):
        if not args.names or "cut-" + side in args.names:
            lines.append(cuts(args, side))
    print("1..%d" % count)
    if args.table and not args.names and not failed:
        write_table(args.table, lines)
    elif args.names:
        print("\n".join("# " + line for line in lines))
    sys.exit(failed > 0)


main()
