"""A device by the official SDK: provision, connect, send. The shape of the tutorial's program, without its pauses.

    device_simulator.py config.json COUNT [--provisioning-host HOST] [--server-ca FILE]

Each acknowledged message is said on standard output as `sent N`, flushed, so that a reader knows what was acknowledged when
this process or the service is killed.
"""

import argparse
import asyncio
import json
import pathlib

from azure.iot.device import X509
from azure.iot.device.aio import IoTHubDeviceClient, ProvisioningDeviceClient


async def provision(config, x509, options):
    client = ProvisioningDeviceClient.create_from_x509_certificate(
        provisioning_host=config["provisioning_host"],
        registration_id=config["registration_id"],
        id_scope=config["id_scope"],
        x509=x509,
        **options,
    )
    result = await client.register()
    print(f"status {result.status}", flush=True)
    print(f"hub {result.registration_state.assigned_hub}", flush=True)
    print(f"device {result.registration_state.device_id}", flush=True)
    print(f"substatus {result.registration_state.sub_status}", flush=True)
    return result.registration_state


async def run(config, x509, options, count):
    state = await provision(config, x509, options)
    client = IoTHubDeviceClient.create_from_x509_certificate(
        hostname=state.assigned_hub, device_id=state.device_id, x509=x509, **options
    )
    await client.connect()
    print("connected", flush=True)
    for number in range(1, count + 1):
        await client.send_message(json.dumps({"number": number}))
        print(f"sent {number}", flush=True)
    await client.shutdown()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=pathlib.Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--provisioning-host")
    parser.add_argument("--server-ca", type=pathlib.Path)
    arguments = parser.parse_args()

    config = json.loads(arguments.config.read_text())
    if arguments.provisioning_host:
        config["provisioning_host"] = arguments.provisioning_host
    folder = arguments.config.parent
    x509 = X509(cert_file=str(folder / config["cert_file"]), key_file=str(folder / config["key_file"]))
    options = {}
    if arguments.server_ca:
        options["server_verification_cert"] = arguments.server_ca.read_text()
    asyncio.run(run(config, x509, options, arguments.count))


if __name__ == "__main__":
    main()
