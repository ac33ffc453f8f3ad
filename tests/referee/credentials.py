"""Oracle's Python SDK as the referee for configuration files and key files.

credentials.py make    adds the rows that tests/data/referee does not have yet, and writes what the SDK and ours must say
credentials.py check   fails if the SDK says anything else than what is written there

Ours is asked by `tests/suite/oci/referee.rs`. An input that is there is kept, since most of them are random.
"""

import base64
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import configs
import keys
import oci
from cryptography.hazmat.primitives import serialization

DATA = Path(__file__).parents[1] / "data/referee"


def stored(content):
    """Text where it is text, so that a reader sees it."""
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def content(row):
    return row["text"].encode() if "text" in row else base64.b64decode(row["base64"])


def of_key(row):
    """What the SDK makes of a key file: the digest of the public key, or the kind of its refusal."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content(row))
        file.flush()
        try:
            key = oci.signer.load_private_key_from_file(file.name, row["passphrase"])
        except Exception as error:
            return {"error": type(error).__name__}
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    der = key.public_key().public_bytes(serialization.Encoding.DER, public)
    return {"public_key_sha256": hashlib.sha256(der).hexdigest()}


def of_config(row):
    """What the SDK reads of a configuration file: the settings, or the kind of its refusal."""
    with configs.home() as home:
        file = home / "config"
        file.write_bytes(content(row).replace(b"{HOME}", str(home).encode()))
        try:
            read = oci.config.from_file(str(file), row["profile"])
        except Exception as error:
            return {"error": type(error).__name__}
        return {
            name: value.replace(str(home), "{HOME}")
            for name, value in read.items()
            if isinstance(value, str) and value
        }


def key_rows():
    for name, passphrase, make, ours, why in keys.rows():
        yield {"name": name, "passphrase": passphrase}, make, ours, why


def config_rows():
    for name, profile, text, ours, why in configs.rows():
        make = text.encode() if isinstance(text, str) else text
        yield {"name": name, "profile": profile}, (lambda make=make: make), ours, why


def make(file, rows, referee):
    path = DATA / file
    there = {row["name"]: row for row in json.loads(path.read_text())} if path.exists() else {}
    written = []
    for row, produce, ours, why in rows:
        old = there.get(row["name"], {})
        kept = {part: old[part] for part in ("text", "base64") if part in old} or stored(produce())
        row |= kept
        row |= {"sdk": referee(row), "ours": ours or "the same"}
        # A reason is due where one of the two reads what the other refuses.
        differs = ("error" in row["sdk"]) == (ours is None)
        if differs and not why:
            print(f"{file}: {row['name']}: the SDK says {row['sdk']}; a word is due why ours does not")
        written.append(row | ({"why": why} if differs else {}))
    path.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n")


def check(file, rows, referee):
    written = json.loads((DATA / file).read_text())
    for row in written:
        said = referee(row)
        if said != row["sdk"]:
            sys.exit(f"{file}: {row['name']}: the SDK says {said}, not {row['sdk']}")
    print(f"{file}: the SDK says the same of all {len(written)} rows")


def main():
    do = {"make": make, "check": check}[sys.argv[1]]
    do("keys.json", key_rows(), of_key)
    do("configs.json", config_rows(), of_config)


if __name__ == "__main__":
    main()
