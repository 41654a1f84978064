"""R4: a write or fsync of the event log fails. Nothing is acknowledged after it and nothing is synced again; readers go on; a restart
recovers. With an error at each call of the log in turn, and with a disk that loses what it took (the fsyncgate recipe).
"""

import errno
import time

import pytest

import chance
import raw_mqtt
import shim as broken
from ledger import Log, Telemetry
from rig import EventReader
from volume import SmallDisk, Volume
from world import HUB_HOST

POINTS = chance.number("MUSTER_FAILURES", 8, 10_000)
SETTINGS = ("event_log.segment_bytes=1MiB", "event_log.reserve_bytes=1MiB")
LARGE = 12_000  # Segments of 1 MiB change several times a second.
NOT_AGAIN = ("pwrite", "fdatasync", "fsync", "fsync-directory", "rename", "create")


def recorded_script(rig, shim):
    """The calls of the log from the start on, over two changes of the segment; and how many of them make the service ready."""
    shim.count(broken.EVERYTHING, broken.LOG)
    shim.record()
    rig.up()
    start = shim.page.hits
    rig.begin()
    rig.wait_until(lambda: sum(what == "create" and path.endswith(".segment") for what, _, path in shim.calls()) >= 2,
                   lambda: "no second segment")
    rig.wait_flowing()
    rig.kill()
    return shim.calls(), start


def site(call):
    """Calls alike: ("pwrite", "segment")."""
    what, _, path = call
    return what, "index" if ".index" in path else path.rpartition(".")[2].rstrip("/")


def chosen_points(calls, start):
    """Numbers of calls: one of each kind first, then others by chance; all of them where that many are wanted."""
    draw, kinds = chance.chance("failures"), {}
    for number, call in enumerate(calls, 1):
        kinds.setdefault((site(call), number <= start), []).append(number)
    first = [draw.choice(numbers) for numbers in kinds.values()]
    others = [number for number in range(1, len(calls) + 1) if number not in first]
    draw.shuffle(others)
    return sorted(first + others[: max(0, POINTS - len(first))])


def stored_now(rig):
    """What a new reader finds: {device: last number}; the stream goes on although the log has failed."""
    records = [Telemetry(one.name, one.record.size) for one in rig.devices]
    for fresh, one in zip(records, rig.devices):
        fresh.sent = one.record.sent
    reader = EventReader(rig, Log(records))
    reader.start()
    wanted = {one.name: max(one.record.acknowledged, default=0) for one in rig.devices}
    until = time.monotonic() + 20
    while not reader.problem and any(one.seen < wanted[one.device] for one in records):
        assert time.monotonic() < until, f"a reader of the failed log: {[(one.device, one.seen) for one in records]}, {wanted}"
        time.sleep(0.005)
    reader.stop()


def connack(rig, device):
    with raw_mqtt.Client(rig.address, HUB_HOST, device.context) as client:
        return client.connect(device.name, f"{HUB_HOST}/{device.name}/?api-version=2021-04-12")[1]


def check_failed(rig, sent, said):
    """A service whose log has failed. `sent`: how far each device had come when it happened at the latest."""
    rig.stop_load.set()
    for one in rig.devices:
        one.join(10)  # Their connections are closed.
        assert max(one.record.acknowledged, default=0) <= sent[one.name], f"{one.name}: sent after the failure, and acknowledged"
    status, text = rig.ready_status()
    assert status == 503 and "MU-5003" in text, (status, text)
    lines = [line for line in said().splitlines() if " eventlog: " in line]
    assert len([line for line in lines if "code=MU-5003" in line and "reason=" in line]) == 1, lines
    assert connack(rig, rig.devices[0]) == 3
    figures = rig.control.get("muster", "/muster/v1/status")[1]["eventLog"]
    assert figures["failed"], figures
    stored_now(rig)


def fail_once(rig, shim, at):
    """One start whose call number `at` of the log fails; says in which state it came to."""
    shim.arm(broken.FAIL, at, broken.EVERYTHING, broken.LOG)
    shim.record()
    before = len(rig.log())
    if not rig.try_up():
        assert shim.page.fired, rig.log()
        rig.process = None
        assert "MU-50" in rig.log()[before:], rig.log()[before:]
        return "refused to start"
    rig.check_registry()
    rig.begin()
    rig.wait_until(lambda: shim.page.fired, lambda: f"call {at} is not reached")
    sent = {one.name: one.record.sent for one in rig.devices}
    broke = next(call for call in shim.calls() if call[1] == -1)
    if site(broke)[1] == "index":
        rig.wait_flowing()  # An index is a hint: the log goes on without it.
        rig.kill()
        return "went on without an index"
    check_failed(rig, sent, lambda: rig.log()[before:])
    assert rig.control.call("PUT", "hub", "/devices/after-the-failure", {"deviceId": "after-the-failure"})[0] in (200, 409)
    rig.kill()
    calls = shim.calls()
    again = [call for call in calls[calls.index(broke) + 1 :] if call[0] in NOT_AGAIN]
    assert not again, f"after {broke}: {again[:5]}"
    return "stopped accepting"


