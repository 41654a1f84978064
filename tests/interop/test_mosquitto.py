"""mosquitto_pub with a certificate: an MQTT client that knows nothing of Azure."""

import shutil
import subprocess

import pytest

import raw_mqtt
from world import DEVICE, DPS_HOST, HUB_HOST, ID_SCOPE, clean_environment

pytestmark = pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="mosquitto-clients is not installed")


def provision(world):
    raw_mqtt.provision(world.address, DPS_HOST, raw_mqtt.tls_context(world.ca, world.cert, world.key), ID_SCOPE, DEVICE)


def publish(world, *options):
    return subprocess.run(
        ["mosquitto_pub", "-h", world.address, "-p", "8883", "-V", "mqttv311", "-i", DEVICE, "-u",
         f"{world.address}/{DEVICE}/?api-version=2021-04-12", "--cafile", world.ca, "--cert", world.cert, "--key", world.key,
         *options],
        capture_output=True, text=True, timeout=60, env=clean_environment(),
    )


def bodies(world):
    return [event["event"]["payload"] for event in world.events()]


def test_telemetry_with_each_quality_of_service(world):
    provision(world)
    for qos in ("0", "1"):
        done = publish(world, "-q", qos, "-t", f"devices/{DEVICE}/messages/events/", "-m", f'{{"qos":{qos}}}')
        assert done.returncode == 0, done.stderr
    # QoS 0 has no acknowledgement; the QoS 1 message after it was on disk when its client ended.
    assert {"qos": 1} in bodies(world)


def test_properties_reach_the_reader(world):
    provision(world)
    done = publish(world, "-q", "1", "-t", f"devices/{DEVICE}/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8&a=b%20c",
                   "-m", '{"props":true}')
    assert done.returncode == 0, done.stderr
    event = next(one for one in world.events() if one["event"]["payload"] == {"props": True})
    assert event["event"]["properties"]["application"]["a"] == "b c"


def test_a_retained_message_is_a_property_and_not_kept(world):
    provision(world)
    done = publish(world, "-q", "1", "-r", "-t", f"devices/{DEVICE}/messages/events/", "-m", '{"retained":true}')
    assert done.returncode == 0, done.stderr
    event = next(one for one in world.events() if one["event"]["payload"] == {"retained": True})
    assert event["event"]["properties"]["application"]["mqtt-retain"] == "true"


def test_another_devices_topic_closes_the_connection(world):
    provision(world)
    context = raw_mqtt.tls_context(world.ca, world.cert, world.key)
    with raw_mqtt.Client(world.address, HUB_HOST, context) as client:
        assert client.connect(DEVICE, f"{HUB_HOST}/{DEVICE}/?api-version=2021-04-12")[1] == 0
        client.publish("devices/somebody-else/messages/events/", b"{}")
        with pytest.raises(raw_mqtt.Closed):
            client.receive()
