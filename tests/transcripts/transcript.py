"""Sessions at a command line, as text: what was typed, and what had to come back.

    # a comment: first, after a command without output, or after an empty line
    $ muster pki inspect certs/root/root.pem -o json
    {"subject": "CN=My-Root-CA", [..]
    ...
    ! a line on standard error
    ? 3

`$ ` begins a command; it goes to sh, with `muster` on the path. The lines after it are its standard output. `! ` lines are
standard error, compared only where there are some. `? N` is the exit status, 0 when not said. In expected lines `[..]`
stands for any text, and a line `...` for any number of lines. `@ world` makes and serves a world before what follows
(`@ world --bare` with those flags for `muster up`).

In a document the sessions are its ```console blocks, one session for the whole page, and `@ world` is the comment
<!-- session with world --> (or <!-- session --> for none). Blocks of other kinds are not run.
"""

import re
from dataclasses import dataclass, field


@dataclass
class Command:
    line: int
    text: str
    stdout: list = field(default_factory=list)
    stderr: list = field(default_factory=list)
    status: int = 0


@dataclass
class World:
    line: int
    flags: list


def begins_comment(steps):
    """A `#` is a comment where no output is being listed: before any, or after an empty line."""
    if not steps or not isinstance(steps[-1], Command):
        return True
    return not steps[-1].stdout or not steps[-1].stdout[-1]


def parse(text):
    """The steps of a transcript; ValueError names the line that is none."""
    steps = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("$ "):
            steps.append(Command(number, line[2:]))
        elif line == "@ world" or line.startswith("@ world "):
            steps.append(World(number, line.split()[2:]))
        elif line.startswith("#") and begins_comment(steps):
            continue
        elif steps and isinstance(steps[-1], Command):
            command = steps[-1]
            if line.startswith("! "):
                command.stderr.append(line[2:])
            elif line.startswith("? "):
                command.status = int(line[2:])
            elif line.startswith("> ") and not command.stdout:
                command.text += "\n" + line[2:]
            else:
                command.stdout.append(line)
        elif line.strip():
            raise ValueError(f"line {number}: {line!r} stands before any command")
    for step in steps:
        if isinstance(step, Command):
            while step.stdout and not step.stdout[-1].strip():
                step.stdout.pop()  # Blank lines before the next command are layout.
    return steps


def sessions_of_page(text):
    """The page's ```console blocks as one transcript, each line at its place; empty when the page does not take part."""
    mark = re.search(r"(?m)^<!-- session( with world)? -->$", text)
    if not mark:
        return ""
    lines, inside = [], False
    world_due = bool(mark.group(1))
    for line in text.splitlines():
        if line.startswith("```"):
            inside = line == "```console"
            lines.append("")
        elif inside:
            lines.append(line)
        elif world_due and line == mark.group(0):
            lines.append("@ world")
        else:
            lines.append("")
    return "\n".join(lines) + "\n"


def pattern(line):
    return re.compile("".join(".*" if part == "[..]" else re.escape(part) for part in re.split(r"(\[\.\.\])", line)))


def matches(expected, got, pattern=pattern):
    """Whether the lines `got` are what `expected` says. The longest `...` is tried last."""
    if not expected:
        return not got
    if expected[0] == "...":
        return any(matches(expected[1:], got[skip:], pattern) for skip in range(len(got) + 1))
    return bool(got) and bool(pattern(expected[0]).fullmatch(got[0])) and matches(expected[1:], got[1:], pattern)
