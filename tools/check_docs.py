#!/usr/bin/env python3
"""Refuses links in the documents that lead nowhere, and what the documents must not hold."""

import re
import sys

import modules

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
# Paths of one machine, and notes to oneself, do not belong in what others read.
REFUSED = [
    (re.compile(r"(?<![\w./])/(?:work|home|root|Users)/\w+"), "names a path of one machine", "name it relative to the repository"),
    (re.compile(r"\b(?:TODO|FIXME|XXX)\b"), "holds a note to oneself", "do it, or open an issue"),
]


def documents(root):
    tops = [path for path in root.glob("*.md")]
    for folder in ("docs", "src", "tests", "packages", "bench", "examples", "tools"):
        tops += (root / folder).rglob("*.md")
    return sorted(path.relative_to(root) for path in tops)


def slug(heading):
    """The anchor that a heading gets: lower case, punctuation dropped, spaces to hyphens."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", re.sub(r"`", "", heading).strip().lower()))


def anchors(text):
    text = re.sub(r"(?ms)^```.*?^```", "", text)
    return {slug(heading) for heading in re.findall(r"(?m)^#{1,6}\s+(.+?)\s*$", text)}


def check_text(root, path, text):
    findings = []
    prose = re.sub(r"(?ms)^```.*?^```|`[^`\n]*`", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)
    for match in LINK.finditer(prose):
        target = match.group(1)
        line = prose.count("\n", 0, match.start()) + 1
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (root / path).parent / name if name else root / path
        if not file.exists():
            findings.append((path, line, f"link to {target}: there is no such file", "mend the link, or write the page"))
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
            findings.append((path, line, f"link to {target}: the page has no such heading", "mend the anchor"))
    for pattern, what, do in REFUSED:
        for match in pattern.finditer(text):
            findings.append((path, text.count("\n", 0, match.start()) + 1, f"`{match.group(0)}` {what}", do))
    return findings


def check(root=modules.ROOT):
    findings = []
    for path in documents(root):
        findings += check_text(root, path, (root / path).read_text())
    return findings


if __name__ == "__main__":
    sys.exit(modules.report(check(), "check_docs"))
