#!/usr/bin/env python3
"""Refuses an #include that the architecture does not allow.

Two rules. A module may include itself and what its muster_module() call in src/CMakeLists.txt names. And a third-party
header may be seen only where the table below says: CMake cannot enforce that, since system headers are always visible.
"""

import re
import sys

import modules

EVERYWHERE = ("",)
PROTOCOL = ("protocol/",)
# header prefix -> (where it may be included: prefixes of paths below src/, may it stand in a header there?)
THIRD_PARTY = {
    "openssl/": (("base/", "pki/", "net/", "protocol/hub/"), True),
    "nlohmann/": (("protocol/", "world/", "simulator/", "server/", "cli/", "registry/tag_index.cpp"), True),
    "boost/beast": (("net/", "gateway/rest/", "webhook/", "cli/"), True),
    "boost/": (
        ("base/", "net/", "registry/", "provisioning/", "hub/", "gateway/", "webhook/", "client/", "simulator/", "server/", "cli/"),
        True,
    ),
    "sqlite3.h": (("registry/sqlite/",), True),
    "CLI/": (("cli/",), True),
    "spdlog/": (("base/log.cpp",), False),
    "zlib.h": (("eventlog/",), False),
    "tl/": ((), False),  # only include/muster/result.hpp, which is not below src/
    "fmt/": (EVERYWHERE, True),
    "sys/socket.h": (("net/", "server/", "cli/", "client/"), True),
    "netinet/": (("net/", "server/", "cli/", "client/"), True),
    "arpa/": (("net/", "server/", "cli/", "client/"), True),
    "gtest/": ((), False),
    "gmock/": ((), False),
    "benchmark/": ((), False),
}
# Beside what its module may include, a test may see these.
TEST_MAY = ("gtest/", "gmock/", "nlohmann/", "boost/", "openssl/")
# Meaning knows no third party: these modules' headers must not name one (base/task.hpp is their view of Asio).
PURE_HEADERS = ("model/", "trust/", "provisioning/", "hub/", "journal/")
# The shared vocabulary in include/muster; every other header there is the device client's.
VOCABULARY = ("muster/error.hpp", "muster/ids.hpp", "muster/result.hpp")

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


def is_test(path):
    return "tests" in path.parts[:-1] or path.parts[0] in ("tests", "bench", "examples")


def third_party_problem(inner, header, path):
    """Why `header` may not be included by src/`inner`, or None."""
    prefix = max((p for p in THIRD_PARTY if header.startswith(p)), key=len, default=None)
    if prefix is None:
        return None
    if is_test(path) and header.startswith(TEST_MAY):
        return None
    where, in_headers = THIRD_PARTY[prefix]
    if not any(inner.startswith(place) for place in where):
        places = ", ".join(f"src/{place}" for place in where) or "tests"
        return f"<{header}> belongs in {places} alone"
    if path.suffix == ".hpp" and not is_test(path) and not in_headers:
        return f"<{header}> belongs in .cpp files, not in a header"
    if path.suffix == ".hpp" and not is_test(path) and inner.startswith(PURE_HEADERS) and prefix != "fmt/":
        return f"<{header}> may not stand in a header of {inner.split('/')[0]}/: it knows no third party"
    return None


def owner_of(header, names):
    """The module that a quoted header belongs to; None when that cannot be told (a header beside the file)."""
    if header in VOCABULARY:
        return "base"
    if header.startswith("muster/"):
        return "client"
    return modules.module_of(header, names)


def check_file(root, path, by_name):
    text = (root / path).read_text()
    code = modules.blank_comments_and_strings(text, keep_strings=True)
    if path.parts[0] != "src":
        return []
    inner = path.relative_to("src").as_posix()
    name = modules.module_of(inner, by_name)
    findings = []
    for match in INCLUDE.finditer(code):
        line = code.count("\n", 0, match.start(2)) + 1
        kind, header = match.groups()
        if kind == "<":
            problem = third_party_problem(inner, header, path)
            if problem:
                findings.append((path, line, problem, "move the code that needs it, or change the table in this script"))
            continue
        owner = owner_of(header, by_name)
        if owner is None or name is None or owner in by_name[name].may_include():
            continue
        if is_test(path) and by_name[owner].layer < by_name[name].layer:
            continue
        findings.append(
            (path, line, f"{name} includes {header}, but may not depend on {owner}",
             f"move the code, or list {owner} in the muster_module call of {name} if the layers allow it")
        )
    return findings


def check(root=modules.ROOT):
    by_name = {module.name: module for module in modules.declared_modules(root)}
    findings = []
    for path in modules.source_files(root):
        findings += check_file(root, path, by_name)
    return findings


if __name__ == "__main__":
    sys.exit(modules.report(check(), "check_includes"))
