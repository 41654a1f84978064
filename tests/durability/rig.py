"""A world under load whose service is killed, cut off, starved and started again, and what must hold each time."""

import http.client
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import threading
import time

import chance
import raw_mqtt
from ledger import Log
from load import (API, BY_KEYS, KEY_GROUP, Device, DeviceWriter, EnrollmentWriter, Registrar, Reporter)
from service_rest import dps_connection_string, hub_connection_string
from world import BINARY, DPS_HOST, HUB_HOST, ID_SCOPE, World, clean_environment, openssl

START_S = 60
PATIENCE_S = 60  # For whatever should take milliseconds, on a machine that is busy.
FAST_ANSWERS = ("dps.response_delay_ms=0",)
HUB = HUB_HOST.partition(".")[0]
HOSTS = {"hub": HUB_HOST, "dps": "my-dps-x509.azure-devices-provisioning.net", "muster": "muster"}


class Control:
    """The control socket, by which the reader looks: it needs no rights, and none of the paths that the producers use."""

    def __init__(self, world):
        self.path = str(world.data / "control.sock")
        self._connection = None

    def get(self, host, path):
        return self.call("GET", host, path)

    def call(self, method, host, path, body=None, headers=None):
        if self._connection is None:
            self._connection = http.client.HTTPConnection("local", timeout=PATIENCE_S)
            self._connection.sock = self._connect()
        content = None if body is None else json.dumps(body)
        sent = {"Host": HOSTS[host], "Content-Type": "application/json", **(headers or {})}
        try:
            self._connection.request(method, path if host == "muster" or "?" in path else path + API, content, sent)
            answer = self._connection.getresponse()
            text = answer.read()
        except BaseException:
            self.close()
            raise
        return answer.status, json.loads(text) if text else None

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self):
        one = socket.socket(socket.AF_UNIX)
        one.settimeout(PATIENCE_S)
        try:
            one.connect(self.path)
        except OSError:
            one.close()
            raise
        return one


class EventReader:
    """Follows the event stream in a thread, and gives what it reads to a Log; begins again after each restart where it was."""

    def __init__(self, world, log):
        self.world, self.log = world, log
        self.thread = self.problem = self.socket = None
        self.said = ""  # The stream's last word, when it had one.

    def start(self):
        self.problem, self.said = None, ""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(str(self.world.data / "control.sock"))
        self.thread = threading.Thread(target=self._main, name="events", daemon=True)
        self.thread.start()

    def stop(self):
        """Ends reading; with what it found wrong, if it did."""
        if self.thread is None:
            return
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(PATIENCE_S)
        self.socket.close()
        self.thread = None
        self.check()

    def check(self):
        if self.problem:
            raise self.problem

    def _main(self):
        try:
            self._read()
        except (OSError, raw_mqtt.Closed):
            pass
        except Exception as problem:  # pylint: disable=broad-except
            self.problem = problem

    def _read(self):
        asked = f"GET /muster/v1/hubs/{HUB}/events?from=start HTTP/1.0\r\nHost: muster\r\n"
        if self.log.last_id:
            asked += f"Last-Event-ID: {self.log.last_id}\r\n"
        self.socket.sendall(asked.encode() + b"\r\n")
        text = b""
        while b"\r\n\r\n" not in text:
            text += self._more()
        head, _, text = text.partition(b"\r\n\r\n")
        assert b" 200 " in head.partition(b"\r\n")[0], f"after event {self.log.last_id}: {(head + text).decode(errors='replace')}"
        while True:
            *messages, text = text.split(b"\n\n")
            for message in messages:
                self._message(message)
            text += self._more()

    def _more(self):
        while True:
            try:
                more = self.socket.recv(1 << 20)
            except TimeoutError:
                continue  # Silence is no fault of the stream; whoever waits for an event says so.
            if not more:
                raise raw_mqtt.Closed("end of stream")
            return more

    def _message(self, message):
        if message.startswith(b"id: "):
            first, _, data = message.partition(b"\n")
            self.log.event(first[4:].decode(), json.loads(data[6:]))
        elif message.startswith(b"event: error"):
            self.said = message.decode()


