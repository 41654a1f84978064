"""A device by the official SDK that lives by its twin: reads it, reports, and says each change of its desired properties.

    twin_device.py config.json HOST --server-ca FILE

Standard output, one JSON value a line and flushed: the twin as it was read, null once it has reported and listens, then each
patch as the SDK hands it over. The device ends when its standard input does.
"""

import argparse
import asyncio
import json
import pathlib
import sys

from azure.iot.device import X509
from azure.iot.device.aio import IoTHubDeviceClient


def say(value):
    print(json.dumps(value), flush=True)


async def run(client):
    await client.connect()
    say(await client.get_twin())
    await client.patch_twin_reported_properties({"battery": {"level": 90, "low": None}, "cells": [1, 2]})
    client.on_twin_desired_properties_patch_received = say_patch
    # The SDK subscribes when it is given a handler, and says nothing when that is done; another request comes after it.
    await client.patch_twin_reported_properties({"cells": None})
    say(None)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await client.shutdown()


async def say_patch(patch):
    say(patch)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=pathlib.Path)
    parser.add_argument("host")
    parser.add_argument("--server-ca", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    config = json.loads(arguments.config.read_text())
    folder = arguments.config.parent
    x509 = X509(cert_file=str(folder / config["cert_file"]), key_file=str(folder / config["key_file"]))
    asyncio.run(run(IoTHubDeviceClient.create_from_x509_certificate(
        hostname=arguments.host, device_id=config["registration_id"], x509=x509,
        server_verification_cert=arguments.server_ca.read_text())))


if __name__ == "__main__":
    main()
