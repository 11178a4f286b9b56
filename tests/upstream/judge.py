#!/usr/bin/env python3
"""judge.py: holds the runs of upstream's tests against each other; prints what failed, then "N passed, N failed".

--runs DIR: DIR/MODE/SUITE/ has tap, status, runs (what tests/upstream/preload noted), pgseal.jsonl, tmp_check/log (the servers').
--flips FILE: the rows that end otherwise when sealed, and why. --write FILE: the page, written only where nothing failed.
"""
import argparse
import collections
import json
import pathlib
import re
import sys

SUITES = {
    "libpq-uri": "src/interfaces/libpq/t/001_uri.pl",
    "libpq-api": "src/interfaces/libpq/t/002_api.pl",
    "ssl-tests": "src/test/ssl/t/001_ssltests.pl",
    "ssl-scram": "src/test/ssl/t/002_scram.pl",
    "ssl-info": "src/test/ssl/t/003_sslinfo.pl",
    "pipeline": "src/test/modules/libpq_pipeline",
    "pipeline-tcp": "src/test/modules/libpq_pipeline, over TCP",
}
SEALED = ("roots", "program")
VERDICTS = ("refuse", "exempt", "downgrade", "socket", "seal")
RESULT = re.compile(r"^(ok|not ok) \d+(?: - (.*?))?( # (?:skip|TODO).*)?$", re.I)


class Tally:
    """Counts what passed, prints what did not."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, good, name, detail=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"not ok - {name}" + "".join(f"\n#   {line}" for line in str(detail).splitlines()))


def rows(directory):
    """The rows of a run in order: name (numbered where it comes twice) -> outcome ("ok", "not ok", with skip or TODO)."""
    found, seen = {}, collections.Counter()
    for line in (directory / "tap").read_text(errors="replace").splitlines():
        match = RESULT.match(line)
        if match:
            name = match[2] or "(no name)"
            seen[name] += 1
            if seen[name] > 1:
                name += f" #{seen[name]}"
            found[name] = match[1] + (" todo" if match[3] else "")
    return found


def plan(directory):
    """How many rows the run itself says it had, None where it died before it said so."""
    match = re.search(r"^1\.\.(\d+)$", (directory / "tap").read_text(errors="replace"), re.M)
    return int(match[1]) if match else None


def sessions(directory):
    """What the servers' logs say: a Counter of (kind, user, end); kind is socket, plaintext, tls or gss; end is
    authorized or rejected (pg_hba.conf had no line for it, which tells how it came)."""
    found = collections.Counter()
    for log in sorted(directory.glob("tmp_check/log/*.log")):
        came = {}
        for line in log.read_text(errors="replace").splitlines():
            match = re.match(r"\S+ \S+ \S+ \[(\d+)\] (?:\S+ )?(LOG|FATAL):  (.*)", line)
            if not match:
                continue
            pid, _, text = match.groups()
            if text.startswith("connection received: "):
                came[pid] = "socket" if "host=[local]" in text else "tcp"
            elif text.startswith("connection authorized: "):
                kind = came.get(pid, "tcp")
                if "GSS (" in text and "encrypted=yes" in text:
                    kind = "gss"
                elif "SSL enabled" in text:
                    kind = "tls"
                elif kind == "tcp":
                    kind = "plaintext"
                found[kind, re.search(r"user=(\S+)", text)[1], "authorized"] += 1
            elif text.startswith("no pg_hba.conf entry"):
                user = re.search(r'user "([^"]*)"', text)[1]
                kind = "tls" if "SSL encryption" in text else "gss" if "GSS encryption" in text else "plaintext"
                found[kind, user, "rejected"] += 1
    return found


def events(directory):
    file = directory / "pgseal.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def starts(directory):
    """The processes that the tests started and that connected: libpq_pipeline's "tests" only lists names."""
    return {
        int(pid): program
        for pid, program, first in (line.split(" ", 2) for line in (directory / "runs").read_text().splitlines())
        if first != "tests" and program in ("psql", "libpq_pipeline")
    }


def flips(file):
    """flips.tsv: (mode, suite, row) -> (outcome, why); a mode of * stands for each sealed one."""
    found = {}
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if line and not line.startswith("#"):
            mode, suite, row, outcome, why = line.split("\t")
            for one in SEALED if mode == "*" else (mode,):
                if suite not in SUITES or one not in SEALED or (one, suite, row) in found or not why:
                    sys.exit(f"{file.name}:{number}: unknown, twice, or without a reason")
                found[one, suite, row] = (outcome, why)
    return found


