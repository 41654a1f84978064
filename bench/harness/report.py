"""The table that people read, and the file that keeps everything."""

import json
import statistics

PEERS = ("mosquitto", "flashmq")


def median(values):
    return statistics.median(values) if values else 0.0


def shown(value):
    """Three digits that count, and no exponent."""
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(values):
    if not values:
        return "-"
    middle = shown(median(values))
    return middle if len(values) == 1 else f"{middle} ({shown(min(values))}..{shown(max(values))})"


def ratio(row, peer="mosquitto"):
    """The median of the repeats' own ratios: what disturbs the machine for a while disturbs both of a repeat."""
    mine, theirs = row.samples.get("muster", []), row.samples.get(peer, [])
    pairs = [a / b for a, b in zip(mine, theirs) if b > 0]
    return median(pairs) if pairs else None


def goal_text(row):
    if not row.goal:
        return ""
    kind, number = row.goal
    return {"ratio": f"<= {number}x", "max": f"<= {shown(number)}", "min": f">= {shown(number)}"}[kind]


def is_met(row):
    """None where there is no goal, or nothing to compare with."""
    if not row.goal or not row.samples.get("muster"):
        return None
    kind, number = row.goal
    if kind == "ratio":
        reached = ratio(row)
        return None if reached is None else reached <= number
    value = median(row.samples["muster"])
    return value <= number if kind == "max" else value >= number


def table(rows):
    peers = [peer for peer in PEERS if any(peer in row.samples for row in rows)]
    lines = [["", "", "muster", *peers, "ratio", "goal", ""]]
    for row in rows:
        reached, met = ratio(row), is_met(row)
        lines.append([row.figure, f"{row.what}, {row.unit}", spread(row.samples.get("muster")),
                      *(spread(row.samples.get(peer)) for peer in peers), "" if reached is None else f"{reached:.2f}",
                      goal_text(row), {None: "", True: "met", False: "not met"}[met]])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = []
    for i, line in enumerate(lines):
        text.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        if i > 0:
            text += [f"     {note}" for note in wrapped(rows[i - 1].notes)]
    return "\n".join(text)


def wrapped(notes, columns=140):
    """The notes of a row, as many to a line as fit."""
    lines = []
    for note in notes:
        if lines and len(lines[-1]) + len(note) + 2 <= columns:
            lines[-1] += "; " + note
        else:
            lines.append(note)
    return lines


def row_object(row):
    summary = {name: {"median": median(values), "min": min(values), "max": max(values), "samples": values}
               for name, values in row.samples.items() if values}
    ratios = {peer: ratio(row, peer) for peer in PEERS if peer in row.samples}
    return {"figure": row.figure, "what": row.what, "unit": row.unit, "goal": list(row.goal), "met": is_met(row),
            "servers": summary, "ratio_to": ratios, "notes": row.notes}


def write_json(path, bench, machine, remarks):
    document = {
        "machine": machine,
        "configuration": {"sizes": vars(bench.sizes), "server_core": bench.server_core, "load_core": bench.load_core,
                          "muster": "up --bare --shards 1, else the defaults",
                          "mosquitto": (bench.source / "bench" / "mosquitto.conf").read_text(encoding="utf-8")},
        "remarks": remarks,
        "failures": bench.failures,
        "figures": [row_object(row) for row in bench.rows],
        "runs": bench.runs,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
