"""A world of the test's own: made in a fresh folder, served on an address of its own, stopped at the end."""

import json
import os
import pathlib
import subprocess
import time

BINARY = os.environ.get("MUSTER_BINARY", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "muster"))
ADDRESS = os.environ.get("MUSTER_ADDRESS", "127.0.19.1")
ID_SCOPE = "0ne00123ABC"
DPS_HOST = "global.azure-devices-provisioning.net"
HUB_HOST = "my-iot-hub-x509.azure-devices.net"
GROUP = "my-device-group"
DEVICE = "my-device-001"
START_S = 60


def clean_environment():
    """This process's, without what would point muster or a client elsewhere."""
    dropped = ("SSL_CERT_FILE", "SSL_CERT_DIR", "PROVISIONING_HOST", "PROVISIONING_IDSCOPE",
               "DPS_X509_REGISTRATION_ID", "X509_CERT_FILE", "X509_KEY_FILE", "PASS_PHRASE", "REQUESTS_CA_BUNDLE")
    # MUSTER_*: what steers the tests (MUSTER_CHECK) would be read as keys of the configuration.
    return {name: value for name, value in os.environ.items() if name not in dropped and not name.startswith("MUSTER_")}


class World:
    def __init__(self, folder, address=ADDRESS, settings=()):
        """`settings` as --set takes them: "sas.clock_skew_s=0"."""
        self.parent = pathlib.Path(folder)
        self.data = self.parent / "world"
        self.address = address
        self.settings = [word for setting in settings for word in ("--set", setting)]
        self.process = None

    # The service.

    def up(self):
        with open(self.parent / "up.log", "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "up", "--data", self.data, "--listen", self.address, *self.settings],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=clean_environment(),
            )
        waiting = subprocess.Popen(
            [BINARY, "status", "--data", self.data, "--wait", f"{START_S}s"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=clean_environment(),
        )
        # A service that ends at once should fail the test at once, with what it said.
        while waiting.poll() is None and self.process.poll() is None:
            time.sleep(0.02)
        waiting.kill()
        assert self.process.poll() is None and waiting.wait() == 0, f"{self.process.poll()}\n{self.log()}"

    def down(self):
        if self.process is None:
            return
        self.process.terminate()
        assert self.process.wait(timeout=30) == 0, self.log()
        self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def log(self):
        return (self.parent / "up.log").read_text(errors="replace")

    # The operator.

    def run_cli(self, *words, check=True, timeout=120):
        done = subprocess.run(
            [BINARY, *map(str, words), "--data", str(self.data)],
            capture_output=True, text=True, timeout=timeout, env=clean_environment(), stdin=subprocess.DEVNULL,
        )
        assert not check or done.returncode == 0, f"{words}: status {done.returncode}\n{done.stderr}\n{self.log()}"
        return done

    def json(self, *words):
        return json.loads(self.run_cli(*words, "-o", "json").stdout)

    def events(self, silence_s=2):
        """Every event in the log, as monitor-events shows them; it ends after that long without one."""
        done = self.run_cli("hub", "monitor-events", "--from", "start", "--timeout", silence_s, "--properties", "all",
                            "-o", "json")
        return list(values_in(done.stdout))

    # What clients need.

    @property
    def ca(self):
        return self.data / "server" / "ca.pem"

    @property
    def cert(self):
        return self.data / "certs" / "device" / "device.pem"

    @property
    def key(self):
        return self.data / "certs" / "device" / "device.key"

    def make_device(self, name, **how):
        """A device certificate by the world's intermediate; returns (certificate, key)."""
        ca = self.data / "certs" / "intermediate" / "intermediate"
        return issue(self.parent, name, ca.with_suffix(".pem"), ca.with_suffix(".key"), **how)


def values_in(text):
    """The JSON values that stand one after another in `text`."""
    decoder, at = json.JSONDecoder(), 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return
        value, at = decoder.raw_decode(text, at)
        yield value


def openssl(*words, cwd=None, **options):
    return subprocess.run(["openssl", *map(str, words)], cwd=cwd, capture_output=True, text=True, check=True, **options)


def issue(folder, name, ca_cert, ca_key, start=None, end=None, key="p256"):
    """A device certificate with CN `name`, by openssl itself, so that muster meets certificates that it did not make.

    `start` and `end` as openssl ca writes them: YYYYMMDDHHMMSSZ; by default from now, a day long.
    """
    out = pathlib.Path(folder) / f"issued-{name}-{time.monotonic_ns()}"
    (out / "new").mkdir(parents=True)
    (out / "index.txt").write_text("")
    (out / "ca.cnf").write_text(
        f"""[ca]
default_ca = one
[one]
database = {out}/index.txt
new_certs_dir = {out}/new
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
    )
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "p256" else ["-newkey", "rsa:2048"]
    openssl("req", "-new", *kind, "-nodes", "-keyout", out / "key.pem", "-out", out / "request.pem", "-subj", f"/CN={name}")
    times = ["-startdate", start, "-enddate", end] if start else ["-days", "1"]
    openssl("ca", "-batch", "-config", out / "ca.cnf", "-cert", ca_cert, "-keyfile", ca_key, "-in", out / "request.pem",
            "-out", out / "cert.pem", "-notext", *times)
    return out / "cert.pem", out / "key.pem"


def make_ca(folder, name):
    """A root that nobody uploaded; returns (certificate, key)."""
    out = pathlib.Path(folder) / f"ca-{name}"
    out.mkdir()
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", out / "key.pem",
            "-out", out / "cert.pem", "-subj", f"/CN={name}", "-days", "30", "-addext", "basicConstraints=critical,CA:true",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    return out / "cert.pem", out / "key.pem"