def judge_bare(tally, where, directory, bare):
    for row, outcome in bare.items():
        tally.check(outcome != "not ok", f"{where}: {row}", "fails without pgseal")
    tally.check(plan(directory) == len(bare) > 0, f"{where}: ran to its end", f"plan {plan(directory)}, {len(bare)} rows")
    tally.check((directory / "status").read_text().strip() == "0", f"{where}: exit status")


def judge_rows(tally, where, bare, now, expected):
    """Row by row, by name: as bare, but for those of expected (row -> outcome)."""
    for row in list(bare) + [row for row in now if row not in bare]:
        outcome = now.get(row, "absent")
        want = expected.get(row, bare.get(row, "absent"))
        tally.check(outcome == want, f"{where}: {row}", f"bare: {bare.get(row, 'absent')}, now: {outcome}, expected: {want}")
    for row in expected:
        tally.check(row in bare and expected[row] != bare[row], f"{where}: a flip that is none: {row}")


def judge_log(tally, where, directory, log, mode, found):
    """pgseal's own log: each process that called libpq, no other, and a verdict for each session of the servers' logs."""
    started = set(starts(directory))
    logged = {event["pid"] for event in log}
    tally.check(started == logged, f"{where}: in the log are the processes that connect, and no other", started ^ logged)
    verdicts = [event for event in log if event["event"] in VERDICTS]
    tally.check(sum(found.values()) <= len(verdicts), f"{where}: each session has its verdict", f"{found}, {len(verdicts)} verdicts")
    tally.check(not any(event["event"] == "violation" for event in log), f"{where}: no violation")
    actions = {"would-seal", "would-refuse", "allowed"} if mode == "audit" else {"sealed", "refused", "allowed"}
    odd = {event["action"] for event in verdicts} - actions
    tally.check(not odd, f"{where}: every verdict is of its mode", odd)


def judge_sessions(tally, where, found, log):
    """Sealed: over TCP verified TLS and nothing else."""
    bad = {key: n for key, n in found.items() if key[0] in ("plaintext", "gss")}
    tally.check(not bad, f"{where}: no row ends in plaintext or GSS", bad)
    tls = sum(n for key, n in found.items() if key[0] == "tls")
    witnesses = sum(event["event"] == "witness" for event in log)
    tally.check(tls <= witnesses, f"{where}: each TLS session was verified", f"{tls} sessions, {witnesses} witnesses")
    sockets = sum(n for key, n in found.items() if key[0] == "socket")
    allowed = sum(event["event"] == "socket" for event in log)
    tally.check(sockets == allowed, f"{where}: each Unix socket is in the log", f"{sockets} sessions, {allowed} lines")


def kinds(found):
    """What a Counter of sessions comes to, by kind."""
    total = collections.Counter()
    for (kind, _, end), number in found.items():
        total[kind if end == "authorized" else f"{kind} (rejected)"] += number
    return total


