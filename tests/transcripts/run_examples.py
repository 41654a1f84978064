#!/usr/bin/env python3
"""Runs every example of every help page in one world and compares what it prints: examples.py says how.

    MUSTER_BINARY=build/release/muster python3 tests/transcripts/run_examples.py [--record]

--record writes what new examples print into the session, with [..] for what varies; read it before it is committed.
"""

import pathlib
import subprocess
import sys
import tempfile

import examples
import transcript
from run import BINARY, Session, environment

SESSION = pathlib.Path(__file__).parent / "examples" / "session.txt"
TIMEOUT_S = 120


def printed(session, command):
    """What the command prints, without the lines that help does not show: those of standard error."""
    return subprocess.run(["sh", "-c", command], cwd=session.folder, capture_output=True, text=True, check=False,
                          timeout=TIMEOUT_S, env=environment(), stdin=subprocess.DEVNULL)


def run_new(session, example):
    """None or what is wrong, and what it printed as the session would have it."""
    done = printed(session, example.text)
    lines = done.stdout.rstrip("\n").splitlines()
    record = "\n".join([f"$ {example.text}", *map(examples.recorded, lines), ""])
    if done.returncode != 0:
        record = record.rstrip("\n") + f"\n? {done.returncode}\n"
    if example.shown and not examples.agrees(example.shown, lines, done.stderr.splitlines()):
        return f"{example.command}: its help does not show what it prints\n{done.stdout}{done.stderr}", record
    if example.shown or (not lines and done.returncode == 0):
        return None, record
    return (f"{example.command}: neither its help nor {SESSION.name} has what this prints; run with --record\n"
            f"$ {example.text}\n? {done.returncode}\n{done.stdout}{done.stderr}"), record


def run_known(session, step, shown):
    """A step of the session; when help shows its output, that has to agree with what the session expects."""
    if isinstance(step, transcript.World):
        return session.begin_world(step)
    problem = session.run(step)
    if not problem and shown and not examples.agrees(shown, step.stdout, step.stderr):
        return f"line {step.line}: $ {step.text}: its help shows something else\n" + "\n".join(step.stdout)
    return problem


def run_all(session, plan, by_command):
    """The problems, and what new examples printed."""
    shown = {example.text: example.shown for all_of in by_command.values() for example in all_of}
    problems, records = [], []
    for step in plan.before:
        problems.append(run_known(session, step, shown.get(getattr(step, "text", None))))
    for example in examples.new_ones(by_command, plan):
        problem, record = run_new(session, example)
        problems.append(problem)
        if problem:
            records.append(record)
    for step in plan.after:
        problems.append(run_known(session, step, shown.get(getattr(step, "text", None))))
    return [problem for problem in problems if problem], records


def main(arguments):
    page = subprocess.run([BINARY, "reference", "cli"], capture_output=True, text=True, check=True).stdout
    by_command = examples.of_reference(page)
    text = SESSION.read_text()
    plan = examples.parse_session(text)
    problems = examples.faults(by_command, plan)
    with tempfile.TemporaryDirectory(prefix="muster-examples-") as folder:
        session = Session(folder)
        try:
            found, records = run_all(session, plan, by_command)
        finally:
            session.end()
    if "--record" in arguments and records:
        mark = f"{examples.NEW_EXAMPLES}\n"
        SESSION.write_text(text.replace(mark, "\n".join(records) + "\n" + mark, 1))
        print(f"{len(records)} examples recorded in {SESSION}")
    for problem in problems + found:
        print(problem, end="\n\n")
    return 1 if problems + found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
