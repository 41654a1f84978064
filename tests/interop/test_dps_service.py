"""The DPS service API row by row, by a client of our own in the forms of az, Node and .NET (dps_service_client.py)."""

import base64

import pytest

from dps_service_client import FORMS, GROUP, INDIVIDUAL, DpsServiceClient, pages
from service_rest import SAS_FORMS, ServiceRest, connection_parts, dps_connection_string
from world import DEVICE, HUB_HOST, issue, make_ca

COLLECTIONS = (INDIVIDUAL, GROUP)
ID = {INDIVIDUAL: "registrationId", GROUP: "enrollmentGroupId"}
ITEM_TYPE = {INDIVIDUAL: "enrollment", GROUP: "enrollmentGroup"}
KEY = base64.b64encode(b"k" * 64).decode()
OTHER_KEY = base64.b64encode(b"o" * 64).decode()
KEYS = {"primaryKey": KEY, "secondaryKey": OTHER_KEY}
SYMMETRIC = {"type": "symmetricKey", "symmetricKey": KEYS}
INFO = {"subjectName", "sha1Thumbprint", "sha256Thumbprint", "issuerName", "notBeforeUtc", "notAfterUtc", "serialNumber",
        "version"}

both = pytest.mark.parametrize("collection", COLLECTIONS)


@pytest.fixture(scope="module", params=FORMS)
def dps(request, world):
    client = DpsServiceClient(world, dps_connection_string(world), request.param)
    yield client
    client.close()


@pytest.fixture(scope="module")
def az(world):
    client = DpsServiceClient(world, dps_connection_string(world))
    yield client
    client.close()


def body_of(collection, name, **more):
    return {ID[collection]: name, "attestation": SYMMETRIC, **more}


def assert_refused(reply, status, code=None):
    body = reply.json
    assert reply.status == status, reply
    assert body.keys() >= {"errorCode", "trackingId", "message", "timestampUtc"}, body
    assert str(body["errorCode"]).startswith(str(status)) and reply.headers["x-ms-error-code"] == str(body["errorCode"])
    assert code is None or body["errorCode"] == code, body


@both
def test_create_read_replace_delete(dps, collection):
    name = "row-1"
    made = dps.put(collection, name, body_of(collection, name))
    assert (made.status, made.json[ID[collection]], made.json["provisioningStatus"]) == (200, name, "enabled")
    assert made.json["reprovisionPolicy"] == {"updateHubAssignment": True, "migrateDeviceData": True}
    assert made.json["etag"][0] == made.json["etag"][-1] == '"', "Azure's etags have their quotes in the body"
    assert made.headers["ETag"] == made.json["etag"]
    assert "application/json" in made.headers["Content-Type"]
    seen = dps.get(collection, name)
    assert (seen.status, seen.json) == (200, made.json)
    assert_refused(dps.put(collection, name, body_of(collection, name)), 409)
    changed = dps.put(collection, name, {**seen.json, "provisioningStatus": "disabled"}, seen.json["etag"])
    assert (changed.status, changed.json["provisioningStatus"]) == (200, "disabled")
    assert changed.json["createdDateTimeUtc"] == made.json["createdDateTimeUtc"]
    assert changed.json["etag"] != made.json["etag"]
    kept = dps.attestation_mechanism(collection, name).json["symmetricKey"]
    assert kept == KEYS, "a body as it was read has no keys, and those that are stored stay"
    assert_refused(dps.put(collection, name, seen.json, seen.json["etag"]), 412)
    assert dps.put(collection, name, body_of(collection, name), "*").status == 200
    assert_refused(dps.delete(collection, name, seen.json["etag"]), 412)
    gone = dps.delete(collection, name, "*")
    assert (gone.status, gone.body) == (204, b"")
    assert_refused(dps.get(collection, name), 404)


@both
def test_what_is_not_there(dps, collection):
    for reply in (dps.get(collection, "nobody"), dps.delete(collection, "nobody"), dps.delete(collection, "nobody", "*"),
                  dps.put(collection, "nobody", body_of(collection, "nobody"), "*"),
                  dps.attestation_mechanism(collection, "nobody"), dps.get_registration("nobody")):
        assert_refused(reply, 404)
    assert_refused(dps.get(GROUP, "nobody"), 404, 404204)


@both
def test_delete_without_a_condition(dps, collection):
    assert dps.put(collection, "row-2", body_of(collection, "row-2")).status == 200
    assert dps.delete(collection, "row-2").status == 204


