"""R2: the power fails on ext4 and xfs, at random moments and at sync points; the rule is that of R1.

FS_IOC_SHUTDOWN without flushing stops a file system at once: what had not reached its device is gone, and mounting replays the
journal. From that moment on no call of the service returns, as on a machine without power; then it is killed.
"""

import shutil
import time

import pytest

import chance
import shim as broken
from volume import Volume

CUTS = chance.number("MUSTER_CUTS", 5, 500)  # A file system.
SIZE = 512 << 20  # xfs takes no less than 300 MB.
# The images are small: less is kept free, and segments change often.
SETTINGS = ("event_log.segment_bytes=1MiB", "event_log.reserve_bytes=1MiB")


def bring_up(tmp_path, make_rig, kind):
    """(rig, volume, shim) with producers, on a fresh file system; the power has failed once already, right after the world's making."""
    volume = Volume(tmp_path, kind, SIZE)
    world = volume.mount_point / "world"
    world.mkdir(mode=0o700)
    shim = broken.Shim(tmp_path, world)
    rig = make_rig(shim=shim, settings=SETTINGS, data=world)
    rig.up()
    volume.cut_power()
    rig.kill_service()
    volume.power_on()
    rig.up()
    rig.populate()
    return rig, volume, shim


def life(rig, volume, shim, draw):
    """A start, a load, a cut at a moment by chance, and the death of the service."""
    rig.up()
    rig.check_registry()
    rig.begin()
    rig.wait_flowing()
    time.sleep(draw.uniform(0, 0.2))
    shim.freeze()
    volume.cut_power()
    rig.kill()
    shim.disarm()
    volume.power_on()


def life_to_a_sync(rig, volume, shim, draw):
    """The power fails exactly before or after one sync of a running service, which ends in the same moment."""
    rig.up()
    rig.check_registry()
    rig.begin()
    rig.wait_flowing()
    shim.arm(broken.CUT, draw.randint(1, 12), after=draw.random() < 0.5)
    rig.process.wait(30)
    rig.kill()
    shim.disarm()
    volume.power_on()


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_power_cut(kind, tmp_path, make_rig, say):
    rig, volume, shim = bring_up(tmp_path, make_rig, kind)
    draw = chance.chance(f"cuts of {kind}")
    rig.kill()
    begun = time.monotonic()
    for number in range(CUTS):
        if number % 2:
            life_to_a_sync(rig, volume, shim, draw)
        else:
            life(rig, volume, shim, draw)
    took = time.monotonic() - begun
    rig.settle()
    messages, changes = rig.acknowledged()
    say(f"{kind}: {CUTS} power cuts, {took / CUTS:.2f} s each; acknowledged {messages} messages, {changes} changes; 0 lost")
    volume.unmount()


@pytest.mark.parametrize("world", ["new", "old"])
@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_power_cut_at_a_start(kind, world, tmp_path, make_rig, say):
    """Before and after each sync of a start, one after another: of one that makes the world, or of one that recovers it."""
    volume = Volume(tmp_path, kind, SIZE)
    folder = volume.mount_point / "world"
    folder.mkdir(mode=0o700)
    shim = broken.Shim(tmp_path, folder)
    rig = make_rig(shim=shim, settings=SETTINGS, data=folder)
    if world == "old":
        rig.up()
        rig.kill_service()
    shim.count()
    rig.up()
    points = shim.page.hits
    rig.kill_service()
    every = [(at, after) for at in range(1, points + 1) for after in (False, True)]
    wanted = every if chance.LONG else chance.chance(f"starts on {kind}").sample(every, min(len(every), CUTS))
    begun, died = time.monotonic(), 0
    for at, after in wanted:
        if world == "new":
            for one in folder.iterdir():
                shutil.rmtree(one) if one.is_dir() else one.unlink()
        shim.arm(broken.CUT, at, after=after)
        died += not rig.try_up()
        rig.kill_service()
        shim.disarm()
        volume.power_on()
        rig.up()
        rig.kill_service()
    say(f"{kind}: {died} power cuts at {len(wanted)} of {2 * points} points of the start of a world that is {world}, "
        f"{(time.monotonic() - begun) / len(wanted):.2f} s each; each next start succeeded")
    volume.unmount()


def test_the_rig_finds_a_lie(tmp_path, make_rig):
    """The same cut with a disk that only says that it has synced: what this file proves is what it would find."""
    rig, volume, shim = bring_up(tmp_path, make_rig, "ext4")
    rig.begin()
    rig.wait_flowing()
    shim.lie(broken.LOG)
    time.sleep(0.3)
    shim.freeze()
    volume.cut_power()
    rig.kill()
    shim.disarm()
    volume.power_on()
    with pytest.raises(AssertionError, match="acknowledged and lost|after event|stands where|MU-5005"):
        rig.settle()
