#!/usr/bin/env python3
"""Refuses time, chance, the environment and sleeping outside the files that own them.

Everything else gets a Clock, a Random or a value by reference, which is why the tests can stop time and repeat chance.
"""

import pathlib
import re
import sys

import modules

RULES = [
    (r"::now\s*\(", "reads a clock", "take a Clock& and ask wall() or steady()"),
    (r"(?<![\w.>])(?:std::|::)?time\s*\(\s*(?:NULL|nullptr|0|&\w+)\s*\)", "reads the wall clock",
     "take a Clock& and ask wall()"),
    (r"\b(?:gettimeofday|clock_gettime|ftime)\s*\(", "reads a clock", "take a Clock& and ask wall() or steady()"),
    (r"(?<![\w.>])(?:std::|::)?(?:s?rand|rand_r|random|drand48|arc4random|getrandom)\s*\(", "makes a random number",
     "take a Random&"),
    (r"\brandom_device\b", "makes a random number", "take a Random&"),
    (r"\b(?:secure_)?getenv\s*\(|\benviron\b", "reads the environment", "take the value as a parameter; main reads it"),
    (r"(?<![\w.>])(?:std::|::)?(?:u|nano|clock_nano)?sleep\s*\(|\bsleep_(?:for|until)\s*\(", "sleeps",
     "wait for a Clock's timer, or for the event itself"),
    (r"\bthis_thread::(?!get_id)", "sleeps or spins", "wait for a Clock's timer, or for the event itself"),
]
# The owners. base/ has the clock and chance; cli/ is where a process begins, so it alone sees the environment.
OWNERS = {
    "src/base/system_clock.cpp",
    "src/base/random.cpp",
    "src/cli/environment.cpp",
    "src/isolation/run_isolated.cpp",
}


def check_text(path, text):
    code = modules.blank_comments_and_strings(text)
    if "tests" in pathlib.PurePath(path).parts:
        # A test may wait for another thread; it gives up its turn and names no time.
        code = code.replace("this_thread::yield()", "")
    findings = []
    for pattern, what, do in RULES:
        for match in re.finditer(pattern, code):
            line = code.count("\n", 0, match.start()) + 1
            findings.append((path, line, f"`{match.group(0).strip()}` {what}", do))
    return sorted(findings, key=lambda finding: finding[1])


def check(root=modules.ROOT):
    findings = []
    for path in modules.source_files(root):
        # Benchmarks measure real time; that is what they are for.
        if path.as_posix() in OWNERS or path.parts[0] == "bench" or path.name.endswith("_bench.cpp"):
            continue
        findings += check_text(path, (root / path).read_text())
    return findings


if __name__ == "__main__":
    sys.exit(modules.report(check(), "check_clock"))
