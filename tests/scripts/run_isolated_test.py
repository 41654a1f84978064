#!/usr/bin/env python3
"""`muster run` from outside: names and trust inside, nothing changed outside. Needs no service: the world is this process."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BINARY = os.environ["MUSTER_BINARY"]
NAME, ADDRESS = "my-iot-hub-x509.azure-devices.net", "127.0.17.1"


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="muster-run-test-")
        self.addCleanup(folder.cleanup)
        self.data = pathlib.Path(folder.name)
        (self.data / "server").mkdir()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        "/dev/null", "-out", self.data / "server" / "ca.pem", "-subj", "/CN=test", "-days", "1"],
                       check=True, capture_output=True)
        self.data.joinpath("world.json").write_text(json.dumps({
            "version": "0.0.0", "pid": os.getpid(), "started": "", "startTicks": 0, "caFile": "server/ca.pem",
            "endpoints": {"mqtt": [f"{ADDRESS}:8883"], "https": [f"{ADDRESS}:443"], "amqp": [], "admin": f"{ADDRESS}:9464"},
            "dps": [], "hubs": [{"name": "my-iot-hub-x509", "host": NAME, "address": ADDRESS}]}))

    def run_it(self, *command, **environment):
        return subprocess.run([BINARY, "run", "--data", self.data, "--", *command], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, env={**os.environ, **environment}, check=False)

    def test_names_resolve_inside_and_not_outside(self):
        outside = subprocess.run(["getent", "ahostsv4", NAME], capture_output=True, text=True, check=False).stdout
        self.assertNotIn(ADDRESS, outside)
        inside = self.run_it("getent", "ahostsv4", NAME)
        self.assertEqual(inside.returncode, 0, inside.stderr)
        self.assertEqual(inside.stdout.split()[0], ADDRESS)
        again = subprocess.run(["getent", "ahostsv4", NAME], capture_output=True, text=True, check=False).stdout
        self.assertNotIn(ADDRESS, again)

    def test_exit_status_and_arguments_pass_through(self):
        done = self.run_it("sh", "-c", 'printf "%s|" "$@"; exit 9', "sh", "--data", "a b", "-o")
        self.assertEqual((done.returncode, done.stdout), (9, "--data|a b|-o|"))

    def test_certifi_gives_the_bundle_and_a_hidden_sitecustomize_still_runs(self):
        # A certifi of our own: the machine may have none.
        for name, text in {"certifi/__init__.py": "from .core import contents, where\n",
                           "certifi/core.py": "def where():\n    return 'own'\ndef contents():\n    return 'own'\n",
                           "sitecustomize.py": "import os\nos.environ['HIDDEN_RAN'] = 'yes'\n"}.items():
            path = self.data / "py" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = self.run_it("/usr/bin/python3", "-c", "import certifi, os; print(certifi.where(), len(certifi.contents()) > 300, "
                           "os.environ.get('HIDDEN_RAN'))", PYTHONPATH=str(self.data / "py"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.split(), [str(self.data / "run" / "ca-bundle.pem"), "True", "yes"])

    def test_errors_are_muster_s_own(self):
        self.assertIn("MU-6013", self.run_it("no-such-command-9f3a").stderr)
        (self.data / "world.json").unlink()
        self.assertIn("MU-6007", self.run_it("true").stderr)


if __name__ == "__main__":
    sys.exit(unittest.main())
