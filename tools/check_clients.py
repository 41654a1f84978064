#!/usr/bin/env python3
"""Keeps the table of clients under test (packages/clients.json), the lock files and the documents of one mind.

The table in docs/explanation/compatibility.md is written from it by `--fix`.
"""

import json
import re
import sys

import modules

TABLE = "packages/clients.json"
LOCK = "packages/python-requirements.txt"
NODE_LOCK = "packages/node/package-lock.json"
PAGE = "docs/explanation/compatibility.md"
BEGIN = "<!-- clients: written by tools/check_clients.py from packages/clients.json -->"
END = "<!-- end of clients -->"


def table(clients):
    rows = ["| client | version | what is tested |", "|---|---|---|"]
    rows += [f"| {client['name']} | {client['version']} | {client['what']} |" for client in clients]
    return "\n".join(rows)


def locked_versions(root):
    """{registry: (lock file, {package: version})}."""
    node = json.loads((root / NODE_LOCK).read_text())["packages"]
    return {
        "pypi": (LOCK, dict(re.findall(r"(?m)^([\w.-]+)==(\S+)$", (root / LOCK).read_text()))),
        "npm": (NODE_LOCK, {path.removeprefix("node_modules/"): one.get("version") for path, one in node.items()}),
    }


def check(root=modules.ROOT):
    clients = json.loads((root / TABLE).read_text())["clients"]
    locks, findings = locked_versions(root), []
    for client in clients:
        lock, locked = locks.get(client["from"], (None, {}))
        if lock and locked.get(client["package"]) != client["version"]:
            findings.append((TABLE, 1, f"{client['package']} is {client['version']} here and "
                             f"{locked.get(client['package'], 'missing')} in {lock}", "make them one version"))
        for test in client["tests"]:
            if not (root / test).exists():
                findings.append((TABLE, 1, f"{client['name']} names {test}, which is not there", "mend the name"))
    page = (root / PAGE).read_text()
    if f"{BEGIN}\n{table(clients)}\n{END}" not in page:
        findings.append((PAGE, 1, f"its table of clients is not that of {TABLE}", "run tools/check_clients.py --fix"))
    return findings


def fix(root=modules.ROOT):
    page = (root / PAGE).read_text()
    clients = json.loads((root / TABLE).read_text())["clients"]
    begin, end = page.index(BEGIN), page.index(END)
    (root / PAGE).write_text(f"{page[:begin]}{BEGIN}\n{table(clients)}\n{page[end:]}")


if __name__ == "__main__":
    if "--fix" in sys.argv:
        fix()
    sys.exit(modules.report(check(), "check_clients"))
