"""One seed for a whole run: the commit's, unless MUSTER_SEED says another. A failure prints the command with it."""

import os
import pathlib
import random
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
LONG = os.environ.get("MUSTER_CHECK") == "long"


def _seed():
    given = os.environ.get("MUSTER_SEED")
    if given:
        return given
    done = subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "no-commit"


SEED = _seed()


def chance(name):
    """A generator of random numbers of its own for each use, so that one test's draws do not move another's."""
    return random.Random(f"{SEED}/{name}")


def number(name, normal, long):
    """How often, or how much: by MUSTER_CHECK, unless the environment says so itself."""
    return type(normal)(os.environ.get(name) or (long if LONG else normal))


def command(file):
    """What repeats a test file with this run's seed and numbers."""
    words = [f"{name}={value}" for name, value in sorted(os.environ.items())
             if name.startswith("MUSTER_") and name not in ("MUSTER_SEED", "MUSTER_DATA")]
    return " ".join([f"MUSTER_SEED={SEED}", *words, f"build/venv/bin/python -m pytest -q {os.path.relpath(file, ROOT)}"])
