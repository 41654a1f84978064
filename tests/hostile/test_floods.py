"""Floods by peers that show no credential: what each costs the service is bounded, an authenticated device is served all the
while, and a new one is let in.

Sizes are those of the goal under MUSTER_CHECK=long, and a tenth in ./check, with the limits of openings a tenth, too.
"""

import http.client
import socket
import ssl
import time
from dataclasses import dataclass

import pytest

import raw_mqtt
from figures import LONG
from flood import Attack
from hostile_world import Process, address_of_another_world, client_of, running, sources
from steady import Steady
from world import HUB_HOST

PART = 1 if LONG else 10
OPENINGS, PER_ADDRESS = 1000 // PART, 500 // PART
RSS_RISE_MAX_KIB, VM_RISE_MAX_KIB = 64 * 1024, 256 * 1024
SILENT_SOCKET_MAX_KIB = 8
# limits.connect_bytes_max, in a buffer that grows by doubling, and the TLS object.
UNFINISHED_CONNECT_MAX_KIB = 128 + 40
BYSTANDER, NEWCOMER, RATE = "bystander", "newcomer", 100
HOLD_S = 5


@dataclass(frozen=True)
class Row:
    """`stands`: how many the service lets stand, of those that came; the others it has closed. `opening`: they count as openings."""

    kind: str
    count: int
    addresses: int
    stands: int
    opening: bool = False
    certificate: bool = False

    def __str__(self):
        return f"{self.count} x {self.kind} from {self.addresses}"


