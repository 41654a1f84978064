#!/usr/bin/env python3
"""Builds the examples as a stranger's project does, with an installed muster or with its sources below it.

    consume.py find_package|add_subdirectory BUILD_FOLDER

BUILD_FOLDER is a release build of muster with the binary made. What is built stays in BUILD_FOLDER/consume, so that a second
run has little to do. Status 77, skipped, for any other build: archives with sanitizers or without optimisation are not what
users link.
"""

import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
SKIPPED = 77


def run(*words):
    print("$", *words, flush=True)
    subprocess.run([str(word) for word in words], check=True)


def cached(build, name):
    found = re.search(rf"(?m)^{name}:\w+=(.*)$", (build / "CMakeCache.txt").read_text())
    return found.group(1) if found else ""


def build_examples(project, build, *options):
    run("cmake", "-S", HERE / project, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", f"-DEXAMPLES={SOURCE}/examples",
        *options)
    run("cmake", "--build", build, "--parallel", "2")
    for example in ("connect_with_certificate", "provision_then_connect"):
        # Without arguments each says how it is called: it was linked with all that it needs.
        done = subprocess.run([build / example], capture_output=True, text=True, check=False)
        if done.returncode != 2 or example not in done.stderr:
            sys.exit(f"{example}: status {done.returncode}, printed {done.stdout}{done.stderr}")


def find_package(muster, work):
    """An installation stands by itself: nothing in it names the checkout."""
    prefix = work / "prefix"
    shutil.rmtree(prefix, ignore_errors=True)
    run("cmake", "--install", muster, "--prefix", prefix)
    run(prefix / "bin" / "muster", "--version")
    for file in prefix.rglob("*.cmake"):
        if str(SOURCE) in file.read_text():
            sys.exit(f"{file} names {SOURCE}, which is not there on another machine")
    build_examples("find_package", work / "build", f"-DCMAKE_PREFIX_PATH={prefix}")


def add_subdirectory(_, work):
    build_examples("add_subdirectory", work / "build", f"-DMUSTER={SOURCE}")


def main(way, folder):
    muster = pathlib.Path(folder).resolve()
    if cached(muster, "CMAKE_BUILD_TYPE") != "Release" or cached(muster, "MUSTER_SANITIZER"):
        print(f"{muster} is not a release build: installing and consuming is tested there")
        return SKIPPED
    work = muster / "consume" / way
    work.mkdir(parents=True, exist_ok=True)
    {"find_package": find_package, "add_subdirectory": add_subdirectory}[way](muster, work)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
