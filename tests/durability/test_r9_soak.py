"""R9: a mixed load for a long time: memory does not grow, descriptors return to where they were."""

import os
import threading
import time

import chance
import raw_mqtt
from load import Actor, Wire
from rig import open_files, provision
from world import HUB_HOST

SOAK_S = chance.number("MUSTER_SOAK_S", 20, 7200)
SAMPLE_S = 0.5
# Of the last half, where the time is long enough to say something; a short one is only printed, with a limit against a gross leak.
SLOPE_MAX_MIB_H, JUDGED_S = 1.0, 3600
GROWTH_MAX_MIB = 64
PAUSE_S = 0.05  # The load is bounded, so that two hours of it fit on a disk.


class Visitor(Actor):
    """A device that connects, says one thing and goes: politely, by cutting the connection, or in the middle of a handshake."""

    def run(self):
        context, user = self.site.device_context(self.name), f"{HUB_HOST}/{self.name}/?api-version=2021-04-12"
        while self.goes_on():
            self.rounds += 1
            with Wire(self.site.address, HUB_HOST, context) as client:
                if self.rounds % 3 == 0:
                    continue
                assert client.connect(self.name, user)[1] == 0
                client.ping()
                if self.rounds % 3 == 1:
                    client.disconnect()


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))


def slope_mib_h(samples):
    """Of a straight line through [(seconds, MiB)], by least squares."""
    mean_t = sum(t for t, _ in samples) / len(samples)
    mean_m = sum(m for _, m in samples) / len(samples)
    across = sum((t - mean_t) ** 2 for t, _ in samples)
    return 3600 * sum((t - mean_t) * (m - mean_m) for t, m in samples) / across


def eighths(samples):
    """The means of eight parts, so that a saw (a segment's index in memory) is told from a slope."""
    size = max(1, len(samples) // 8)
    parts = [samples[at : at + size] for at in range(0, 8 * size, size)]
    return " ".join(f"{sum(m for _, m in part) / len(part):.1f}" for part in parts if part)


def wait_for_descriptors(pid, baseline):
    until = time.monotonic() + 30
    while open_files(pid) > baseline and time.monotonic() < until:
        time.sleep(0.05)
    left = open_files(pid)
    names = sorted(os.readlink(f"/proc/{pid}/fd/{one}") for one in os.listdir(f"/proc/{pid}/fd")) if left > baseline else []
    assert left <= baseline, f"{left} descriptors, {baseline} before: {names}"


def test_soak(make_rig, say):
    rig = make_rig(settings=("event_log.retention_hours=1", "event_log.segment_bytes=16MiB"))
    rig.up()
    rig.populate(names_max=200)
    visitor = Visitor(rig, rig.devices[0].name.replace("window", "visitor"))
    provision(rig, visitor)
    rig.writers.append(visitor)
    visitor.register = rig.writers[0].register.__class__("visitor")
    pid = rig.process.pid
    rig.control.close()
    baseline = open_files(pid)
    for one in rig.actors():
        one.pause_s = PAUSE_S
    rig.begin()
    begun, samples, most_files = time.monotonic(), [], 0
    while time.monotonic() < begun + SOAK_S:
        rig.wait_until(lambda: True, str)
        for one in rig.devices:
            one.record.check()
        samples.append((time.monotonic() - begun, resident_mib(pid)))
        most_files = max(most_files, open_files(pid))
        threading.Event().wait(SAMPLE_S)
    rig.end_load()
    rig.wait_all_read()
    rig.reader.stop()
    rig.control.close()
    wait_for_descriptors(pid, baseline)
    half = samples[len(samples) // 2 :]
    slope, growth = slope_mib_h(half), samples[-1][1] - samples[len(samples) // 4][1]
    messages, changes = rig.acknowledged()
    visits = visitor.rounds
    rig.writers.remove(visitor)
    rig.check_registry(everything=True)
    rig.down()
    say(f"{SOAK_S:.0f} s of mixed load: {messages} messages, {changes} changes, {visits} short connections; resident "
        f"{eighths(samples)} MiB in eighths, {slope:+.2f} MiB/h in the last half; descriptors {baseline}, "
        f"{most_files} at most, {baseline} after")
    assert growth < GROWTH_MAX_MIB
    assert SOAK_S < JUDGED_S or slope <= SLOPE_MAX_MIB_H