ROWS = [
    Row("idle", 15000 // PART, 3, stands=15000 // PART),
    Row("garbage", 5000 // PART, 2, stands=0),
    Row("hello", 5000 // PART, 1, stands=5000 // PART, opening=True),
    Row("hello", 5000 // PART, 5, stands=5000 // PART, opening=True),
    Row("no_certificate", 5000 // PART, 1, stands=5000 // PART, opening=True),
    Row("claim", 5000 // PART, 2, stands=0, certificate=True),
    Row("unfinished_connect", 2000 // PART, 2, stands=2000 // PART, opening=True),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    settings = [f"limits.openings_max={OPENINGS}", f"limits.openings_per_address_max={PER_ADDRESS}"]
    with running(tmp_path_factory.mktemp("floods"), settings=settings, devices=(BYSTANDER, NEWCOMER, "hostile-1")) as one:
        yield one


def comes_in(world):
    """How long a device that has not been there takes to be let in, in seconds."""
    began = time.monotonic()
    cert, key = world.devices[NEWCOMER]
    with raw_mqtt.Client(world.address, HUB_HOST, raw_mqtt.tls_context(world.ca, cert, key)) as client:
        assert client.connect(NEWCOMER, f"{HUB_HOST}/{NEWCOMER}/?api-version=2021-04-12")[1] == 0
    return time.monotonic() - began


def limits_of(world):
    return world.json("status")["limits"]["connections"]


def settle(world):
    """Until the flood before is forgotten: only the bystander is connected."""
    end = time.monotonic() + 60
    while limits_of(world)["open"] > 1:
        assert time.monotonic() < end, limits_of(world)
        time.sleep(0.1)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_flood(world, tmp_path, figures, row):
    bystander = Steady(tmp_path, world, [client_of(world, BYSTANDER)], RATE).settle()
    settle(world)
    began = time.monotonic()
    time.sleep(2)
    process, flooded = Process(world.process.pid), time.monotonic()
    more = dict(zip(("cert", "key"), map(str, world.devices["hostile-1"]))) if row.certificate else {}
    attack = Attack(tmp_path, world, row.kind, row.count, sources(world, row.addresses), **more)
    stand = attack.wait(lambda now: now["standing"] == row.stands)
    time.sleep(HOLD_S)
    limits = limits_of(world)
    rss, virtual = process.rise()
    newcomer = comes_in(world) if not row.opening or row.addresses == 1 else None
    ended = time.monotonic()
    attack.stop()
    before, during = bystander.over(began, flooded), bystander.over(flooded, ended)
    bystander.stop()
    figures.note(name=str(row), rss_kib=rss, rss_kib_each=round(rss / row.count, 2), virtual_kib=virtual,
                 openings=limits["openings"]["open"], waiting=limits["openings"]["waiting"],
                 newcomer_s=newcomer and round(newcomer, 3), bystander_p99_ms_before=before["p99"],
                 bystander_p99_ms_during=during["p99"])
    assert stand["failed"] == 0 and world.process.poll() is None
    assert virtual <= VM_RISE_MAX_KIB
    if row.kind == "idle":
        assert rss <= SILENT_SOCKET_MAX_KIB * row.count and limits["open"] >= row.count
    elif row.kind == "unfinished_connect":
        assert rss <= UNFINISHED_CONNECT_MAX_KIB * OPENINGS
    else:
        assert rss <= RSS_RISE_MAX_KIB
    if row.opening:
        places = min(OPENINGS, PER_ADDRESS * row.addresses)
        assert 0 < limits["openings"]["open"] <= places
        assert limits["openings"]["open"] + limits["openings"]["waiting"] == row.count
    assert during["count"] > 0.5 * RATE * (ended - flooded), "the bystander was served throughout"


def test_caps_per_address_and_in_all(tmp_path, figures):
    """Over the caps a connection is closed at once, and counted; another address is served."""
    settings = ["limits.connections_max=300", "limits.connections_per_address_max=200"]
    with running(tmp_path, address_of_another_world(), settings, (BYSTANDER, NEWCOMER)) as world:
        bystander = Steady(tmp_path, world, [client_of(world, BYSTANDER)], RATE).settle()
        attack = Attack(tmp_path, world, "idle", 250, sources(world, 1))
        assert attack.wait(lambda now: now["closed"] == 50)["standing"] == 200
        comes_in(world)
        limits = limits_of(world)
        assert (limits["openOfOneAddress"], limits["perAddressMax"], limits["refused"]) == (200, 200, 50)
        second = Attack(tmp_path, world, "idle", 150, [source.replace(".100", ".200") for source in sources(world, 1)])
        assert second.wait(lambda now: now["closed"] == 51)["standing"] == 99
        metrics = world_metrics(world)
        assert metrics['muster_connections{listener="mqtt"}'] == metrics['muster_connections_max{listener="mqtt"}'] == 300
        attack.stop()
        second.stop()
        bystander.stop()


def test_who_has_waited_in_vain_is_told_and_counted(tmp_path):
    # Those who are inside have as long as CONNECT may take, and those who wait no more than for the handshake.
    settings = ["limits.openings_max=4", "limits.openings_per_address_max=2", "limits.handshake_seconds=2",
                "limits.connect_seconds=6", "shards=1"]
    with running(tmp_path, address_of_another_world(), settings, (NEWCOMER,)) as world:
        attack = Attack(tmp_path, world, "no_certificate", 6, sources(world, 1))
        attack.wait(lambda now: now["standing"] == 6 and now["secured"] == 2)
        assert comes_in(world) < 2, "another address has places of its own"
        attack.wait(lambda now: now["standing"] == 0)
        assert limits_of(world)["openings"] == {"max": 4, "perAddressMax": 2, "open": 0, "waiting": 0, "refused": 4}
        assert world_metrics(world)['muster_openings_refused_total{listener="mqtt"}'] == 4
        attack.stop()


def test_stranger_sends_no_large_body_over_https(world):
    """It hears 401 when 16 KiB of its megabyte have come."""
    context = ssl.create_default_context(cafile=world.ca)
    with context.wrap_socket(socket.create_connection((world.address, 443), timeout=30), server_hostname=HUB_HOST) as one:
        one.sendall(f"PUT /devices/x?api-version=2021-04-12 HTTP/1.1\r\nHost: {HUB_HOST}\r\n"
                    "Content-Length: 1000000\r\n\r\n".encode() + b"x" * (16 * 1024 + 1))
        assert one.recv(65536).startswith(b"HTTP/1.1 401")


def world_metrics(world):
    connection = http.client.HTTPConnection(world.address, 9464, timeout=10)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}
