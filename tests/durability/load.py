"""Producers: devices over mutual TLS, registrations over MQTT, and writers of the registry over HTTPS.

Each is a thread that connects, works until its connection ends or it is told to stop, and keeps in a ledger what was acknowledged.
The same object works on after each restart of the service.
"""

import base64
import collections
import http.client
import json
import random
import socket
import struct
import threading
import time
from urllib.parse import quote_plus

import raw_mqtt
from dps_service_client import derived_key
from ledger import ABSENT, ANY, Register, Telemetry
from service_rest import ServiceRest, sign
from world import DPS_HOST, HUB_HOST, ID_SCOPE

API = "?api-version=2021-04-12"
KEY_GROUP = "durability-keys"
KEYS = {"primaryKey": base64.b64encode(b"d" * 64).decode(), "secondaryKey": base64.b64encode(b"e" * 64).decode()}
BY_KEYS = {"type": "symmetricKey", "symmetricKey": KEYS}


class Wire(raw_mqtt.Client):
    """Reads what has come in one call, and the packets out of that."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._got = b""

    def _exactly(self, size):
        while len(self._got) < size:
            try:
                more = self.socket.recv(65536)
            except ConnectionError as error:
                raise raw_mqtt.Closed(str(error)) from error
            if not more:
                raise raw_mqtt.Closed("end of stream")
            self._got += more
        data, self._got = self._got[:size], self._got[size:]
        return data

    def whole_packet_waits(self):
        return len(self._got) >= 4  # A PUBACK.


class Actor:
    """Something that works against the service until it is gone."""

    def __init__(self, site, name):
        self.site, self.name = site, name
        self.thread = self.problem = self.stop = None
        self.rounds = 0  # Of this life of the service.
        self.rounds_max = None
        self.pause_s = 0

    def start(self, stop, rounds_max=None):
        self.stop, self.rounds, self.rounds_max, self.problem = stop, 0, rounds_max, None
        self.thread = threading.Thread(target=self._main, name=self.name, daemon=True)
        self.thread.start()

    def join(self, timeout=30):
        if self.thread is None:
            return
        self.thread.join(timeout)
        assert not self.thread.is_alive(), f"{self.name} hangs"
        self.thread = None
        if self.problem:
            raise self.problem

    def _main(self):
        try:
            self.run()
        except TimeoutError as hang:
            self.problem = hang
        except (raw_mqtt.Closed, OSError, http.client.HTTPException):
            pass  # The service has gone; what was acknowledged before counts.
        except Exception as problem:  # pylint: disable=broad-except
            self.problem = problem

    def goes_on(self):
        if self.pause_s:
            self.stop.wait(self.pause_s)
        return not self.stop.is_set() and (self.rounds_max is None or self.rounds < self.rounds_max)

    def run(self):
        raise NotImplementedError


class Device(Actor):
    """Telemetry at QoS 1. `refill` 1 keeps `window` messages in flight; equal to it, it sends a batch and waits for all of it."""

    def __init__(self, site, name, window=16, refill=1, size=300):  # pylint: disable=too-many-arguments
        super().__init__(site, name)
        self.record = Telemetry(name, size)
        self.window, self.refill = window, refill
        self.first = 0  # The first number of this life that was acknowledged.
        self.patience_s = raw_mqtt.TIMEOUT_S
        self.context = None
        self.connected = False

    def run(self):
        self.first, self.connected = 0, False
        if self.context is None:
            self.context = self.site.device_context(self.name)
        with Wire(self.site.address, HUB_HOST, self.context) as client:
            code = client.connect(self.name, f"{HUB_HOST}/{self.name}/?api-version=2021-04-12")[1]
            if code == 3:
                return  # Server unavailable, as a service says whose log has failed.
            assert code == 0, f"CONNACK {code}"
            self.connected = True
            try:
                self._stream(client)
            finally:
                self.connected = False

    def _stream(self, client):
        client.socket.settimeout(self.patience_s)
        name = b"devices/%s/messages/events/" % self.name.encode()
        topic, waiting = struct.pack("!H", len(name)) + name, collections.deque()
        while True:
            if self.goes_on():
                if len(waiting) <= self.window - self.refill:
                    self._send(client, topic, waiting)
            elif not waiting:
                client.disconnect()
                return
            self._acknowledged(client.puback(), waiting)
            while waiting and client.whole_packet_waits():
                self._acknowledged(client.puback(), waiting)

    def _acknowledged(self, packet_id, waiting):
        expected, number = waiting.popleft()
        assert packet_id == expected, f"{self.name}: PUBACK {packet_id}, {expected} is due (MQTT 3.1.1, 4.6)"
        self.record.acknowledge(number)
        self.first = self.first or number

    def _send(self, client, topic, waiting):
        out = bytearray()
        while len(waiting) < self.window:
            number, body = self.record.next()
            packet_id = client.new_id()
            rest = topic + struct.pack("!H", packet_id) + body
            out += b"\x32" + raw_mqtt.remaining_length(len(rest)) + rest
            waiting.append((packet_id, number))
        self.rounds += 1
        client.socket.sendall(out)


class Registrar(Actor):
    """New devices that register through DPS: by the key of a group, and now and then by a certificate of the CA's."""

    def __init__(self, site, name, certificates_each=20, names_max=None):
        super().__init__(site, name)
        self.register = Register("registration")
        self.certificates_each, self.names_max = certificates_each, names_max
        self.number, self.again = 0, []
        self.keys_context = site.context()

    def run(self):
        self.again = [name for name, state in self.register.settled.items() if state is ABSENT]
        while self.goes_on():
            self.rounds += 1
            if self.again:
                name = self.again.pop()
            else:
                self.number = self.number % self.names_max + 1 if self.names_max else self.number + 1
                name = f"{self.name}-{self.number}"
            self._register(name)

    def _register(self, name):
        if name.endswith("0") and self.number % self.certificates_each == 0:
            context, password = self.site.device_context(name), None
        else:
            context, password = self.keys_context, registration_token(name)
        with Wire(self.site.address, DPS_HOST, context) as client:
            code = client.connect(name, raw_mqtt.dps_user_name(ID_SCOPE, name), password)[1]
            if code == 3:
                return
            assert code == 0, f"{name}: CONNACK {code}"
            known = self.register.settled.get(name)
            self.register.intend(name, {"status": "assigned", "device": name, "created": ANY if known is None else known["created"]})
            answer = raw_mqtt.register(client, json.dumps({"registrationId": name}).encode())
            rid = 1
            while answer.status == 202:
                rid += 1
                answer = raw_mqtt.poll(client, json.loads(answer.body)["operationId"], rid)
            if answer.status >= 500:
                return  # It may have been stored: a failed fsync tells nobody.
            assert answer.status == 200, f"{name}: {answer}"
            state = json.loads(answer.body)["registrationState"]
            self.register.acknowledge(name, registration_state(state))

    def read(self, control, name):
        status, state = control.get("dps", f"/registrations/{name}")
        if status == 404:
            return ABSENT
        assert control.get("hub", f"/devices/{name}")[0] == 200, f"{name} is registered, and its hub does not know it"
        return registration_state(state)


