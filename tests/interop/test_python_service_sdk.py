"""The official Python service SDK against the hub's HTTPS API, with the connection string that an operator is shown.

Each test of clients/python_service_sdk.py is one here; all of them run in one process under `muster run`, since the SDK
knows the hub by its Azure name only.
"""

import pathlib
import re
import subprocess
import sys

import pytest

from service_rest import hub_connection_string
from world import BINARY, clean_environment

SESSION = pathlib.Path(__file__).parent / "clients" / "python_service_sdk.py"
TESTS = re.findall(r"(?m)^def (test_\w+)", SESSION.read_text())


@pytest.fixture(scope="module")
def session(world):
    done = subprocess.run(
        [BINARY, "run", "--data", world.data, "--", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rA",
         "--rootdir", SESSION.parent, SESSION],
        capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
        env=clean_environment() | {"HUB_CONNECTION_STRING": hub_connection_string(world)},
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", TESTS)
def test_service_sdk(session, name):
    if not re.search(rf"(?m)^PASSED \S+::{name}$", session):
        said = re.search(rf"(?ms)^_+ {name} _+$.*?(?=^[_=]{{3,}} )", session)
        pytest.fail(said.group() if said else session, pytrace=False)
