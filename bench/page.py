#!/usr/bin/env python3
"""page.py RESULTS DOCS: writes DOCS/benchmarks.md and its plots from what measure.py measured."""
import html
import json
import os
import re
import sys

STYLE = """<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328; } .bare { fill: #8c959f; } .sealed { fill: #1a7f5a; } .peer { fill: #b08800; }
  .axis { stroke: #8c959f; stroke-width: 1; } .title { font-weight: 600; font-size: 15px; } .spread { stroke: #1f2328; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .bare { fill: #6e7681; } .sealed { fill: #3fb68b; } .peer { fill: #d4a72c; }
    .spread { stroke: #e6edf3; } }
</style>"""


def colour(case):
    if "sealed" in case or "pgseal" in case:
        return "sealed"
    return "bare" if "bare" in case or "no preload" in case or "empty" in case else "peer"


def number(x):
    return f"{x:,.0f}" if x >= 100 else f"{x:.1f}"


def plot(table):
    """Horizontal bars of the medians, with the quartiles as a line."""
    rows, left, width = table["rows"], 270, 330
    most = max(max(r["median"], r["q3"]) for r in rows)
    height = 54 + 26 * len(rows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {height}" width="760" height="{height}" role="img" '
           f'aria-label="{html.escape(table["title"])}">', STYLE,
           f'<text class="title" x="10" y="22">{html.escape(table["title"])} ({html.escape(table["unit"])})</text>']
    for i, r in enumerate(rows):
        y = 38 + 26 * i
        bar, low, high = (max(v, 0) / most * width for v in (r["median"], r["q1"], r["q3"]))
        out.append(f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{html.escape(r["case"])}</text>'
                   f'<rect class="{colour(r["case"])}" x="{left}" y="{y}" width="{bar:.1f}" height="18" rx="2"/>'
                   f'<line class="spread" x1="{left + low:.1f}" x2="{left + high:.1f}" y1="{y + 9}" y2="{y + 9}"/>'
                   f'<text x="{left + max(bar, high) + 8:.1f}" y="{y + 14}">{number(r["median"])} · {r["ratio"]:.2f}</text>')
    out.append(f'<line class="axis" x1="{left}" x2="{left}" y1="34" y2="{height - 8}"/></svg>')
    return "\n".join(out) + "\n"


def markdown(table):
    goals = table.get("goal") or {}
    out = [f"### {table['title']}", "", f"`{table['command']}`" + (f" ({table['note']})" if table.get("note") else ""), "",
           f"| | median, {table['unit']} | quartiles | ÷ {table['base']} | goal |", "|---|---:|---:|---:|---:|"]
    for r in table["rows"]:
        goal = f"≤ {goals[r['case']]}" if r["case"] in goals else ""
        out.append(f"| {r['case']} | {number(r['median'])} | {number(r['q1'])} to {number(r['q3'])} | {r['ratio']:.3f} | {goal} |")
    return "\n".join(out) + "\n"


def find(tables, title):
    return next((t for t in tables if t["title"].startswith(title)), None)


def ratio(table, a, b):
    rows = {r["case"]: r["median"] for r in table["rows"]}
    return rows[a] / rows[b]


def median(table, case):
    return next(r["median"] for r in table["rows"] if r["case"] == case)