@both
def test_an_etag_in_each_form(az, collection):
    """With quotes, without, and weak; the same of every client."""
    made = az.put(collection, "row-3", body_of(collection, "row-3")).json
    for form in ("{}", '"{}"', 'W/"{}"'):
        etag = form.format(made["etag"].strip('"'))
        made = az.put(collection, "row-3", made, etag).json
        assert ID[collection] in made, (form, made)
    az.delete(collection, "row-3")


@both
def test_keys_are_made_and_shown_by_attestationmechanism_alone(dps, collection):
    for attestation in ({"type": "symmetricKey", "symmetricKey": {}}, {"type": "symmetricKey"},
                        {"type": "symmetricKey", "symmetricKey": {"primaryKey": "", "secondaryKey": ""}}):
        made = dps.put(collection, "row-4", body_of(collection, "row-4") | {"attestation": attestation})
        assert (made.status, made.json["attestation"]) == (200, {"type": "symmetricKey"})
        keys = dps.attestation_mechanism(collection, "row-4").json
        assert keys["type"] == "symmetricKey" and len(set(keys["symmetricKey"].values())) == 2
        assert all(len(base64.b64decode(key)) == 64 for key in keys["symmetricKey"].values())
        assert dps.delete(collection, "row-4").status == 204


@both
def test_every_field_comes_back(dps, collection):
    wanted = body_of(collection, "row-5", capabilities={"iotEdge": True}, provisioningStatus="disabled",
                     initialTwin={"tags": {"a": {"b": 1}}, "properties": {"desired": {"c": [2, 3]}}},
                     reprovisionPolicy={"updateHubAssignment": False, "migrateDeviceData": True},
                     allocationPolicy="static", iotHubs=[HUB_HOST])
    if collection == INDIVIDUAL:
        wanted |= {"deviceId": "Row-5-Device", "optionalDeviceInformation": {"made": "here"}}
    made = dps.put(collection, "row-5", wanted)
    assert made.status == 200, made
    assert {name: made.json[name] for name in wanted if name != "attestation"} == {
        name: value for name, value in wanted.items() if name != "attestation"}
    dps.delete(collection, "row-5")


@both
def test_allocation_policies(dps, collection):
    definition = {"webhookUrl": "https://localhost/choose?code=1", "apiVersion": "2019-03-31"}
    for policy, more in (("hashed", {}), ("geoLatency", {}), ("custom", {"customAllocationDefinition": definition})):
        made = dps.put(collection, "row-6", body_of(collection, "row-6", allocationPolicy=policy, **more))
        assert (made.status, made.json["allocationPolicy"]) == (200, policy), made
        assert made.json.get("customAllocationDefinition") == more.get("customAllocationDefinition")
        dps.delete(collection, "row-6")
    fixed = dps.put(collection, "row-6", body_of(collection, "row-6", iotHubHostName=HUB_HOST))
    assert fixed.json["iotHubHostName"] == HUB_HOST
    dps.delete(collection, "row-6")


def shapes_of(pem):
    """Raw PEM, base64 of DER, base64 of a whole PEM: what clients send as `certificate`."""
    der = "".join(line for line in pem.splitlines() if not line.startswith("-----"))
    return {"pem": pem, "der": der, "base64 of pem": base64.b64encode(pem.encode()).decode()}


@pytest.mark.parametrize("shape", ["pem", "der", "base64 of pem"])
def test_certificates(dps, shape, tmp_path):
    ca, key = make_ca(tmp_path, "Rows-CA")
    leaf, _ = issue(tmp_path, "row-7", ca, key)
    for collection, member, file in ((INDIVIDUAL, "clientCertificates", leaf), (GROUP, "signingCertificates", ca)):
        x509 = {member: {"primary": {"certificate": shapes_of(file.read_text())[shape]}}}
        made = dps.put(collection, "row-7", body_of(collection, "row-7") | {"attestation": {"type": "x509", "x509": x509}})
        assert made.status == 200, made
        shown = made.json["attestation"]["x509"]
        assert shown.keys() == {member} and shown[member]["primary"].keys() == {"info"}, "the certificate is write-only"
        info = shown[member]["primary"]["info"]
        assert info.keys() == INFO and isinstance(info["version"], int)
        again = dps.put(collection, "row-7", made.json, made.json["etag"])
        assert again.json["attestation"] == made.json["attestation"], "what was read may be written back"
        assert dps.attestation_mechanism(collection, "row-7").json == made.json["attestation"]
        dps.delete(collection, "row-7")


