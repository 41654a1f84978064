"""The official Python device SDK, unmodified, in the tutorial's shape."""

import json
import pathlib
import subprocess
import sys

from world import BINARY, DEVICE, GROUP, HUB_HOST, clean_environment

SIMULATOR = pathlib.Path(__file__).parent / "clients" / "device_simulator.py"
TWIN_DEVICE = SIMULATOR.with_name("twin_device.py")
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


def test_a_twin_from_both_ends(world):
    """get_twin, patch_twin_reported_properties and on_twin_desired_properties_patch_received against the operator's CLI."""
    run([sys.executable, SIMULATOR, world.data / "device" / "config.json", "1",
         "--provisioning-host", world.address, "--server-ca", world.ca])
    world.json("hub", "device-twin", "update", "-d", DEVICE, "--desired", '{"interval": 5, "mode": "eco"}',
               "--tags", '{"room": 4}')
    device = subprocess.Popen(
        [sys.executable, TWIN_DEVICE, world.data / "device" / "config.json", world.address, "--server-ca", world.ca],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment())

    def heard():
        return json.loads(device.stdout.readline())

    try:
        twin = heard()
        assert twin["desired"] == {"interval": 5, "mode": "eco", "$version": 2}
        assert twin["reported"] == {"$version": 1}
        assert heard() is None
        shown = world.json("hub", "device-twin", "show", "-d", DEVICE)
        reported = shown["properties"]["reported"]
        assert (reported["battery"], "cells" in reported, reported["$version"]) == ({"level": 90}, False, 3)
        assert shown["tags"] == {"room": 4}

        world.json("hub", "device-twin", "update", "-d", DEVICE, "--desired", '{"interval": 7, "mode": null}')
        assert heard() == {"interval": 7, "mode": None, "$version": 3}
        changed = world.json("hub", "device-twin", "replace", "-d", DEVICE, "--json", '{"properties": {"desired": {"a": 1}}}')
        assert heard() == {"a": 1, "interval": None, "$version": 4}
        assert (changed["tags"], changed["properties"]["reported"]["battery"]) == ({}, {"level": 90})
        stale = world.run_cli("hub", "device-twin", "update", "-d", DEVICE, "--tags", '{"x": 1}', "--etag", shown["etag"],
                              check=False)
        assert stale.returncode == 5 and "MU-4004" in stale.stderr
    finally:
        device.stdin.close()
        assert device.wait(timeout=30) == 0
