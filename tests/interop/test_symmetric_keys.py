"""The official Python device SDK with symmetric keys: enrolled alone, by a group's key, and made at the hub."""

import base64
import json
import pathlib
import subprocess
import sys
import time

import pytest

from dps_service_client import GROUP, INDIVIDUAL, DpsServiceClient, derived_key
from service_rest import dps_connection_string
from world import ADDRESS, HUB_HOST, ID_SCOPE, World, clean_environment

DEVICE_PROGRAM = pathlib.Path(__file__).parent / "clients" / "key_device.py"
KEY = base64.b64encode(b"k" * 64).decode()
OTHER_KEY = base64.b64encode(b"o" * 64).decode()
KEYS = {"type": "symmetricKey", "symmetricKey": {"primaryKey": KEY, "secondaryKey": OTHER_KEY}}
TOKEN_LIFE_S = 6


def command(world, *words):
    return [sys.executable, DEVICE_PROGRAM, *words, "--server-ca", world.ca]


def run(world, *words, status=0):
    """What the device said, value by value."""
    done = subprocess.run(command(world, *words), capture_output=True, text=True, timeout=120, env=clean_environment(),
                          stdin=subprocess.DEVNULL)
    assert done.returncode == status, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def provision(world, name, key):
    registered, *lived = run(world, "provision", world.address, ID_SCOPE, name, key)
    assert (registered["status"], registered["hub"]) == ("assigned", world.address)
    assert lived[:2] == ["connected", "sent"]
    return registered["device"], lived[2]


@pytest.fixture(scope="module")
def dps(world):
    client = DpsServiceClient(world, dps_connection_string(world))
    yield client
    client.close()


def test_individual_enrollment(world, dps):
    twin = {"tags": {"room": 4}, "properties": {"desired": {"interval": 5}}}
    body = {"registrationId": "key-1", "deviceId": "key-named", "attestation": KEYS, "initialTwin": twin}
    assert dps.put(INDIVIDUAL, "key-1", body).status == 200
    for key in (KEY, OTHER_KEY):
        device, seen = provision(world, "key-1", key)
        assert (device, seen["desired"]["interval"]) == ("key-named", 5)
    identity = world.json("hub", "device-identity", "show", "-d", "key-named")
    assert identity["authentication"]["symmetricKey"] == KEYS["symmetricKey"]
    assert world.json("hub", "device-twin", "show", "-d", "key-named")["tags"] == {"room": 4}
    state = dps.get(INDIVIDUAL, "key-1").json["registrationState"]
    assert (state["status"], state["deviceId"], state["assignedHub"]) == ("assigned", "key-named", HUB_HOST)


def test_keys_that_the_service_makes(world, dps):
    body = {"registrationId": "key-made", "attestation": {"type": "symmetricKey", "symmetricKey": {}}}
    assert "symmetricKey" not in dps.put(INDIVIDUAL, "key-made", body).json["attestation"]
    keys = dps.attestation_mechanism(INDIVIDUAL, "key-made").json["symmetricKey"]
    assert provision(world, "key-made", keys["secondaryKey"])[0] == "key-made"


def test_enrollment_group(world, dps):
    assert dps.put(GROUP, "key-group", {"enrollmentGroupId": "key-group", "attestation": KEYS}).status == 200
    for name, key in (("key-2", KEY), ("key-3", OTHER_KEY)):
        assert provision(world, name, derived_key(key, name))[0] == name
    listed = dps.query_registrations("key-group").json
    assert sorted(one["registrationId"] for one in listed) == ["key-2", "key-3"]


@pytest.mark.parametrize("key", [derived_key(KEY, "key-1"), base64.b64encode(b"x" * 64).decode()], ids=["derived", "unknown"])
def test_a_wrong_key(world, dps, key):
    body = {"registrationId": "key-wrong", "attestation": KEYS}
    assert dps.put(INDIVIDUAL, "key-wrong", body).status == 200
    done = subprocess.run(command(world, "provision", world.address, ID_SCOPE, "key-wrong", key), capture_output=True,
                          text=True, timeout=120, env=clean_environment(), stdin=subprocess.DEVNULL)
    assert done.returncode != 0 and "assigned" not in done.stdout
    assert dps.get_registration("key-wrong").status == 404
    dps.delete(INDIVIDUAL, "key-wrong")


def test_a_device_made_at_the_hub(world):
    keys = world.json("hub", "device-identity", "create", "-d", "key-direct")["authentication"]["symmetricKey"]
    for key in keys.values():
        said = run(world, "connect", f"HostName={world.address};DeviceId=key-direct;SharedAccessKey={key}")
        assert said[:2] == ["connected", "sent"] and said[2]["desired"] == {"$version": 1}
    rotated = world.json("hub", "device-identity", "update", "-d", "key-direct", "--primary-key", KEY, "--secondary-key",
                         keys["secondaryKey"])
    assert rotated["authentication"]["symmetricKey"]["primaryKey"] == KEY
    run(world, "connect", f"HostName={world.address};DeviceId=key-direct;SharedAccessKey={KEY}")
    run(world, "connect", f"HostName={world.address};DeviceId=key-direct;SharedAccessKey={keys['primaryKey']}", status=1)


def test_an_expired_token_ends_the_connection(tmp_path):
    # Beside the other tests' world, which has the first address.
    world = World(tmp_path, ADDRESS.rpartition(".")[0] + ".9", settings=["sas.clock_skew_s=0"])
    world.up()
    try:
        key = world.json("hub", "device-identity", "create", "-d", "brief")["authentication"]["symmetricKey"]["primaryKey"]
        with subprocess.Popen(command(world, "token", world.address, "brief", key, str(TOKEN_LIFE_S), "--keep"), text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_environment()) as device:
            expiry, *said = [json.loads(device.stdout.readline()) for _ in range(5)]
            assert (said[:2], said[3]) == (["connected", "sent"], "disconnected")
            assert time.time() >= expiry
            device.stdin.close()
        identity = world.json("hub", "device-identity", "show", "-d", "brief")
        assert (identity["connectionState"], identity["status"]) == ("Disconnected", "enabled")
    finally:
        world.down()
