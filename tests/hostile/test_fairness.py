"""One noisy device among quiet ones: it sends as fast as it is acknowledged, and the quiet ones' acknowledgements are measured."""

import base64
import time

import pytest

from figures import LONG
from hostile_world import client_of, running
from noisy import Noisy
from service_rest import raw_token
from steady import Steady
from world import HUB_HOST

QUIET = 1000 if LONG else 100
RATE = 200       # Messages a second of all quiet devices together.
SECONDS = 20 if LONG else 6
KEY = base64.b64encode(b"k" * 32).decode()


def quiet_devices(world):
    """Devices with a key each, created in one call where the service has one; they connect with a token."""
    clients = []
    for index in range(QUIET):
        name = f"quiet-{index}"
        world.run_cli("hub", "device-identity", "create", "-d", name, "--primary-key", KEY, "--secondary-key", KEY)
        token = raw_token(f"{HUB_HOST}/devices/{name}", "", KEY).rpartition("&skn=")[0]
        clients.append({"device": name, "password": token})
    return clients


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with running(tmp_path_factory.mktemp("fairness"), devices=("noisy",)) as one:
        yield one


def test_quiet_devices_beside_a_noisy_one(world, tmp_path, figures):
    quiet = Steady(tmp_path, world, quiet_devices(world), RATE).settle(200)
    began = time.monotonic()
    time.sleep(SECONDS)
    noisy = Noisy(tmp_path, world, client_of(world, "noisy"))
    loud = time.monotonic()
    time.sleep(SECONDS)
    ended = time.monotonic()
    sent = noisy.stop()
    before, during = quiet.over(began, loud), quiet.over(loud, ended)
    quiet.stop()
    figures.note(name=f"one noisy among {QUIET} quiet devices", noisy_messages_per_s=round(sent / (ended - loud)),
                 quiet_p50_ms_before=before["p50"], quiet_p50_ms_during=during["p50"], quiet_p99_ms_before=before["p99"],
                 quiet_p99_ms_during=during["p99"], ratio_p99=round(during["p99"] / before["p99"], 2))
    assert sent > 1000 and during["count"] > 0.8 * RATE * SECONDS, "the quiet ones were served throughout"
