"""Packet x state x mutation over the real listener, by mutual TLS: the service answers or closes as the oracle foretells, it does
not crash, and another device is served all the while."""

import socket
import ssl
import time
import zlib
from collections import Counter
from dataclasses import dataclass

import pytest

import oracle
import packets as p
from figures import LONG
from steady import Steady
from world import World

# In ./check the cases of ALWAYS, and this share of the others in percent, chosen by a hash of their names.
SHARE = 100 if LONG else 18
ALWAYS = ("whole", "twice", "id_0", "claims", "length")
CASES_MIN = 5000
PATIENCE_S = 10
BYSTANDER = "bystander"
ANSWER_DELAY_MS = 5000  # What registers waits so long for its answer.
REUSED_FOR_S = 3.5      # A connection that waits for DPS still does.


@dataclass(frozen=True)
class State:
    """How a connection got where the case finds it. `setup` is written at once, and `answers` are read before the case is written,
    unless the case goes out `together` with it. `before`: what the case continues, in the eyes of the oracle."""

    name: str
    base: str
    setup: bytes = b""
    answers: tuple = ()
    before: bytes = b""
    service: str = ""
    certificate: bool = True
    together: bool = False


def by_name(name):
    return next(packet for packet in p.PACKETS if packet.name == name).bytes()


CONNECT_DPS, CONNECT_HUB = by_name("connect_to_dps"), by_name("connect_to_hub")
SUBSCRIBE_DPS = p.filters("", p.SUBSCRIBE, p.DPS_ANSWERS).bytes()
SUBSCRIBE_HUB = p.filters("", p.SUBSCRIBE, p.TWIN_ANSWERS, p.METHODS).bytes()
BURST = by_name("telemetry_qos_1") * 8

STATES = [
    State("before_connect", "fresh"),
    State("before_connect_without_certificate", "fresh", certificate=False),
    State("within_connect", "fresh", before=CONNECT_HUB[:40], service="hub"),
    State("after_refused_connect", "gone", by_name("connect_to_nobody"), together=True),
    State("at_dps", "at_dps", CONNECT_DPS, (p.CONNACK,), service="dps"),
    State("at_dps_subscribed", "at_dps", CONNECT_DPS + SUBSCRIBE_DPS, (p.CONNACK, p.SUBACK), service="dps"),
    State("waiting_for_dps", "at_dps", CONNECT_DPS + SUBSCRIBE_DPS + by_name("register"), (p.CONNACK, p.SUBACK, p.PUBACK),
          service="dps"),
    State("at_hub", "at_hub", CONNECT_HUB, (p.CONNACK,), service="hub"),
    State("at_hub_subscribed", "at_hub", CONNECT_HUB + SUBSCRIBE_HUB, (p.CONNACK, p.SUBACK), service="hub"),
    State("within_a_burst", "at_hub", CONNECT_HUB, (p.CONNACK,), before=BURST, service="hub"),
    State("after_disconnect", "gone", CONNECT_HUB + by_name("disconnect"), service="hub", together=True),
]


class Ended(Exception):
    pass


