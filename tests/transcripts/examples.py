"""The examples of the help pages: which there are, what each shows, and which step of the session is which.

The session is examples/session.txt, a transcript (transcript.py) with two lines of its own:

    @ not run muster up: it serves until it is stopped
    @ new examples

The first names a command whose examples cannot be run, with the reason. At the second run those examples that the session
does not have, in the order of the reference, so that a new command is tested without anything being written here. What an
example prints is what its help page shows; when that shows nothing, the session has to: `run_examples.py --record`.
"""

import re
from dataclasses import dataclass, field

import transcript

HEADINGS = {"EXAMPLES", "FLAGS", "GLOBAL FLAGS", "REST"}
NOT_RUN = "@ not run "
NEW_EXAMPLES = "@ new examples"
# What differs from one world, or one run, to the next; in what help shows it stands for its like.
VARIES = re.compile(
    r"\[\.\.\]"
    r"|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?"
    r"|[0-9A-F]{2}(?::[0-9A-F]{2}){15,}"  # A key identifier,
    r"|\b(?=[0-9A-F]*\d)[0-9A-F]{32,}\b"  # a thumbprint, serial number or verification code,
    r"|(?<=SharedAccessKey=)[A-Za-z0-9+/]{20,}=*"
    r"|(?<=Key\": \")[A-Za-z0-9+/]{20,}=*"
    r"|[A-Za-z0-9+/]{60,}=*"  # a certificate,
    r"|(?<=tag\": ).+?(?=,?$)"
    r"|(?<=generationId\": \")\w+"
    r"|\b[0-9A-F]{4}\.\.\.$"  # a thumbprint that help cuts short,
    r"|\b127\.\d+\.\d+\.\d+\b"
    r"|(?<![\d.])\d+\.\d+(?![\d.])"  # a temperature.
)


@dataclass
class Example:
    """A command line of a help page, and what the page says that it prints."""

    command: str  # Of the page: "muster dps list".
    text: str
    shown: list = field(default_factory=list)


def of_reference(page):
    """All examples of `muster reference cli`, by command; a command without one has an empty list."""
    found = {}
    command, inside = None, False
    for line in page.splitlines():
        if line.startswith("## muster "):
            command, inside = line[3:], False
            found[command] = []
        elif command and line in HEADINGS or line == "```":
            inside = line == "EXAMPLES"
        elif inside and line.startswith("  $ "):
            found[command].append(Example(command, line[4:]))
        elif inside and found[command]:
            found[command][-1].shown.append(line[2:])
    for examples in found.values():
        for example in examples:
            while example.shown and not example.shown[-1].strip():
                example.shown.pop()
    return found


@dataclass
class Session:
    before: list  # Steps before and after `@ new examples`.
    after: list
    not_run: dict  # Command to reason.


def parse_session(text):
    """ValueError when a line is not what a session may hold."""
    halves, not_run = [[], []], {}
    half = 0
    for line in text.splitlines():
        kept = ""
        if line == NEW_EXAMPLES:
            half = 1
        elif line.startswith(NOT_RUN):
            command, colon, reason = line[len(NOT_RUN):].partition(": ")
            if not colon or not reason.strip():
                raise ValueError(f"{line!r} gives no reason")
            not_run[command] = reason
        else:
            kept = line
        # A blank line in the other half keeps each line at its number.
        halves[half].append(kept)
        halves[1 - half].append("")
    if half == 0:
        raise ValueError(f"there is no line {NEW_EXAMPLES!r}")
    return Session(transcript.parse("\n".join(halves[0])), transcript.parse("\n".join(halves[1])), not_run)


def faults(by_command, session):
    """What is wrong before anything is run."""
    wrong = [f"{command}: its help has no example" for command, examples in by_command.items()
             if not examples and not command.startswith("muster reference")]
    wrong += [f"`{NOT_RUN}{command}` names no command that has examples" for command in session.not_run
              if not by_command.get(command)]
    return wrong


def new_ones(by_command, session):
    """The examples that the session does not have and may not leave out."""
    known = {step.text for step in session.before + session.after if isinstance(step, transcript.Command)}
    return [example for command, examples in by_command.items() if command not in session.not_run
            for example in examples if example.text not in known]


def shown_pattern(line):
    """A line that help shows: what varies is any text, and columns may be wider or narrower."""
    text = ".+?".join(re.escape(part) for part in VARIES.split(line))
    text = re.sub(r"(?:\\ )+", " +", text)
    return re.compile(re.sub(r"(?:\\-){4,}", "-+", text))


def agrees(shown, out, err):
    """Whether the lines that help shows are what was printed: on standard output, or on a terminal, which has both."""
    return any(transcript.matches(shown, lines, shown_pattern) for lines in (out, out + err))


def recorded(line):
    """A line that was printed as a transcript has it."""
    return VARIES.sub("[..]", line)
