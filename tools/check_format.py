#!/usr/bin/env python3
"""Refuses C++ that clang-format-14 would lay out otherwise. `--fix` lays it out."""

import re
import shutil
import subprocess
import sys

import modules

# Debian 12's own. Other versions lay out some lines differently, so only this one decides.
TOOL = "clang-format-14"


def check(root=modules.ROOT, tool=TOOL):
    findings = []
    files = [str(path) for path in modules.source_files(root)]
    if not files:
        return findings
    run = subprocess.run([tool, "--dry-run", *files], cwd=root, capture_output=True, text=True, check=False)
    seen = set()
    for path, line in re.findall(r"(?m)^(?:\./)?([^:\n]+):(\d+):\d+: (?:warning|error): code should be clang-formatted", run.stderr):
        if path not in seen:
            seen.add(path)
            findings.append((path, line, f"{tool} would lay this file out otherwise, from here on",
                             "run tools/check_format.py --fix"))
    if run.returncode and not findings:
        findings.append((".clang-format", 1, run.stderr.strip() or f"{tool} failed", "mend what it names"))
    return findings


if __name__ == "__main__":
    if shutil.which(TOOL) is None:
        print(f"check_format: skipped, {TOOL} is not installed (packages/debian-check.txt)")
        sys.exit(77)
    if "--fix" in sys.argv:
        sys.exit(subprocess.run([TOOL, "-i", *map(str, modules.source_files(modules.ROOT))], cwd=modules.ROOT).returncode)
    sys.exit(modules.report(check(), "check_format"))
