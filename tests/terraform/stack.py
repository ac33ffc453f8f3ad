#!/usr/bin/env python3
"""Holds the form of the stack, deploy/stack/schema.yaml, against its root module, and that against the module.

    stack.py

Source: docs/spec/oci-services.md#schema-documents"""

import json
import pathlib
import re
import sys

import yaml

DOCUMENT = {
    "variables", "schemaVersion", "title", "description", "stackDescription", "packageVersion", "version", "locale", "logoUrl",
    "source", "informationalText", "instructions", "troubleshooting", "allowViewState", "variableGroups", "outputs", "outputGroups",
    "primaryOutputButton",
}
VARIABLE = {"type", "title", "description", "required", "default", "visible"}
# What a type may have besides, and what of it must be there.
TYPES = {
    "string": {"pattern", "minLength", "maxLength"},
    "text": {"pattern", "minLength", "maxLength", "multiline"},
    "boolean": set(),
    "enum": {"enum", "allowMultiple"},
    "integer": {"minimum", "maximum", "multipleOf"},
    "number": {"minimum", "maximum", "multipleOf"},
    "oci:identity:compartment:id": set(),
    "oci:identity:region:name": set(),
    "oci:core:vcn:id": {"dependsOn"},
    "oci:core:subnet:id": {"dependsOn"},
    "oci:apm:domain:id": {"dependsOn"},
}
NEEDED = {"oci:core:vcn:id": {"compartmentId"}, "oci:core:subnet:id": {"compartmentId", "vcnId"}, "oci:apm:domain:id": {"compartmentId"}}
DEPENDS_ON = {"compartmentId": "oci:identity:compartment:id", "vcnId": "oci:core:vcn:id"}
OF_TERRAFORM = {"boolean": "bool", "integer": "number", "number": "number"}
OUTPUT = {"type", "title", "description", "sensitive", "format", "visible", "displayText"}
OUTPUT_TYPES = {"boolean", "string", "copyableString", "number", "link", "ocid", "csv", "list", "json", "map"}
# One of the form's is the first of the module's, whose others are JSON.
NOT_OF_THE_MODULE = {"tenancy_ocid", "compartment_ocid", "region", "model_kind", "model_name", "model_url", "model_compartment_id"}
OF_THE_FORM = {"show_advanced", "network_compartment_id", "vcn_id", "own_subnets", "gateway_subnet_id", "function_subnet_id"}
OF_THE_FORM |= {"apm_domain_id", "apm_compartment_id"}


def blocks(text, kind):
    """The blocks of a kind, by name, as `terraform fmt` leaves them."""
    return dict(re.findall(rf'^{kind} "(\w+)" \{{\n(.*?)^\}}', text, re.M | re.S))


def attribute(block, name):
    """An attribute on one line of a block, as it is written."""
    found = re.search(rf"^  {name} += (.*)$", block, re.M)
    return found and found[1]


def value(written):
    """A literal, in which Terraform's lists and texts are JSON's."""
    try:
        return json.loads(written)
    except ValueError:
        return written


def in_the_form(of_module):
    """What stands in the form for a default of the module: no null, no lists and no objects."""
    if isinstance(of_module, (list, dict)):
        return json.dumps(of_module)
    return of_module


def members(place, given, allowed, needed, found):
    found += [f"{place}: `{name}` is not a member that is documented" for name in sorted(set(given) - allowed)]
    found += [f"{place}: has no {name}" for name in sorted(needed - set(given))]


def reference(text):
    found = re.fullmatch(r"\$\{(\w+)\}", text) if isinstance(text, str) else None
    return found and found[1]


def visible(place, statement, variables, found):
    """A statement leads to variables that are booleans, or compares an enum with one of its values."""
    if isinstance(statement, bool):
        return
    if reference(statement):
        kind = variables.get(reference(statement), {}).get("type")
        if kind != "boolean":
            found.append(f"{place}: `visible` names {reference(statement)}, which is no boolean")
        return
    if not isinstance(statement, dict) or len(statement) != 1:
        found.append(f"{place}: `visible` is not a statement")
        return
    (operator, parts), = statement.items()
    if {"not": 1, "and": 2, "or": 2, "eq": 2}.get(operator) != len(parts):
        found.append(f"{place}: `visible` has an operator or a number of parts that is not documented")
    elif operator == "eq":
        name = reference(parts[0])
        if parts[1] not in variables.get(name, {}).get("enum", []):
            found.append(f"{place}: `visible` compares {name} with `{parts[1]}`, which is no value of it")
    else:
        for part in parts:
            visible(place, part, variables, found)