def goals(tables):
    """What was to be reached, what was, and what cannot be gone below: what the same machine takes bare."""
    out = ["| goal | figure | floor |", "|---|---:|---:|"]
    bundle = "RDS's bundle, 121"
    for table in tables:
        if table["title"].startswith("A verified connection, "):
            libpq = table["title"].split(", ", 1)[1]
            floor = ratio(table, "bare, one root", "bare, " + bundle)
            out += [f"| {libpq}: sealed with RDS's bundle ≤ 0.40 of bare with it | {ratio(table, 'sealed, ' + bundle, 'bare, ' + bundle):.3f} | {floor:.3f} |",
                    f"| {libpq}: sealed with RDS's bundle ≤ 1.03 of bare with one root | {ratio(table, 'sealed, ' + bundle, 'bare, one root'):.3f} | 1.000 |",
                    f"| {libpq}: sealed with one root ≤ 1.03 of bare with it | {ratio(table, 'sealed, one root', 'bare, one root'):.3f} | 1.000 |"]
    judging = find(tables, "Judging the system")
    if judging:
        out.append(f"| judging a root file of 145 certificates ≤ 200 µs | {median(judging, 'for the first time'):.0f} µs, "
                   f"then {median(judging, 'unchanged since'):.0f} µs | |")
    own = find(tables, "All but the session itself")
    if own:
        for r in own["rows"]:
            libpq, _, which = r["case"].rpartition(", ")
            if which == "the difference":
                out.append(f"| {libpq}: everything else of pgseal ≤ 30 µs | {r['median']:.0f} µs | |")
    start = find(tables, "Start of true")
    if start:
        out.append(f"| a start of /bin/true ≤ 1.01 of one under an empty object | {ratio(start, 'libpgseal.so', 'an empty object'):.3f} | 1.000 |")
    memory = find(tables, "Memory of a process that never connects")
    if memory:
        more = median(memory, "libpgseal.so") - median(memory, "an empty object")
        own = find(tables, "Memory of its own of a process that never connects")
        private = f", of its own + {median(own, 'libpgseal.so') - median(own, 'an empty object'):.0f}" if own else ""
        out.append(f"| memory of a process that never connects ≤ an empty object's + 40 KiB | + {more:.0f} KiB{private} | + 0 |")
    return "\n".join(out) + """

The floor is what the same run measured bare. OpenSSL 1.1.1 (in npm's builds of libpq) and 3.6 (in Debian sid)
parse certificates faster than 3.0: there a connection with one root takes about half of one with RDS's bundle, so no seal can bring
the second to 0.40 of itself. libpq 18 of Debian asks for GSSAPI encryption first; a sealed connection does not. "Everything else" is what comes before the session: half of it
is libpq's, which is asked what the call amounts to before it dials. What comes after it (roots on demand, the witness) shows in the
instructions of a verified connection. What a start touches of the object is a mapping of its own: Linux maps sixteen pages (64 KiB) of a
mapping where one is touched. That costs a start one system call.
"""


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        results = json.load(f)
    tables, machine, docs = results["tables"], results["machine"], sys.argv[2]
    os.makedirs(f"{docs}/benchmarks", exist_ok=True)
    plotted = {}
    for title in ("A verified connection, libpq 15", "A verified connection, libpq 18 (Debian sid)", "Start of /bin/true", "Start of true",
                  "Queries, pgbench -S, 4 clients: transactions", "A connection for each query, pgbench -S -C, 4 clients: transactions",
                  "Memory of a process with open connections, RDS"):
        table = find(tables, title)
        if table:
            name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") + ".svg"
            with open(f"{docs}/benchmarks/{name}", "w", encoding="utf-8") as f:
                f.write(plot(table))
            plotted[table["title"]] = name
    page = [f"""# Benchmarks

Written by `make bench` on {machine['date']}, in one run on one machine: {machine['cores']} × {machine['cpu']}, Linux {machine['kernel']},
{machine['glibc']}, OpenSSL {machine['openssl']}. What is compared ran in turn (A B A B …), so that other load met all
sides. Each row has the median, the quartiles and the ratio of medians. Client, server and peers share the machine's
{machine['cores']} cores. The floor of a sealed figure is its bare one: 1.000. Only with a large root file can pgseal be below it.
"""]
    page.append(goals(tables))
    page.append("")
    for table in tables:
        if table["title"] in plotted:
            page.append(f"![{table['title']}](benchmarks/{plotted[table['title']]})\n")
        page.append(markdown(table))
    with open(f"{docs}/benchmarks.md", "w", encoding="utf-8") as f:
        f.write("\n".join(page))
    print(f"{docs}/benchmarks.md is written")


main()
