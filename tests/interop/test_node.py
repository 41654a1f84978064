"""The official Node SDKs, device and service, unmodified, under `muster run`."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from dps_service_client import GROUP, INDIVIDUAL, DpsServiceClient, derived_key
from service_rest import dps_connection_string, hub_connection_string
from world import BINARY, DEVICE, DPS_HOST, HUB_HOST, ID_SCOPE, clean_environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = ROOT / "build" / "node" / "node_modules"
CLIENTS = pathlib.Path(__file__).parent / "clients"
# The wheel puts its node beside the interpreter; Debian's would do.
NODE = shutil.which("node", path=os.pathsep.join((str(pathlib.Path(sys.executable).parent), os.environ["PATH"])))
KEY = base64.b64encode(b"k" * 64).decode()
OTHER_KEY = base64.b64encode(b"o" * 64).decode()
KEYS = {"type": "symmetricKey", "symmetricKey": {"primaryKey": KEY, "secondaryKey": OTHER_KEY}}
SENT = 3

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="node is not installed"),
    pytest.mark.skipif(not MODULES.is_dir(), reason="build/node is not there: ./check installs it"),
]


def command(world, script, *words):
    return [BINARY, "run", "--data", world.data, "--", NODE, CLIENTS / script, *words]


def environment(**more):
    return clean_environment() | {"NODE_PATH": str(MODULES)} | more


class NodeDevice:
    """clients/node_device.js while it runs; what it says is read value by value."""

    def __init__(self, world, *words):
        self.process = subprocess.Popen(command(world, "node_device.js", *words), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(timeout=60) == 0, self.process.stderr.read()

    def heard(self):
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return json.loads(line)

    def lives(self):
        """Telemetry, then the twin as it was read; the device has reported and listens afterwards."""
        assert [self.heard() for _ in range(SENT)] == ["sent"] * SENT
        twin = self.heard()
        assert self.heard() == twin["desired"], "the listener is given what is there"
        assert self.heard() is None
        return twin


def follow_twin(world, device, name):
    """From both ends: what was reported is seen, and each change of the desired properties arrives."""
    version = device.lives()["desired"]["$version"]
    assert world.json("hub", "device-twin", "show", "-d", name)["properties"]["reported"]["battery"] == {"level": 90}
    world.json("hub", "device-twin", "update", "-d", name, "--desired", '{"interval": 7}')
    # The SDK merges a patch into what it holds, and hands over the whole.
    assert device.heard() == {"interval": 7, "$version": version + 1}
    events = [event["event"] for event in world.events() if event["event"]["origin"] == name]
    assert [event["payload"]["number"] for event in events[-SENT:]] == [1, 2, 3]
    assert events[-1]["properties"]["application"] == {"from": "node"}


def test_certificate(world):
    with NodeDevice(world, "x509", DPS_HOST, ID_SCOPE, DEVICE, world.cert.with_name("device-full-chain.pem"),
                    world.key) as device:
        assert device.heard() == {"registrationId": DEVICE, "assignedHub": HUB_HOST, "deviceId": DEVICE, "status": "assigned",
                                  "substatus": "initialAssignment"}
        follow_twin(world, device, DEVICE)


@pytest.fixture()
def dps(world):
    client = DpsServiceClient(world, dps_connection_string(world), "node")
    yield client
    client.close()


def test_individual_key(world, dps):
    body = {"registrationId": "node-key", "deviceId": "node-named", "attestation": KEYS}
    assert dps.put(INDIVIDUAL, "node-key", body).status == 200
    with NodeDevice(world, "key", DPS_HOST, ID_SCOPE, "node-key", KEY) as device:
        registered = device.heard()
        assert (registered["deviceId"], registered["status"]) == ("node-named", "assigned")
        follow_twin(world, device, "node-named")


def test_derived_key(world, dps):
    assert dps.put(GROUP, "node-group", {"enrollmentGroupId": "node-group", "attestation": KEYS}).status == 200
    with NodeDevice(world, "key", DPS_HOST, ID_SCOPE, "node-derived", derived_key(OTHER_KEY, "node-derived")) as device:
        assert device.heard()["deviceId"] == "node-derived"
        follow_twin(world, device, "node-derived")


def test_connection_string_of_a_device(world):
    keys = world.json("hub", "device-identity", "create", "-d", "node-direct")["authentication"]["symmetricKey"]
    text = f"HostName={HUB_HOST};DeviceId=node-direct;SharedAccessKey={keys['secondaryKey']}"
    with NodeDevice(world, "connect", text) as device:
        follow_twin(world, device, "node-direct")


def test_service_sdk(world):
    done = subprocess.run(command(world, "node_service.js"), capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, env=environment(HUB_CONNECTION_STRING=hub_connection_string(world)))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split() == [word for name in ("device", "thumbprints", "bulk", "statistics", "twins", "modules",
                                                     "query", "removal") for word in ("ok", name)]
