"""R5: the disk is full. Telemetry waits, nothing acknowledged is lost, the service API and readers live on, the registry has its
reserve; with room it goes on by itself within 5 s. After docs/reference/errors.md, MU-5001, and docs/reference/control-rest.md.
"""

import errno
import os
import time

import pytest

from load import API, Device
from rig import provision
from service_rest import ServiceRest, hub_connection_string
from test_r4_failed_disk import connack, stored_now
from volume import Volume

SIZE = 64 << 20
RESERVE = 24 << 20  # The registry's write-ahead log alone comes to 16 MiB before it is folded in.
SETTINGS = ("event_log.segment_bytes=1MiB", f"event_log.reserve_bytes={RESERVE}")
RESUME_S = 5
LARGE = 12_000
STALL_S = 1.5  # Of no acknowledgement, until it is taken for one that waits.


@pytest.fixture()
def full(tmp_path, make_rig, mounts):
    """(rig, volume, ballast): a world whose telemetry has filled its file system up to the reserve."""
    volume = Volume(tmp_path, "ext4", SIZE, more=("-J", "size=4", "-m", "0"))
    ballast = volume.mount_point / "ballast"
    rig = make_rig(settings=SETTINGS, data=volume.mount_point / "world")
    rig.up()
    rig.populate(size=LARGE)
    for one in rig.devices:
        one.patience_s = 120  # They wait for their acknowledgements while the disk is full.
    fill(ballast, volume.free_bytes() - RESERVE - (4 << 20))
    rig.begin()
    rig.wait_until(lambda: "MU-5001" in rig.log(), lambda: f"not full: {volume.free_bytes()} bytes free")
    wait_for_stall(rig)
    yield rig, volume, ballast
    rig.abandon()
    volume.unmount()


def fill(path, size):
    """Up to `size` bytes more, or what there is room for."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        while size > 0:
            size -= os.write(descriptor, bytes(min(size, 1 << 20)))
    except OSError as problem:
        assert problem.errno == errno.ENOSPC, problem
    finally:
        os.close(descriptor)


def acknowledged(rig):
    return sum(one.record.acknowledged_count for one in rig.devices)


def wait_for_stall(rig):
    """Nothing is acknowledged any more. Devices differ in what they have in flight, and some of it may still have found room."""
    count, since = acknowledged(rig), time.monotonic()
    while time.monotonic() < since + STALL_S:
        now = acknowledged(rig)
        if now != count:
            count, since = now, time.monotonic()
        time.sleep(0.02)


def wait_for_resumption(rig):
    """Seconds until each device is served again."""
    before = {one.name: one.record.acknowledged_count for one in rig.devices}
    begun = time.monotonic()
    rig.wait_until(lambda: all(one.record.acknowledged_count > before[one.name] for one in rig.devices),
                   lambda: "telemetry does not go on")
    return time.monotonic() - begun


def first_refusal(rig):
    """Of the registry: the body. What fits into its log file's old pages is still taken."""
    for number in range(10_000):
        status, body = rig.control.call("PUT", "hub", f"/devices/filler-{number}", {"deviceId": f"filler-{number}"})
        if status != 200:
            assert status == 503, (status, body)
            return body
    raise AssertionError("the registry takes more than there is")


def check_all(rig):
    rig.wait_flowing()
    rig.end_load()
    rig.check_everything()


def test_telemetry_waits_and_the_rest_lives(full, say):
    rig, volume, ballast = full
    stalled = acknowledged(rig)
    status, text = rig.ready_status()
    assert status == 503 and "MU-5001" in text, (status, text)
    figures = rig.control.get("muster", "/muster/v1/status")[1]["eventLog"]
    assert not figures["failed"], figures
    stored_now(rig)
    # The registry writes into the reserve: over HTTPS, over MQTT, and by registration.
    rest = ServiceRest(rig, hub_connection_string(rig))
    for number in range(25):
        made = rest.send("PUT", f"/devices/in-reserve-{number}{API}", {"deviceId": f"in-reserve-{number}"})
        assert made.status == 200, made
        tagged = rest.send("PATCH", f"/twins/in-reserve-{number}{API}", {"tags": {"filler": "x" * 4000}})
        assert tagged.status == 200, tagged
    rest.close()
    changes = [one.register.acknowledged_count for one in (*rig.registrars, *rig.writers)]
    rig.wait_until(lambda: all(one.register.acknowledged_count > count + 3 for one, count in
                               zip((*rig.registrars, *rig.writers), changes)), lambda: "a writer of the registry stands still")
    # A device that is only now started gets in, and waits like the others.
    late = Device(rig, "late-comer")
    provision(rig, late)
    assert connack(rig, late) == 0
    assert acknowledged(rig) == stalled
    ballast.unlink()
    took = wait_for_resumption(rig)
    assert took <= RESUME_S
    assert rig.ready_status()[0] == 200
    check_all(rig)
    say(f"disk full after {stalled} messages, with {volume.free_bytes()} bytes free at the end; went on {took:.2f} s after there was "
        f"room; acknowledged {rig.acknowledged()[0]} messages; 0 lost")


def test_not_a_byte_left(full, say):
    """Somebody else takes the reserve too: the registry refuses with the same code, and changes nothing; reading goes on."""
    rig, volume, ballast = full
    for one in (*rig.registrars, *rig.writers):
        one.rounds_max = 0
        one.join()
    fill(ballast, SIZE)
    assert volume.free_bytes() < 1 << 20
    refused = first_refusal(rig)
    assert refused["musterCode"] == "MU-5001", refused
    status, text = rig.ready_status()
    assert status == 503 and "MU-5001" in text, (status, text)
    stored_now(rig)
    assert rig.control.get("hub", "/devices?top=10")[0] == 200
    ballast.unlink()
    took = wait_for_resumption(rig)
    assert took <= RESUME_S
    assert rig.control.call("PUT", "hub", "/devices/again", {"deviceId": "again"})[0] == 200
    rig.end_load()
    rig.check_registry(everything=True)
    rig.kill()
    rig.up()
    rig.begin()
    check_all(rig)
    say(f"not a byte left: went on {took:.2f} s after there was room; acknowledged {rig.acknowledged()[0]} messages; 0 lost")
