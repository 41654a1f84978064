"""R8: the wall clock jumps while devices are connected. No hang, nobody is cut off, and enqueued time never goes back in a partition.

The service alone sees another time (shim.c); what the kernel measures by, and every other process, goes on as it was.
"""

import time

import pytest

import chance
import raw_mqtt
import shim as broken
from rig import verify_files
from world import HUB_HOST

HOUR, YEAR = 3600, 365 * 86400
JUMPS = (("an hour ahead", HOUR), ("an hour back", -HOUR), ("a year ahead", YEAR), ("a year back", -YEAR), ("to the true time", 0))
# Retention looks once a minute, by the wall clock: a year ahead it deletes what is there, so what was read is compared as it comes.
HOLD_S = chance.number("MUSTER_JUMP_S", 0.3, 70.0)
SERVED_S = 5  # Everybody is, within this time of a jump.


@pytest.fixture()
def running(tmp_path, make_rig):
    folder = tmp_path / "jumping"
    folder.mkdir()
    shim = broken.Shim(tmp_path, folder / "world")
    rig = make_rig(folder, shim=shim)
    rig.up()
    rig.populate()
    # Tokens end by the wall clock, as they should: whoever lives by them is left out.
    rig.registrars, rig.writers = [], [one for one in rig.writers if one.name == "reporter-0"]
    rig.begin()
    rig.wait_flowing()
    return rig, shim


def wait_served(rig):
    """Each device is acknowledged as many messages as it had in flight, and more; seconds that it took."""
    counts = {one.name: one.record.acknowledged_count for one in rig.devices}
    rounds = [one.rounds for one in rig.writers]
    begun = time.monotonic()
    rig.wait_until(lambda: all(one.record.acknowledged_count > counts[one.name] + 2 * one.window for one in rig.devices)
                   and all(one.rounds > count + 1 for one, count in zip(rig.writers, rounds)), lambda: "somebody is not served")
    return time.monotonic() - begun


def test_jumps(running, say):
    rig, shim = running
    slowest = 0.0
    for name, offset in JUMPS:
        shim.page.wall_offset_ns = offset * 10**9
        slowest = max(slowest, wait_served(rig))
        assert all(one.connected and one.thread.is_alive() for one in rig.devices), f"{name}: a device was disconnected"
        assert rig.ready_status()[0] == 200
        assert rig.control.get("muster", "/muster/v1/status")[0] == 200
        # The reader goes on by enqueued time, which the Log checks event by event; a consumer that comes back as well.
        rig.reader.stop()
        rig.reader.start()
        seen = [one.record.seen for one in rig.devices]
        rig.wait_until(lambda seen=seen: all(one.record.seen > count for one, count in zip(rig.devices, seen)),
                       lambda: "the reader stands still")
        time.sleep(HOLD_S)
    rig.end_load()
    rig.wait_all_read()
    for one in rig.devices:
        one.record.check_all()
    rig.check_registry(everything=True)
    rig.down()
    verify_files(rig)
    say(f"{len(JUMPS)} jumps of the clock: everybody served within {slowest:.2f} s; acknowledged {rig.acknowledged()[0]} messages; 0 lost")
    assert slowest < SERVED_S


def test_certificates_are_judged_by_the_wall_clock(running):
    """New connections are, in both directions: a certificate of two days is not taken a year away."""
    rig, shim = running
    device = rig.devices[0]
    rig.end_load()
    for offset, taken in ((HOUR, True), (YEAR, False), (-YEAR, False), (0, True)):
        shim.page.wall_offset_ns = offset * 10**9
        try:
            with raw_mqtt.Client(rig.address, HUB_HOST, device.context) as client:
                code = client.connect(device.name, f"{HUB_HOST}/{device.name}/?api-version=2021-04-12")[1]
        except (raw_mqtt.Closed, OSError):
            code = -1
        assert (code == 0) == taken, f"{offset} s: {code}"
    rig.down()
