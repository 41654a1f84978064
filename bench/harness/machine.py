"""What the figures were measured on and with."""

import os
import platform
import re
import shutil
import subprocess
import time


def first_line_of(*words):
    """What a program says about itself, or "" where it cannot be run."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip().partition("\n")[0]


def cpu_model():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        found = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def memory_gib():
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)


def file_system_of(folder):
    """Type of the file system that holds `folder`: the longest mount point that is a parent of it."""
    best = ("", "unknown")
    path = os.path.realpath(folder)
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            _, point, kind = line.split()[:3]
            if (path + "/").startswith(point.rstrip("/") + "/") and len(point) >= len(best[0]):
                best = (point, kind)
    return best[1]


def describe(muster, source, folder):
    git = shutil.which("git")
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": memory_gib(),
        "kernel": platform.release(),
        "system": first_line_of("sh", "-c", ". /etc/os-release; echo $PRETTY_NAME"),
        "disk": file_system_of(folder),
        "load_average_before": os.getloadavg()[0],
        "muster": first_line_of(muster, "--version"),
        "commit": first_line_of(git, "-C", source, "describe", "--always", "--dirty") if git else "",
        "mosquitto": first_line_of("mosquitto", "-h"),
        "flashmq": first_line_of("flashmq", "--version"),
        "openssl": first_line_of("openssl", "version"),
    }
