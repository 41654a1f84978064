"""A world's control socket: making what the bench's devices need, by the same REST that Azure's tools speak."""

import http.client
import json
import socket

ARM = ("/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/iot-x509-demo-rg"
       "/providers/Microsoft.Devices")
VERSION = "?api-version=2023-06-30"
HUB = "bench"
DPS = "bench-dps"
HUB_HOST = f"{HUB}.azure-devices.net"
DPS_HOST = f"{DPS}.azure-devices-provisioning.net"
GLOBAL_HOST = "global.azure-devices-provisioning.net"
PARTITIONS = 4
BULK_MAX = 100  # Items of one POST /devices.
TIMEOUT_S = 60


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Control:
    def __init__(self, path):
        self._connection = _UnixConnection(path)

    def close(self):
        self._connection.close()

    def call(self, method, host, target, body=None):
        headers = {"Host": host, "Content-Type": "application/json"}
        self._connection.request(method, target, None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {host}{target}: {answer.status} {text[:500]!r}")
        return json.loads(text) if text else None

    def arm(self, method, path, body=None):
        return self.call(method, "management", ARM + path + VERSION, body)

    def make_services(self, root_pem):
        """A hub and a DPS instance that trust this root, and an enrollment group for all of its devices."""
        certificate = {"properties": {"certificate": root_pem, "isVerified": True}}
        events = {"retentionTimeInDays": 1, "partitionCount": PARTITIONS}
        self.arm("PUT", f"/IotHubs/{HUB}", {"location": "eastus", "sku": {"name": "S1", "capacity": 1},
                                            "properties": {"eventHubEndpoints": {"events": events}}})
        self.arm("PUT", f"/IotHubs/{HUB}/certificates/root", certificate)
        self.arm("PUT", f"/provisioningServices/{DPS}", {
            "location": "eastus", "sku": {"name": "S1", "capacity": 1},
            "properties": {"iotHubs": [{"connectionString": self._hub_connection_string(), "location": "eastus"}]}})
        self.arm("PUT", f"/provisioningServices/{DPS}/certificates/root", certificate)
        self.call("PUT", DPS_HOST, "/enrollmentGroups/bench?api-version=2021-10-01", {
            "enrollmentGroupId": "bench", "provisioningStatus": "enabled",
            "attestation": {"type": "x509", "x509": {"caReferences": {"primary": "root"}}}})

    def _hub_connection_string(self):
        keys = self.arm("POST", f"/IotHubs/{HUB}/listkeys")["value"]
        key = next(one["primaryKey"] for one in keys if one["keyName"] == "iothubowner")
        return f"HostName={HUB_HOST};SharedAccessKeyName=iothubowner;SharedAccessKey={key}"

    def make_devices(self, device_set, count):
        """Devices of one of the load's sets, authenticated by their CA."""
        for first in range(0, count, BULK_MAX):
            self.call("POST", HUB_HOST, "/devices" + VERSION, [
                {"id": f"{device_set}-{n:06}", "importMode": "create", "status": "enabled",
                 "authentication": {"type": "certificateAuthority"}}
                for n in range(first, min(count, first + BULK_MAX))])
