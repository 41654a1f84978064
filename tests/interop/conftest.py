"""Shared by the interop tests. They run the built binary and real clients; nothing here knows muster's sources."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from world import World

SKIPPED = 77  # What ctest takes for "skipped" (tests/CMakeLists.txt).
LONG = os.environ.get("MUSTER_CHECK") == "long"


def pytest_configure(config):
    config.outcomes = {"passed": 0, "failed": 0, "skipped": 0}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.when == "call" or report.outcome != "passed":
        item.config.outcomes[report.outcome] += 1


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    seen = session.config.outcomes
    # Nothing ran and nothing failed: say so by the status, so that the closing line counts it as skipped and not as passed.
    if seen["skipped"] and not seen["passed"] and not seen["failed"]:
        session.exitstatus = SKIPPED


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A running world of the tutorial, one for all tests of a file."""
    one = World(tmp_path_factory.mktemp("interop"))
    one.up()
    yield one
    one.down()


@pytest.fixture()
def fresh_world(tmp_path):
    """A running world for this test alone; it may be killed and started again."""
    one = World(tmp_path)
    one.up()
    yield one
    one.down()
