"""File systems of the test's own, on loop devices: they can be cut off as by a power failure, be full, or stand on a disk that lies.

They are mounted in a mount namespace of this process, so that none outlives it, and nobody else sees them.
"""

import ctypes
import errno
import fcntl
import os
import pathlib
import shutil
import subprocess
import struct
import time

import pytest

_SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN, _IOR('X', 125, __u32): ext4's and xfs's.
_NO_LOG_FLUSH = 2
_CLONE_NEWNS, _MS_REC, _MS_PRIVATE = 0x00020000, 0x4000, 1 << 18
_namespace = {}


def private_mounts():
    """Skips the test where the machine does not allow mounts. Before any thread is started: it is of the thread."""
    if "reason" not in _namespace:
        libc = ctypes.CDLL(None, use_errno=True)
        entered = libc.unshare(_CLONE_NEWNS) == 0 and libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) == 0
        _namespace["reason"] = "" if entered else f"no mounts of one's own: {os.strerror(ctypes.get_errno())}"
    if _namespace["reason"]:
        pytest.skip(_namespace["reason"])


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)


class Volume:
    MAKE = {"ext4": ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"], "xfs": ["mkfs.xfs", "-q", "-f"]}
    CHECK = {"ext4": ["fsck.ext4", "-f", "-y"], "xfs": ["xfs_repair", "-n"]}

    def __init__(self, folder, kind, size, more=()):
        """`size` in bytes; the image is sparse, so that it takes what is written."""
        private_mounts()
        self.kind, self.folder = kind, pathlib.Path(folder)
        self.image, self.mount_point = self.folder / f"{kind}.image", self.folder / kind
        tool = shutil.which(self.MAKE[kind][0], path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if not tool:
            pytest.skip(f"{self.MAKE[kind][0]} is not installed")
        with open(self.image, "wb") as image:
            image.truncate(size)
        made = run(tool, *self.MAKE[kind][1:], *more, self.image)
        assert made.returncode == 0, made.stderr
        self.mount_point.mkdir()
        self.mount(first=True)

    def mount(self, first=False):
        done = run("mount", "-o", "loop", self.image, self.mount_point)
        if done.returncode and first:
            pytest.skip(f"no {self.kind} on a loop device: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr

    def unmount(self):
        # What was killed a moment ago may still be letting go of its files.
        for _ in range(200):
            done = run("umount", self.mount_point)
            if done.returncode == 0:
                return
            time.sleep(0.02)
        raise AssertionError(done.stderr)

    def cut_power(self):
        """From here on nothing reaches the disk, and what it has not is gone: not even the journal is flushed."""
        folder = os.open(self.mount_point, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        except OSError as problem:
            if problem.errno in (errno.ENOTTY, errno.EOPNOTSUPP, errno.EPERM, errno.EINVAL):
                pytest.skip(f"{self.kind} here cannot be shut down: {problem}")
            raise
        finally:
            os.close(folder)

    def power_on(self):
        """The journal is replayed by mounting, as after a real cut."""
        self.unmount()
        self.mount()

    def check(self):
        """After something worse than a cut, and before mount."""
        return run(*self.CHECK[self.kind], self.image)

    def free_bytes(self):
        seen = os.statvfs(self.mount_point)
        return seen.f_bavail * seen.f_frsize




class SmallDisk:
    """A tmpfs: what the images on it may take is bounded, and may be changed while they are in use."""

    def __init__(self, folder, size):
        private_mounts()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        done = run("mount", "-t", "tmpfs", "-o", f"size={size}", "none", self.folder)
        if done.returncode:
            pytest.skip(f"no tmpfs: {done.stderr.strip()}")

    def resize(self, size):
        done = run("mount", "-o", f"remount,size={size}", self.folder)
        assert done.returncode == 0, done.stderr
