#!/usr/bin/env python3
"""What ./quickstart does around the binary: order, exit status, streams, cleaning up. The binary and CMake are stand-ins
here, so that every outcome can be had; that the real ones work is what ./quickstart --once itself shows."""

import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Says what it was asked on standard output; "up" stays until it is told to stop, and notes that it was.
MUSTER = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$1" in
  up)
    [ "$FAIL" = up ] && { echo "MU-6003 port 8883 is in use" >&2; exit 3; }
    touch running; trap 'rm -f running; echo stopped >> "$CALLS"; exit 0' TERM INT
    while :; do sleep 0.05; done ;;
  status)
    case "$*" in
      *--wait*) while [ ! -e running ]; do sleep 0.05; done; exit 0 ;;
      *) [ -e running ] || [ "$FAIL" = already ] ;;
    esac ;;
  down) exit 1 ;;
  device) [ "$FAIL" = device ] && exit 5; echo "=== IoT Device Simulator with X.509 ===" ;;
  *) echo "output of $1 $2" ;;
esac
"""
CMAKE = """#!/bin/sh
echo "cmake $*" >> "$CALLS"
[ "$FAIL" = build ] && { echo "error: no such thing"; exit 1; }
mkdir -p build/release && touch build/release/build.ninja && cp muster-stand-in build/release/muster
"""


class Quickstart(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="muster-quickstart-"))
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copy(ROOT / "quickstart", self.root)
        (self.root / "tools").mkdir()
        shutil.copy(ROOT / "tools" / "install_packages.sh", self.root / "tools")
        (self.root / "packages").mkdir()
        (self.root / "packages" / "debian-build.txt").write_text("# none, so that nothing is installed\n")
        self.write("muster-stand-in", MUSTER)
        (self.root / "bin").mkdir()
        self.write("bin/cmake", CMAKE)
        (self.root / "build").mkdir()

    def write(self, name, text):
        path = self.root / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run_it(self, *arguments, fail=""):
        environment = {**os.environ, "CALLS": str(self.root / "calls"), "FAIL": fail,
                       "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}", "PROVISIONING_HOST": "elsewhere"}
        return subprocess.run(["bash", "quickstart", *arguments], cwd=self.root, env=environment, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)

    def calls(self):
        return (self.root / "calls").read_text().splitlines()

    def test_all_of_it_works(self):
        done = self.run_it("--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(), ["=== IoT Device Simulator with X.509 ===", "output of hub device-identity",
                                                    "output of dps enrollment-group", "output of hub monitor-events"])
        self.assertIn("stopped", self.calls())
        self.assertFalse((self.root / "running").exists())
        self.assertTrue((self.root / "muster").is_symlink())

    def test_no_terminal_means_once(self):
        self.assertEqual(self.run_it().returncode, 0)
        self.assertIn("stopped", self.calls())

    def test_again_does_not_configure_again(self):
        self.assertEqual(self.run_it("--once").returncode, 0)
        self.assertEqual(self.run_it("--once").returncode, 0)
        self.assertEqual(sum("--preset" in call for call in self.calls()), 1)

    def test_a_running_service_is_used_and_left(self):
        done = self.run_it("--once", fail="already")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("already running", done.stderr)
        self.assertFalse([call for call in self.calls() if call.startswith(("up", "down"))])

    def test_a_service_that_does_not_start(self):
        done = self.run_it("--once", fail="up")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("MU-6003 port 8883 is in use", done.stderr)
        self.assertIn("do: ", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_a_device_that_fails(self):
        done = self.run_it("--once", fail="device")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("stopped", self.calls(), "the service must not outlive a failure")

    def test_a_build_that_fails(self):
        done = self.run_it("--once", fail="build")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("error: no such thing", done.stderr)

    def test_unknown_options(self):
        self.assertEqual(self.run_it("--twice").returncode, 2)


if __name__ == "__main__":
    unittest.main()
