"""Runs the programs that make load, and reads what they say: a JSON object a line."""

import ctypes
import json
import os
import resource
import signal
import subprocess

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_ALL_CORES = os.sched_getaffinity(0)  # Before bench/run goes to one of them.


class LoadFailed(Exception):
    """A program of the bench met something that makes its figures worthless."""


def pinned(core):
    """What a child does before it becomes its program: to its core, None for all, with as many open files as are allowed.

    It ends with this process, however this ends, so that nothing is left behind that takes CPU from the next run.
    """
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    def prepare():
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        os.sched_setaffinity(0, _ALL_CORES if core is None else {core})

    return prepare


class Program:
    """A running program that says JSON lines. Standard input is a pipe: closing it tells the program to end."""

    def __init__(self, words, core=None):
        self.words = [str(word) for word in words]
        self.process = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, preexec_fn=pinned(core))

    def until(self, event):
        """The next object with that event; those before it are passed over."""
        for line in self.process.stdout:
            said = json.loads(line)
            if said["event"] == event:
                return said
        errors = self.process.stderr.read()
        self.process.wait()
        raise LoadFailed(f"{' '.join(self.words)}\n  {errors.strip()}")

    def end(self):
        """Tells it that this is all, and returns what it says last."""
        self.process.stdin.close()
        done = self.until("done")
        self.close()
        return done

    def close(self):
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
