"""MQTT 3.1.1 packets as bytes, and every way of spoiling them that the matrix knows. Deterministic: tables and loops, no chance.

Sections are those of the OASIS standard, MQTT Version 3.1.1.
"""

import struct
from dataclasses import dataclass

from raw_mqtt import remaining_length
from world import DPS_HOST, HUB_HOST, ID_SCOPE

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = range(8, 15)

DEVICE = "hostile-1"
DPS_USER = f"{ID_SCOPE}/registrations/{DEVICE}/api-version=2019-03-31"
HUB_USER = f"{HUB_HOST}/{DEVICE}/?api-version=2021-04-12"
TELEMETRY = f"devices/{DEVICE}/messages/events/"
REGISTER = "$dps/registrations/PUT/iotdps-register/?$rid=1"
DPS_ANSWERS = "$dps/registrations/res/#"
TWIN_ANSWERS = "$iothub/twin/res/#"
METHODS = "$iothub/methods/POST/#"
PING = bytes([PINGREQ << 4, 0])


@dataclass(frozen=True)
class Packet:
    """One packet as a client should send it. `texts`: where in the body strings begin, for spoiling them."""

    name: str
    kind: int
    flags: int
    body: bytes
    texts: tuple = ()
    id_at: int = -1

    def bytes(self, body=None, flags=None, length=None):
        body = self.body if body is None else body
        length = remaining_length(len(body)) if length is None else length
        return bytes([self.kind << 4 | (self.flags if flags is None else flags)]) + length + body


def text(value):
    data = value.encode()
    return struct.pack("!H", len(data)) + data


def connect(name, user, client_id=DEVICE, flags=0x82, level=4, will=None):
    body = text("MQTT") + bytes([level, flags]) + struct.pack("!H", 60)
    starts = [len(body)]
    body += text(client_id)
    if will is not None:
        starts.append(len(body))
        body += text(will) + text("gone")
    starts.append(len(body))
    return Packet(name, CONNECT, 0, body + text(user), tuple(starts))


def publish(name, topic, qos, payload=b"\x00{}", retain=0):
    identity = struct.pack("!H", 7) if qos else b""
    return Packet(name, PUBLISH, qos << 1 | retain, text(topic) + identity + payload, (0,), len(text(topic)) if qos else -1)


def filters(name, kind, *names, qos=b"\x01"):
    body, starts = struct.pack("!H", 9), []
    for one in names:
        starts.append(len(body))
        body += text(one) + (qos if kind == SUBSCRIBE else b"")
    return Packet(name, kind, 2, body, tuple(starts), 0)


def of_id(name, kind, flags=0):
    return Packet(name, kind, flags, struct.pack("!H", 7), (), 0)


PACKETS = [
    Packet("reserved_0", 0, 0, b""),
    connect("connect_to_dps", DPS_USER),
    connect("connect_to_hub", HUB_USER),
    connect("connect_to_hub_with_will", HUB_USER, flags=0x86, will=TELEMETRY),
    connect("connect_in_mqtt_5", HUB_USER, level=5),
    connect("connect_as_another", HUB_USER, client_id="pump-07"),
    connect("connect_to_nobody", "nobody.azure-devices.net/x/?api-version=2021-04-12"),
    Packet("connack", CONNACK, 0, b"\x00\x00"),
    publish("telemetry_qos_0", TELEMETRY, 0),
    publish("telemetry_qos_1", TELEMETRY, 1),
    publish("telemetry_qos_2", TELEMETRY, 2),
    publish("telemetry_retained", TELEMETRY, 1, retain=1),
    publish("telemetry_of_another", "devices/pump-07/messages/events/", 1),
    publish("register", REGISTER, 1),
    publish("any_topic", "a/b", 1),
    of_id("puback", PUBACK),
    of_id("pubrec", PUBREC),
    of_id("pubrel", PUBREL, 2),
    of_id("pubcomp", PUBCOMP),
    filters("subscribe", SUBSCRIBE, "a/b"),
    filters("subscribe_to_answers", SUBSCRIBE, DPS_ANSWERS, TWIN_ANSWERS),
    Packet("suback", SUBACK, 0, b"\x00\x09\x01"),
    filters("unsubscribe", UNSUBSCRIBE, TWIN_ANSWERS),
    of_id("unsuback", UNSUBACK),
    Packet("pingreq", PINGREQ, 0, b""),
    Packet("pingresp", PINGRESP, 0, b""),
    Packet("disconnect", DISCONNECT, 0, b""),
    Packet("reserved_15", 15, 0, b""),
]

