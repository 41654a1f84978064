"""A flood of one kind, in a process of its own: opens its connections from its source address as fast as it can, holds them, and
writes every half second how many stand and how many the service has closed. Reads what to do from standard input as JSON, and
ends when its input does.
"""

import json
import pathlib
import selectors
import socket
import ssl
import subprocess
import sys
import threading
import time

HELD = {"idle": b"", "garbage": b"GET / HTTP/1", "hello": None}
PACE = 50  # New connections between two looks at the others: a backlog that overflows is the kernel's flood, not ours.
IP_BIND_ADDRESS_NO_PORT = 24
CLAIM_256_MIB = b"\x10\xff\xff\xff\x7f\x00\x04MQTT"
CONNECT_60_OF_64_KIB = b"\x10\xf0\xff\x03" + b"\x00\x04MQTT\x04\x82\x00\x3c" + b"\x00\x01a" + b"\xff\x00" + b"x" * (60 * 1024)
AFTER_HANDSHAKE = {"no_certificate": b"", "claim": CLAIM_256_MIB, "unfinished_connect": CONNECT_60_OF_64_KIB}


def tls_context(what):
    context = ssl.create_default_context(cafile=what["ca"])
    if what.get("cert"):
        context.load_cert_chain(what["cert"], what["key"])
    return context


def client_hello(context, name):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class Flood:
    def __init__(self, what):
        self.what, self.kind = what, what["kind"]
        self.context = tls_context(what)
        self.hello = client_hello(self.context, what["address"])
        self.selector = selectors.DefaultSelector()
        self.standing, self.closed, self.failed, self.secured = 0, 0, 0, 0

    def open(self):
        one = socket.socket()
        one.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        one.bind((self.what["source"], 0))
        one.settimeout(30)
        try:
            one.connect((self.what["address"], self.what["port"]))
            if self.kind in HELD:
                first = HELD[self.kind]
                one.sendall(self.hello if first is None else first)
        except OSError:
            self.failed += 1
            one.close()
            return
        one.setblocking(False)
        if self.kind in AFTER_HANDSHAKE:
            one = self.context.wrap_socket(one, server_hostname=self.what["address"], do_handshake_on_connect=False)
        self.standing += 1
        self.selector.register(one, selectors.EVENT_READ, {"secure": self.kind in HELD})
        if self.kind in AFTER_HANDSHAKE:
            self.step(one)

    def step(self, one):
        """What there is to do for a connection that has become readable."""
        key = self.selector.get_key(one)
        try:
            if not key.data["secure"]:
                one.do_handshake()
                key.data["secure"] = True
                self.secured += 1
                one.setblocking(True)
                one.sendall(AFTER_HANDSHAKE[self.kind])
                one.setblocking(False)
            elif not one.recv(65536):
                self.drop(one)
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        except OSError:
            self.drop(one)

    def drop(self, one):
        self.selector.unregister(one)
        one.close()
        self.standing -= 1
        self.closed += 1

    def look(self, seconds):
        end = time.monotonic() + seconds
        while True:
            for key, _ in self.selector.select(max(0.0, end - time.monotonic())):
                self.step(key.fileobj)
            if time.monotonic() >= end:
                return

    def report(self, state):
        print(f"{state} {self.standing} {self.closed} {self.failed} {self.secured}", flush=True)

    def run(self, stop):
        opened = 0
        while opened < self.what["count"] and not stop.is_set():
            for _ in range(min(PACE, self.what["count"] - opened)):
                self.open()
                opened += 1
            self.look(0)
        while not stop.is_set():
            self.report("open")
            self.look(0.5)
        self.report("end")


class Attack:
    """A flood from several addresses, one process each, as the tests see it."""

    def __init__(self, folder, world, kind, count, sources, **more):
        self.files, self.processes = [], []
        share = -(-count // len(sources))
        for source in sources:
            what = {"kind": kind, "address": world.address, "port": 8883, "source": source, "count": share,
                    "ca": str(world.ca), **more}
            path = pathlib.Path(folder) / f"flood-{kind}-{source}-{time.monotonic_ns()}.txt"
            with open(path, "wb") as out:
                process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=out, stderr=out)
            process.stdin.write(json.dumps(what).encode() + b"\n")
            process.stdin.flush()
            self.files.append(path)
            self.processes.append(process)

    def now(self):
        """Standing, closed by the service, failed to connect, handshakes done; None until all have been opened."""
        sums = [0, 0, 0, 0]
        for path, process in zip(self.files, self.processes):
            lines = path.read_text().splitlines()
            assert process.poll() is None, path.read_text()
            if not lines or not lines[-1].startswith("open "):
                return None
            words = lines[-1].split()
            sums = [a + int(b) for a, b in zip(sums, words[1:])]
        return dict(zip(("standing", "closed", "failed", "secured"), sums))

    def wait(self, until=lambda now: True, seconds=120):
        end = time.monotonic() + seconds
        while True:
            now = self.now()
            if now is not None and until(now):
                return now
            assert time.monotonic() < end, f"{now}"
            time.sleep(0.1)

    def stop(self):
        for process in self.processes:
            process.stdin.close()
        for process, path in zip(self.processes, self.files):
            assert process.wait(timeout=60) == 0, path.read_text()


def main():
    what = json.loads(sys.stdin.readline())
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    Flood(what).run(stop)


if __name__ == "__main__":
    main()
