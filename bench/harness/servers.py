"""The servers that are measured: each is started, asked for its figures from outside, and stopped."""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

from harness import control
from harness.load import pinned

PORT = 8883
ADMIN_PORT = 9464
START_S = 120


class Server:
    """Started by the constructor; `with` stops it. Every server listens at an address of its own, so that all may run."""

    name = ""

    def __init__(self, words, address, folder, core):
        self.address = address
        self.log = pathlib.Path(folder) / f"{self.name}.log"
        self.started = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=pinned(core), env=clean_environment())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def check_alive(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with status {self.process.returncode}:\n{self.log.read_text(errors='replace')[-2000:]}")

    def wait_for_port(self):
        """Returns when it accepts connections."""
        until = time.monotonic() + START_S
        while True:
            self.check_alive()
            try:
                socket.create_connection((self.address, PORT), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.001)

    def memory(self):
        """Bytes: resident, and of that what no other process shares."""
        text = pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii")
        kib = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}
        return {"resident": kib["Rss"] * 1024, "private": (kib["Private_Clean"] + kib["Private_Dirty"]) * 1024}

    def commits(self):
        """(events, commits) so far; None of a server that keeps nothing."""
        return None


class Mosquitto(Server):
    name = "mosquitto"

    def __init__(self, bench, address, core):
        folder = bench.new_folder(self.name)
        # Started by root it would change to its own user, who cannot read the bench's files.
        user = "user root" if os.geteuid() == 0 else ""
        config = fill_in(bench.source / "bench" / "mosquitto.conf", address=address, certs=bench.certs, user=user)
        (folder / "mosquitto.conf").write_text(config)
        super().__init__([find("mosquitto"), "-c", folder / "mosquitto.conf"], address, folder, core)
        self.wait_for_port()


class FlashMq(Server):
    name = "flashmq"

    def __init__(self, bench, address, core):
        folder = bench.new_folder(self.name)
        config = fill_in(bench.source / "bench" / "flashmq.conf", address=address, certs=bench.certs)
        (folder / "flashmq.conf").write_text(config)
        super().__init__([find("flashmq"), "--config-file", folder / "flashmq.conf"], address, folder, core)
        self.wait_for_port()


class Muster(Server):
    """A world in a folder; made by the first start, kept for the next ones."""

    name = "muster"

    def __init__(self, bench, address, core, data=None):
        self.bench, self.core = bench, core
        self.data = data or bench.new_folder(self.name) / "world"
        super().__init__([bench.muster, "up", "--bare", "--data", self.data, "--listen", address, "--shards", 1,
                          "--admin-port", ADMIN_PORT], address, self.data.parent, core)
        self.wait_until_ready()
        self.ready_s = time.monotonic() - self.started

    def wait_until_ready(self):
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            self.check_alive()
            try:
                connection = http.client.HTTPConnection(self.address, ADMIN_PORT, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            finally:
                connection.close()
            time.sleep(0.0005)
        raise RuntimeError(f"muster is not ready after {START_S} s")

    def again(self):
        """The same world, after stop() or kill()."""
        return Muster(self.bench, self.address, self.core, self.data)

    def control(self):
        return control.Control(self.data / "control.sock")

    def world(self):
        return json.loads((self.data / "world.json").read_text(encoding="utf-8"))

    def make_services(self):
        rest = self.control()
        rest.make_services((self.bench.certs / "root.pem").read_text(encoding="ascii"))
        rest.close()
        return self

    def make_devices(self, device_set, count):
        rest = self.control()
        rest.make_devices(device_set, count)
        rest.close()

    def commits(self):
        connection = http.client.HTTPConnection(self.address, ADMIN_PORT, timeout=30)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return tuple(int(re.search(rf"^{name} (\d+)", text, re.MULTILINE).group(1))
                     for name in ("muster_events_appended_total", "muster_event_log_commits_total"))


def find(program):
    """Debian keeps daemons where a user's PATH does not look."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/usr/local/bin")


def fill_in(template, **values):
    text = pathlib.Path(template).read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def clean_environment():
    """This process's, without what would configure a muster."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
