#!/usr/bin/env python3
"""Takes what the tests of mdfn need from the plans of `terraform test`.

    terraform test -json -verbose | plan.py > tests/terraform/plan.json

For each run: the addresses of resources, each with the one argument that is held against other things; and an output. What is
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
OUTPUT = "gateway_spec_arguments"


def given(value, member):
    """An argument, or the blocks of a name, as they were written; `member` is what the schema says of it."""
    if isinstance(member, str):
        return value
    body = member["body"]
    blocks = [{name: given(inner, body[name]) for name, inner in block.items() if inner not in (None, [])} for block in value]
    return blocks[0] if member["block"] == "single" else blocks


def kept(plan, schema):
    changes = [change for change in plan["resource_changes"] if change["type"] in KEPT]
    found = {OUTPUT: plan["output_changes"][OUTPUT]["after"]}
    for change in changes:
        name = KEPT[change["type"]]
        found[change["address"]] = given(change["change"]["after"][name], schema[change["type"]][name])
    return found


if __name__ == "__main__":
    schema = json.loads((pathlib.Path(__file__).parent / "schema.json").read_text())["resource"]
    messages = [json.loads(line) for line in sys.stdin]
    plans = {message["@testrun"]: message["test_plan"] for message in messages if message["type"] == "test_plan"}
    print(json.dumps({run: kept(plan, schema) for run, plan in plans.items()}, indent=1, sort_keys=True))
