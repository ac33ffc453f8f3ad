#!/usr/bin/env python3
"""Takes what the tests of mdfn need from the plans of `terraform test`, or from the state of a run that applies.

    terraform test -json -verbose | plan.py > tests/terraform/plan.json

For each run: the addresses of resources, each with the one argument that is held against other things; and outputs. What is
not given is left out, and a block that may occur once is no list."""

import json
import pathlib
import sys

KEPT = {
    "oci_apigateway_deployment": "specification",
    "oci_identity_dynamic_group": "matching_rule",
    "oci_identity_policy": "statements",
    "oci_monitoring_alarm": "body",
}
OUTPUTS = ["gateway_spec_arguments", "allowed_services"]


def given(value, member):
    """An argument, or the blocks of a name, as they were written; `member` is what the schema says of it."""
    if isinstance(member, str):
        return value
    body = member["body"]
    blocks = [{name: given(inner, body[name]) for name, inner in block.items() if inner not in (None, [])} for block in value]
    return blocks[0] if member["block"] == "single" else blocks


def planned(message):
    """The outputs, and the resources: address, type and arguments of each."""
    if message["type"] == "test_state":
        state = message["test_state"]
        resources = state["root_module"]["resources"]
        outputs = {name: state["outputs"][name]["value"] for name in OUTPUTS}
        return outputs, [(one["address"], one["type"], one["values"]) for one in resources]
    plan = message["test_plan"]
    changes = [(one["address"], one["type"], one["change"]["after"]) for one in plan["resource_changes"]]
    return {name: plan["output_changes"][name]["after"] for name in OUTPUTS}, changes


def kept(message, schema):
    found, resources = planned(message)
    for address, kind, values in resources:
        if kind in KEPT:
            found[address] = given(values[KEPT[kind]], schema[kind][KEPT[kind]])
    return found


if __name__ == "__main__":
    schema = json.loads((pathlib.Path(__file__).parent / "schema.json").read_text())["resource"]
    messages = [json.loads(line) for line in sys.stdin]
    runs = {message["@testrun"]: message for message in messages if message["type"] in ("test_plan", "test_state")}
    print(json.dumps({run: kept(message, schema) for run, message in runs.items()}, indent=1, sort_keys=True))
