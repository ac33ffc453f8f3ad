"""Runs the tests with the function's log at `debug`, and searches all that any process writes to stdout or stderr for secrets.

`watch.py WORK`, in the repository. Every write is seen by strace, so that it does not matter who keeps a test's output.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

VECTORS = Path("tests/vectors")
FUNCTION = Path("target/debug/func")
WRITE = re.compile(r"^\d+<(?P<comm>[^>]*)> (?:write|writev|pwrite64)\((?P<file>[12])[,<]")
# What the tests send and the emulated cloud makes: none is the function's to write.
PATTERNS = {
    "a JSON Web Token": r"eyJ[\w-]{16,}\.eyJ[\w-]{16,}\.[\w-]{16,}",
    "a key id": r"ST\$ey",
    "a bearer token": r"Bearer [\w.-]{4,}",
    "a signature": r"signature=\\?\"",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "a marked body": r"secret-body|marked-as-secret",
    "a row of the model": r"6\.3, ?3\.3, ?6\.0, ?2\.5",
}
PLANTED = "Bearer planted-by-the-watch"


def secrets():
    """The private keys' lines, the tokens' signatures and the passphrases of the vectors, as one pattern."""
    found = set()
    for path in sorted(VECTORS.glob("keys/*.pem")):
        text = path.read_text(errors="replace")
        if "PRIVATE KEY" in text:
            found.update(line.strip() for line in text.splitlines() if len(line.strip()) >= 40 and ":" not in line)
    for path in sorted(VECTORS.glob("rpst/valid*.jwt")):
        signature = path.read_text().strip().rpartition(".")[2]
        found.update([signature] if len(signature) >= 40 else [])
    for key in json.loads((VECTORS / "keys/index.json").read_text())["keys"]:
        found.update(file["passphrase"] for file in key["private_key_files"] if file["passphrase"])
    return found


def programs():
    """The test programs, each with the folder that it is to run in."""
    command = ["cargo", "test", "--workspace", "--locked", "--no-run", "--message-format", "json"]
    messages = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    for message in map(json.loads, messages):
        if message.get("executable") and message["profile"]["test"]:
            yield Path(message["executable"]), Path(message["manifest_path"]).parent


def watch(work, number, folder, command):
    """Runs one command; what it wrote is in a file."""
    trace = work / f"{number}.strace"
    options = ["-f", "-qq", "--seccomp-bpf", "--decode-pids=comm", "-s", "10000", "-e", "signal=none"]
    options += ["-e", "trace=write,writev,pwrite64", "-o", str(trace)]
    done = subprocess.run(["strace", *options, *command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return trace, done


def search(trace, known):
    """The number of writes to the two streams, and what is wrong with them."""
    pattern = re.compile("|".join([*map(re.escape, sorted(known)), *(f"(?:{one})" for one in PATTERNS.values())]))
    writes, leaks = 0, []
    with trace.open(errors="replace") as lines:
        for line in lines:
            write = WRITE.match(line)
            if write:
                writes += 1
                hit = pattern.search(line)
                if hit:
                    leaks.append((write["comm"], hit[0], line.strip()[:400]))
    return writes, leaks


def main():
    work = Path(sys.argv[1]).resolve()
    tests = list(programs())
    known = secrets()
    print(f"{len(known)} secrets of the vectors and {len(PATTERNS)} patterns in what {len(tests)} programs write")

    trace, _ = watch(work, "control", work, ["sh", "-c", f"echo '{PLANTED}' >&2; echo {sorted(known)[0]}"])
    if len(search(trace, known)[1]) != 2:
        sys.exit("what was planted is not found")

    real = FUNCTION.resolve().with_name("func.real")
    shutil.move(FUNCTION, real)
    try:
        FUNCTION.write_text(f'#!/bin/sh\nLOG_LEVEL="${{LOG_LEVEL:-debug}}" exec {real} "$@"\n')
        FUNCTION.chmod(0o755)
        total = []
        for number, (program, folder) in enumerate(tests):
            trace, done = watch(work, number, folder, [str(program), "--nocapture"])
            writes, leaks = search(trace, known)
            result = re.findall(rb"test result: .*", done.stdout) or [b"no result"]
            print(f"{program.name}: {writes} writes, {len(leaks)} leaks; {result[-1].decode()}", flush=True)
            total += leaks
            trace.unlink()
    finally:
        FUNCTION.unlink()
        shutil.move(real, FUNCTION)
    for comm, what, line in total:
        print(f"LEAK {comm} {what[:60]}: {line}")
    sys.exit(bool(total))


main()
