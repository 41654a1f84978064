"""The tutorial's errors, seen by a client that shows everything: topic status and body, exactly.

A refusal about certificate, id or enrollment comes on the register topic, after CONNACK 0: only there do the service's words
reach the user (protocol/device/10 section 5). Statuses and messages: src/gateway/mqtt/error_table.cpp.
"""

import json
import re
import ssl

import pytest

import raw_mqtt
from world import DEVICE, DPS_HOST, GROUP, HUB_HOST, ID_SCOPE, issue, make_ca

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UTC_7 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")


def register(world, name, cert, key, version=ssl.TLSVersion.TLSv1_2):
    context = raw_mqtt.tls_context(world.ca, cert, key, version)
    with raw_mqtt.Client(world.address, DPS_HOST, context) as client:
        present, code = client.connect(name, raw_mqtt.dps_user_name(ID_SCOPE, name), clean=False)
        assert (present, code) == (0, 0)
        response = raw_mqtt.register(client, b'{"payload": null, "registrationId": "%s"}' % name.encode(), rid="a-1")
        if response.status == 202:
            operation = json.loads(response.body)["operationId"]
            assert response.query["retry-after"].isdigit()
            while response.status == 202:
                response = raw_mqtt.poll(client, operation, "a-1")
        # After a refusal the connection stays: a close here hangs Node (protocol/device/10).
        client.ping()
        return response


def assert_refused(world, response, status, error_code, message):
    body = json.loads(response.body)
    assert (response.status, body["errorCode"]) == (status, error_code), body
    assert body["message"].startswith(message), body
    assert UUID.fullmatch(body["trackingId"]) and UTC_7.fullmatch(body["timestampUtc"]), body
    # Java would take a body with these two for a success (protocol/device/01 section 6.5).
    assert not {"operationId", "status"} & body.keys()
    # C# wants $rid first, Python exactly two `$` (section 4).
    assert list(response.query)[0] == "$rid" and response.query["$rid"] == "a-1"
    assert body["trackingId"] in world.log(), "the log names the refusal by the id that the user was given"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_certificate_of_an_unknown_ca(world, version, tmp_path):
    cert, key = issue(tmp_path, "stranger", *make_ca(tmp_path, "Nobodys-CA"))
    assert_refused(world, register(world, "stranger", cert, key, version), 401, 401002, "CA certificate not found.")


def test_certificate_expired(world):
    cert, key = world.make_device("late", start="20200101000000Z", end="20200201000000Z")
    assert_refused(world, register(world, "late", cert, key), 401, 401002, "Invalid certificate.")


def test_certificate_not_yet_valid(world):
    cert, key = world.make_device("early", start="20400101000000Z", end="20410101000000Z")
    assert_refused(world, register(world, "early", cert, key), 401, 401002, "Invalid certificate.")


def test_registration_id_is_not_the_cn(world):
    cert, key = world.make_device("one-name")
    assert_refused(world, register(world, "another-name", cert, key), 401, 401003,
                   "Registration ID in request does not match certificate CN")


def test_group_disabled_and_enabled_again(world):
    cert, key = world.make_device("patient")
    world.run_cli("dps", "enrollment-group", "update", "--enrollment-id", GROUP, "--provisioning-status", "disabled")
    try:
        assert_refused(world, register(world, "patient", cert, key), 401, 401002, "Unauthorized.")
    finally:
        world.run_cli("dps", "enrollment-group", "update", "--enrollment-id", GROUP, "--provisioning-status", "enabled")
    assert register(world, "patient", cert, key).status == 200


def test_no_enrollment(world):
    """A CA that is uploaded and verified, and that no enrollment names."""
    cert, key = issue(world.parent, "orphan", *root_of(world))
    assert_refused(world, register(world, "orphan", cert, key), 404, 404201, "Enrollment not found.")


def root_of(world):
    root = world.data / "certs" / "root" / "root"
    return root.with_suffix(".pem"), root.with_suffix(".key")


def test_unknown_id_scope_is_refused_at_connect(world):
    context = raw_mqtt.tls_context(world.ca, world.cert, world.key)
    with raw_mqtt.Client(world.address, DPS_HOST, context) as client:
        assert client.connect(DEVICE, raw_mqtt.dps_user_name("0ne00999XYZ", DEVICE))[1] == 5


def test_no_certificate_is_refused_at_connect(world):
    with raw_mqtt.Client(world.address, DPS_HOST, raw_mqtt.tls_context(world.ca)) as client:
        assert client.connect(DEVICE, raw_mqtt.dps_user_name(ID_SCOPE, DEVICE))[1] == 5


def test_malformed_user_name_is_refused_at_connect(world):
    context = raw_mqtt.tls_context(world.ca, world.cert, world.key)
    with raw_mqtt.Client(world.address, DPS_HOST, context) as client:
        assert client.connect(DEVICE, f"{ID_SCOPE}/registrations/")[1] == 4


def test_hub_refuses_a_device_it_does_not_know(world):
    cert, key = world.make_device("never-registered")
    with raw_mqtt.Client(world.address, HUB_HOST, raw_mqtt.tls_context(world.ca, cert, key)) as client:
        assert client.connect("never-registered", f"{HUB_HOST}/never-registered/?api-version=2021-04-12")[1] == 5


def test_a_malformed_packet_closes_that_connection_and_no_other(world):
    context = raw_mqtt.tls_context(world.ca, world.cert, world.key)
    with raw_mqtt.Client(world.address, DPS_HOST, context) as good, \
            raw_mqtt.Client(world.address, DPS_HOST, context) as bad:
        assert good.connect(DEVICE, raw_mqtt.dps_user_name(ID_SCOPE, DEVICE))[1] == 0
        bad.socket.sendall(bytes([0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]))  # A length of five bytes: section 2.2.3.
        with pytest.raises(raw_mqtt.Closed):
            bad.receive()
        good.ping()


def test_assigned_state_has_what_every_client_reads(world):
    cert, key = world.make_device("complete", key="rsa2048")
    response = register(world, "complete", cert, key)
    assert response.status == 200
    body = json.loads(response.body)
    state = body["registrationState"]
    assert (body["status"], state["status"]) == ("assigned", "assigned")
    assert (state["assignedHub"], state["deviceId"], state["substatus"]) == (HUB_HOST, "complete", "initialAssignment")
    assert UTC_7.fullmatch(state["createdDateTimeUtc"]) and state["registrationId"] == "complete" and state["etag"]
    assert response.qos == 1


def test_subscriptions_are_granted_or_answered_0x80(world):
    cert, key = world.make_device("subscriber")
    assert register(world, "subscriber", cert, key).status == 200
    with raw_mqtt.Client(world.address, HUB_HOST, raw_mqtt.tls_context(world.ca, cert, key)) as client:
        assert client.connect("subscriber", f"{HUB_HOST}/subscriber/?api-version=2020-09-30")[1] == 0
        # protocol/device/04 section 4: what C# and Java subscribe on their own; QoS 2 is granted as 1.
        assert client.subscribe("$iothub/twin/res/#") == [1]
        assert client.subscribe("devices/subscriber/messages/devicebound/#", "$iothub/methods/POST/#", qos=2) == [1, 1]
        assert client.subscribe("devices/somebody-else/messages/devicebound/#") == [0x80]
        client.ping()
