"""The official Python device SDK, unmodified, in the tutorial's shape."""

import pathlib
import subprocess
import sys

from world import BINARY, DEVICE, GROUP, HUB_HOST, clean_environment

SIMULATOR = pathlib.Path(__file__).parent / "clients" / "device_simulator.py"
COUNT = 10


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=clean_environment(),
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def numbers_stored(world):
    return [event["event"]["payload"]["number"] for event in world.events() if event["event"]["origin"] == DEVICE]


def test_under_muster_run(world):
    """The program names real Azure hosts and has no CA option: names and trust are muster run's."""
    before = len(numbers_stored(world))
    lines = run([BINARY, "run", "--data", world.data, "--", sys.executable, SIMULATOR,
                 world.data / "device" / "config.json", str(COUNT)])
    assert lines[:5] == ["status assigned", f"hub {HUB_HOST}", f"device {DEVICE}", lines[3], "connected"]
    assert lines[3].startswith("substatus ") and lines[3] != "substatus None"
    assert lines[5:] == [f"sent {number}" for number in range(1, COUNT + 1)]
    assert numbers_stored(world)[before:] == list(range(1, COUNT + 1))


def test_over_the_address(world):
    """Reached by an address, the service answers with that address, and its certificate names it."""
    before = len(numbers_stored(world))
    lines = run([sys.executable, SIMULATOR, world.data / "device" / "config.json", str(COUNT),
                 "--provisioning-host", world.address, "--server-ca", world.ca])
    assert lines[1] == f"hub {world.address}"
    assert numbers_stored(world)[before:] == list(range(1, COUNT + 1))


def test_what_the_operator_sees(world):
    devices = world.json("hub", "device-identity", "list")
    device = next(one for one in devices if one["deviceId"] == DEVICE)
    assert device["status"] == "enabled"
    registrations = world.json("dps", "enrollment-group", "registration", "list", "--enrollment-id", GROUP)
    registration = next(one for one in registrations if one["registrationId"] == DEVICE)
    assert (registration["status"], registration["assignedHub"]) == ("assigned", HUB_HOST)
    table = world.run_cli("hub", "device-identity", "list", "-o", "table").stdout.splitlines()
    assert table[0].split()[:3] == ["DeviceID", "Auth", "Status"]
    assert any(line.split()[:3] == [DEVICE, "certificateAuthority", "enabled"] for line in table)


def test_registering_again_gives_the_same_device(world):
    lines = run([sys.executable, SIMULATOR, world.data / "device" / "config.json", "1",
                 "--provisioning-host", world.address, "--server-ca", world.ca])
    assert lines[2] == f"device {DEVICE}"
    registrations = world.json("dps", "enrollment-group", "registration", "list", "--enrollment-id", GROUP)
    assert [one["registrationId"] for one in registrations].count(DEVICE) == 1
