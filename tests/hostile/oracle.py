"""What the service has to answer, told from the standard and the table of states alone: a second reading of the rules, in another
language than the first.

A state says what one whole packet comes to; `foretell` reads bytes as a server would and says what comes back and how it ends.
"""

import struct
from dataclasses import dataclass, field

import packets as p

# How a case ends. `waits`: a packet has begun and its rest is missing.
OPEN, WAITS, CLOSED, EITHER = "open", "waits", "closed", "either"
FLAGS = {p.PUBREL: 2, p.SUBSCRIBE: 2, p.UNSUBSCRIBE: 2}
ONLY_LENGTH = {p.CONNACK: 2, p.PUBACK: 2, p.PUBREC: 2, p.PUBREL: 2, p.PUBCOMP: 2, p.UNSUBACK: 2,
               p.PINGREQ: 0, p.PINGRESP: 0, p.DISCONNECT: 0}


class Malformed(Exception):
    pass


@dataclass
class Expected:
    answers: list = field(default_factory=list)  # Packet types; CONNACKs as (type, code or None for "a refusal").
    end: str = OPEN
    state: str = ""


class Body:
    """A cursor over the body that raises at the first thing wrong."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if self.at + size > len(self.data):
            raise Malformed
        self.at += size
        return self.data[self.at - size : self.at]

    def byte(self):
        return self.take(1)[0]

    def number(self):
        return struct.unpack("!H", self.take(2))[0]

    def identity(self):
        value = self.number()
        if value == 0:  # [MQTT-2.3.1-1]
            raise Malformed
        return value

    def text(self):
        try:
            value = self.take(self.number()).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Malformed from error
        if "\0" in value:  # [MQTT-1.5.3-2]
            raise Malformed
        return value

    def ended(self):
        return self.at == len(self.data)

    def end(self):
        if not self.ended():
            raise Malformed


def header(data, limit):
    """(kind, flags, size of the header, remaining length), or None while it is incomplete."""
    if not data:
        return None
    kind, flags = data[0] >> 4, data[0] & 15
    if kind in (0, 15):
        raise Malformed
    if kind == p.PUBLISH:
        if flags >> 1 & 3 == 3 or (flags & 8 and not flags & 6):  # [MQTT-3.3.1-4], [MQTT-3.3.1-2]
            raise Malformed
    elif flags != FLAGS.get(kind, 0):
        raise Malformed
    length = 0
    for index in range(4):
        if len(data) < 2 + index:
            return None
        length |= (data[1 + index] & 0x7F) << 7 * index
        if not data[1 + index] & 0x80:
            if ONLY_LENGTH.get(kind, length) != length or 2 + index + length > limit:
                raise Malformed
            return kind, flags, 2 + index, length
    raise Malformed


def read_filters(body, with_qos):
    count = 0
    while not body.ended():
        if not body.text():  # [MQTT-4.7.3-1]
            raise Malformed
        if with_qos and body.byte() > 2:  # [MQTT-3.8.3-4]
            raise Malformed
        count += 1
    if not count:
        raise Malformed
    return count


def refused_connect(code=None):
    return Expected([(p.CONNACK, code)], CLOSED)


def is_topic(name):
    return bool(name) and "+" not in name and "#" not in name


def on_connect(data):
    body = Body(data)
    name, level = body.text(), body.byte()
    if (name, level) != ("MQTT", 4):
        return refused_connect(1)  # [MQTT-3.1.2-2]
    flags = body.byte()
    body.number()
    will_flags = flags >> 3 & 7
    if flags & 1 or (not flags & 4 and will_flags) or flags >> 3 & 3 == 3 or (flags & 0x40 and not flags & 0x80):
        raise Malformed
    client_id = body.text()
    will = None
    if flags & 4:
        will = body.text()
        body.take(body.number())
        if not is_topic(will):
            raise Malformed
    user = body.text() if flags & 0x80 else ""
    if flags & 0x40:
        body.take(body.number())
    body.end()
    return judge_connect(client_id, user, will, flags)


def judge_connect(client_id, user, will, flags):
    for wanted, state in ((p.DPS_USER, "at_dps"), (p.HUB_USER, "at_hub")):
        if user == wanted and client_id == p.DEVICE:
            if state == "at_hub" and will is not None and (will != p.TELEMETRY or flags >> 3 & 3 == 2):
                # A property bag may follow the slash, and the slash may be missing.
                return Expected(end=EITHER) if will.startswith(p.TELEMETRY[:-1]) else refused_connect(5)
            return Expected([(p.CONNACK, 0)], OPEN, state)
        # A host that is no name of Azure's is one that the operator has given the service: the only hub answers to it.
        host, slash, rest = user.partition("/")
        if state == "at_hub" and slash and rest == wanted.partition("/")[2] and client_id == p.DEVICE and will in (None, p.TELEMETRY):
            return refused_connect() if host.endswith(".azure-devices.net") else Expected([(p.CONNACK, 0)], OPEN, state)
        # The query says the API version and who the client is: what else it may say is not this table's.
        if user.startswith(wanted.rpartition("api-version")[0]) and client_id == p.DEVICE:
            return Expected(end=EITHER)
    return refused_connect()


def on_publish(flags, data, state):
    body = Body(data)
    topic = body.text()
    qos = flags >> 1 & 3
    if qos:
        body.identity()
    if not is_topic(topic):
        raise Malformed
    if qos == 2:
        return Expected(end=CLOSED)
    good = p.TELEMETRY if state == "at_hub" else p.REGISTER
    if topic == good:
        return Expected([p.PUBACK] if qos else [])
    # Spoilt in its query or its properties, or cut short there: still one of that kind, or not.
    return Expected(end=EITHER if topic.startswith(good.partition("?")[0].rstrip("/")) else CLOSED)


def on_packet(kind, flags, data, state):
    """The table of states: what a whole packet comes to."""
    if state == "gone":
        return Expected(end=CLOSED)
    if state == "fresh":
        return on_connect(data) if kind == p.CONNECT else Expected(end=CLOSED)
    if kind == p.PUBLISH:
        return on_publish(flags, data, state)
    body = Body(data)
    if kind == p.SUBSCRIBE:
        body.identity()
        read_filters(body, True)
        return Expected([p.SUBACK])
    if kind == p.UNSUBSCRIBE:
        body.identity()
        read_filters(body, False)
        return Expected([p.UNSUBACK])
    if kind == p.PUBACK:
        return Expected()
    if kind == p.PINGREQ:
        return Expected([p.PINGRESP])
    return Expected(end=CLOSED)  # DISCONNECT, a second CONNECT [MQTT-3.1.0-2], QoS 2 and what only servers send.


def foretell(state, data, connect_limit=65536):
    """What comes back for `data` in a state, and how that leaves the connection."""
    expected = Expected(state=state)
    while data:
        if expected.state == "gone":
            return Expected(expected.answers, CLOSED, "gone")
        try:
            found = header(data, connect_limit if expected.state == "fresh" else p.PACKET_MAX)
            if found is None:
                return Expected(expected.answers, WAITS, expected.state)
            kind, flags, size, length = found
            if expected.state == "fresh" and kind != p.CONNECT:
                raise Malformed
            if len(data) < size + length:
                return Expected(expected.answers, WAITS, expected.state)
            step = on_packet(kind, flags, data[size : size + length], expected.state)
        except Malformed:
            step, size, length = Expected(end=CLOSED), 0, len(data)
        expected.answers += step.answers
        expected.state = step.state or expected.state
        if step.end != OPEN:
            return Expected(expected.answers, step.end, "gone")
        data = data[size + length :]
    return expected
