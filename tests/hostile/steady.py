"""Well-behaved devices, in a process of their own: each sends telemetry at QoS 1 at a steady rate and notes how long its
acknowledgement took, from the moment at which it was due to be sent.

`steady.py` reads what to do from standard input as JSON and writes a line a message: when it was due (CLOCK_MONOTONIC, seconds),
and milliseconds; or `nothing` and why, for a device that was closed or went without its answer. Ends when its input does.
"""

import json
import pathlib
import selectors
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import raw_mqtt
from figures import percentile

HUB_VERSION = "?api-version=2021-04-12"
PUBACK_SIZE = 4


class Device:
    def __init__(self, what, one):
        context = raw_mqtt.tls_context(what["ca"], one.get("cert"), one.get("key"))
        self.client = raw_mqtt.Client(what["address"], what["host"], context)
        self.name = one["device"]
        _, code = self.client.connect(self.name, f"{what['host']}/{self.name}/{HUB_VERSION}", one.get("password"))
        assert code == 0, f"{self.name}: CONNACK {code}"
        self.client.socket.setblocking(False)
        self.waiting = {}
        self.inbox = b""

    def send(self, due):
        self.client.socket.setblocking(True)
        packet_id = self.client.publish(f"devices/{self.name}/messages/events/", b"x" * 256)
        self.client.socket.setblocking(False)
        self.waiting[packet_id] = due

    def acknowledged(self):
        """Yields when each of what is acknowledged now had been due."""
        while True:
            try:
                data = self.client.socket.recv(4096)
            except (raw_mqtt.ssl.SSLWantReadError, BlockingIOError):
                return
            if not data:
                raise raw_mqtt.Closed("end of stream")
            self.inbox += data
            while len(self.inbox) >= PUBACK_SIZE:
                kind, packet_id = self.inbox[0] >> 4, struct.unpack("!H", self.inbox[2:4])[0]
                assert kind == raw_mqtt.PUBACK, self.inbox
                self.inbox = self.inbox[PUBACK_SIZE:]
                yield self.waiting.pop(packet_id)


class Loop:
    """Sends in turn, `rate` messages a second over all devices, and takes what comes between."""

    def __init__(self, what):
        self.gap = 1.0 / what["rate"]
        self.devices = [Device(what, one) for one in what["clients"]]
        self.selector = selectors.DefaultSelector()
        for device in self.devices:
            self.selector.register(device.client.socket, selectors.EVENT_READ, device)

    def run(self, stop):
        due, turn = time.monotonic(), 0
        while not stop.is_set():
            due, turn = due + self.gap, turn + 1
            self.receive_until(due)
            self.devices[turn % len(self.devices)].send(due)

    def receive_until(self, due):
        while True:
            left = due - time.monotonic()
            for key, _ in self.selector.select(max(0.0, left)):
                for sent in key.data.acknowledged():
                    print(f"{sent:.6f} {(time.monotonic() - sent) * 1000:.3f}")
            if left <= 0:
                return

    def finish(self, seconds=30):
        """What is under way is waited for."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(device.waiting for device in self.devices):
            self.receive_until(time.monotonic() + 0.05)
        for device in self.devices:
            for _ in device.waiting:
                print(f"nothing {device.name} was not acknowledged in {seconds} s")


class Steady:
    """The process, as the tests see it."""

    def __init__(self, folder, world, clients, rate):
        self.path = pathlib.Path(folder) / f"steady-{time.monotonic_ns()}.txt"
        what = {"address": world.address, "ca": str(world.ca), "host": "my-iot-hub-x509.azure-devices.net", "rate": rate,
                "clients": clients}
        with open(self.path, "wb") as out:
            self.process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=out, stderr=out)
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        self.process.stdin.flush()

    def settle(self, messages=50):
        end = time.monotonic() + 60
        while len(self.rows()) < messages:
            assert self.process.poll() is None and time.monotonic() < end, self.path.read_text()
            time.sleep(0.05)
        return self

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=60) == 0, self.path.read_text()[-4000:]
        lost = [line for line in self.path.read_text().splitlines() if line.startswith("nothing")]
        assert not lost, lost[:5]

    def rows(self):
        rows = []
        for line in self.path.read_text().splitlines():
            words = line.split()
            if len(words) == 2 and words[0][0].isdigit():
                rows.append((float(words[0]), float(words[1])))
        return rows

    def over(self, begin, end):
        """Figures of the messages that were due between the two times, in milliseconds."""
        taken = [latency for due, latency in self.rows() if begin <= due <= end]
        return {"count": len(taken), "p50": percentile(taken, 0.5), "p99": percentile(taken, 0.99),
                "max": max(taken, default=None)}


def main():
    what = json.loads(sys.stdin.readline())
    sys.stdout.reconfigure(line_buffering=True)
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    loop = Loop(what)
    try:
        loop.run(stop)
        loop.finish()
    except (raw_mqtt.Closed, OSError) as error:
        print(f"nothing the service ended the connection: {error!r}")


if __name__ == "__main__":
    main()
