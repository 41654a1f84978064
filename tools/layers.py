#!/usr/bin/env python3
"""Writes the picture of the layers into ARCHITECTURE.md, from the muster_module calls. `--check` only compares."""

import sys

import modules

BEGIN = "<!-- layers: written by tools/layers.py from src/CMakeLists.txt -->"
END = "<!-- end of layers -->"
WHAT = {
    0: "vocabulary",
    1: "pure: bytes and values",
    2: "effects: the system calls",
    3: "state: what survives a restart",
    4: "meaning: the rules of trust, DPS and IoT Hub",
    5: "faces: bytes to calls, results to bytes",
    6: "composition",
    7: "the binary",
}


def picture(declared):
    """The layers from the top, each with its modules and what they include directly."""
    rows = [("L7", "cli", WHAT[7], ["everything below"])]
    for layer in sorted({module.layer for module in declared}, reverse=True):
        for module in (m for m in declared if m.layer == layer):
            includes = module.deps + [f"({friend})" for friend in module.friends]
            rows.append((f"L{layer}", module.name, WHAT[layer], includes))
    width = max(len(name) for _, name, _, _ in rows)
    lines, before = ["```text"], None
    for layer, name, what, includes in rows:
        if layer != before:
            if before is not None:
                lines.append("")
            lines.append(f"{layer}  {what}")
        before = layer
        lines.append(f"    {name.ljust(width)}  <- {' '.join(includes)}" if includes else f"    {name}")
    return "\n".join(lines + ["```"])


def written(text, declared):
    """`text` with the picture between its two markers."""
    begin, end = text.index(BEGIN), text.index(END)
    return f"{text[:begin]}{BEGIN}\n{picture(declared)}\n{text[end:]}"


def main(arguments):
    path = modules.ROOT / "ARCHITECTURE.md"
    text = path.read_text()
    if BEGIN not in text or END not in text:
        print(f"ARCHITECTURE.md:1: the markers of the layer picture are gone; put back {BEGIN} and {END}")
        return 1
    wanted = written(text, modules.declared_modules())
    if "--check" in arguments:
        if wanted == text:
            return 0
        line = text.count("\n", 0, text.index(BEGIN)) + 1
        print(f"ARCHITECTURE.md:{line}: the layer picture is not that of src/CMakeLists.txt; run tools/layers.py")
        return 1
    path.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
