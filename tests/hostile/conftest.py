"""Shared by the tests of hostile peers: they use the worlds and the packets of the interop tests."""

import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "interop")]

from figures import Figures  # noqa: E402


@pytest.fixture(scope="session")
def figures():
    """What was measured; shown at the end of the run, and never a reason to fail it."""
    collected = Figures()
    yield collected
    collected.show()