def page(versions, table, explained, tally):
    out = [
        "# PostgreSQL's own tests",
        "",
        "Written by `tests/upstream/run`, which runs PostgreSQL's own tests of libpq and of TLS four times: bare, in audit mode, and",
        "enforced under two policies. `psql` and the tests' own C programs are preloaded; the tests themselves are unchanged. It",
        "needs a PostgreSQL source tree, which is not part of this repository.",
        "",
        f"{versions}. {tally.passed} checks passed, {tally.failed} failed.",
        "",
        "* **audit**: every row has the same result as bare, and the servers saw the same sessions.",
        "* **roots**: enforced; the policy has the root and the CRL of the test suite. The row's own settings are overridden.",
        "* **program**: enforced, with `sslrootcert = program`: each row's own root, the policy's CRL.",
        "",
        "Both policies verify `localhost` as `common-name.pg-ssltest.test` (the suite connects to the former and has certificates",
        "for the latter), with a CRL that revokes nothing, because groups of rows use the revoked certificate as an ordinary one.",
        "Servers are set up over Unix sockets, which no policy here changes.",
        "",
        "## Rows",
        "",
        "| test | rows | audit: as bare | roots: as bare | roots: flips | program: as bare | program: flips |",
        "|---|---|---|---|---|---|---|",
    ]
    for suite, text in SUITES.items():
        cells = table[suite]
        out.append(
            f"| {text} | {cells['rows']} | {cells['audit', 'same']} | "
            + " | ".join(f"{cells[mode, 'same']} | {cells[mode, 'flips']}" for mode in SEALED) + " |"
        )
    out += [
        "",
        "## Sessions",
        "",
        "From the servers' logs: sessions that were authorised, and those that `pg_hba.conf` rejected after user and database were sent.",
        "",
        "| test | bare | audit | roots | program |",
        "|---|---|---|---|---|",
    ]
    for suite, text in SUITES.items():
        if any(table[suite][mode, "kinds"] for mode in ("bare", "audit", *SEALED)):
            cells = (
                ", ".join(f"{n} {kind}" for kind, n in sorted(table[suite][mode, "kinds"].items())) or "none"
                for mode in ("bare", "audit", *SEALED)
            )
            out.append(f"| {text} | " + " | ".join(cells) + " |")
    out += ["", "## Flips", "", "Rows whose result changes when sealed, with the explanation from `tests/upstream/flips.tsv`."]
    classes = collections.defaultdict(lambda: collections.defaultdict(list))
    for (mode, suite, row), (_, why) in explained.items():
        classes[why][suite, row].append(mode)
    for why, found in classes.items():
        counts = collections.Counter(mode for modes in found.values() for mode in modes)
        out += ["", f"**{why}** ({', '.join(f'{mode}: {counts[mode]}' for mode in SEALED if counts[mode])})", ""]
        out += [f"* {SUITES[suite].rsplit('/', 1)[1]}: {row}" for suite, row in found]
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=pathlib.Path, required=True)
    parser.add_argument("--flips", type=pathlib.Path, required=True)
    parser.add_argument("--write", type=pathlib.Path)
    parser.add_argument("--versions", default="")
    parser.add_argument("--list", action="store_true", help="print the flips found, in the form of flips.tsv, and judge nothing")
    arguments = parser.parse_args()
    explained = flips(arguments.flips)
    tally, table = Tally(), collections.defaultdict(dict)
    for suite in SUITES:
        at = {mode: arguments.runs / mode / suite for mode in ("bare", "audit", *SEALED)}
        row = {mode: rows(directory) for mode, directory in at.items()}
        if arguments.list:
            for mode in SEALED:
                for name in list(row["bare"]) + [name for name in row[mode] if name not in row["bare"]]:
                    if row["bare"].get(name) != row[mode].get(name):
                        print(mode, suite, name, row[mode].get(name, "absent"), "", sep="\t")
            continue
        saw = {mode: sessions(directory) for mode, directory in at.items()}
        table[suite]["rows"] = len(row["bare"])
        judge_bare(tally, f"bare {suite}", at["bare"], row["bare"])
        for mode in ("audit", *SEALED):
            where, log = f"{mode} {suite}", events(at[mode])
            expected = {name: outcome for (one, of, name), (outcome, _) in explained.items() if (one, of) == (mode, suite)}
            judge_rows(tally, where, row["bare"], row[mode], expected)
            judge_log(tally, where, at[mode], log, mode, saw[mode])
            if mode == "audit":
                tally.check(saw[mode] == saw["bare"], f"{where}: the servers saw the same", f"{saw['bare']}\n{saw[mode]}")
                ends = [(plan(at[one]), (at[one] / "status").read_text()) for one in ("bare", mode)]
                tally.check(ends[0] == ends[1], f"{where}: ends as bare", ends)
            else:
                judge_sessions(tally, where, saw[mode], log)
            flipped = sum(row["bare"].get(name) != row[mode].get(name) for name in {**row["bare"], **row[mode]})
            table[suite][mode, "flips"] = flipped
            table[suite][mode, "same"] = sum(row["bare"][name] == row[mode].get(name) for name in row["bare"])
        for mode in at:
            table[suite][mode, "kinds"] = kinds(saw[mode])
    if arguments.list:
        return 0
    if tally.failed == 0 and arguments.write:
        arguments.write.write_text(page(arguments.versions, table, explained, tally))
        print(f"wrote docs/{arguments.write.name}")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return tally.failed > 0


sys.exit(main())
