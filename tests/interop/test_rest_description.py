"""schemathesis against docs/reference/openapi: no request gets a 5xx, and every reply is one that the description has.

Half of the requests are moved onto what is there (KNOWN), since ids out of the air find nothing. MUSTER_CHECK=long sends more
than LONG_REQUESTS; the same requests each time, so that a failure is one that can be looked at again.
"""

import pathlib

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (content_type_conformance, response_headers_conformance,
                                               response_schema_conformance, status_code_conformance)

from conftest import LONG
from service_rest import az_token, connection_parts, dps_connection_string, hub_connection_string

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi"
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
          response_schema_conformance)
LONG_REQUESTS = 10_000
PER_OPERATION = 340 if LONG else 16
KEYS = {"type": "symmetricKey", "symmetricKey": {}}
# By path parameter and, where the same word means different things, by the path it begins.
KNOWN = {"/devices": "known", "/twins": "known", "/enrollments": "known", "/enrollmentGroups": "known",
         "/registrations": "known", "mid": "m", "group": "known"}
ID_MEMBERS = {"/devices/{id}": {"deviceId": "id"},
              "/devices/{id}/modules/{mid}": {"deviceId": "id", "moduleId": "mid"},
              "/enrollments/{id}": {"registrationId": "id"}, "/enrollmentGroups/{id}": {"enrollmentGroupId": "id"}}
IF_MATCH = st.sampled_from((None, "*", '"*"', "AAAAAAAAAAE=", '"ODAxMjMyNDI2"', 'W/"x"'))
QUERIES = st.sampled_from((
    "SELECT * FROM devices",
    "SELECT * FROM devices.modules",
    "select deviceId, tags.room AS r from devices where is_defined(tags)",
    "SELECT COUNT() AS n, status FROM devices GROUP BY status",
    "SELECT TOP 1 * FROM devices WHERE deviceId IN ['known', 'x']",
    "SELECT * FROM devices WHERE properties.desired.a > 1 OR NOT status = 'enabled'",
    "SELECT * FROM devices WHERE",
    "SELECT *",
))


def operations(name):
    schema = schemathesis.openapi.from_path(FOLDER / f"{name}.json")
    return [result.ok() for result in schema.get_all_operations()]


def known_id(operation, name):
    return KNOWN.get(name) or KNOWN["/" + operation.path.split("/")[1]]


def move_onto_what_is_there(operation, case):
    for name in case.path_parameters or {}:
        case.path_parameters[name] = known_id(operation, name)
    if isinstance(case.body, dict):
        for member, parameter in ID_MEMBERS.get(operation.path, {}).items():
            case.body[member] = case.path_parameters[parameter]


@st.composite
def cases(draw, operation):
    mode = draw(st.sampled_from((GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE)))
    case = draw(operation.as_strategy(generation_mode=mode))
    if draw(st.booleans()):
        move_onto_what_is_there(operation, case)
        condition = draw(IF_MATCH)
        if condition is not None and operation.method.upper() in ("PUT", "PATCH", "DELETE"):
            case.headers = {**(case.headers or {}), "If-Match": condition}
    if operation.path == "/devices/query" and draw(st.booleans()):
        case.body = {"query": draw(QUERIES)}
    return case


class Service:
    """Where requests go, with the token that each of them carries, and how many were sent."""

    def __init__(self, world, connection_string):
        parts = connection_parts(connection_string)
        self.base = f"https://{world.address}"
        self.session, self.sent = requests.Session(), 0
        self.session.verify, self.session.trust_env = str(world.ca), False
        self.token = az_token(parts["HostName"], parts["SharedAccessKeyName"], parts["SharedAccessKey"])

    def put(self, path, body):
        return self.session.put(self.base + path, json=body, verify=self.session.verify, headers={"Authorization": self.token})

    def call(self, case):
        self.sent += 1
        return case.call(base_url=self.base, session=self.session, verify=self.session.verify,
                         headers={"Authorization": self.token})


@pytest.fixture(scope="module")
def services(world):
    return {"hub": Service(world, hub_connection_string(world)), "dps": Service(world, dps_connection_string(world))}


@pytest.fixture()
def what_is_there(services):
    """What KNOWN names, made again where an operation before this one deleted it."""
    for service, path, body in (("hub", "/devices/known", {"deviceId": "known"}),
                                ("hub", "/devices/known/modules/m", {"deviceId": "known", "moduleId": "m"}),
                                ("dps", "/enrollments/known", {"registrationId": "known", "attestation": KEYS}),
                                ("dps", "/enrollmentGroups/known", {"enrollmentGroupId": "known", "attestation": KEYS})):
        made = services[service].put(path, body)
        assert made.status_code in (200, 409) or (made.status_code, path) == (401, "/devices/known/modules/m"), made.text


@pytest.mark.parametrize("service, operation", [pytest.param(name, operation, id=operation.label)
                                                for name in ("hub", "dps") for operation in operations(name)])
@pytest.mark.usefixtures("what_is_there")
def test_every_reply_is_described(services, service, operation):
    @settings(max_examples=PER_OPERATION, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(case=cases(operation))
    def send(case):
        case.validate_response(services[service].call(case), checks=CHECKS)

    send()


def test_enough_was_sent(services):
    sent = sum(service.sent for service in services.values())
    print(f"{sent} requests")
    assert sent > LONG_REQUESTS if LONG else sent > 0
