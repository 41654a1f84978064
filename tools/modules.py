"""The modules of muster as src/CMakeLists.txt declares them: the one place that says what may include what."""

import pathlib
import re
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclass
class Module:
    name: str  # as in the folder: "protocol/mqtt"
    layer: int
    deps: list = field(default_factory=list)
    friends: list = field(default_factory=list)
    asio: bool = False

    def may_include(self):
        return {self.name, *self.deps, *self.friends}


def parse_modules(text):
    """The modules in the order of their muster_module(...) calls in `text`."""
    text = re.sub(r"#[^\n]*", "", text)
    modules = []
    for arguments in re.findall(r"\bmuster_module\s*\(([^)]*)\)", text):
        found, key = {}, None
        for word in arguments.split():
            if re.fullmatch(r"[A-Z]{3,}", word):  # a keyword, one of which this script need know nothing
                key = word
                found[key] = []
            elif key is None:
                raise ValueError(f"muster_module({arguments}): {word} stands before any keyword")
            else:
                found[key].append(word)
        modules.append(
            Module(found["NAME"][0], int(found["LAYER"][0]), found.get("DEPS", []), found.get("FRIENDS", []),
                   "ASIO" in found)
        )
    return modules


def declared_modules(root=ROOT):
    return parse_modules((root / "src" / "CMakeLists.txt").read_text())


def module_of(path, names):
    """The module that `path` (relative to src/) lies in: the longest name that is a folder above it; None for none."""
    folders = [str(parent) for parent in pathlib.PurePosixPath(path).parents]
    return max((name for name in names if name in folders), key=len, default=None)


def source_files(root, patterns=("*.cpp", "*.hpp")):
    """C++ files under src/, include/, tests/, bench/ and examples/, as paths relative to `root`, sorted."""
    files = []
    for top in ("src", "include", "tests", "bench", "examples"):
        for pattern in patterns:
            files += [path.relative_to(root) for path in (root / top).rglob(pattern)]
    return sorted(files)


def blank_comments_and_strings(text, keep_strings=False):
    """`text` with comments (and string and character literals) replaced by spaces; line numbers stay."""
    pattern = re.compile(
        r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<raw>R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)")"""
        r"""|(?P<string>"(?:\\.|[^"\\\n])*")|(?<![0-9a-zA-Z_])(?P<char>'(?:\\.|[^'\\\n])+')""",
        re.DOTALL,
    )

    def blank(match):
        if keep_strings and not match.group("comment"):
            return match.group(0)
        return re.sub(r"[^\n]", " ", match.group(0))

    return pattern.sub(blank, text)


def report(findings, name):
    """Prints each (path, line, what, do) as one line; returns the exit status."""
    for path, line, what, do in findings:
        print(f"{path}:{line}: {what}; {do}")
    if findings:
        print(f"{name}: {len(findings)} found")
    return 1 if findings else 0