def registration_state(state):
    return {"status": state["status"], "device": state["deviceId"], "created": state["createdDateTimeUtc"]}


def registration_token(name):
    resource, expiry = f"{ID_SCOPE}%2Fregistrations%2F{name}", int(time.time()) + 3600
    signature = quote_plus(sign(derived_key(KEYS["primaryKey"], name), resource, expiry))
    return f"SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn=registration"


class Writer(Actor):
    """Changes things over HTTPS, one after another."""

    def __init__(self, site, name, connection_string, kind):
        super().__init__(site, name)
        self.connection_string, self.register = connection_string, Register(kind)
        self.random = random.Random(f"{site.seed}/{name}")
        self.names = [f"{name}-{number}" for number in range(8)]

    def run(self):
        rest = ServiceRest(self.site, self.connection_string)
        try:
            while self.goes_on():
                self.rounds += 1
                self.change(rest, self.random.choice(self.names))
        finally:
            rest.close()

    def ask(self, rest, name, state, *request):
        """One change; None when the service answered that its disk failed, which leaves open whether it was made."""
        self.register.intend(name, state)
        reply = rest.send(*request)
        if reply.status >= 500:
            return None
        assert reply.status in (200, 204), f"{self.name} {request}: {reply}"
        return reply

    def change(self, rest, name):
        raise NotImplementedError