def test_ca_references(dps):
    def wanted(name):
        return {"enrollmentGroupId": "row-8", "attestation": {"type": "x509", "x509": {"caReferences": {"primary": name}}}}

    made = dps.put(GROUP, "row-8", wanted("my-intermediate-ca"))
    assert made.json["attestation"]["x509"] == {"caReferences": {"primary": "my-intermediate-ca"}}
    dps.delete(GROUP, "row-8")
    assert_refused(dps.put(GROUP, "row-8", wanted("no-such-ca")), 400)


BAD = {
    "not JSON": (b"{", None),
    "not an object": ([], None),
    "no attestation": ({"attestation": None}, "attestation"),
    "tpm": ({"attestation": {"type": "tpm", "tpm": {"endorsementKey": KEY}}}, "attestation.type"),
    "one key": ({"attestation": {"type": "symmetricKey", "symmetricKey": {"primaryKey": KEY}}}, "secondaryKey"),
    "a short key": ({"attestation": {"type": "symmetricKey", "symmetricKey": {"primaryKey": "YQ==", "secondaryKey": KEY}}},
                    "primaryKey"),
    "two kinds of certificates": ({"attestation": {"type": "x509", "x509": {"caReferences": {"primary": "a"},
                                                                            "signingCertificates": {}}}}, "Certificates"),
    "a status": ({"provisioningStatus": "perhaps"}, "provisioningStatus"),
    "a policy": ({"allocationPolicy": "nearest"}, "allocationPolicy"),
    "a hub that is not linked": ({"iotHubs": ["other.azure-devices.net"]}, "iotHubs"),
    "custom without its webhook": ({"allocationPolicy": "custom"}, "customAllocationDefinition"),
    "a twin with a forbidden key": ({"initialTwin": {"tags": {"a.b": 1}}}, "initialTwin"),
}


@both
@pytest.mark.parametrize("case", BAD)
def test_a_bad_body_is_refused_by_its_field(az, collection, case):
    change, field = BAD[case]
    reply = az.put(collection, "row-9", body_of(collection, "row-9") | change if isinstance(change, dict) else change)
    assert_refused(reply, 400)
    assert field is None or field in reply.json["message"], reply.json
    assert_refused(az.get(collection, "row-9"), 404)


@both
def test_the_id_of_the_body_is_the_paths(az, collection):
    assert_refused(az.put(collection, "row-10", body_of(collection, "row-11")), 400)
    assert_refused(az.put(collection, "row 10", body_of(collection, "row 10")), 400)


@both
def test_unknown_fields_are_not_looked_at(dps, collection):
    made = dps.put(collection, "row-12", body_of(collection, "row-12", credentialPolicyName="later"))
    assert made.status == 200 and "credentialPolicyName" not in made.json
    dps.delete(collection, "row-12")


@both
def test_bulk(dps, collection):
    names = [f"bulk-{n}" for n in range(10)]
    done = dps.bulk(collection, "create", [body_of(collection, name) for name in names])
    assert (done.status, done.json) == (200, {"isSuccessful": True, "errors": []})
    again = dps.bulk(collection, "create", [body_of(collection, "bulk-1"), body_of(collection, "bulk-10")])
    assert (again.status, again.json["isSuccessful"]) == (200, False), "HTTP 200 even with item errors"
    assert [one[ID[collection]] for one in again.json["errors"]] == ["bulk-1"]
    assert str(again.json["errors"][0]["errorCode"]).startswith("409") and again.json["errors"][0]["errorStatus"]
    assert dps.get(collection, "bulk-10").status == 200
    updated = dps.bulk(collection, "update", [body_of(collection, "bulk-2", provisioningStatus="disabled")])
    assert updated.json["isSuccessful"] and dps.get(collection, "bulk-2").json["provisioningStatus"] == "disabled"
    seen = dps.get(collection, "bulk-3").json
    assert dps.bulk(collection, "updateIfMatchETag", [seen]).json["isSuccessful"]
    stale = dps.bulk(collection, "updateIfMatchETag", [seen])
    assert str(stale.json["errors"][0]["errorCode"]).startswith("412")
    for few in (names, ["bulk-10"]):
        assert dps.bulk(collection, "delete", [body_of(collection, name) for name in few]).json["isSuccessful"]
    assert_refused(dps.get(collection, "bulk-5"), 404)


