"""kill -9 of the service in mid-stream: every acknowledged message is there after the restart, once, in order."""

import random
import threading

import raw_mqtt
from conftest import LONG
from world import DEVICE, DPS_HOST, HUB_HOST, ID_SCOPE

CYCLES = 100 if LONG else 5
WINDOW = 16  # Messages in flight: some are always unacknowledged when the kill comes.


def provision(world):
    context = raw_mqtt.tls_context(world.ca, world.cert, world.key)
    with raw_mqtt.Client(world.address, DPS_HOST, context) as client:
        assert client.connect(DEVICE, raw_mqtt.dps_user_name(ID_SCOPE, DEVICE))[1] == 0
        response = raw_mqtt.register(client, b"")
        rid = 1
        while response.status == 202:
            rid += 1
            operation = response.body.decode().split('"operationId":"')[1].split('"')[0]
            response = raw_mqtt.poll(client, operation, rid)
        assert response.status == 200, response


class Producer(threading.Thread):
    """Sends numbered messages until the connection breaks; knows which were sent and which were acknowledged."""

    def __init__(self, world, first):
        super().__init__()
        self.world, self.number = world, first
        self.acknowledged, self.sent = [], []
        self.enough = threading.Event()
        self.problem = None

    def run(self):
        context = raw_mqtt.tls_context(self.world.ca, self.world.cert, self.world.key)
        try:
            with raw_mqtt.Client(self.world.address, HUB_HOST, context) as client:
                _, code = client.connect(DEVICE, f"{HUB_HOST}/{DEVICE}/?api-version=2021-04-12")
                assert code == 0
                self.stream(client)
        except (raw_mqtt.Closed, OSError):
            pass  # The kill; what was acknowledged before it is what counts.
        except Exception as problem:  # pylint: disable=broad-except
            self.problem = problem
        finally:
            self.enough.set()

    def stream(self, client):
        waiting = {}
        while True:
            while len(waiting) < WINDOW:
                self.number += 1
                self.sent.append(self.number)
                packet_id = client.publish(f"devices/{DEVICE}/messages/events/", b'{"number":%d}' % self.number)
                waiting[packet_id] = self.number
            self.acknowledged.append(waiting.pop(client.puback()))
            if len(self.acknowledged) >= 200:
                self.enough.set()


def test_kill_in_mid_stream(fresh_world):
    provision(fresh_world)
    chance = random.Random(20261125)
    acknowledged, sent, last = [], set(), 0
    for _ in range(CYCLES):
        producer = Producer(fresh_world, last)
        producer.start()
        assert producer.enough.wait(60)
        # Between one commit and the next, anywhere: the moment is by chance, and the seed fixed.
        threading.Event().wait(chance.uniform(0, 0.05))
        fresh_world.kill()
        producer.join(60)
        assert producer.problem is None, producer.problem
        assert len(producer.acknowledged) >= 200
        acknowledged += producer.acknowledged
        sent.update(producer.sent)
        last = producer.number
        fresh_world.up()

    stored = [event["event"]["payload"]["number"] for event in fresh_world.events()]
    assert sorted(set(acknowledged) - set(stored)) == [], "acknowledged and lost"
    assert len(stored) == len(set(stored)), "stored twice, though each was sent once"
    assert stored == sorted(stored), "the order of one device is kept"
    assert set(stored) <= sent


def test_registration_survives_a_kill(fresh_world):
    provision(fresh_world)
    before = fresh_world.json("hub", "device-identity", "show", "--device-id", DEVICE)
    fresh_world.kill()
    fresh_world.up()
    after = fresh_world.json("hub", "device-identity", "show", "--device-id", DEVICE)
    assert after["generationId"] == before["generationId"]
    provision(fresh_world)


def test_a_killed_worlds_file_is_not_believed(fresh_world):
    fresh_world.kill()
    assert (fresh_world.data / "world.json").exists()
    status = fresh_world.run_cli("status", check=False)
    assert status.returncode == 4, status.stderr
    fresh_world.up()


def test_a_world_in_use_is_refused(fresh_world):
    second = fresh_world.run_cli("up", "--listen", fresh_world.address, check=False, timeout=60)
    assert second.returncode == 3, second.stderr
    assert "MU-6004" in second.stderr
