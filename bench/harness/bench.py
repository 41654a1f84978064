"""One run of the bench: where things are, how long things take, and the record of everything that was measured."""

import contextlib
import itertools
import os
import pathlib
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

from harness import control
from harness.load import Program
from harness.servers import FlashMq, Mosquitto, Muster, find

SOURCES = 4  # Local addresses that the load connects from: each has about 28 000 ports.


@dataclass(frozen=True)
class Sizes:
    """How much of everything. Seconds unless a name says otherwise."""

    repeats: int = 5
    warm: float = 2
    seconds: float = 5
    devices: int = 1000
    rates: tuple = (10_000, 30_000)  # Messages a second, open loop.
    churn: float = 3
    fresh: int = 2000  # Connects by chains never seen before, a repeat.
    processes: int = 3  # Fresh processes of each server for P4.
    idle: int = 10_000
    enroll: float = 5
    enroll_devices: int = 20_000
    stored: int = 1_000_000
    log_events: int = 2_000_000
    stream: float = 10
    crash_devices: int = 100_000
    sliding: bool = True


FULL = Sizes()
QUICK = Sizes(repeats=2, warm=1, seconds=2, churn=1.5, fresh=800, enroll=3, enroll_devices=9000, stored=0, log_events=1_000_000,
              stream=4, sliding=False, processes=1)
PROVE = Sizes(repeats=1, warm=0.2, seconds=0.3, devices=20, rates=(200, 400), churn=0.2, fresh=20, idle=40, enroll=20,
              enroll_devices=40, stored=200, log_events=20_000, stream=0.5, crash_devices=500, processes=1)


@dataclass
class Row:
    """One figure: its samples by server, one a repeat."""

    figure: str
    what: str
    unit: str
    goal: tuple = ()  # ("ratio" | "max" | "min", number)
    samples: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)

    def add(self, server, value):
        self.samples.setdefault(server, []).append(value)


class Bench:
    def __init__(self, source, folder, muster, programs, sizes, cores, network):
        self.source, self.folder = pathlib.Path(source), pathlib.Path(folder)
        self.muster, self.programs = pathlib.Path(muster), pathlib.Path(programs)
        self.sizes = sizes
        self.server_core, self.load_core = cores
        self.network = network  # "127.0.60": servers at .1 and on.
        self.certs = self.folder / "certs"
        self.rows, self.runs, self.failures = [], [], []
        self._numbers = itertools.count(1)
        self._sets = {}

    # Making things.

    def new_folder(self, name):
        folder = self.folder / f"{name}-{next(self._numbers)}"
        folder.mkdir(parents=True)
        return folder

    def device_set(self, name, count):
        """Certificates of that many devices under that name; made when they are first wanted."""
        if self._sets.get(name, 0) < count:
            self.run_program("muster_load", "certs", self.certs, "--set", name, "--devices", count, "--server-san",
                             f"IP:{self.network}.1", "--server-san", f"IP:{self.network}.3")
            self._sets[name] = count
        return name

    def run_program(self, name, *words):
        done = subprocess.run([self.programs / name, *map(str, words)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{name} {' '.join(map(str, words))}: status {done.returncode}\n{done.stderr}")
        return done.stdout

    def idle_devices(self):
        """What is to be idle, or what the limit of open files allows."""
        return min(self.sizes.idle, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 500)

    # Servers.

    def start_mosquitto(self):
        return Mosquitto(self, f"{self.network}.1", self.server_core)

    def start_muster(self, last_octet=2, pinned=True):
        return Muster(self, f"{self.network}.{last_octet}", self.server_core if pinned else None)

    def start_flashmq(self):
        return FlashMq(self, f"{self.network}.3", self.server_core)

    @contextlib.contextmanager
    def all_servers(self, *device_sets):
        """All of them at once on the one core, each with a fresh folder; one that is idle takes none of it."""
        with contextlib.ExitStack() as running:
            muster = running.enter_context(self.start_muster()).make_services()
            for name, count in device_sets:
                muster.make_devices(self.device_set(name, count), count)
            servers = [muster, running.enter_context(self.start_mosquitto())]
            if find("flashmq"):
                servers.append(running.enter_context(self.start_flashmq()))
            yield servers

    def rounds(self, servers):
        """(repeat, server): interleaved, and each time another one is first."""
        for repeat in range(self.sizes.repeats):
            turn = repeat % len(servers)
            for server in servers[turn:] + servers[:turn]:
                yield repeat, server

    # Measuring.

    def load(self, figure, server, mode, *options, devices, device_set="device", host=control.HUB_HOST, pinned=True):
        """One run of the load against one server; returns what it says at the end."""
        words = [self.programs / "muster_load", mode, self.certs, "--set", device_set, "--devices", devices, "--address",
                 server.address, "--server-name", host, "--pid", server.pid, "--sources", SOURCES, *options]
        program = Program(words, self.load_core if pinned else None)
        try:
            program.until("connected")
            # Not for a churn, which is measured from here on: asking costs the server, too.
            before = server.commits() if mode in ("messages", "open") else None
            done = program.until("done")
            if before:
                events, commits = (now - then for now, then in zip(server.commits(), before))
                done["events_per_commit"] = events / max(commits, 1)
        finally:
            program.close()
        server.check_alive()
        self.record(figure, server.name, done, mode=mode, options=[str(word) for word in options], devices=devices)
        return done

    def record(self, figure, server, done, **more):
        self.runs.append({"figure": figure, "server": server, **more, **done})

    def progress(self, text):
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def choose_cores():
    """(server's core, load's core), or (None, None) where there is but one."""
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[-1]) if len(cores) > 1 else (None, None)
