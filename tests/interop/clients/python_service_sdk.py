"""azure-iot-hub, unmodified: what test_python_service_sdk.py runs by pytest under `muster run`, where the hub's name resolves.

The connection string is in HUB_CONNECTION_STRING.
"""

import base64
import os

import pytest
from azure.iot.hub import IoTHubRegistryManager
from azure.iot.hub.models import (AuthenticationMechanism, ExportImportDevice, QuerySpecification, SymmetricKey, Twin,
                                  TwinProperties)
from msrest.exceptions import HttpOperationError

KEY_1 = base64.b64encode(b"1" * 32).decode()
KEY_2 = base64.b64encode(b"2" * 32).decode()
THUMBPRINT_1, THUMBPRINT_2 = "A" * 40, "B" * 40


@pytest.fixture(scope="module")
def hub():
    return IoTHubRegistryManager.from_connection_string(os.environ["HUB_CONNECTION_STRING"])


@pytest.fixture()
def device(hub, request):
    """A device by this test's name, gone after it."""
    name = request.node.name.replace("[", "-").replace("]", "")
    yield hub.create_device_with_sas(name, KEY_1, KEY_2, "enabled")
    hub.delete_device(name)


def refused(call, *arguments):
    with pytest.raises(HttpOperationError) as caught:
        call(*arguments)
    return caught.value.response


def test_device_with_sas(hub):
    made = hub.create_device_with_sas("sas-1", KEY_1, KEY_2, "enabled", status_reason="new")
    assert (made.device_id, made.status, made.status_reason, made.authentication.type) == ("sas-1", "enabled", "new", "sas")
    assert made.authentication.symmetric_key.primary_key == KEY_1
    assert made.connection_state == "Disconnected" and made.generation_id and made.etag
    seen = hub.get_device("sas-1")
    assert seen.as_dict() == made.as_dict()
    changed = hub.update_device_with_sas("sas-1", seen.etag, KEY_2, KEY_1, "disabled")
    assert (changed.status, changed.authentication.symmetric_key.primary_key) == ("disabled", KEY_2)
    assert changed.etag != seen.etag and changed.generation_id == seen.generation_id
    assert refused(hub.update_device_with_sas, "sas-1", seen.etag, KEY_1, KEY_2, "enabled").status_code == 412
    assert refused(hub.delete_device, "sas-1", seen.etag).status_code == 412
    hub.delete_device("sas-1", changed.etag)
    gone = refused(hub.get_device, "sas-1")
    assert (gone.status_code, gone.headers["iothub-errorcode"]) == (404, "DeviceNotFound")


def test_device_whose_keys_the_hub_makes(hub):
    made = hub.create_device_with_sas("sas-2", None, None, "enabled")
    keys = made.authentication.symmetric_key
    assert len(base64.b64decode(keys.primary_key)) >= 16 and keys.primary_key != keys.secondary_key
    hub.delete_device("sas-2")


def test_device_with_thumbprints(hub):
    made = hub.create_device_with_x509("x509-1", THUMBPRINT_1, THUMBPRINT_2, "enabled")
    assert made.authentication.type == "selfSigned"
    assert made.authentication.x509_thumbprint.primary_thumbprint == THUMBPRINT_1
    changed = hub.update_device_with_x509("x509-1", made.etag, THUMBPRINT_2, THUMBPRINT_1, "enabled")
    assert changed.authentication.x509_thumbprint.primary_thumbprint == THUMBPRINT_2
    hub.delete_device("x509-1")


def test_device_with_certificate_authority(hub):
    made = hub.create_device_with_certificate_authority("ca-1", "disabled", status_reason="spare")
    assert (made.authentication.type, made.status) == ("certificateAuthority", "disabled")
    changed = hub.update_device_with_certificate_authority("ca-1", made.etag, "enabled")
    assert changed.status == "enabled"
    hub.delete_device("ca-1")


def test_creating_what_is_there(hub, device):
    again = refused(hub.create_device_with_sas, device.device_id, KEY_1, KEY_2, "enabled")
    assert (again.status_code, again.headers["iothub-errorcode"]) == (409, "DeviceAlreadyExists")


def test_unknown_device(hub):
    for call in (hub.get_device, hub.delete_device, hub.get_twin):
        response = refused(call, "nobody")
        assert (response.status_code, response.headers["iothub-errorcode"]) == (404, "DeviceNotFound"), call


def test_list_and_statistics(hub, device):
    assert device.device_id in [one.device_id for one in hub.get_devices()]
    assert len(hub.get_devices(1)) == 1
    before = hub.get_device_registry_statistics()
    hub.update_device_with_sas(device.device_id, device.etag, KEY_1, KEY_2, "disabled")
    after = hub.get_device_registry_statistics()
    assert after.total_device_count == before.total_device_count
    assert after.disabled_device_count == before.disabled_device_count + 1
    assert hub.get_service_statistics().connected_device_count == 0


def test_modules(hub, device):
    name = device.device_id
    made = hub.create_module_with_sas(name, "m-1", "me", KEY_1, KEY_2)
    assert (made.module_id, made.device_id, made.managed_by) == ("m-1", name, "me")
    assert hub.get_module(name, "m-1").authentication.symmetric_key.secondary_key == KEY_2
    hub.create_module_with_x509(name, "m-2", "me", THUMBPRINT_1, THUMBPRINT_2)
    hub.create_module_with_certificate_authority(name, "m-3", "me")
    assert sorted(one.module_id for one in hub.get_modules(name)) == ["m-1", "m-2", "m-3"]
    changed = hub.update_module_with_sas(name, "m-1", "you", made.etag, KEY_2, KEY_1)
    assert (changed.managed_by, changed.authentication.symmetric_key.primary_key) == ("you", KEY_2)
    assert refused(hub.update_module_with_sas, name, "m-1", "me", made.etag, KEY_1, KEY_2).status_code == 412
    again = refused(hub.create_module_with_sas, name, "m-1", "me", KEY_1, KEY_2)
    assert (again.status_code, again.headers["iothub-errorcode"]) == (409, "ModuleAlreadyExistsOnDevice")
    hub.delete_module(name, "m-1", changed.etag)
    gone = refused(hub.get_module, name, "m-1")
    assert (gone.status_code, gone.headers["iothub-errorcode"]) == (404, "ModuleNotFound")


