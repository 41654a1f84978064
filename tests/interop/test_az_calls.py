"""What `az iot ... --login` sends by REST, replayed: az's paths, headers, bodies and SAS form, and what az asks of the answer.

Seen on the wire with the azure-iot extension 0.25.0. az itself is not installed: it is ten times the size of all the rest.
"""

import uuid

import pytest

from service_rest import ServiceRest, az_token, dps_connection_string, hub_connection_string
from world import GROUP, HUB_HOST

HUB_VERSION, DPS_VERSION = "2024-03-31", "2021-10-01"
# QuerySpecification's repr, where a string is wanted: az's own mistake, which the service has to bear.
DPS_LIST = {"query": "{'additional_properties': {}, 'query': 'SELECT *'}"}
NO_CACHE = {"Cache-Control": "no-cache, must-revalidate"}


class Az:
    def __init__(self, world, connection_string, version):
        self.rest, self.version = ServiceRest(world, connection_string, az_token), version

    def send(self, method, path, body=None, **headers):
        """The reply's JSON; the status is az's to check, so it is checked here: 200, or 204 for DELETE."""
        reply = self.try_send(method, path, body, **headers)
        assert reply.status == (204 if method == "DELETE" else 200), reply
        return reply.json if reply.body else None

    def try_send(self, method, path, body=None, **headers):
        request_id = str(uuid.uuid4())
        sent = {"Content-Type": "application/json; charset=utf-8", "x-ms-client-request-id": request_id,
                "accept-language": "en-US", "Accept-Encoding": "gzip, deflate", "Connection": "keep-alive",
                "User-Agent": "python/3.11.8 (Linux) msrest/0.7.1 IoTPlatformCliExtension/0.25.0"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body is None and method != "GET":
            sent["Content-Length"] = "0"
        reply = self.rest.send(method, f"{path}?api-version={self.version}", body, sent)
        assert reply.headers["x-ms-client-request-id"] == request_id
        return reply

    def listed(self, path, body, top=None):
        """az's loop: the same POST with the continuation until there is none."""
        rows, headers = [], dict(NO_CACHE)
        if top:
            headers["x-ms-max-item-count"] = str(top)
        while True:
            reply = self.try_send("POST", path, body, **headers)
            assert reply.status == 200, reply
            rows += reply.json
            if not reply.headers.get("x-ms-continuation"):
                return rows
            headers["x-ms-continuation"] = reply.headers["x-ms-continuation"]


@pytest.fixture(scope="module")
def hub(world):
    az = Az(world, hub_connection_string(world), HUB_VERSION)
    yield az
    az.rest.close()


@pytest.fixture(scope="module")
def dps(world):
    az = Az(world, dps_connection_string(world), DPS_VERSION)
    yield az
    az.rest.close()


def create_device(hub, name, authentication=None):
    """device-identity create: no If-Match, and keys that the service makes."""
    return hub.send("PUT", f"/devices/{name}", {
        "deviceId": name, "status": "enabled", "capabilities": {"iotEdge": False},
        "authentication": authentication or {"symmetricKey": {}, "type": "sas"}})


def test_device_identity(hub):
    made = create_device(hub, "az-1")
    keys = made["authentication"]["symmetricKey"]
    assert keys["primaryKey"] and keys["secondaryKey"] and made["capabilities"] == {"iotEdge": False}
    seen = hub.send("GET", "/devices/az-1")
    # `update` indexes into all of these, and sends the whole back.
    assert {"primaryKey", "secondaryKey"} == seen["authentication"]["symmetricKey"].keys()
    assert {"primaryThumbprint", "secondaryThumbprint"} == seen["authentication"]["x509Thumbprint"].keys()
    changed = hub.send("PUT", "/devices/az-1", {**seen, "status": "disabled", "statusReason": "spare"}, If_Match='"*"')
    assert (changed["status"], changed["statusReason"], changed["authentication"]) == ("disabled", "spare",
                                                                                      seen["authentication"])
    again = hub.send("PUT", "/devices/az-1", {**changed, "status": "enabled"}, If_Match=f'"{changed["etag"]}"')
    assert again["status"] == "enabled"
    stale = hub.try_send("PUT", "/devices/az-1", changed, If_Match=f'"{changed["etag"]}"')
    assert (stale.status, stale.headers["iothub-errorcode"]) == (412, "PreconditionFailed")
    assert stale.json["Message"].startswith("ErrorCode:PreconditionFailed;")
    # renew-key --key-type swap
    seen["authentication"]["symmetricKey"] = {"primaryKey": keys["secondaryKey"], "secondaryKey": keys["primaryKey"]}
    swapped = hub.send("PUT", "/devices/az-1", seen, If_Match='"*"')
    assert swapped["authentication"]["symmetricKey"]["primaryKey"] == keys["secondaryKey"]
    hub.send("DELETE", "/devices/az-1", If_Match='"*"')
    gone = hub.try_send("GET", "/devices/az-1")
    assert (gone.status, gone.headers["iothub-errorcode"]) == (404, "DeviceNotFound")


@pytest.mark.parametrize("authentication", [
    {"type": "certificateAuthority"},
    {"type": "selfSigned", "x509Thumbprint": {"primaryThumbprint": "A" * 40, "secondaryThumbprint": "B" * 64}},
], ids=["x509_ca", "x509_thumbprint"])
def test_device_identity_by_certificate(hub, authentication):
    made = create_device(hub, "az-2", authentication)
    assert made["authentication"]["type"] == authentication["type"]
    assert made["authentication"]["symmetricKey"] == {"primaryKey": None, "secondaryKey": None}
    hub.send("DELETE", "/devices/az-2", If_Match='"*"')


def test_device_identity_with_every_character(hub):
    """az percent-encodes the id in the path."""
    hub.send("PUT", "/devices/d%231%25x%28%29", {"deviceId": "d#1%x()", "authentication": {"symmetricKey": {}, "type": "sas"}})
    assert hub.send("GET", "/devices/d%231%25x%28%29")["deviceId"] == "d#1%x()"
    hub.send("DELETE", "/devices/d%231%25x%28%29", If_Match='"*"')


def test_device_identity_list(hub):
    """It is the list of twins, a thousand a page; and the tutorial's --query reads authentication.type."""
    names = [f"az-list-{n}" for n in range(3)]
    for name in names:
        create_device(hub, name)
    rows = hub.listed("/devices/query", {"query": "select * from devices"}, 1000)
    mine = [row for row in rows if row["deviceId"] in names]
    assert len(mine) == 3
    assert all(row["authentication"]["type"] == row["authenticationType"] == "sas" for row in mine)
    assert all({"properties", "tags", "status", "connectionState", "capabilities"} <= row.keys() for row in mine)
    assert hub.listed("/devices/query", {"query": "select * from devices"}, 1) == rows
    for name in names:
        hub.send("DELETE", f"/devices/{name}", If_Match='"*"')


def test_device_twin(hub):
    create_device(hub, "az-twin")
    twin = hub.send("GET", "/twins/az-twin")
    patch = {"properties": {"desired": {"interval": 5}}, "tags": {"room": {"floor": 4}}}
    changed = hub.send("PATCH", "/twins/az-twin", patch, If_Match='"*"')
    assert (changed["tags"], changed["properties"]["desired"]["interval"]) == ({"room": {"floor": 4}}, 5)
    # With --set az sends the twin whole, as it was read.
    changed["tags"]["room"]["floor"] = 5
    whole = hub.send("PATCH", "/twins/az-twin", changed, If_Match='"*"')
    assert whole["tags"] == {"room": {"floor": 5}}
    replaced = hub.send("PUT", "/twins/az-twin", {"tags": {"new": True}, "properties": {"desired": {}}}, If_Match='"*"')
    assert replaced["tags"] == {"new": True} and "interval" not in replaced["properties"]["desired"]
    assert replaced["version"] > whole["version"] > twin["version"]
    hub.send("DELETE", "/devices/az-twin", If_Match='"*"')
    assert hub.try_send("GET", "/twins/az-twin").status == 404


def test_query(hub):
    create_device(hub, "az-query")
    hub.send("PATCH", "/twins/az-query", {"tags": {"asked": "yes"}}, If_Match='"*"')
    text = "select deviceId from devices where tags.asked = 'yes'"
    asked = hub.try_send("POST", "/devices/query", {"query": text}, **NO_CACHE)
    assert (asked.json, asked.headers["x-ms-item-type"]) == ([{"deviceId": "az-query"}], "Raw")
    children = "select deviceId from devices where array_contains(parentScopes, 'ms-azure-iot-edge://none-1')"
    assert hub.listed("/devices/query", {"query": children}) == []
    assert hub.listed("/devices/query", {"query": "select * from devices where capabilities.iotEdge = true"}) == []
    text = "SELECT COUNT() AS numberOfDevices FROM devices WHERE tags.asked = 'yes'"
    assert hub.listed("/devices/query", {"query": text}) == [{"numberOfDevices": 1}]
    bad = hub.try_send("POST", "/devices/query", {"query": "selekt"})
    assert (bad.status, bad.headers["iothub-errorcode"]) == (400, "ArgumentInvalid")
    hub.send("DELETE", "/devices/az-query", If_Match='"*"')


def test_module_identity_and_twin(hub):
    create_device(hub, "az-edge")
    made = hub.send("PUT", "/devices/az-edge/modules/m1", {
        "deviceId": "az-edge", "moduleId": "m1", "authentication": {"symmetricKey": {}, "type": "sas"}})
    assert made["authentication"]["symmetricKey"]["primaryKey"]
    assert [one["moduleId"] for one in hub.send("GET", "/devices/az-edge/modules")] == ["m1"]
    twin = hub.send("PATCH", "/twins/az-edge/modules/m1", {"properties": {"desired": {"a": 1}}}, If_Match='"*"')
    assert (twin["moduleId"], twin["authenticationType"], twin["properties"]["desired"]["a"]) == ("m1", "sas", 1)
    hub.send("DELETE", "/devices/az-edge/modules/m1", If_Match='"*"')
    hub.send("DELETE", "/devices/az-edge", If_Match='"*"')


def test_renew_key(hub):
    before = create_device(hub, "az-renew")["authentication"]["symmetricKey"]
    reply = hub.send("POST", "/devices/keys/regenerate", {"policyKey": "primaryKey", "devices": [{"id": "az-renew"}]})
    after = hub.send("GET", "/devices/az-renew")["authentication"]["symmetricKey"]
    assert after["primaryKey"] != before["primaryKey"] and after["secondaryKey"] == before["secondaryKey"]
    assert [one["primaryKey"] for one in reply["rotatedKeys"]] == [after["primaryKey"]] and reply["errors"] == []
    two = [{"id": "az-renew"}, {"id": "no"}]
    some = hub.try_send("POST", "/devices/keys/regenerate", {"policyKey": "both", "devices": two})
    assert (some.status, [one["id"] for one in some.json["errors"]]) == (207, ["no"])
    hub.send("DELETE", "/devices/az-renew", If_Match='"*"')


def test_purge(hub):
    create_device(hub, "az-purge")
    reply = hub.try_send("DELETE", "/devices/az-purge/commands")
    assert (reply.status, reply.json) == (200, {"deviceId": "az-purge", "moduleId": None, "totalMessagesPurged": 0})
    hub.send("DELETE", "/devices/az-purge", If_Match='"*"')


def common(**more):
    """What every enrollment that az creates has beside its attestation."""
    return {"capabilities": {"iotEdge": False}, "initialTwin": {"tags": {}, "properties": {"desired": {}}},
            "provisioningStatus": "enabled",
            "reprovisionPolicy": {"updateHubAssignment": True, "migrateDeviceData": True}} | more


def test_enrollment_group(dps):
    """The tutorial's own create, then list, show --show-keys, update and delete."""
    x509 = {"type": "x509", "x509": {"caReferences": {"primary": "my-intermediate-ca"}}}
    made = dps.send("PUT", "/enrollmentGroups/az-group", common(enrollmentGroupId="az-group", attestation=x509))
    assert made["attestation"] == x509
    listed = dps.listed("/enrollmentGroups/query", DPS_LIST)
    assert {"az-group", GROUP} <= {one["enrollmentGroupId"] for one in listed}
    assert dps.listed("/enrollmentGroups/query", DPS_LIST, 1) == listed
    seen = dps.send("GET", "/enrollmentGroups/az-group")
    changed = dps.send("PUT", "/enrollmentGroups/az-group", {**seen, "provisioningStatus": "disabled"}, If_Match="*")
    assert changed["provisioningStatus"] == "disabled"
    changed = dps.send("PUT", "/enrollmentGroups/az-group", {**changed, "allocationPolicy": "static", "iotHubs": [HUB_HOST]},
                       If_Match=changed["etag"])
    assert changed["iotHubs"] == [HUB_HOST]
    dps.send("DELETE", "/enrollmentGroups/az-group", If_Match="*")


def test_enrollment_group_by_key(dps):
    attestation = {"type": "symmetricKey", "symmetricKey": {}}
    made = dps.send("PUT", "/enrollmentGroups/az-keys", common(enrollmentGroupId="az-keys", attestation=attestation))
    keys = dps.send("POST", "/enrollmentGroups/az-keys/attestationmechanism")
    assert keys["type"] == "symmetricKey" and keys["symmetricKey"]["primaryKey"]
    # `update` of such a group reads the keys first, and sends them back with its change.
    changed = dps.send("PUT", "/enrollmentGroups/az-keys", {**made, "attestation": keys, "provisioningStatus": "disabled"},
                       If_Match="*")
    assert changed["provisioningStatus"] == "disabled"
    assert dps.send("POST", "/enrollmentGroups/az-keys/attestationmechanism") == keys
    dps.send("DELETE", "/enrollmentGroups/az-keys", If_Match="*")


def test_enrollment(dps):
    attestation = {"type": "symmetricKey", "symmetricKey": {}}
    wanted = common(registrationId="az-one", deviceId="az-device", attestation=attestation)
    made = dps.send("PUT", "/enrollments/az-one", wanted)
    assert (made["deviceId"], made["attestation"]) == ("az-device", {"type": "symmetricKey"})
    assert [one["registrationId"] for one in dps.listed("/enrollments/query", DPS_LIST)] == ["az-one"]
    changed = dps.send("PUT", "/enrollments/az-one", {**made, "iotHubHostName": HUB_HOST}, If_Match=made["etag"])
    assert changed["iotHubHostName"] == HUB_HOST
    stale = dps.try_send("DELETE", "/enrollments/az-one", If_Match=made["etag"])
    assert (stale.status, stale.json["errorCode"] // 1000) == (412, 412)
    dps.send("DELETE", "/enrollments/az-one", If_Match="*")


def test_registrations(dps):
    """`registration list` sends no body at all."""
    assert dps.listed(f"/registrations/{GROUP}/query", None) == []
    assert dps.try_send("GET", "/registrations/nobody").status == 404


def test_policies_of_the_hub(world):
    """--login with a policy of fewer rights: the calls it lacks a right for are refused with 401."""
    reading = Az(world, hub_connection_string(world, "--policy-name", "registryRead"), HUB_VERSION)
    assert reading.try_send("GET", "/devices/nobody").status == 404
    for method, path, body in (("PUT", "/devices/x", {"deviceId": "x"}), ("GET", "/twins/x", None),
                               ("POST", "/devices/query", {"query": "select * from devices"})):
        refused = reading.try_send(method, path, body)
        assert (refused.status, refused.headers["iothub-errorcode"]) == (401, "IotHubUnauthorizedAccess"), path
    reading.rest.close()