class Peer:
    """One connection to the service, in a state."""

    def __init__(self, service, state):
        self.state, self.inbox, self.reset = state, b"", False
        plain = socket.create_connection((service.world.address, 8883), timeout=PATIENCE_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = p.SERVER_NAMES.get(state.service, service.world.address)
        self.tls = service.contexts[state.certificate].wrap_socket(plain, server_hostname=name)
        if not state.together:
            self.setup()

    def setup(self):
        if self.state.setup:
            self.tls.sendall(self.state.setup)
        for kind in self.state.answers:
            assert self.packet()[0] == kind
        self.opened = time.monotonic()

    def write(self, data):
        try:
            self.tls.sendall(data)
        except OSError as error:
            self.reset |= isinstance(error, ConnectionResetError)

    def fin(self):
        try:
            socket.socket.shutdown(self.tls, socket.SHUT_WR)  # SSLSocket's own would end decryption, too.
        except OSError:
            pass

    def packet(self):
        """(type, first byte of the body's second half: the code of a CONNACK). Ended at the end of the connection."""
        while True:
            if len(self.inbox) >= 2:
                size, shift, at = 0, 0, 1
                while at < len(self.inbox):
                    size |= (self.inbox[at] & 0x7F) << shift
                    shift, at = shift + 7, at + 1
                    if not self.inbox[at - 1] & 0x80:
                        break
                if len(self.inbox) >= at + size:
                    kind, body = self.inbox[0] >> 4, self.inbox[at : at + size]
                    self.inbox = self.inbox[at + size :]
                    if kind == p.PUBLISH:  # DPS's and the twin's answers come when they are ready.
                        continue
                    return kind, body[1] if kind == p.CONNACK else None
            self.more()

    def more(self):
        try:
            data = self.tls.recv(65536)
        except socket.timeout:
            raise AssertionError("it neither answered nor closed") from None
        except (ssl.SSLError, OSError) as error:
            self.reset |= isinstance(error, ConnectionResetError)
            raise Ended from error
        if not data:
            raise Ended
        self.inbox += data

    def until_end(self):
        answers = []
        try:
            while True:
                answers.append(self.packet())
        except Ended:
            return answers

    def close(self):
        self.tls.close()


def plain_answers(expected):
    return [answer if isinstance(answer, tuple) else (answer, None) for answer in expected.answers]


def matches(got, wanted):
    return got[0] == wanted[0] and (got[1] == wanted[1] or (wanted[1] is None and (got[0] != p.CONNACK or got[1] != 0)))


def is_part_of(got, wanted):
    """Each of `got` is one of `wanted`, as often as it is there."""
    left = list(wanted)
    for answer in got:
        found = next((one for one in left if matches(answer, one)), None)
        if found is None:
            return False
        left.remove(found)
    return True


class Matrix:
    def __init__(self, world, bystander):
        self.world, self.bystander = world, bystander
        self.contexts = {}
        for certificate in (True, False):
            context = ssl.create_default_context(cafile=world.ca)
            if certificate:
                context.load_cert_chain(*world.hostile)
            self.contexts[certificate] = context
        self.ends = Counter()
        self.resets = 0
        self.connections = 0
        self.wrong = []

    def foretell(self, state, case):
        expected = oracle.foretell(state.base, state.before + b"".join(case.pieces))
        if not state.certificate and (p.CONNACK, 0) in expected.answers:
            return oracle.Expected([(p.CONNACK, 5)], oracle.CLOSED)
        if state.name == "after_refused_connect":
            expected.answers = [(p.CONNACK, None)]
        if state.name == "after_disconnect":
            expected.answers = [(p.CONNACK, 0)]
        return expected

    def run(self, state, packet):
        peer = None
        for case in p.spoilt(packet):
            if not is_chosen(state, packet, case):
                continue
            if peer is None:
                peer = Peer(self, state)
                self.connections += 1
            expected = self.foretell(state, case)
            try:
                problem = self.check(peer, state, case, expected)
            except AssertionError as error:
                problem = str(error)
            self.ends[expected.end] += 1
            if problem:
                self.wrong.append(f"{state.name}/{packet.name}/{case.name}: {problem}; foretold {expected}")
            self.resets += peer.reset
            stays = not problem and not case.ends and expected.end == oracle.OPEN and expected.state == state.base
            if not stays or state.before or time.monotonic() - peer.opened > REUSED_FOR_S:
                peer.close()
                peer = None
        if peer:
            peer.close()

    @staticmethod
    def check(peer, state, case, expected):
        """What is wrong, or nothing."""
        before = (state.setup if state.together else b"") + state.before
        pieces = list(case.pieces)
        pieces[0] = before + pieces[0]
        stays = expected.end == oracle.OPEN and not case.ends
        if stays and expected.state != "fresh":
            pieces[-1] += p.PING
        for piece in pieces:
            peer.write(piece)
        wanted = plain_answers(expected)
        if not stays:
            if expected.end != oracle.CLOSED or case.ends:
                peer.fin()
            got = peer.until_end()
            if expected.end == oracle.EITHER:
                return None
            # What is cut off may go without its last answers; a CONNACK is always seen.
            due, seen = (sum(kind == p.CONNACK for kind, _ in answers) for answers in (wanted, got))
            if is_part_of(got, wanted) and (seen == due or case.ends):
                return None
            return f"got {got}"
        wanted.append((p.PINGRESP, None))
        got = []
        try:
            while len(got) < len(wanted):
                got.append(peer.packet())
        except Ended:
            return f"closed after {got}"
        return None if is_part_of(got, wanted) else f"got {got}"


def is_chosen(state, packet, case):
    name = f"{state.name}/{packet.name}/{case.name}"
    return case.name.startswith(ALWAYS) or zlib.crc32(name.encode()) % 100 < SHARE


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    one = World(tmp_path_factory.mktemp("packets"), settings=[f"dps.response_delay_ms={ANSWER_DELAY_MS}"])
    one.up()
    try:
        one.hostile = certified(one, p.DEVICE)
        one.bystander = certified(one, BYSTANDER)
        yield one
    finally:
        one.down()


def certified(world, name):
    """A device that the hub knows by its certificate: (certificate, key)."""
    folder = world.parent / name
    world.run_cli("hub", "device-identity", "create", "-d", name, "--auth-method", "x509_thumbprint", "--output-dir", folder)
    return folder / f"{name}-cert.pem", folder / f"{name}-key.pem"


def test_every_packet_in_every_state(world, tmp_path, figures):
    cert, key = world.bystander
    bystander = Steady(tmp_path, world, [{"device": BYSTANDER, "cert": str(cert), "key": str(key)}], rate=100).settle()
    began = time.monotonic()
    time.sleep(3)
    quiet_until = time.monotonic()
    matrix = Matrix(world, bystander)
    for state in STATES:
        for packet in p.PACKETS:
            matrix.run(state, packet)
            assert world.process.poll() is None, f"it ended in {state.name}/{packet.name}\n{world.log()[-4000:]}"
    ended = time.monotonic()
    before, during = bystander.over(began, quiet_until), bystander.over(quiet_until, ended)
    bystander.stop()
    cases = sum(matrix.ends.values())
    figures.note(name="packet matrix", cases=cases, seconds=round(ended - quiet_until, 1), connections=matrix.connections,
                 **matrix.ends, resets=matrix.resets, wrong=len(matrix.wrong), bystander_p99_ms_before=before["p99"],
                 bystander_p99_ms_during=during["p99"])
    assert not matrix.wrong, f"{len(matrix.wrong)} of {cases}:\n" + "\n".join(matrix.wrong[:40])
    assert cases >= CASES_MIN
    assert during["count"] > 0.5 * (ended - quiet_until) * 100 and world.json("status")["pid"] == world.process.pid
