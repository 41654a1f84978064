"""One device that keeps as many messages in flight as it may, in a process of its own; at its end it writes how many were
acknowledged."""

import json
import pathlib
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import raw_mqtt

WINDOW = 256  # More than the service lets a connection have in flight: the rest waits in its socket.
PUBACK_SIZE = 4


def run(what, stop):
    name, host = what["device"], what["host"]
    client = raw_mqtt.Client(what["address"], host, raw_mqtt.tls_context(what["ca"], what["cert"], what["key"]))
    assert client.connect(name, f"{host}/{name}/?api-version=2021-04-12")[1] == 0
    topic = raw_mqtt.text(f"devices/{name}/messages/events/")
    body = topic + struct.pack("!H", 1) + b"x" * 256
    packet = bytes([0x32]) + raw_mqtt.remaining_length(len(body)) + body
    client.socket.sendall(packet * WINDOW)
    received, acknowledged = 0, 0
    while not stop.is_set():
        received += len(client.socket.recv(65536))
        client.socket.sendall(packet * (received // PUBACK_SIZE - acknowledged))
        acknowledged = received // PUBACK_SIZE
    client.socket.close()
    return acknowledged


class Noisy:
    """The process, as the test sees it."""

    def __init__(self, folder, world, client):
        self.path = pathlib.Path(folder) / f"noisy-{time.monotonic_ns()}.txt"
        what = {"address": world.address, "ca": str(world.ca), "host": "my-iot-hub-x509.azure-devices.net", **client}
        with open(self.path, "wb") as out:
            self.process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=out, stderr=out)
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        self.process.stdin.flush()

    def stop(self):
        """How many of its messages were acknowledged."""
        self.process.stdin.close()
        assert self.process.wait(timeout=60) == 0, self.path.read_text()
        return int(self.path.read_text())


def main():
    what = json.loads(sys.stdin.readline())
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    print(run(what, stop))


if __name__ == "__main__":
    main()
