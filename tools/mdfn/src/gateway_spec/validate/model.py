#!/usr/bin/env python3
"""Writes model.json: what a deployment specification is made of, as Oracle's SDK for Python models it.

    pip download oci --no-deps && unzip -q oci-*.whl 'oci/apigateway/models/*' -d sdk
    python3 model.py sdk/oci/apigateway/models > model.json
"""
import ast
import json
import pathlib
import re
import sys

ROOT = "ApiSpecification"
PLAIN = {"str": "text", "bool": "boolean", "int": "integer", "float": "number"}


def kind(text):
    """`list[JsonWebTokenClaim]` as `{"list": {"object": "JsonWebTokenClaim"}}`."""
    if found := re.fullmatch(r"list\[(.+)\]", text):
        return {"list": kind(found[1])}
    if found := re.fullmatch(r"dict\(str, (.+)\)", text):
        return {"map": kind(found[1])}
    return PLAIN.get(text) or {"object": text}


def dictionary(init, name):
    """The dictionary that the constructor sets as `self.<name>`."""
    for node in ast.walk(init):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "attr", None) == name:
            return ast.literal_eval(node.value)
    raise KeyError(name)


def choices(function):
    """Which class each value of a member stands for: the branches of `get_subtype`."""
    member = next(node.slice.value for node in ast.walk(function) if isinstance(node, ast.Subscript))
    branches = [node for node in ast.walk(function) if isinstance(node, ast.If)]
    return {"member": member, "classes": {
        branch.test.comparators[0].value: branch.body[0].value.value for branch in branches
    }}


def model(definition):
    functions = [node for node in definition.body if isinstance(node, ast.FunctionDef)]
    init = next(node for node in functions if node.name == "__init__")
    names = dictionary(init, "attribute_map")
    constants = [
        (node.targets[0].id, ast.literal_eval(node.value))
        for node in definition.body if isinstance(node, ast.Assign)
    ]
    required = {
        node.name for node in functions
        if (ast.get_docstring(node) or "").startswith("**[Required]**")
    }
    members = {}
    for name, text in dictionary(init, "swagger_types").items():
        values = [value for constant, value in constants if constant.startswith(name.upper() + "_")]
        members[names[name]] = {"kind": kind(text)}
        if name in required:
            members[names[name]]["required"] = True
        if values:
            members[names[name]]["values"] = values
    base = definition.bases[0].id
    chosen = [choices(node) for node in functions if node.name == "get_subtype"]
    return {
        **({} if base == "object" else {"base": base}),
        **({"choice": chosen[0]} if chosen else {}),
        "members": members,
    }


def named(value):
    if isinstance(value, dict):
        return {value[key] for key in value if key == "object"} | {
            name for inner in value.values() for name in named(inner)
        }
    return set()


def main():
    models = {}
    for file in sorted(pathlib.Path(sys.argv[1]).glob("*.py")):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef):
                models[node.name] = model(node)
    reached, left = {}, [ROOT]
    while left:
        name = left.pop()
        if name not in reached:
            reached[name] = models[name]
            left += named(models[name]["members"])
            left += models[name].get("choice", {"classes": {}})["classes"].values()
    print(json.dumps(dict(sorted(reached.items())), indent=1))


if __name__ == "__main__":
    main()
