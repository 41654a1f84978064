"""Shared by the tests of durability: the clients of tests/interop, the seed, and the figures that a run closes with."""

import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "interop")]

import chance  # noqa: E402
from rig import Rig  # noqa: E402
import volume  # noqa: E402

pytest_plugins = ("skip_status",)
ADDRESS = os.environ.get("MUSTER_ADDRESS", "127.0.70.1")


def pytest_configure(config):
    config.figures = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.failed:
        report.sections.append(("again", chance.command(item.fspath)))


def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.write_line(f"seed {chance.SEED}")
    for line in config.figures:
        terminalreporter.write_line(line)


@pytest.fixture()
def say(request):
    """Prints a line of figures at the end of the run, whether the test passes or not."""
    return request.config.figures.append


@pytest.fixture()
def make_rig(tmp_path):
    """Makes a Rig in the test's folder (or another); its service is gone when the test ends, however it does."""
    made = []

    def make(folder=tmp_path, **how):
        made.append(Rig(folder, ADDRESS, **how))
        return made[-1]

    yield make
    for one in made:
        one.abandon()


@pytest.fixture()
def mounts():
    """The test may mount; else it is skipped by name."""
    volume.private_mounts()
