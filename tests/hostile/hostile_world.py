"""What the tests of hostile peers want of a world: devices that its hub knows by their certificates, and what its process costs."""

import contextlib

from world import ADDRESS, World


@contextlib.contextmanager
def running(folder, address=None, settings=(), devices=()):
    """A world that runs, and `world.devices`: name -> (certificate, key)."""
    one = World(folder, *([address] if address else []), settings=settings)
    one.up()
    try:
        one.devices = {name: certified(one, name) for name in devices}
        yield one
    finally:
        one.down()


def certified(world, name):
    folder = world.parent / name
    world.run_cli("hub", "device-identity", "create", "-d", name, "--auth-method", "x509_thumbprint", "--output-dir", folder)
    return folder / f"{name}-cert.pem", folder / f"{name}-key.pem"


def client_of(world, name):
    """As steady.py wants it."""
    cert, key = world.devices[name]
    return {"device": name, "cert": str(cert), "key": str(key)}


class Process:
    """What the service's process holds, in KiB, from the kernel."""

    def __init__(self, pid):
        self.pid = pid
        with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # VmHWM is then the most from now on (proc(5)).
        self.before = self.read()

    def read(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return {name: int(fields[name].split()[0]) for name in ("VmRSS", "VmHWM", "VmSize", "VmPeak")}

    def rise(self):
        """(RSS at its highest, virtual size now) since the beginning."""
        now = self.read()
        return now["VmHWM"] - self.before["VmRSS"], now["VmSize"] - self.before["VmSize"]


def address_of_another_world():
    """Beside the one that the other tests of a file share; a world has its hubs on the addresses after its own."""
    return ADDRESS.rpartition(".")[0] + ".51"


def sources(world, count):
    """Addresses to attack from: of the world's own /24, far from those that it serves."""
    return [f"{world.address.rpartition('.')[0]}.{100 + index}" for index in range(count)]
