"""Runs the tests with the function's log at `debug`, and searches all that any process writes to stdout or stderr for secrets.

`watch.py WORK [PROGRAM...]`, in the repository. Every write is seen by strace, so that it does not matter who keeps a test's
output. Tests that fail because they are watched, which takes time, are named and are no leak.
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
# What nobody may write, beside the lines of the vectors' private keys and their passphrases.
NEVER = [r"-----BEGIN [A-Z ]*PRIVATE KEY", r"Bearer [\w.-]{4,}", r"secret-body|marked-as-secret", r"6\.3, ?3\.3, ?6\.0, ?2\.5"]
# Tokens and signatures: `mdfn token` and `mdfn sign` print them, which is what they are for.
TOKENS = [r"eyJ[\w-]{16,}\.eyJ[\w-]{16,}\.[\w-]{16,}", r"ST\$ey", r"signature=\\?\""]
PLANTED = "Bearer planted-by-the-watch"


def secrets():
    """The lines of the vectors' private keys and their passphrases, and the signatures of the tokens."""
    never, tokens = set(), set()
    for path in sorted(VECTORS.glob("keys/*.pem")):
        text = path.read_text(errors="replace")
        if "PRIVATE KEY" in text:
            never.update(line.strip() for line in text.splitlines() if len(line.strip()) >= 40 and ":" not in line)
    for path in sorted(VECTORS.glob("rpst/valid*.jwt")):
        signature = path.read_text().strip().rpartition(".")[2]
        tokens.update([signature] if len(signature) >= 40 else [])
    for key in json.loads((VECTORS / "keys/index.json").read_text())["keys"]:
        never.update(file["passphrase"] for file in key["private_key_files"] if file["passphrase"])
    return never, tokens


def pattern(known, kinds):
    return re.compile("|".join([*map(re.escape, sorted(known)), *(f"(?:{kind})" for kind in kinds)]))


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
    command = ["timeout", "--kill-after=10", "1200", "strace", *options, *command]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return trace, done


def search(trace, never, tokens):
    """The number of writes to the two streams, and those with a secret."""
    writes, leaks = 0, []
    with trace.open(errors="replace") as lines:
        for line in lines:
            write = WRITE.match(line)
            if write:
                writes += 1
                asked_for = write["comm"] == "mdfn" and write["file"] == "1"
                hit = never.search(line) or (not asked_for and tokens.search(line))
                leaks += [f"{write['comm']} {hit[0][:60]}: {line.strip()[:400]}"] if hit else []
    return writes, leaks


def main():
    work, chosen = Path(sys.argv[1]).resolve(), sys.argv[2:]
    tests = [(path, folder) for path, folder in programs() if not chosen or path.name.rpartition("-")[0] in chosen]
    if not tests:
        sys.exit(f"no test program is called {' or '.join(chosen)}")
    keys, signatures = secrets()
    never, tokens = pattern(keys, NEVER), pattern(signatures, TOKENS)
    print(f"{len(keys) + len(signatures)} secrets of the vectors in what {len(tests)} programs write")

    planted = ["Bearer planted-by-the-watch", min(keys), min(signatures), "keyId=ST$eyplanted"]
    trace, _ = watch(work, "control", work, ["sh", "-c", "; ".join(f"echo '{one}' >&2" for one in planted)])
    if len(search(trace, never, tokens)[1]) != len(planted):
        sys.exit("what was planted is not found")

    real = FUNCTION.resolve().with_name("func.real")
    shutil.move(FUNCTION, real)
    try:
        FUNCTION.write_text(f'#!/bin/sh\nLOG_LEVEL="${{LOG_LEVEL:-debug}}" exec {real} "$@"\n')
        FUNCTION.chmod(0o755)
        total = []
        for number, (program, folder) in enumerate(tests):
            # What these write, other tests write too, and strace makes them take longest.
            skipped = ["--skip", "thousands_of_calls", "--skip", "memory::"]
            trace, done = watch(work, number, folder, [str(program), "--nocapture", *skipped])
            writes, leaks = search(trace, never, tokens)
            result = re.findall(rb"test result: .*|^    [\w:]+$", done.stdout, re.MULTILINE) or [b"no result"]
            result = b" ".join(dict.fromkeys(line.strip() for line in result)).decode()
            print(f"{program.name}: {writes} writes, {len(leaks)} with a secret; {result}", flush=True)
            total += leaks
            if not writes or result == "no result":
                sys.exit(f"{program.name} did not run to its end")
            trace.unlink()
    finally:
        FUNCTION.unlink()
        shutil.move(real, FUNCTION)
    print("\n".join(f"LEAK {leak}" for leak in total) or "no secret in any of them")
    sys.exit(bool(total))


main()
