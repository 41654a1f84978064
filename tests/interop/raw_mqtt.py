"""MQTT 3.1.1 packets over a TLS socket, and nothing more: what a test needs to see exactly what the service answers.

Sections are those of the OASIS standard, MQTT Version 3.1.1.
"""

import json
import socket
import ssl
import struct
import urllib.parse
from dataclasses import dataclass

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13
TIMEOUT_S = 15


class Closed(Exception):
    """The service ended the connection."""


@dataclass
class Packet:
    kind: int
    flags: int
    body: bytes


@dataclass
class Message:
    topic: str
    payload: bytes
    qos: int
    packet_id: int


def text(value):
    """Section 1.5.3: two bytes of length, then UTF-8."""
    data = value.encode()
    return struct.pack("!H", len(data)) + data


def remaining_length(size):
    """Section 2.2.3."""
    out = bytearray()
    while True:
        size, digit = divmod(size, 128)
        out.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(out)


def tls_context(ca_file, cert=None, key=None, version=None):
    context = ssl.create_default_context(cafile=ca_file)
    if cert:
        context.load_cert_chain(cert, key)
    if version:
        context.minimum_version = context.maximum_version = version
    return context


class Client:
    """One connection. Every receive waits TIMEOUT_S at most."""

    def __init__(self, address, server_name, context, port=8883):
        plain = socket.create_connection((address, port), timeout=TIMEOUT_S)
        self.socket = context.wrap_socket(plain, server_hostname=server_name)
        self._next_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, kind, flags, body):
        self.socket.sendall(bytes([kind << 4 | flags]) + remaining_length(len(body)) + body)

    def receive(self):
        first = self._exactly(1)[0]
        size, shift = 0, 0
        while True:
            digit = self._exactly(1)[0]
            size |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                break
        return Packet(first >> 4, first & 15, self._exactly(size))

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                more = self.socket.recv(size - len(data))
            except (ConnectionResetError, ssl.SSLError) as error:
                if isinstance(error, socket.timeout):
                    raise
                raise Closed(str(error)) from error
            if not more:
                raise Closed("end of stream")
            data += more
        return data

    def expect(self, kind):
        packet = self.receive()
        assert packet.kind == kind, f"wanted packet type {kind}, got {packet}"
        return packet

    def connect(self, client_id, user_name=None, password=None, clean=True, keep_alive=60, level=4):
        """Sends CONNECT; returns (session present, code) of the CONNACK."""
        flags = (0x80 if user_name is not None else 0) | (0x40 if password is not None else 0) | (0x02 if clean else 0)
        body = text("MQTT") + bytes([level, flags]) + struct.pack("!H", keep_alive) + text(client_id)
        if user_name is not None:
            body += text(user_name)
        if password is not None:
            body += text(password)
        self.send(1, 0, body)
        answer = self.expect(CONNACK).body
        return answer[0] & 1, answer[1]

    def new_id(self):
        self._next_id = self._next_id % 0xFFFF + 1
        return self._next_id

    def subscribe(self, *filters, qos=1):
        """Returns the granted codes, one a filter."""
        packet_id = self.new_id()
        self.send(8, 2, struct.pack("!H", packet_id) + b"".join(text(one) + bytes([qos]) for one in filters))
        answer = self.expect(SUBACK).body
        assert struct.unpack("!H", answer[:2])[0] == packet_id
        return list(answer[2:])

    def publish(self, topic, payload, qos=1, retain=False, dup=False):
        """Sends PUBLISH; returns its packet id (0 for QoS 0). Does not wait."""
        packet_id = self.new_id() if qos else 0
        body = text(topic) + (struct.pack("!H", packet_id) if qos else b"") + payload
        self.send(PUBLISH, (8 if dup else 0) | qos << 1 | (1 if retain else 0), body)
        return packet_id

    def puback(self):
        """Waits for a PUBACK; returns its packet id."""
        return struct.unpack("!H", self.expect(PUBACK).body)[0]

    def message(self):
        """Waits for a PUBLISH, and acknowledges it if it wants that."""
        packet = self.expect(PUBLISH)
        qos = packet.flags >> 1 & 3
        size = struct.unpack("!H", packet.body[:2])[0]
        topic, rest = packet.body[2 : 2 + size].decode(), packet.body[2 + size :]
        packet_id = 0
        if qos:
            packet_id, rest = struct.unpack("!H", rest[:2])[0], rest[2:]
            self.send(PUBACK, 0, struct.pack("!H", packet_id))
        return Message(topic, rest, qos, packet_id)

    def ping(self):
        self.send(12, 0, b"")
        self.expect(PINGRESP)

    def disconnect(self):
        self.send(14, 0, b"")
        self.socket.close()


# DPS (protocol: Azure DPS, "Communicate with your DPS using the MQTT protocol").


def dps_user_name(id_scope, registration_id, api_version="2019-03-31"):
    return f"{id_scope}/registrations/{registration_id}/api-version={api_version}&ClientVersion=raw"


@dataclass
class Response:
    status: int
    query: dict
    body: bytes
    qos: int


def dps_response(message):
    """Splits a message of $dps/registrations/res/{status}/?{query}."""
    prefix = "$dps/registrations/res/"
    assert message.topic.startswith(prefix), message.topic
    status, _, query = message.topic[len(prefix) :].partition("/?")
    return Response(int(status), dict(urllib.parse.parse_qsl(query, strict_parsing=True)), message.payload, message.qos)


def register(client, body, rid="1"):
    """Subscribes and registers at QoS 1; returns the first response. The PUBACK comes before it."""
    assert client.subscribe("$dps/registrations/res/#") == [1]
    packet_id = client.publish(f"$dps/registrations/PUT/iotdps-register/?$rid={rid}", body)
    assert client.puback() == packet_id
    return dps_response(client.message())


def poll(client, operation_id, rid):
    packet_id = client.publish(
        f"$dps/registrations/GET/iotdps-get-operationstatus/?$rid={rid}&operationId={operation_id}", b" "
    )
    assert client.puback() == packet_id
    return dps_response(client.message())


def provision(address, host, context, id_scope, name):  # pylint: disable=too-many-arguments
    """Registers by certificate and waits until the device is assigned."""
    with Client(address, host, context) as client:
        assert client.connect(name, dps_user_name(id_scope, name))[1] == 0
        answer, rid = register(client, b""), 1
        while answer.status == 202:
            rid += 1
            answer = poll(client, json.loads(answer.body)["operationId"], rid)
        assert answer.status == 200, answer