@both
def test_bulk_that_is_malformed(az, collection):
    assert_refused(az.bulk(collection, "create", [body_of(collection, f"much-{n}") for n in range(11)]), 400)
    assert_refused(az.bulk(collection, "create", []), 400)
    assert_refused(az.bulk(collection, "invent", [body_of(collection, "much-1")]), 400)


@both
def test_query_in_pages(dps, collection):
    names = {f"page-{n:02}" for n in range(7)}
    for name in names:
        dps.put(collection, name, body_of(collection, name))
    seen, sizes = [], []
    for page in pages(lambda token: dps.query(collection, page=3, token=token)):
        assert page.headers["x-ms-item-type"] == ITEM_TYPE[collection]
        sizes.append(len(page.json))
        seen += [one[ID[collection]] for one in page.json]
    assert names <= set(seen) and len(seen) == len(set(seen)) and sizes[0] == 3
    assert all("symmetricKey" not in one["attestation"] for one in dps.query(collection).json)
    for name in names:
        dps.delete(collection, name)


@both
def test_query_texts(az, collection):
    """az writes a Python repr there, and means everything; other texts are not looked at, but a WHERE is not ignored."""
    everything = az.query(collection).json
    for text in ("{'additional_properties': {}, 'query': 'SELECT *'}", "select * from enrollments", ""):
        assert az.query(collection, text).json == everything, text
    assert_refused(az.query(collection, "SELECT * WHERE provisioningStatus = 'enabled'"), 400)
    assert_refused(az.query(collection, page="none"), 400)
    assert_refused(az.query(collection, token="%%%"), 400)


def test_registrations(az, dps, world):
    world.run_cli("device", "run", world.data / "device" / "config.json", "--messages", 1, "--interval", 0)
    listed = dps.query_registrations("my-device-group")
    assert listed.headers["x-ms-item-type"] == "deviceRegistration"
    state = dps.get_registration(DEVICE)
    assert [state.json] == [one for one in listed.json if one["registrationId"] == DEVICE]
    assert (state.json["status"], state.json["assignedHub"], state.json["substatus"]) == ("assigned", HUB_HOST,
                                                                                         "initialAssignment")
    assert_refused(dps.delete_registration(DEVICE, "no-such-etag"), 412)
    assert dps.delete_registration(DEVICE, state.json["etag"]).status == 204
    assert_refused(dps.get_registration(DEVICE), 404)
    assert world.json("hub", "device-identity", "show", "-d", DEVICE)["deviceId"] == DEVICE, "the identity stays"
    assert_refused(dps.query_registrations("no-such-group"), 404)


def test_paths_and_versions(world, az):
    """Any case of letters, a slash at the end, percent-encoded ids, any api-version and none."""
    az.put(INDIVIDUAL, "path:1", body_of(INDIVIDUAL, "path:1"))
    for target in ("/enrollments/path%3A1?api-version=2018-04-01", "/ENROLLMENTS/path:1/?api-version=2026-11-01",
                   "/enrollments/PATH%3a1", "/enrollments/path:1?API-Version=x&other=y"):
        assert az.rest.send("GET", target).status == 200, target
    az.delete(INDIVIDUAL, "path:1")


@pytest.mark.parametrize("form", SAS_FORMS)
def test_tokens(world, form):
    rest = ServiceRest(world, dps_connection_string(world), SAS_FORMS[form])
    assert rest.send("GET", "/enrollmentGroups/my-device-group?api-version=2021-10-01").status == 200
    expired = SAS_FORMS[form](rest.host, rest.policy, rest.key, 1_600_000_000)
    wrong = SAS_FORMS[form](rest.host, rest.policy, KEY)
    other_host = SAS_FORMS[form](HUB_HOST, rest.policy, rest.key)
    nobody = SAS_FORMS[form](rest.host, "nobody", rest.key)
    for token in (expired, wrong, other_host, nobody, "Bearer x", "SharedAccessSignature", None):
        reply = rest.send("GET", "/enrollmentGroups/my-device-group", headers={"Authorization": token})
        assert_refused(reply, 401, 401002)
    rest.close()


def test_both_keys_of_the_policy(world):
    secondary = dps_connection_string(world, "--key-type", "secondary")
    assert connection_parts(secondary)["SharedAccessKey"] != connection_parts(dps_connection_string(world))["SharedAccessKey"]
    client = DpsServiceClient(world, secondary)
    assert client.get(GROUP, "my-device-group").status == 200
    client.close()
