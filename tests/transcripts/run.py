#!/usr/bin/env python3
"""Runs one transcript, or the sessions of one document, in a fresh folder: run.py FILE. The form: transcript.py."""

import os
import pathlib
import subprocess
import sys
import tempfile

import transcript

BINARY = pathlib.Path(os.environ["MUSTER_BINARY"]).resolve()
ADDRESS = os.environ.get("MUSTER_ADDRESS", "127.0.18.1")
TIMEOUT_S = 120
DROPPED = ("MUSTER_DATA", "PROVISIONING_HOST", "PROVISIONING_IDSCOPE", "DPS_X509_REGISTRATION_ID", "X509_CERT_FILE",
           "X509_KEY_FILE", "PASS_PHRASE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def environment():
    kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
    return {**kept, "PATH": f"{BINARY.parent}:{kept.get('PATH', '')}", "LC_ALL": "C.UTF-8", "TZ": "UTC", "COLUMNS": "100",
            "NO_COLOR": "1"}


class Session:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.service = None

    def begin_world(self, step):
        with open(self.folder / ".up.log", "wb") as log:
            self.service = subprocess.Popen([BINARY, "up", "--listen", ADDRESS, *step.flags], cwd=self.folder, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, env=environment())
        ready = subprocess.run([BINARY, "status", "--wait", "60s"], cwd=self.folder, capture_output=True, text=True,
                               env=environment(), check=False)
        if ready.returncode == 0 and self.service.poll() is None:
            return None
        return f"line {step.line}: the world did not start\n{(self.folder / '.up.log').read_text()}{ready.stderr}"

    def run(self, step):
        """None, or what differed."""
        done = subprocess.run(["sh", "-c", step.text], cwd=self.folder, capture_output=True, text=True, check=False,
                              timeout=TIMEOUT_S, env=environment(), stdin=subprocess.DEVNULL)
        problems = []
        if done.returncode != step.status:
            problems.append(f"exit status {done.returncode}, not {step.status}")
        if not transcript.matches(step.stdout, done.stdout.splitlines()):
            problems.append("standard output differs")
        if step.stderr and not transcript.matches(step.stderr, done.stderr.splitlines()):
            problems.append("standard error differs")
        if not problems:
            return None
        return "\n".join([f"line {step.line}: $ {step.text}", *problems, "--- standard output", done.stdout,
                          "--- standard error", done.stderr])

    def end(self):
        if self.service is None:
            return
        self.service.terminate()
        try:
            self.service.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.service.kill()


def main(path):
    text = pathlib.Path(path).read_text()
    steps = transcript.parse(transcript.sessions_of_page(text) if path.endswith(".md") else text)
    if not any(isinstance(step, transcript.Command) for step in steps):
        print(f"{path}: holds no command")
        return 1
    with tempfile.TemporaryDirectory(prefix="muster-transcript-") as folder:
        session = Session(folder)
        try:
            for step in steps:
                problem = session.begin_world(step) if isinstance(step, transcript.World) else session.run(step)
                if problem:
                    print(f"{path}: {problem}")
                    return 1
        finally:
            session.end()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
