"""What the tests of hostile peers measure: shown, and written as JSON where HOSTILE_FIGURES names a file."""

import json
import os
import sys

EXTENT = os.environ.get("MUSTER_CHECK", "normal")
LONG = EXTENT == "long"


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


class Figures:
    def __init__(self):
        self.rows = {}

    def note(self, **row):
        name = row.pop("name")
        self.rows[name] = row
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in row.items()), file=sys.__stdout__, flush=True)

    def show(self):
        path = os.environ.get("HOSTILE_FIGURES")
        if path:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps({"extent": EXTENT, "figures": self.rows}) + "\n")
