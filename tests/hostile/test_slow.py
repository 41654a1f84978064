"""Peers that send a byte now and then, at each stage: each is cut off by the limit of its stage, and nobody else notices."""

import socket
import ssl
import time
from dataclasses import dataclass
from typing import Callable

import pytest

import packets as p
import raw_mqtt
from flood import client_hello
from hostile_world import client_of, running
from steady import Steady
from world import HUB_HOST

HANDSHAKE_S, CONNECT_S, REQUEST_S, IDLE_S, KEEP_ALIVE_S = 3, 4, 3, 3, 2
SETTINGS = [f"limits.handshake_seconds={HANDSHAKE_S}", f"limits.connect_seconds={CONNECT_S}",
            f"limits.http_request_seconds={REQUEST_S}", f"limits.http_idle_seconds={IDLE_S}"]
DRIP_S = 0.4
EARLY_S, LATE_S = 0.5, 15  # A noisy machine may be late, and nothing is cut off before its time.
PEERS = 10                 # At each stage.
BYSTANDER, RATE = "bystander", 50
TELEMETRY = p.publish("", p.TELEMETRY, 1, b"x" * 2000).bytes()
HEAD = f"PUT /devices/x?api-version=2021-04-12 HTTP/1.1\r\nHost: {HUB_HOST}\r\n".encode()


@dataclass(frozen=True)
class Stage:
    """`open` gives a connection at the stage; then `rest` comes in drips, and after `limit` seconds it is closed."""

    name: str
    open: Callable
    rest: bytes
    limit: float
    last_words: bytes = b""


class Opening:
    def __init__(self, world):
        self.world = world
        self.stranger = ssl.create_default_context(cafile=world.ca)
        self.device = raw_mqtt.tls_context(world.ca, *world.devices[p.DEVICE])
        self.hello = client_hello(self.stranger, HUB_HOST)

    def plain(self, port=8883, first=b""):
        one = socket.create_connection((self.world.address, port), timeout=10)
        one.sendall(first)
        return one

    def secured(self, context, port=8883, first=b""):
        one = context.wrap_socket(self.plain(port), server_hostname=HUB_HOST)
        one.sendall(first)
        return one

    def connected(self, first=b""):
        connect = p.connect("", p.HUB_USER).bytes()
        one = self.secured(self.device, first=connect.replace(b"\x00\x3c", bytes([0, KEEP_ALIVE_S]), 1))
        assert one.recv(4) == b"\x20\x02\x00\x00"
        one.sendall(first)
        return one


def stages(at):
    connect = p.connect("", p.HUB_USER).bytes()
    body = HEAD + b"Content-Length: 5000\r\n\r\n{"
    return [
        Stage("silence", at.plain, b"", HANDSHAKE_S),
        Stage("tls_hello", lambda: at.plain(first=at.hello[:1]), at.hello[1:], HANDSHAKE_S),
        Stage("tls_after_hello", lambda: at.plain(first=at.hello), b"\x14\x03\x03\x00\x01", HANDSHAKE_S),
        Stage("no_connect", lambda: at.secured(at.device), b"", CONNECT_S),
        Stage("connect", lambda: at.secured(at.device, first=connect[:1]), connect[1:], CONNECT_S),
        Stage("connect_of_a_stranger", lambda: at.secured(at.stranger, first=connect[:1]), connect[1:], CONNECT_S),
        Stage("publish", lambda: at.connected(first=TELEMETRY[:1]), TELEMETRY[1:], 2 * 1.5 * KEEP_ALIVE_S),
        Stage("https_silence", lambda: at.plain(443), b"", HANDSHAKE_S),
        Stage("https_tls", lambda: at.plain(443, at.hello[:1]), at.hello[1:], HANDSHAKE_S),
        Stage("https_no_request", lambda: at.secured(at.stranger, 443), b"", IDLE_S),
        Stage("https_head", lambda: at.secured(at.stranger, 443, HEAD), b"x-slow: " + b"x" * 2000, REQUEST_S, b"HTTP/1.1 408"),
        Stage("https_body", lambda: at.secured(at.stranger, 443, body), b" " * 5000, REQUEST_S, b"HTTP/1.1 408"),
    ]


class Dripping:
    """Connections at one stage, from the time at which they got there."""

    def __init__(self, stage):
        self.stage, self.sent, self.heard = stage, 0, {}
        # One session a device: of those that are connected, a newer one ends the older.
        count = 1 if stage.name == "publish" else PEERS
        self.open = [stage.open() for _ in range(count)]
        self.since = time.monotonic()
        self.ended = []
        for one in self.open:
            one.setblocking(False)
            self.heard[one] = b""

    def drip(self):
        byte = self.stage.rest[self.sent : self.sent + 1]
        self.sent += 1
        for one in list(self.open):
            try:
                if byte:
                    one.send(byte)
            except OSError:
                pass  # It is seen to have ended by reading.
            self.read(one)

    def read(self, one):
        try:
            data = one.recv(65536)
            self.heard[one] += data
        except (ssl.SSLWantReadError, BlockingIOError):
            return
        except OSError:
            data = b""
        if not data:
            self.open.remove(one)
            one.close()
            self.ended.append(time.monotonic() - self.since)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with running(tmp_path_factory.mktemp("slow"), settings=SETTINGS, devices=(BYSTANDER, p.DEVICE)) as one:
        yield one


def test_slow_peers_are_cut_off_at_every_stage(world, tmp_path, figures):
    bystander = Steady(tmp_path, world, [client_of(world, BYSTANDER)], RATE).settle()
    began = time.monotonic()
    everyone = [Dripping(stage) for stage in stages(Opening(world))]
    end = time.monotonic() + LATE_S + CONNECT_S
    while any(one.open for one in everyone) and time.monotonic() < end:
        time.sleep(DRIP_S)
        for one in everyone:
            one.drip()
    during = bystander.over(began, time.monotonic())
    bystander.stop()
    for one in everyone:
        stage = one.stage
        assert not one.open, f"{stage.name}: {len(one.open)} are open after {LATE_S + CONNECT_S} s"
        figures.note(name=f"slow peer, {stage.name}", limit_s=stage.limit, closed_after_s=round(max(one.ended), 1))
        assert min(one.ended) >= stage.limit - EARLY_S, f"{stage.name}: closed after {min(one.ended):.1f} s"
        assert all(heard.startswith(stage.last_words) for heard in one.heard.values()) or not stage.last_words, stage.name
    assert during["count"] > 0.5 * RATE * HANDSHAKE_S and world.process.poll() is None
