"""Shared by the interop tests. They run the built binary and real clients; nothing here knows muster's sources."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from world import World

pytest_plugins = ("skip_status",)
LONG = os.environ.get("MUSTER_CHECK") == "long"


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
