#!/usr/bin/env python3
"""Refuses files, functions and lines that are too long to be read (ARCHITECTURE.md, "Rules of thumb")."""

import re
import sys

import modules

LINES_CPP = 800
LINES_HPP = 400
LINES_FUNCTION = 70
# In tests a table of rows is a function where the rows must be built.
LINES_FUNCTION_TEST = 150
COLUMNS = 120

CONTAINER = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")
INITIALIZER = re.compile(r"=\s*$|\breturn\s*$|,\s*$")
# The head so far is a constructor's, and this brace initializes a member: the body is still to come.
MEMBER_INITIALIZER = re.compile(r"\)\s*(?:noexcept\s*)?:(?!:).*[\w>]$", re.DOTALL)


def long_functions(code, limit):
    """(first line, count of lines, name) of each function in blanked `code` that is longer than allowed.

    Braces are counted, not parsed: a `{` whose head (the text since the last `;`, `{` or `}`) has a parameter list and no
    container's keyword opens a function, if it does so at namespace or class scope.
    """
    found = []
    stack = []  # of (kind, line, head, where the head starts)
    head_start = 0
    line = 1
    for index, char in enumerate(code):
        if char == "\n":
            line += 1
        elif char == "{":
            head = code[head_start:index].strip()
            in_function = any(opened[0] == "function" for opened in stack)
            if in_function:
                kind = "block"
            elif MEMBER_INITIALIZER.search(head):
                kind = "member"
            elif "(" in head and not INITIALIZER.search(head) and not re.match(r"(?:extern|namespace)\b", head):
                kind = "function"
            elif CONTAINER.search(head):
                kind = "container"
            else:
                kind = "block"
            stack.append((kind, line, head, head_start))
            head_start = index + 1
        elif char == "}":
            start = index + 1
            if stack:
                kind, first, head, before = stack.pop()
                if kind == "member":
                    start = before
                if kind == "function" and line - first + 1 > limit:
                    found.append((first, line - first + 1, " ".join(head.split())[:60]))
            head_start = start
        elif char == ";":
            head_start = index + 1
    return found


def check_text(path, text):
    findings = []
    lines = text.splitlines()
    limit = LINES_HPP if path.suffix == ".hpp" else LINES_CPP
    if len(lines) > limit:
        findings.append((path, len(lines), f"{len(lines)} lines, {limit} allowed", "split it by idea"))
    # A raw string is text of another kind (SQL, Python, certificates): its lines are as long as that needs.
    outside = re.sub(r'R"([^()\s\\]{0,16})\(.*?\)\1"', lambda m: re.sub(r"[^\n]", "", m.group(0)), text, flags=re.DOTALL)
    for number, line in enumerate(outside.splitlines(), 1):
        if len(line) > COLUMNS:
            findings.append((path, number, f"{len(line)} columns, {COLUMNS} allowed", "break the line"))
    # Preprocessor lines may hold unbalanced braces (macros); they are not functions.
    code = re.sub(r"(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                  modules.blank_comments_and_strings(text))
    most = LINES_FUNCTION_TEST if "tests" in path.parts else LINES_FUNCTION
    for first, count, head in long_functions(code, most):
        findings.append((path, first, f"`{head}` has {count} lines, {most} allowed",
                         "give its steps names of their own"))
    return findings


def check(root=modules.ROOT):
    findings = []
    for path in modules.source_files(root):
        findings += check_text(path, (root / path).read_text())
    return findings


if __name__ == "__main__":
    sys.exit(modules.report(check(), "check_sizes"))
