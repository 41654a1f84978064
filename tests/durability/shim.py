"""The other side of shim.c: builds it, and holds the page that both share."""

import ctypes
import errno
import mmap
import os
import pathlib
import shutil
import subprocess

import pytest

SYNC, DIRECTORY, RENAME, UNLINK, WRITE, CREATE = (1 << bit for bit in range(6))
POINTS = SYNC | DIRECTORY | RENAME
EVERYTHING = POINTS | UNLINK | WRITE | CREATE
LOG, REGISTRY, OTHER = 1, 2, 4
EVERYWHERE = LOG | REGISTRY | OTHER
NONE, KILL, CUT, FAIL, LIE = range(5)
NEVER = 1 << 62


class Page(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("action", "kinds", "places", "after", "error", "records")]
    _fields_ += [(name, ctypes.c_uint64) for name in ("left", "hits", "fired")] + [("wall_offset_ns", ctypes.c_int64)]


class Shim:
    def __init__(self, folder, world):
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not compiler:
            pytest.skip("no C compiler, which builds what breaks the service's calls")
        folder = pathlib.Path(folder)
        self.library = folder / "shim.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", self.library, pathlib.Path(__file__).with_name("shim.c")],
                       check=True)
        self.page_file, self.record_file, self.world = folder / "shim.page", folder / "shim.record", world
        self.page_file.write_bytes(bytes(mmap.PAGESIZE))
        self.record_file.write_bytes(b"")
        with open(self.page_file, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.page = Page.from_buffer(self._memory)

    def environment(self):
        return {"LD_PRELOAD": str(self.library), "DURABILITY_SHIM_PAGE": str(self.page_file),
                "DURABILITY_SHIM_WORLD": os.path.realpath(self.world), "DURABILITY_SHIM_RECORD": str(self.record_file)}

    def arm(self, action, at, kinds=POINTS, places=EVERYWHERE, after=False, error=errno.EIO):  # pylint: disable=too-many-arguments
        """`at` 1 is the very next call of these kinds and places."""
        self.page.action = NONE
        self.page.kinds, self.page.places, self.page.after, self.page.error = kinds, places, after, error
        self.page.hits, self.page.fired, self.page.left = 0, 0, at
        self.page.action = action

    def lie(self, places):
        """From here on each sync of these answers that it was done, and does nothing."""
        self.arm(LIE, NEVER, SYNC | DIRECTORY, places)

    def freeze(self):
        """No call that changes the disk returns any more: for a power cut from outside."""
        self.page.fired = 1
        self.page.action = CUT

    def disarm(self):
        self.page.fired = 0
        self.page.action = NONE

    def count(self, kinds=POINTS, places=EVERYWHERE):
        """Counts from here on, and does nothing else."""
        self.arm(NONE, NEVER, kinds, places)

    def record(self, wanted=True):
        self.record_file.write_bytes(b"")
        self.page.records = wanted

    def calls(self):
        """[(what, result, path below the world)] since record()."""
        return [(what, int(result), path) for what, result, path in
                (line.split(" ", 2) for line in self.record_file.read_text().splitlines())]
