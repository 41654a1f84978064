"""R1: kill -9 at random moments and at each sync point; what was acknowledged is there, once, in order."""

import time

import chance
import shim as broken

KILLS = chance.number("MUSTER_KILLS", 20, 1000)
# The service syncs about this often while a script runs once: start, load with a change of segment, orderly stop.
SCRIPT_ROUNDS = 14
SMALL_SEGMENTS = ("event_log.segment_bytes=1MiB",)


def life(rig, draw):
    """One start, load and death at a moment by chance."""
    rig.up()
    rig.check_registry()
    rig.begin()
    rig.wait_flowing()
    # Between one commit and the next, anywhere.
    time.sleep(draw.uniform(0, 0.2))
    rig.kill()


def script(rig):
    """One start, a bounded load, an orderly stop; the service may die at any point of it. True when it did not."""
    if not rig.try_up():
        rig.end()
        return False
    try:
        rig.check_registry()
        rig.begin(SCRIPT_ROUNDS)
        for one in rig.actors():
            one.join()
        rig.process.terminate()
    except OSError:
        pass  # It died under the reader of the registry.
    status = rig.process.wait(60)
    rig.end()
    assert status in (0, -9), rig.log()
    return status == 0


def test_random_moments(make_rig, say):
    rig, draw = make_rig(settings=SMALL_SEGMENTS), chance.chance("moments")
    rig.up()
    rig.populate()
    rig.kill()
    begun = time.monotonic()
    kills = KILLS // 2
    for _ in range(kills):
        life(rig, draw)
    took = time.monotonic() - begun
    rig.settle()
    messages, changes = rig.acknowledged()
    say(f"random moments: {kills} kills, {took / kills:.2f} s each; acknowledged {messages} messages, {changes} changes; 0 lost")
    assert messages > 100 * kills


def test_each_sync_point(tmp_path, make_rig, say):
    """Before and after each fdatasync, fsync and rename of a script in turn; ./check takes some of them by chance."""
    folder = tmp_path / "world-of-syncs"
    folder.mkdir()
    shim = broken.Shim(tmp_path, folder / "world")
    rig, draw = make_rig(folder, shim=shim, settings=SMALL_SEGMENTS), chance.chance("syncs")
    rig.up()
    rig.populate(size=12_000)
    rig.down()
    shim.count()
    assert script(rig)
    points = shim.page.hits
    every = [(at, after) for at in range(1, points + 1) for after in (False, True)]
    wanted = every if chance.LONG else sorted(draw.sample(every, min(len(every), KILLS - KILLS // 2)))
    begun, died = time.monotonic(), 0
    for at, after in wanted:
        shim.arm(broken.KILL, at, after=after)
        died += not script(rig)
    took = time.monotonic() - begun
    shim.disarm()
    rig.settle()
    messages, changes = rig.acknowledged()
    say(f"sync points: {died} kills at {len(wanted)} of the {len(every)} points of a script, {took / len(wanted):.2f} s each; "
        f"acknowledged {messages} messages, {changes} changes; 0 lost")
    # The points of one run are not quite those of the next: the last ones may not be reached.
    assert died >= len(wanted) * 0.8


def test_a_killed_worlds_file_is_not_believed(make_rig):
    rig = make_rig()
    rig.up()
    rig.wait_until((rig.data / "world.json").exists, lambda: "no world.json")
    rig.kill_service()
    status = rig.run_cli("status", check=False)
    assert status.returncode == 4, status.stderr
    rig.up()


def test_a_world_in_use_is_refused(make_rig):
    rig = make_rig()
    rig.up()
    second = rig.run_cli("up", "--listen", rig.address, check=False, timeout=60)
    assert second.returncode == 3, second.stderr
    assert "MU-6004" in second.stderr
