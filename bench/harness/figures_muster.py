"""P5, P7 and P8: what only muster does, so that nothing stands beside it."""

import os
import subprocess
import time

from harness import control
from harness.bench import Row
from harness.load import Program
from harness.report import median

CONCURRENCY = 256  # Devices that register at a time.


def fill_registry(bench, muster, prefix, count):
    """Devices with their registrations, put into the registry of a world that does not run."""
    bench.run_program("fill_registry", muster.data / "registry.db", control.HUB, control.DPS, prefix, count)


def enroll(bench, muster, device_set):
    scope = muster.world()["dps"][0]["idScope"]
    done = bench.load("P5", muster, "register", "--id-scope", scope, "--concurrency", CONCURRENCY, "--seconds",
                      bench.sizes.enroll, devices=bench.sizes.enroll_devices, device_set=device_set, host=control.GLOBAL_HOST,
                      pinned=False)
    return done["registrations"] / done["seconds"], done


def p5(bench):
    """Neither end is pinned: both share all cores."""
    for repeat in range(bench.sizes.repeats):
        for world in ("empty", "full")[:2 if bench.sizes.stored else 1]:
            bench.device_set(f"enroll-{world}-{repeat}", bench.sizes.enroll_devices)
    empty = Row("P5", "registrations/s, none stored before", "1/s", ("min", 1000))
    full = Row("P5", f"registrations/s, {bench.sizes.stored} stored before", "1/s", ("min", 1000))
    slower = Row("P5", "how much slower that is", "x", ("max", 1.2))
    worlds = [("empty", empty, bench.start_muster(2, pinned=False).make_services())]
    try:
        if bench.sizes.stored:
            filled = bench.start_muster(4, pinned=False).make_services()
            filled.stop()
            bench.progress(f"P5: filling a registry with {bench.sizes.stored} devices")
            fill_registry(bench, filled, "stored", bench.sizes.stored)
            worlds.append(("full", full, filled.again()))
        runs = {"empty": [], "full": []}
        for repeat in range(bench.sizes.repeats):
            for name, row, muster in worlds[repeat % 2:] + worlds[:repeat % 2]:
                rate, done = enroll(bench, muster, f"enroll-{name}-{repeat}")
                row.add("muster", rate)
                runs[name].append(done)
    finally:
        for _, _, muster in worlds:
            muster.stop()
    for name, row, _ in worlds:
        cpu = median([run["server_cpu_ns"] / 1000 / max(run["registrations"], 1) for run in runs[name]])
        load = median([run["load_cpu_ns"] / 1000 / max(run["registrations"], 1) for run in runs[name]])
        row.notes.append(f"CPU a registration: muster {cpu:.0f} us, the devices {load:.0f} us")
        row.notes.append(f"from connecting to assigned: p50 {median([run['registration_p50_us'] for run in runs[name]]) / 1000:.0f} "
                         f"ms, p99 {median([run['registration_p99_us'] for run in runs[name]]) / 1000:.0f} ms; "
                         f"{CONCURRENCY} at a time, a poll after 100 ms")
        bench.rows.append(row)
    if bench.sizes.stored:
        for without, with_stored in zip(empty.samples["muster"], full.samples["muster"]):
            slower.add("muster", without / with_stored)
        bench.rows.append(slower)
    else:
        empty.notes.append("with 1 000 000 stored: not in this run")


def p7(bench):
    reading = Row("P7", "events/s a core, read from the log", "1/s", ("min", 1_000_000))
    for _ in range(bench.sizes.repeats):
        program = Program([bench.programs / "log_reading", bench.folder / "log", bench.sizes.log_events, control.PARTITIONS],
                          bench.load_core)
        try:
            done = program.until("done")
        finally:
            program.close()
        bench.record("P7", "muster", done)
        reading.add("muster", done["events"] / done["cpu_seconds"])
    reading.notes.append("from the page cache; every record's checksum is compared")
    bench.rows.append(reading)
    bench.rows.append(stream_row(bench))


def stream_row(bench):
    rate = bench.sizes.rates[0]
    row = Row("P7", f"ingest to consumer p99, {rate} events/s", "ms", ("max", 10))
    halves = []
    with bench.start_muster().make_services() as muster:
        muster.make_devices(bench.device_set("device", bench.sizes.devices), bench.sizes.devices)
        for _ in range(bench.sizes.repeats):
            consumer = Program([bench.programs / "muster_load", "consume", muster.data / "control.sock", "--hub", control.HUB],
                               bench.load_core)
            try:
                consumer.until("ready")
                sent = bench.load("P7", muster, "open", "--rate", rate, "--stamp", "--warm", 0.5, "--seconds", bench.sizes.stream,
                                  devices=bench.sizes.devices)
                time.sleep(0.5)  # What was sent last is on its way to the consumer.
                seen = consumer.end()
            finally:
                consumer.close()
            bench.record("P7", "muster", seen, mode="consume")
            row.add("muster", seen["consumed_p99_us"] / 1000)
            halves.append(seen["consumed_p50_us"] / 1000)
            if seen["events"] < sent["messages"]:
                raise RuntimeError(f"{sent['messages']} messages were acknowledged, and the consumer saw {seen['events']}")
    row.notes.append(f"p50 {median(halves):.2f} ms; {control.PARTITIONS} partitions merged; from when each was due to be sent")
    return row


def p8(bench):
    empty = Row("P8", "start to ready, a world without devices", "ms", ("max", 50))
    crashed = Row("P8", f"start to ready after kill -9, {bench.sizes.crash_devices} devices", "ms", ("max", 2000))
    first = bench.start_muster().make_services()
    made_ms = first.ready_s * 1000
    first.stop()
    for _ in range(bench.sizes.repeats):
        with first.again() as muster:
            empty.add("muster", muster.ready_s * 1000)
    empty.notes.append(f"the very first start, which makes the world and its keys: {made_ms:.0f} ms")
    bench.progress(f"P8: filling a registry with {bench.sizes.crash_devices} devices")
    fill_registry(bench, first, bench.device_set("device", bench.sizes.devices), bench.sizes.crash_devices)
    muster = first.again()
    try:
        for _ in range(bench.sizes.repeats):
            crash_under_load(bench, muster)
            muster = muster.again()
            crashed.add("muster", muster.ready_s * 1000)
    finally:
        muster.stop()
    crashed.notes.append(f"killed while {bench.sizes.devices} of the devices keep 16 messages in flight each")
    bench.rows += [empty, crashed, size_row(bench)]
    for row in (empty, crashed):
        bench.record("P8", "muster", {"what": row.what, "ready_ms": row.samples["muster"]})


def crash_under_load(bench, muster):
    program = Program([bench.programs / "muster_load", "messages", bench.certs, "--devices", bench.sizes.devices, "--address",
                       muster.address, "--sources", 4, "--warm", 0, "--seconds", 600], bench.load_core)
    try:
        program.until("measuring")
        time.sleep(bench.sizes.warm)
        muster.kill()
        program.process.wait(timeout=60)  # It ends by itself, since it has lost its server.
    finally:
        program.close()


def size_row(bench):
    row = Row("P8", "size of the stripped binary", "MB", ("max", 20))
    stripped = bench.folder / "muster.stripped"
    subprocess.run(["strip", "-o", stripped, bench.muster], check=True)
    row.add("muster", os.stat(stripped).st_size / 1e6)
    return row