class DeviceWriter(Writer):
    """Identities and their twins: created, patched, disabled and enabled, deleted."""

    def change(self, rest, name):
        now = self.register.settled.get(name, ABSENT)
        if now is ABSENT:
            state = {"status": "enabled", "generation": ANY, "n": None, "version": ANY}
            reply = self.ask(rest, name, state, "PUT", f"/devices/{name}{API}", {"deviceId": name, "status": "enabled"})
            if reply:
                self.register.acknowledge(name, {**state, "generation": reply.json["generationId"], "version": 2})
            return
        what = self.random.random()
        if what < 0.15:
            if self.ask(rest, name, ABSENT, "DELETE", f"/devices/{name}{API}", None, {"If-Match": "*"}):
                self.register.acknowledge(name, ABSENT)
        elif what < 0.5:
            status = "disabled" if now["status"] == "enabled" else "enabled"
            if self.ask(rest, name, {**now, "status": status}, "PUT", f"/devices/{name}{API}",
                        {"deviceId": name, "status": status}, {"If-Match": "*"}):
                self.register.acknowledge(name, {**now, "status": status})
        else:
            state = {**now, "n": (now["n"] or 0) + 1, "version": now["version"] + 1}
            reply = self.ask(rest, name, state, "PATCH", f"/twins/{name}{API}", {"tags": {"n": state["n"]}})
            if reply:
                self.register.acknowledge(name, {**state, "n": reply.json["tags"]["n"], "version": reply.json["version"]})

    def read(self, control, name):
        status, device = control.get("hub", f"/devices/{name}")
        if status == 404:
            return ABSENT
        twin = control.get("hub", f"/twins/{name}")[1]
        return {"status": device["status"], "generation": device["generationId"], "n": twin["tags"].get("n"),
                "version": twin["version"]}


class EnrollmentWriter(Writer):
    """Individual enrollments: created, replaced, deleted."""

    def change(self, rest, name):
        now = self.register.settled.get(name, ABSENT)
        target = f"/enrollments/{name}{API}"
        if now is not ABSENT and self.random.random() < 0.3:
            if self.ask(rest, name, ABSENT, "DELETE", target, None, {"If-Match": "*"}):
                self.register.acknowledge(name, ABSENT)
            return
        status = "enabled" if now is ABSENT or now["status"] == "disabled" else "disabled"
        state = {"status": status, "created": ANY if now is ABSENT else now["created"], "etag": ANY}
        body = {"registrationId": name, "attestation": BY_KEYS, "provisioningStatus": status}
        reply = self.ask(rest, name, state, "PUT", target, body, {} if now is ABSENT else {"If-Match": "*"})
        if reply:
            self.register.acknowledge(name, enrollment_state(reply.json))

    def read(self, control, name):
        status, found = control.get("dps", f"/enrollments/{name}")
        return ABSENT if status == 404 else enrollment_state(found)


def enrollment_state(body):
    return {"status": body["provisioningStatus"], "created": body["createdDateTimeUtc"], "etag": body["etag"]}


class Reporter(Actor):
    """A device that reports properties over MQTT, one report after another."""

    def __init__(self, site, name):
        super().__init__(site, name)
        self.register = Register("reported properties of")
        self.register.settled[name] = {"n": None, "version": 1}
        self.context = None

    def run(self):
        if self.context is None:
            self.context = self.site.device_context(self.name)
        with Wire(self.site.address, HUB_HOST, self.context) as client:
            code = client.connect(self.name, f"{HUB_HOST}/{self.name}/?api-version=2021-04-12")[1]
            if code == 3:
                return
            assert code == 0, f"CONNACK {code}"
            client.subscribe("$iothub/twin/res/#", qos=0)
            while self.goes_on():
                self.rounds += 1
                self._report(client)
            client.disconnect()

    def _report(self, client):
        now = self.register.settled[self.name]
        state = {"n": (now["n"] or 0) + 1, "version": now["version"] + 1}
        self.register.intend(self.name, state)
        client.publish(f"$iothub/twin/PATCH/properties/reported/?$rid={state['n']}", b'{"n":%d}' % state["n"], qos=0)
        topic = client.message().topic
        status, version = topic.split("/")[3], topic.rpartition("$version=")[2]
        if status == "204":
            self.register.acknowledge(self.name, {"n": state["n"], "version": int(version)})
        else:
            assert status[0] == "5", f"{self.name}: {topic}"

    def read(self, control, name):
        reported = control.get("hub", f"/twins/{name}")[1]["properties"]["reported"]
        return {"n": reported.get("n"), "version": reported["$version"]}