# 1.5.3: over-long, half a surrogate pair, a byte that never occurs, U+0000, beyond U+10FFFF, cut short.
BAD_TEXTS = {"overlong": b"\xc0\x80", "surrogate": b"\xed\xa0\x80", "ff": b"\xff", "nul": b"\x00",
             "beyond": b"\xf4\x90\x80\x80", "cut": b"\xe2\x82"}
PACKET_MAX = 331776
CLAIMS = {"one_too_many": PACKET_MAX - 3, "256_mib": 268435455}


@dataclass(frozen=True)
class Case:
    """What is written, piece by piece. `ends`: after it the client sends FIN, with no close_notify before."""

    name: str
    pieces: tuple
    ends: bool = False


def spoilt(packet):
    """Every case of one packet."""
    whole = packet.bytes()
    size = len(packet.body)
    head = len(whole) - size
    yield Case("whole", (whole,))
    yield Case("twice", (whole + whole,))
    for at in range(1, len(whole)):
        yield Case(f"in_two_at_{at}", (whole[:at], whole[at:]))
        yield Case(f"cut_at_{at}", (whole[:at],), ends=True)
    for at in range(size):
        yield Case(f"body_of_{at}", (packet.bytes(packet.body[:at]),))
    for flags in range(16):
        yield Case(f"flags_{flags}", (packet.bytes(flags=flags),))
    yield from wrong_lengths(packet, size)
    if packet.id_at >= 0:
        yield Case("id_0", (packet.bytes(packet.body[: packet.id_at] + b"\0\0" + packet.body[packet.id_at + 2 :]),))
    for start in packet.texts:
        yield from bad_texts(packet, start)
    for at in range(head, len(whole)):
        for bit in (0x01, 0x80):
            flipped = bytes([whole[at] ^ bit])
            yield Case(f"bit_{bit:x}_at_{at}", (whole[:at] + flipped + whole[at + 1 :],))


def wrong_lengths(packet, size):
    yield Case("length_one_more", (packet.bytes(length=remaining_length(size + 1)) + PING + PING,))
    if size:
        yield Case("length_one_less", (packet.bytes(length=remaining_length(size - 1)),))
    yield Case("byte_after_body", (packet.bytes(packet.body + b"\0"),))
    for digits in range(len(remaining_length(size)) + 1, 6):
        padded = bytes(size >> 7 * i & 0x7F | 0x80 for i in range(digits - 1)) + b"\0"
        yield Case(f"length_in_{digits}_bytes", (packet.bytes(length=padded),))
    yield Case("length_without_end", (packet.bytes(length=b"\xff\xff\xff\xff\x01"),))
    for name, claim in CLAIMS.items():
        yield Case(f"claims_{name}", (packet.bytes(length=remaining_length(claim)),))
    yield Case("claims_all_that_is_allowed", (packet.bytes(length=remaining_length(PACKET_MAX - 4)),), ends=True)


def bad_texts(packet, start):
    size = struct.unpack_from("!H", packet.body, start)[0]
    before, rest = packet.body[:start], packet.body[start + 2 + size :]
    old = packet.body[start + 2 : start + 2 + size]
    for name, bad in BAD_TEXTS.items():
        spoilt_text = old[:2] + bad + old[2:]
        yield Case(f"text_at_{start}_{name}", (packet.bytes(before + struct.pack("!H", len(spoilt_text)) + spoilt_text + rest),))
    yield Case(f"text_at_{start}_empty", (packet.bytes(before + b"\0\0" + rest),))
    yield Case(f"text_at_{start}_too_long", (packet.bytes(before + b"\xff\xff" + old + rest),))


SERVER_NAMES = {"dps": DPS_HOST, "hub": HUB_HOST}
