"""The command line of bench/run."""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from harness import machine, report
from harness.bench import FULL, PROVE, QUICK, Bench, choose_cores
from harness.figures_mqtt import p1, p2, p3, p4
from harness.figures_muster import p5, p7, p8
from harness.load import LoadFailed
from harness.servers import find

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FIGURES = {"P1": p1, "P2": p2, "P3": p3, "P3B": p3, "P4": p4, "P5": p5, "P7": p7, "P8": p8}
PROGRAMS = ("muster_load", "log_reading", "fill_registry")
SKIPPED = 77  # What ctest takes for "skipped" (tests/CMakeLists.txt).

REMARKS = [
    "mosquitto keeps nothing and knows no devices: its PUBACK is for what is in memory, its CONNACK for any certificate of the "
    "root. muster's PUBACK is for what is on disk, its CONNACK for a device of its registry.",
    "mosquitto sends two tickets after each full TLS 1.3 handshake, about 270 us of its connect there; TLS 1.2 compares without.",
    "CPU is the threads' own, by the scheduler's account; what the kernel's own threads do for the disk and the loopback is not "
    "in it, which is why the whole machine's is given beside it, with all else that ran there.",
    "The ratio is the median of the repeats' own ratios: on a machine that others use, too, trust it before any microsecond.",
]


def arguments(description):
    parser = argparse.ArgumentParser(prog="bench/run", description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", nargs="*", metavar="P1", help="P1 P2 P3 P3b P4 P5 P7 P8; all of them if none is named")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="fewer and shorter repeats: within 5 minutes")
    length.add_argument("--prove", action="store_true", help="seconds: proves that the bench works, the figures mean nothing")
    parser.add_argument("--repeats", type=int, help="how often each is measured")
    parser.add_argument("--folder", help="where worlds are made: a folder on the disk that is to be measured")
    parser.add_argument("--json", default=SOURCE / "build" / "bench.json", type=pathlib.Path, help="file of all figures")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the worlds and logs")
    chosen = parser.parse_args()
    for figure in chosen.figures:
        if figure.upper() not in FIGURES:
            parser.error(f"there is no figure {figure}; there are P1 P2 P3 P3b P4 P5 P7 P8")
    return chosen


def built():
    """(muster, folder of the bench's programs): the environment's, else what is built here, brought up to date first."""
    if "MUSTER_BINARY" in os.environ and "MUSTER_BENCH_PROGRAMS" in os.environ:
        return pathlib.Path(os.environ["MUSTER_BINARY"]), pathlib.Path(os.environ["MUSTER_BENCH_PROGRAMS"])
    tree = SOURCE / "build" / "bench"
    steps = [["cmake", "--build", tree, "--parallel", str(os.cpu_count()), "--target", "muster", "bench_programs"]]
    if not (tree / "build.ninja").exists():
        steps.insert(0, ["cmake", "--preset", "bench"])
    print("bench: building build/bench", file=sys.stderr, flush=True)
    for step in steps:
        done = subprocess.run(step, cwd=SOURCE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{done.stdout[-4000:]}\nbench: build/bench cannot be built")
    muster = pathlib.Path(os.environ.get("MUSTER_BINARY", tree / "muster"))
    return muster, tree / "bench"


def measure(bench, figures):
    done = set()
    for name in figures:
        figure = FIGURES[name.upper()]
        if figure in done:
            continue
        done.add(figure)
        started = time.monotonic()
        bench.progress(f"{name} ...")
        try:
            figure(bench)
        except (LoadFailed, RuntimeError, OSError, subprocess.SubprocessError) as error:
            bench.failures.append({"figure": name, "error": str(error)})
            bench.progress(f"{name} failed: {error}")
        bench.progress(f"{name}: {time.monotonic() - started:.0f} s")


def remarks_of(bench, about):
    remarks = list(REMARKS)
    if not find("flashmq"):
        remarks.append("FlashMQ is not installed: nothing stands in its place.")
    if bench.server_core is None:
        remarks.append("There is one core: server and load share it, and nothing is pinned.")
    if about["disk"] == "tmpfs":
        remarks.append("The worlds were on a tmpfs, where a sync costs nothing: give --folder on a disk.")
    if about["load_average_before"] > 0.5:
        remarks.append(f"The machine was not idle before the run (load average {about['load_average_before']:.2f}).")
    return remarks


def main(description):
    chosen = arguments(description)
    if not find("mosquitto"):
        print("bench: mosquitto is not installed (Debian: mosquitto); skipped", file=sys.stderr)
        return SKIPPED
    sizes = QUICK if chosen.quick else PROVE if chosen.prove else FULL
    if chosen.repeats:
        sizes = type(sizes)(**{**vars(sizes), "repeats": chosen.repeats})
    muster, programs = built()
    cores = choose_cores()
    if cores[1] is not None:
        os.sched_setaffinity(0, {cores[1]})  # Away from the server's core; children are pinned one by one.
    parent = pathlib.Path(chosen.folder) if chosen.folder else SOURCE / "build"
    parent.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="bench-", dir=parent)
    network = os.environ.get("MUSTER_ADDRESS", "127.0.60.1").rpartition(".")[0]
    bench = Bench(SOURCE, folder, muster, programs, sizes, cores, network)
    try:
        bench.device_set("device", max(sizes.devices, bench.idle_devices()))
        about = machine.describe(muster, SOURCE, folder)
        measure(bench, chosen.figures or list(dict.fromkeys(FIGURES)))
    finally:
        if chosen.keep:
            bench.progress(f"worlds and logs are in {folder}")
        else:
            bench.remove()
    remarks = remarks_of(bench, about)
    report.write_json(chosen.json, bench, about, remarks)
    print(f"{about['cpu']}, {about['cores']} cores, kernel {about['kernel']}, {about['system']}, {about['disk']}; "
          f"{about['muster']} ({about['commit']}), {about['mosquitto']}, {about['openssl']}\n")
    print(report.table(bench.rows))
    print("\n" + "\n".join(f"- {remark}" for remark in remarks))
    print(f"\nEverything: {chosen.json}")
    return 1 if bench.failures else 0