def test_an_error_at_each_call(tmp_path, make_rig, say):
    folder = tmp_path / "failing"
    folder.mkdir()
    shim = broken.Shim(tmp_path, folder / "world")
    rig = make_rig(folder, shim=shim, settings=SETTINGS)
    rig.up()
    rig.populate(size=LARGE)
    rig.kill()
    calls, start = recorded_script(rig, shim)
    outcomes = {}
    for at in chosen_points(calls, start):
        outcome = fail_once(rig, shim, at)
        outcomes.setdefault(outcome, []).append(at)
        shim.disarm()
    rig.settle()
    counts = ", ".join(f"{outcome} {len(found)}" for outcome, found in outcomes.items())
    say(f"EIO at {sum(map(len, outcomes.values()))} of the {len(calls)} calls of a script: {counts}; 0 acknowledged after it, 0 lost")
    assert "stopped accepting" in outcomes


def test_an_error_of_the_registry(tmp_path, make_rig, say):
    """The same for the registry's file and its log: what was answered with success is there after a restart; telemetry goes on."""
    folder = tmp_path / "failing"
    folder.mkdir()
    shim = broken.Shim(tmp_path, folder / "world")
    rig = make_rig(folder, shim=shim)
    rig.up()
    rig.populate()
    rig.kill()
    draw, refused, went_on, calls = chance.chance("registry"), 0, 0, 60
    wanted = sorted(draw.sample(range(1, calls + 1), min(calls, POINTS)))
    for at in wanted:
        shim.arm(broken.FAIL, at, broken.EVERYTHING, broken.REGISTRY)
        if not rig.try_up():
            rig.process, refused = None, refused + 1
            shim.disarm()
            continue
        try:
            rig.check_registry()
        except AssertionError:
            if not shim.page.fired:
                raise  # The error met the question itself: it is asked again after the restart.
        rig.begin()
        rig.wait_until(lambda: shim.page.fired, lambda at=at: f"call {at} is not reached")
        counts = [one.record.acknowledged_count for one in rig.devices]
        rig.wait_until(lambda counts=counts: all(one.record.acknowledged_count > count + one.window
                                                 for one, count in zip(rig.devices, counts)), lambda: "telemetry stands still")
        went_on += 1
        rig.kill()
        shim.disarm()
        rig.up()
        rig.check_registry()
        rig.kill()
    rig.up()
    rig.begin()
    rig.wait_flowing()
    rig.end_load()
    rig.check_everything()
    say(f"EIO at {len(wanted)} calls of the registry: telemetry went on {went_on}, refused to start {refused}; "
        f"acknowledged {rig.acknowledged()[1]} changes; 0 lost")


def failures(shim):
    """Calls that failed for the log itself: an index is a hint."""
    return [call for call in shim.calls() if call[1] == -1 and site(call)[1] != "index"]


def test_a_disk_that_loses_what_it_took(tmp_path, make_rig, say, mounts):
    """An image that is larger than what it lies on: writes succeed into memory, the sync fails, and a second one would succeed.

    Telemetry alone: the errors also end ext4's journal, and a sync of a file that grows, as the registry's log does, may then be
    answered with success by Linux itself (docs/explanation/durability.md, "What the promise is not").
    """
    small = SmallDisk(tmp_path / "small", "40m")
    volume = Volume(small.folder, "ext4", 256 << 20, more=("-J", "size=4"))
    folder = volume.mount_point / "world"
    shim = broken.Shim(tmp_path, folder)
    rig = make_rig(shim=shim, settings=SETTINGS, data=folder)
    rig.up()
    rig.populate(size=LARGE)
    rig.registrars, rig.writers = [], []
    shim.count(broken.EVERYTHING, broken.LOG)
    shim.record()
    before = len(rig.log())
    rig.begin()
    rig.wait_until(lambda: failures(shim), lambda: "the small disk is not full", 120)
    sent = {one.name: one.record.sent for one in rig.devices}
    check_failed(rig, sent, lambda: rig.log()[before:])
    calls = shim.calls()
    broke = calls.index(failures(shim)[0])
    again = [call for call in calls[broke + 1 :] if call[0] in NOT_AGAIN]
    assert not again, f"after {calls[broke]}: {again[:5]}"
    rig.kill()
    small.resize("400m")
    volume.unmount()
    volume.check()
    volume.mount()
    rig.up()
    rig.begin()
    rig.wait_flowing()
    rig.end_load()
    rig.check_everything()
    say(f"a disk that loses what it took: {calls[broke][0]} failed after {sum(call[0] == 'fdatasync' for call in calls[:broke])} "
        f"syncs; acknowledged {rig.acknowledged()[0]} messages; 0 lost")
    volume.unmount()