class Rig(World):
    """One world with producers, which are made by populate()."""

    def __init__(self, folder, address, shim=None, settings=(), data=None):  # pylint: disable=too-many-arguments
        super().__init__(folder, address, (*FAST_ANSWERS, *settings))
        if data is not None:
            self.data = data
        self.shim, self.seed = shim, chance.SEED
        self._authority = self.parent / "authority"
        self.devices, self.registrars, self.writers = [], [], []
        self.log_of_events = self.reader = None
        self.control = Control(self)
        self.stop_load = threading.Event()
        self.starts_s = []

    # The service.

    def up(self):
        assert self.try_up(), f"it ended with {self.process.poll()}\n{self.log()}"

    def try_up(self):
        """Starts it and waits until it is ready; False when it ended before."""
        environment = clean_environment()
        if self.shim:
            environment.update(self.shim.environment())
        begun = time.monotonic()
        with open(self.parent / "up.log", "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "up", "--data", self.data, "--listen", self.address, *self.settings],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment, cwd=self.parent,
            )
        while self.process.poll() is None:
            assert time.monotonic() < begun + START_S, f"not ready after {START_S} s\n{self.log()}"
            if self._is_ready():
                self.starts_s.append(time.monotonic() - begun)
                return True
            time.sleep(0.005)
        return False

    def _is_ready(self):
        """The status is answered by a service that serves: what a killed one left in the folder answers nothing."""
        self.control.close()
        try:
            status, body = self.control.get("muster", "/muster/v1/status")
        except (OSError, http.client.HTTPException):
            return False
        return status == 200 and body["state"] == "ready" and body["pid"] == self.process.pid

    def kill(self):
        super().kill()
        self.end()

    def end(self):
        """When the service has gone: whoever talked to it notices, and says what went wrong."""
        self.stop_load.set()
        self.control.close()
        if self.reader:
            self.reader.stop()
        for one in self.actors():
            one.join()

    def kill_service(self):
        """When nobody talks to it."""
        self.process.kill()
        self.process.wait()
        self.process = None
        self.control.close()

    def abandon(self):
        """Whatever state a test has left it in."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.stop_load.set()

    def down(self):
        if self.process is not None and self.process.poll() is None:
            super().down()
        self.process = None
        self.end()

    def ready_status(self):
        """Of /readyz: (status, text)."""
        connection = http.client.HTTPConnection(self.address, 9464, timeout=PATIENCE_S)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    # Its clients.

    def authority(self):
        """A copy of what clients need of the world, whose own files may be out of reach for a while."""
        if not self._authority.exists():
            self._authority.mkdir()
            intermediate = self.data / "certs" / "intermediate"
            for file in (self.data / "server" / "ca.pem", intermediate / "intermediate.pem", intermediate / "intermediate.key"):
                shutil.copy(file, self._authority)
        return self._authority

    @property
    def ca(self):
        return self.authority() / "ca.pem"

    def context(self):
        return raw_mqtt.tls_context(self.ca)

    def device_context(self, name):
        """Mutual TLS with a certificate of the world's CA."""
        folder = self.parent / "devices"
        folder.mkdir(exist_ok=True)
        ca = self.authority() / "intermediate"
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        extensions = ("basicConstraints=critical,CA:false", "keyUsage=critical,digitalSignature", "extendedKeyUsage=clientAuth")
        openssl("req", "-x509", "-CA", ca.with_suffix(".pem"), "-CAkey", ca.with_suffix(".key"), "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate, "-subj", f"/CN={name}", "-days", "2",
                *(word for one in extensions for word in ("-addext", one)))
        return raw_mqtt.tls_context(self.ca, certificate, key)

    def populate(self, size=300, names_max=None, devices=3):
        """Producers of every kind, on a service that runs. `size`: the longest padding of a message."""
        self.devices = [Device(self, f"window-{number}", size=size) for number in range(devices)]
        self.devices.append(Device(self, "batch-0", window=48, refill=48, size=size))
        reporter = Reporter(self, "reporter-0")
        for one in (*self.devices, reporter):
            provision(self, one)
        group = {"enrollmentGroupId": KEY_GROUP, "attestation": BY_KEYS}
        assert self.control.call("PUT", "dps", f"/enrollmentGroups/{KEY_GROUP}", group)[0] == 200
        hub, dps = hub_connection_string(self), dps_connection_string(self)
        self.registrars = [Registrar(self, "new", names_max=names_max)]
        self.writers = [DeviceWriter(self, "made", hub, "device"), DeviceWriter(self, "other", hub, "device"),
                        EnrollmentWriter(self, "enrolled", dps, "enrollment"), reporter]
        self.follow()

    def follow(self):
        self.log_of_events = Log(one.record for one in self.devices)
        self.reader = EventReader(self, self.log_of_events)

    def actors(self):
        return [*self.devices, *self.registrars, *self.writers]

    def begin(self, rounds_max=None, read=True):
        self.stop_load = threading.Event()
        if read:
            self.reader.start()
        for one in self.actors():
            one.start(self.stop_load, rounds_max)

    def end_load(self):
        """The producers finish what they began; the service runs on."""
        self.stop_load.set()
        for one in self.actors():
            one.join()

    # What must hold.

    def wait_until(self, holds, what, patience_s=PATIENCE_S):
        until = time.monotonic() + patience_s
        while not holds():
            if self.reader:
                self.reader.check()
            for one in self.actors():
                if one.problem:
                    raise one.problem
            assert self.process.poll() is None, f"the service ended with {self.process.poll()}\n{self.log()}"
            assert time.monotonic() < until, f"not in {patience_s} s: {what()}\n{self.log()[-2000:]}"
            time.sleep(0.002)

    def wait_flowing(self):
        """Everybody has been served since the start, and the reader has passed what was there before it."""
        self.wait_until(lambda: all(one.first and one.record.seen >= one.first for one in self.devices)
                        and all(one.rounds > 1 for one in (*self.registrars, *self.writers)),
                        lambda: {one.name: (one.rounds, getattr(one, "first", None)) for one in self.actors()})
        for one in self.devices:
            one.record.check()

    def wait_all_read(self):
        self.wait_until(lambda: all(one.record.seen >= max(one.record.acknowledged, default=0) for one in self.devices),
                        lambda: {one.name: (one.record.seen, max(one.record.acknowledged, default=0)) for one in self.devices})

    def check_registry(self, everything=False):
        for one in (*self.registrars, *self.writers):
            check = one.register.check_all if everything else one.register.check_touched
            check(lambda name, one=one: one.read(self.control, name))

    def settle(self):
        """A life without an accident, in which everything is read and compared."""
        self.up()
        self.check_registry()
        self.begin()
        self.wait_flowing()
        self.end_load()
        self.check_everything()

    def check_everything(self):
        """From nothing: all events from the start, all things of the registry; then the files, when the service has stopped.

        For a service that runs, with no load.
        """
        if self.reader.thread is None:
            self.reader.start()
        self.wait_all_read()
        for one in self.devices:
            one.record.check_all()
        self.reader.stop()
        self.check_registry(everything=True)
        again = [type(one.record)(one.name, one.record.size) for one in self.devices]
        for fresh, one in zip(again, self.devices):
            fresh.sent = one.record.sent
        reader = EventReader(self, Log(again))
        reader.start()
        wanted = {one.name: one.record.seen for one in self.devices}
        self.wait_until(lambda: reader.problem or all(one.seen >= wanted[one.device] for one in again),
                        lambda: {one.device: (one.seen, wanted[one.device]) for one in again}, 600)
        reader.stop()
        for fresh, one in zip(again, self.devices):
            assert (fresh.seen_count, fresh.skipped) == (one.record.seen_count, one.record.skipped)
        self.down()
        verify_files(self)

    def acknowledged(self):
        """Figures: messages, and changes of the registry with registrations."""
        return (sum(one.record.acknowledged_count for one in self.devices),
                sum(one.register.acknowledged_count for one in (*self.registrars, *self.writers)))


def provision(rig, actor):
    actor.context = rig.device_context(actor.name)
    raw_mqtt.provision(rig.address, DPS_HOST, actor.context, ID_SCOPE, actor.name)


def verify_files(rig):
    """What the tools say of the files of a service that has stopped."""
    database = sqlite3.connect(f"file:{rig.data / 'registry.db'}?mode=ro", uri=True)
    try:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert not database.execute("PRAGMA foreign_key_check").fetchall()
    finally:
        database.close()
    done = subprocess.run([BINARY, "log", "verify", "--data", rig.data], capture_output=True, text=True, check=False,
                          env=clean_environment(), timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
