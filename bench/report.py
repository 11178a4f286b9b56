#!/usr/bin/env python3
"""report.py TOP: `pgseal report` beside jq on the same question and beside a bare loop of jansson, in turn; and its memory over
1 GB. Prints a table and writes it to docs/benchmarks/report.md. BENCH_QUICK=1: a tenth of it, and no page."""
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

top = sys.argv[1]
quick = os.environ.get("BENCH_QUICK") == "1"
turns = 3 if quick else 7
pgseal, parse = f"{top}/build/pgseal", f"{top}/build/bench/parse"
# Programs and hosts, by how often they asked for less, and for what: the question of the first table of `pgseal report`.
QUESTION = """map(select(.event == "downgrade")) | group_by([.exe, .host]) | sort_by(-length)[]
  | [length, .[0].exe, .[0].host,
     ([.[].changes[] | select(.source != "default") | "\\(.option)=\\(.requested) by \\(.source)"] | unique | join(", "))] | @tsv"""


def run(command):
    """Seconds on the clock and of processors."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak(copies, log):
    """The most memory, in MiB, over so many copies of the log. In a child: ru_maxrss is the greatest of all."""
    code = ("import resource, subprocess, sys; p = subprocess.Popen([sys.argv[1], 'report', '--json', '-'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)\n"
            "data = open(sys.argv[2], 'rb').read()\n"
            "for _ in range(int(sys.argv[3])): p.stdin.write(data)\n"
            "p.stdin.close(); assert p.wait() == 0; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)")
    return float(subprocess.run([sys.executable, "-c", code, pgseal, log, str(copies)], check=True, capture_output=True, text=True).stdout)


with tempfile.TemporaryDirectory() as work:
    log = f"{work}/log.jsonl"
    sample = subprocess.run([sys.executable, f"{top}/tests/page/sample.py"], check=True, capture_output=True).stdout
    with open(log, "wb") as f:
        for _ in range(1 if quick else 8):
            f.write(sample)
    size = os.path.getsize(log)
    commands = {"pgseal report, everything": [pgseal, "report", "--json", log], "pgseal report --event downgrade": [pgseal, "report", "--json", "--event", "downgrade", log], "jansson, a bare loop": [parse, log], "jq, the same question": ["jq", "-rs", QUESTION, log]}
    times = {name: [] for name in commands}
    for _ in range(turns):
        for name, command in commands.items():
            times[name].append(run(command))
    clock = {name: statistics.median(t[0] for t in all_) for name, all_ in times.items()}
    cpu = {name: statistics.median(t[1] for t in all_) for name, all_ in times.items()}
    copies = (100 if quick else 1000) * 1000000 // len(sample)
    with open(f"{work}/sample.jsonl", "wb") as f:
        f.write(sample)
    memory = peak(copies, f"{work}/sample.jsonl")

own, same = "pgseal report, everything", "pgseal report --event downgrade"
rows = [f"| {name} | {clock[name]:.2f} s | {clock[name] / clock[own]:.2f} | {cpu[name]:.2f} s | {cpu[name] / cpu[own]:.2f} |" for name in commands]
text = f"""# pgseal report

Written by `make bench` ({os.cpu_count()} processors, {size / 1e6:.0f} MB of log, {turns} turns, medians).

| | clock | ÷ everything | processor time | ÷ everything |
|---|---:|---:|---:|---:|
""" + "\n".join(rows) + f"""

| goal | figure |
|---|---|
| at least 5 times as fast as jq on the same question | {clock['jq, the same question'] / clock[same]:.1f} |
| at most 1.3 of a bare loop of jansson | {clock[own] / clock['jansson, a bare loop']:.2f} |
| {copies * len(sample) / 1e9:.1f} GB in less than 64 MiB of memory | {memory:.0f} MiB |
"""
print(text)
if not quick:
    with open(f"{top}/docs/benchmarks/report.md", "w", encoding="utf-8") as f:
        f.write(text)
