#!/usr/bin/env python3
"""drive.py NAME ALLOWED WHAT COMMAND…: runs COMMAND once for each step that pgseal takes in it (see inject.c), with a fault
at that step, and says what was wrong, a line each; last a line "STEPS steps, RUNS runs".

ALLOWED: what entry_points may say, with commas ("ok t,bad"). WHAT: fail (each step with each errno that suits it), fork, vfork,
signal or thread. Each run's application_name is NAME-STEP-ERRNO. Wrong is: another outcome, none, a signal, a run longer than a
minute, a line on standard error that is no event, more memory, maps or descriptors kept than without a fault.
"""
import concurrent.futures
import errno
import json
import os
import subprocess
import sys
import tempfile

NAME, ALLOWED, WHAT = sys.argv[1:4]
COMMAND = sys.argv[4:]
ALLOWED = set(ALLOWED.split(","))
ALLOCATIONS = {"malloc", "calloc", "realloc", "strdup", "mmap"}
BY_STEP = {
    **{name: ["ENOMEM"] for name in ALLOCATIONS},
    **{name: ["EMFILE", "EACCES"] for name in ("open", "openat", "socket", "fcntl-dup", "memfd_create")},
    **{name: ["ENOSPC", "EDQUOT", "EIO", "EINTR", "EAGAIN", "EPIPE"] for name in ("write", "sendto", "sendmsg")},
    **{name: ["EIO", "EINTR"] for name in ("read", "ppoll", "rt_sigtimedwait", "close")},
    "mprotect": ["EACCES", "ENOMEM"], "faccessat": ["EACCES"],
    "futex": ["EIO"],  # sys_readable: not EFAULT, so the page can be read; with EFAULT there is no libpq to be found
}
# Steps of one kind are taken by the hundred where pgseal reads an object's tables, page by page: of these, some.
MANY = {"futex": 10}


def chosen(names):
    """The numbers and names of the steps at which something is to happen."""
    steps = list(enumerate(names, 1))
    if WHAT != "fail":
        # Inside dl_iterate_phdr: its lock is held, which a thread would wait for, and which glibc does not give a child back
        # (docs/limits.md).
        steps = [step for step in steps if step[1] not in ("futex", "mprotect", "rt_sigprocmask")]
    for name, most in MANY.items():
        all_of_it = [step for step in steps if step[1] == name]
        every = max(1, len(all_of_it) // most)
        left_out = {step for i, step in enumerate(all_of_it) if i % every != 0}
        steps = [step for step in steps if step not in left_out]
    return steps


def run(fault, tag, steps=None):
    """Returns outcomes, problems, and what the report says."""
    with tempfile.TemporaryDirectory(prefix="drive.", dir=os.environ["TEST_DIR"]) as here:
        env = dict(os.environ, FAULT=fault, FAULT_REPORT=here + "/report", PGAPPNAME=f"{NAME}-{tag}")
        if steps:
            env["FAULT_STEPS"] = here + "/steps"
        problems, outcomes, report, names = [], [], {}, []
        try:
            done = subprocess.run(COMMAND, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        except subprocess.TimeoutExpired:
            return [], ["took longer than a minute"], {}, []
        if done.returncode != 0:
            problems.append(f"exit status {done.returncode}: {done.stderr[-300:]!r}")
        for line in done.stdout.splitlines():
            try:
                row = json.loads(line)
                outcomes.append(row["status"] + (" " + row["server"] if row.get("server") else ""))
            except ValueError:
                problems.append(f"no JSON: {line[:200]!r}")
        for line in done.stderr.splitlines():
            try:
                if json.loads(line)["schema"] != "pgseal/1":
                    problems.append("an event of no schema")
            except (ValueError, KeyError):
                problems.append(f"on standard error: {line[:300]!r}")
        if not outcomes:
            problems.append("said nothing")
        try:
            with open(here + "/report") as f:
                for line in f:
                    words = line.split()
                    report = dict(zip(words[0::2], words[1::2]))
        except FileNotFoundError:
            problems.append("no report: it did not end as programs end")
        if steps and os.path.exists(here + "/steps"):
            with open(here + "/steps") as f:
                names = f.read().split()
        # An exemption must have been logged: here, or in the log's own file, which the caller looks at.
        if b'"event":"exempt"' in done.stderr:
            with open(os.environ["TEST_DIR"] + "/log/exempt.seen", "a") as f:
                f.write(f"{NAME}-{tag}\n")
        return outcomes, problems, report, names


def main():
    outcomes, problems, base, names = run("count", "0-none", steps=True)
    for problem in problems:
        print(f"without a fault: {problem}")
    for outcome in outcomes:
        if outcome not in ALLOWED:
            print(f"without a fault: {outcome}")
    if problems:
        return
    tries = []
    for n, name in chosen(names):
        errors = BY_STEP.get(name, ["EIO"]) if WHAT == "fail" else [""]
        tries += [(n, name, error) for error in errors]

    def attempt(one):
        n, name, error = one
        fault = f"{WHAT}:{n}" + (f":{getattr(errno, error)}" if error else "")
        got, wrong, report, _ = run(fault, f"{n}-{error or WHAT}")
        wrong += [f"outcome {o}" for o in got if o not in ALLOWED]
        if report and WHAT == "fail":
            if report["step"] != name:
                wrong.append(f"the step was {report['step']}")
            for kind in ("memory", "maps", "fds"):
                if int(report[kind]) > int(base[kind]):
                    wrong.append(f"{report[kind]} {kind} kept, {base[kind]} without a fault")
        return [f"step {n} ({name}) {error or WHAT}: {text}" for text in wrong]

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for wrong in pool.map(attempt, tries):
            for line in wrong:
                print(line)
    print(f"{len(names)} steps, {len(tries)} runs")


main()
