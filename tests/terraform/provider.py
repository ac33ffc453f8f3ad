#!/usr/bin/env python3
"""Runs Terraform or OpenTofu beside a provider that has nothing but the schema of tests/terraform/schema.json, so that what needs
no cloud, `validate` and `test` with mocks, can be run without the provider.

    provider.py COMMAND...

Source: docs/spec/oci-services.md#terraform-plugin-protocol; messages are encoded by hand, since only the
schema's is more than a copy."""

import json
import os
import pathlib
import subprocess
import sys
from concurrent import futures

import grpc

LIST, MANY = 2, 0
# What a service fills in where it is not given; of the others the schema does not say it.
NAMED_BY_THE_SERVICE = ["id", "name"]
ADDRESSES = ["registry.terraform.io/oracle/oci", "registry.opentofu.org/oracle/oci"]


def field(number, value):
    """A number, or what has a length, under its number."""
    def varint(value):
        parts = bytearray()
        while value > 0x7F:
            parts.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes([*parts, value])

    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def kind(member):
    """The type of an argument, or of a block that is only read."""
    if isinstance(member, str):
        name = member.split()[1]
        return [name, "string"] if name in ("list", "map") else name
    return ["list", ["object", {name: kind(inner) for name, inner in member["body"].items()}]]


def block(body, top=False):
    encoded = b""
    for name, member in body.items():
        presence = member.split()[0] if isinstance(member, str) else member["presence"]
        if isinstance(member, str) or presence == "computed":
            flag = field({"required": 4, "optional": 5, "computed": 6}[presence], 1)
            if top and presence == "optional" and name in NAMED_BY_THE_SERVICE:
                flag += field(6, 1)
            encoded += field(2, field(1, name) + field(2, json.dumps(kind(member))) + flag)
        else:
            least, most = int(presence == "required"), 1 if member["block"] == "single" else MANY
            inner = field(1, name) + field(2, block(member["body"])) + field(3, LIST)
            encoded += field(3, inner + field(4, least) + field(5, most))
    return encoded


def schemas(number, types):
    pairs = (field(1, name) + field(2, field(2, block(body, top=True))) for name, body in types.items())
    return b"".join(field(number, pair) for pair in pairs)


def main(command):
    schema = json.loads((pathlib.Path(__file__).parent / "schema.json").read_text())
    provider = field(1, field(2, block({"region": "optional string"})))
    known = provider + schemas(2, schema["resource"]) + schemas(3, schema["data"])
    answers = {
        "GetSchema": lambda request: known,
        "PrepareProviderConfig": lambda request: request,
        **{name: lambda request: b"" for name in ("ValidateResourceTypeConfig", "ValidateDataSourceConfig", "Stop")},
    }

    def handler(answer):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: answer(request))

    server = grpc.server(futures.ThreadPoolExecutor(2))
    methods = {name: handler(answer) for name, answer in answers.items()}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("tfplugin5.Provider", methods)])
    address = {"Network": "tcp", "String": f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"}
    server.start()
    here = {"Protocol": "grpc", "ProtocolVersion": 5, "Pid": os.getpid(), "Test": True, "Addr": address}
    reattach = json.dumps({name: here for name in ADDRESSES})
    done = subprocess.run(command, env={**os.environ, "TF_REATTACH_PROVIDERS": reattach}, timeout=300)
    server.stop(None)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