def variable(name, given, block, variables, found):
    kind = given.get("type")
    if kind not in TYPES:
        found.append(f"{name}: the type `{kind}` is not one that is documented and used here")
        return
    members(name, given, VARIABLE | TYPES[kind], {"type", "title", "description"}, found)
    depends = given.get("dependsOn", {})
    if set(depends) != NEEDED.get(kind, set()):
        found.append(f"{name}: `dependsOn` is not {sorted(NEEDED.get(kind, set()))}")
    for member, on in depends.items():
        if variables.get(reference(on), {}).get("type") != DEPENDS_ON.get(member):
            found.append(f"{name}: `dependsOn` names {on}, which is no {DEPENDS_ON.get(member)}")
    if "visible" in given:
        visible(name, given["visible"], variables, found)
    if kind == "enum" and given.get("default") not in given.get("enum", []):
        found.append(f"{name}: the default is no value of the enum")
    if attribute(block, "type") != OF_TERRAFORM.get(kind, "string"):
        found.append(f"{name}: is of the type {attribute(block, 'type')} in Terraform, {kind} in the form")
    default = attribute(block, "default")
    if given.get("required", False) != (default is None):
        found.append(f"{name}: is required in Terraform or in the form, not in both")
    elif default is not None and (given.get("default"), type(given.get("default"))) != (value(default), type(value(default))):
        found.append(f"{name}: has the default {default} in Terraform, {given.get('default')!r} in the form")
    if value(attribute(block, "description")) != given.get("description"):
        found.append(f"{name}: is described in two ways")


def groups(kind, given, names, found):
    """Each name is in one group, and each group has names that are there."""
    listed = [name for group in given for name in group.get(kind, [])]
    for group in given:
        allowed = {"title", kind} | ({"visible"} if kind == "variables" else set())
        members(f"group {group.get('title')}", group, allowed, {"title", kind}, found)
    found += [f"{name}: is in a group, and not among the {kind}" for name in sorted(set(listed) - names)]
    found += [f"{name}: is in {listed.count(name)} groups" for name in sorted(names) if listed.count(name) != 1]


def same(what, left, right, found):
    found += [f"{name}: is {what[0]} and not {what[1]}" for name in sorted(left - right)]
    found += [f"{name}: is {what[1]} and not {what[0]}" for name in sorted(right - left)]


def outputs(schema, root, module, found):
    given, of_root, of_module = schema.get("outputs", {}), blocks(root, "output"), blocks(module, "output")
    same(("an output of the form", "one of the root module"), set(given), set(of_root), found)
    same(("an output of the root module", "one of the module"), set(of_root), set(of_module), found)
    groups("outputs", schema.get("outputGroups", []), set(given), found)
    for name, output in given.items():
        members(name, output, OUTPUT, {"type", "title", "description"}, found)
        if output.get("type") not in OUTPUT_TYPES:
            found.append(f"{name}: the type `{output.get('type')}` of an output is not documented")
        if output.get("sensitive", False) != ("sensitive" in of_root.get(name, "")):
            found.append(f"{name}: is sensitive in Terraform or in the form, not in both")


def of_the_module(schema, root, module, found):
    """Everything that the module can be told is told, and means the same where it has the same name."""
    call = re.search(r'^module "models" \{\n(.*?)^\}', root, re.M | re.S)[1]
    told = set(re.findall(r"^  (\w+) +=", call, re.M)) - {"source", "providers"}
    declared, of_root = blocks(module, "variable"), blocks(root, "variable")
    same(("told to the module", "a variable of it"), told, set(declared), found)
    strangers = set(of_root) - set(declared) - NOT_OF_THE_MODULE - OF_THE_FORM
    found += [f"{name}: is asked for, and not by the module" for name in sorted(strangers)]
    for name in sorted(set(declared) & set(of_root)):
        default, form = attribute(declared[name], "default"), schema["variables"].get(name, {})
        meant = value(default) if default else None
        allowed = [in_the_form(meant)] if meant is not None else [None, "", 0]
        here = form.get("default")
        if here not in allowed and str(here) not in [str(one) for one in allowed if one is not None]:
            found.append(f"{name}: has the default {default} in the module, {here!r} in the form")
        choice = re.search(rf"contains\((\[.*?\]), var\.{name}\)", declared[name])
        if choice and [str(one) for one in json.loads(choice[1])] != form.get("enum"):
            found.append(f"{name}: the module takes {choice[1]}, the form offers {form.get('enum')}")


def check(schema, root, module):
    """Findings; none is good."""
    found = []
    members("the document", schema, DOCUMENT, {"variables", "schemaVersion", "title", "description"}, found)
    if schema.get("schemaVersion") != "1.1.0" or schema.get("locale") != "en":
        found.append("the document: `schemaVersion` is 1.1.0, `locale` is en")
    variables, of_root = schema.get("variables", {}), blocks(root, "variable")
    same(("a variable of the form", "one of the root module"), set(variables), set(of_root), found)
    groups("variables", schema.get("variableGroups", []), set(variables), found)
    for group in schema.get("variableGroups", []):
        visible(f"group {group.get('title')}", group.get("visible", True), variables, found)
    for name, given in variables.items():
        variable(name, given, of_root.get(name, ""), variables, found)
    outputs(schema, root, module, found)
    of_the_module(schema, root, module, found)
    return found


def text(folder):
    return "\n".join(path.read_text() for path in sorted(folder.glob("*.tf")))


if __name__ == "__main__":
    deploy = pathlib.Path(__file__).parents[2] / "deploy"
    form = yaml.safe_load((deploy / "stack/schema.yaml").read_text())
    findings = check(form, text(deploy / "stack"), text(deploy / "terraform"))
    print("\n".join(findings) or f"deploy/stack: the form asks for {len(form['variables'])} variables of the stack, and for all of the module")
    sys.exit(1 if findings else 0)