def test_module_twins(hub, device):
    hub.create_module_with_sas(device.device_id, "m", "", KEY_1, KEY_2)
    twin = hub.get_module_twin(device.device_id, "m")
    assert (twin.device_id, twin.module_id) == (device.device_id, "m")
    patch = Twin(tags={"a": 1}, properties=TwinProperties(desired={"b": 2}))
    changed = hub.update_module_twin(device.device_id, "m", patch, twin.etag)
    assert (changed.tags, changed.properties.desired["b"]) == ({"a": 1}, 2)
    replaced = hub.replace_module_twin(device.device_id, "m", Twin(properties=TwinProperties(desired={"c": 3})))
    assert replaced.tags == {} and "b" not in replaced.properties.desired


def test_twins(hub, device):
    twin = hub.get_twin(device.device_id)
    assert (twin.status, twin.version, twin.authentication_type) == ("enabled", 2, "sas")
    patch = Twin(tags={"room": {"floor": 4}}, properties=TwinProperties(desired={"interval": 5, "mode": "eco"}))
    changed = hub.update_twin(device.device_id, patch, twin.etag)
    assert (changed.tags, changed.properties.desired["interval"]) == ({"room": {"floor": 4}}, 5)
    assert changed.properties.desired["$version"] == 2 and changed.properties.desired["$metadata"]["mode"]["$lastUpdated"]
    assert refused(hub.update_twin, device.device_id, patch, twin.etag).status_code == 412
    merged = hub.update_twin(device.device_id, Twin(tags={"room": {"wing": "b", "floor": None}}))
    assert merged.tags == {"room": {"wing": "b"}} and merged.properties.desired["interval"] == 5
    replaced = hub.replace_twin(device.device_id, Twin(tags={"x": 1}, properties=TwinProperties(desired={"y": 2})), merged.etag)
    assert replaced.tags == {"x": 1} and "interval" not in replaced.properties.desired
    bad = refused(hub.update_twin, device.device_id, Twin(properties=TwinProperties(desired={"a.b": 1})))
    assert bad.status_code == 400


def bulk_item(name, mode, **more):
    return ExportImportDevice(id=name, import_mode=mode, **more)


def test_bulk(hub):
    keys = AuthenticationMechanism(type="sas", symmetric_key=SymmetricKey(primary_key=KEY_1, secondary_key=KEY_2))
    items = [bulk_item(f"bulk-{n}", "create", status="enabled", authentication=keys) for n in range(100)]
    done = hub.bulk_create_or_update_devices(items)
    assert done.is_successful and not done.errors
    assert hub.get_device("bulk-99").authentication.symmetric_key.primary_key == KEY_1
    hub.bulk_create_or_update_devices([bulk_item("bulk-0", "update", status="disabled", authentication=keys)])
    assert hub.get_device("bulk-0").status == "disabled"
    failed = hub.bulk_create_or_update_devices([bulk_item("bulk-1", "create", status="enabled"),
                                                bulk_item("bulk-100", "create", status="enabled")])
    assert not failed.is_successful
    assert [(one.device_id, one.error_code) for one in failed.errors] == [("bulk-1", "DeviceAlreadyExists")]
    done = hub.bulk_create_or_update_devices([bulk_item(f"bulk-{n}", "delete") for n in range(100)])
    assert done.is_successful
    assert refused(hub.get_device, "bulk-50").status_code == 404
    assert hub.get_device("bulk-100").status == "enabled", "the other items of a request with a bad one are carried out"
    hub.delete_device("bulk-100")


def test_query_in_pages(hub):
    names = [f"page-{n:02}" for n in range(25)]
    hub.bulk_create_or_update_devices([bulk_item(name, "create", status="enabled", tags={"kind": "page"}) for name in names])
    query = QuerySpecification(query="SELECT * FROM devices WHERE tags.kind = 'page'")
    seen, sizes, token = [], [], None
    while True:
        page = hub.query_iot_hub(query, token, 10)
        assert page.type == "Twin"
        seen += [twin.device_id for twin in page.items]
        sizes.append(len(page.items))
        token = page.continuation_token
        if not token:
            break
    assert (sorted(seen), sizes) == (names, [10, 10, 5])
    hub.bulk_create_or_update_devices([bulk_item(name, "delete") for name in names])


def test_queries(hub, device):
    hub.create_module_with_sas(device.device_id, "m", "", KEY_1, KEY_2)
    hub.update_twin(device.device_id, Twin(tags={"asked": True}))
    rows = hub.query_iot_hub(QuerySpecification(query="SELECT * FROM devices.modules WHERE moduleId = 'm'")).items
    assert [(one.device_id, one.module_id) for one in rows] == [(device.device_id, "m")]
    counted = hub.query_iot_hub(QuerySpecification(query="SELECT COUNT() AS n FROM devices WHERE tags.asked = true"))
    assert counted.type == "Raw" and counted.items[0].additional_properties == {"n": 1}
    wrong = refused(hub.query_iot_hub, QuerySpecification(query="SELECT FROM devices"))
    assert (wrong.status_code, wrong.headers["iothub-errorcode"]) == (400, "ArgumentInvalid")
