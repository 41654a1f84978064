"""A device by the official SDK that authenticates with a symmetric key.

    key_device.py provision HOST ID_SCOPE REGISTRATION_ID KEY --server-ca FILE
    key_device.py connect CONNECTION_STRING --server-ca FILE [--keep]
    key_device.py token HOST DEVICE_ID KEY LIFE_S --server-ca FILE [--keep]

Standard output, one JSON value a line and flushed: the registration (provision), then "connected", "sent" once a message is
acknowledged, and the twin. With --keep the device stays until its standard input ends, and says each time that its
connection comes or goes. With a token, made as late as can be and said first by its expiry, it does not connect again: the
SDK would have to be given another.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import pathlib
import sys
import time
from urllib.parse import quote

from azure.iot.device.aio import IoTHubDeviceClient, ProvisioningDeviceClient


def say(value):
    print(json.dumps(value), flush=True)


async def provision(arguments, options):
    host, scope, name, key = arguments.what
    client = ProvisioningDeviceClient.create_from_symmetric_key(
        provisioning_host=host, registration_id=name, id_scope=scope, symmetric_key=key, **options)
    client.provisioning_payload = {"from": "python"}
    result = await client.register()
    state = result.registration_state
    say({"status": result.status, "hub": state.assigned_hub, "device": state.device_id, "substatus": state.sub_status})
    return IoTHubDeviceClient.create_from_symmetric_key(
        symmetric_key=key, hostname=state.assigned_hub, device_id=state.device_id, **options)


def token(host, device, key, life_s):
    resource, expiry = f"{host}%2Fdevices%2F{device}", int(time.time()) + int(life_s)
    digest = hmac.new(base64.b64decode(key), f"{resource}\n{expiry}".encode(), hashlib.sha256).digest()
    say(expiry)
    return f"SharedAccessSignature sr={resource}&sig={quote(base64.b64encode(digest), safe='')}&se={expiry}"


async def live(client, keep):
    def changed():
        say("connected" if client.connected else "disconnected")

    client.on_connection_state_change = changed
    await client.connect()
    await client.send_message("hello")
    say("sent")
    say(await client.get_twin())
    if keep:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    client.on_connection_state_change = None
    await client.shutdown()


async def run(arguments):
    options = {"server_verification_cert": arguments.server_ca.read_text()}
    if arguments.how == "provision":
        client = await provision(arguments, options)
    elif arguments.how == "token":
        client = IoTHubDeviceClient.create_from_sastoken(token(*arguments.what), connection_retry=False, **options)
    else:
        client = IoTHubDeviceClient.create_from_connection_string(arguments.what[0], **options)
    await live(client, arguments.keep)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("how", choices=("provision", "connect", "token"))
    parser.add_argument("what", nargs="+")
    parser.add_argument("--server-ca", type=pathlib.Path, required=True)
    parser.add_argument("--keep", action="store_true")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
