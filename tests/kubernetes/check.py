#!/usr/bin/env python3
"""Holds what an overlay of deploy/kubernetes renders against the schemas of Kubernetes, against itself, and against what the pages
say of the server, which tests hold against its source.

    kustomize build deploy/kubernetes/overlays/oke | check.py NAME

Two sources of the form: the schemas that the PyPI package `kubernetes-validate` carries, of the oldest and the newest version that
is meant to do, and the classes of Kubernetes' own client, which lose what they do not know."""

import functools
import json
import pathlib
import re
import sys

import kubernetes_validate
import yaml
from kubernetes import client

ROOT = pathlib.Path(__file__).parents[2]
VERSIONS = ["1.31", "1.37"]
# The pages with the variables of the server; the second has those that it shares with the function.
PAGES = ["docs/server.md", "docs/configuration.md"]
REFUSED = "METRICS_"
MEBIBYTE = 1 << 20
# What the process needs beside the bodies that it holds: for itself, and for each of MAX_CONCURRENT streams.
ITSELF, STREAM = 64 * MEBIBYTE, 64 << 10
# Each schema is read once, not for each resource.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)


def of_kind(resources, kind):
    return [one for one in resources if one["kind"] == kind]


def by_the_schemas(resources, found):
    for one in resources:
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(one, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                place = ".".join(str(part) for part in error.path)
                found.append(f"{one['kind']}: {place}: {error.message} ({version})")


def by_the_client(resources, found):
    """A resource comes back from the client's class as it was given."""
    api = client.ApiClient()
    for one in resources:
        version = one["apiVersion"].rpartition("/")[2]
        kind = f"{version.capitalize()}{one['kind']}"
        try:
            back = api.sanitize_for_serialization(api.deserialize(json.dumps(one), kind, "application/json"))
        except (TypeError, ValueError, AttributeError) as error:
            found.append(f"{one['kind']}: the client's {kind} does not take it: {error}")
            continue
        lost = sorted(leaves(one) - leaves(back))
        found += [f"{one['kind']}: {path} is not known to the client" for path, _ in lost]


def leaves(value, path=""):
    """Every value that is no list and no map, with its place."""
    if isinstance(value, dict):
        return {leaf for name, inner in value.items() for leaf in leaves(inner, f"{path}.{name}")} or {(path, "{}")}
    if isinstance(value, list):
        return {leaf for at, inner in enumerate(value) for leaf in leaves(inner, f"{path}.{at}")} or {(path, "[]")}
    return {(path, str(value))}


def environment(resources, container, found):
    """The variables of the server: of the ConfigMap, then its own."""
    maps = {one["metadata"]["name"]: one.get("data", {}) for one in of_kind(resources, "ConfigMap")}
    variables = {}
    for source in container.get("envFrom", []):
        name = source["configMapRef"]["name"]
        if name not in maps:
            found.append(f"envFrom: there is no ConfigMap {name}")
        variables |= maps.get(name, {})
    for one in container.get("env", []):
        if one["name"] in variables:
            found.append(f"{one['name']}: is set twice")
        variables[one["name"]] = one["value"]
    return variables


def known_variables():
    """The variables in the tables of the pages, with the number that a default begins with."""
    known = {}
    for page in PAGES:
        for row in re.findall(r"^\| (.*) \|$", (ROOT / page).read_text(), re.M):
            cells = row.split(" | ")
            # In the table of sources the names stand in the second cell.
            names = re.findall(r"`([A-Z][A-Z0-9_]{2,})`", cells[0]) or re.findall(r"`([A-Z][A-Z0-9_]{2,})`", cells[1])
            default = re.match(r"\d+", cells[-1])
            known |= {name: default and default[0] for name in names if not name.startswith(REFUSED)}
    return known


def mounted(pod, container, path):
    """The Secret that a path is in."""
    volumes = {one["name"]: one.get("secret", {}).get("secretName") for one in pod.get("volumes", [])}
    for mount in container.get("volumeMounts", []):
        if path.startswith(f"{mount['mountPath']}/"):
            return volumes.get(mount["name"])
    return None


def size(quantity):
    units = {"Ki": 1 << 10, "Mi": MEBIBYTE, "Gi": 1 << 30}
    return int(quantity[:-2]) * units[quantity[-2:]]


def trusted(variables, found):
    """A server that others reach has exactly one of two reasons to trust them."""
    secret = "GATEWAY_SECRET_FILE" in variables
    tokens = {name for name in variables if name.startswith("TOKEN_")}
    if secret == bool(tokens):
        found.append("trust: either GATEWAY_SECRET_FILE or TOKEN_* is set")
    if tokens and tokens != {"TOKEN_ISSUER", "TOKEN_AUDIENCE", "TOKEN_SCOPE", "TOKEN_KEYS"}:
        found.append(f"trust: of TOKEN_* there are {sorted(tokens)}")
    if tokens and not {"TLS_CERT_FILE", "TLS_KEY_FILE"} <= set(variables):
        found.append("trust: tokens are sent in the clear")


def ports(container, variables, found):
    named = {one["name"]: one["containerPort"] for one in container["ports"]}
    for name, variable in [("data", "LISTEN_ADDRESS"), ("admin", "ADMIN_ADDRESS")]:
        if variables.get(variable) != f"0.0.0.0:{named.get(name)}":
            found.append(f"{variable}: is {variables.get(variable)}, the port {name} is {named.get(name)}")
    for probe, path in [("livenessProbe", "/livez"), ("readinessProbe", "/readyz")]:
        if container[probe]["httpGet"] != {"path": path, "port": "admin"}:
            found.append(f"{probe}: asks {container[probe]['httpGet']}")
    return named


def pod(resources, spec, known, found):
    """The pod of the server."""
    container, = spec["containers"]
    variables = environment(resources, container, found)
    found += [f"{name}: is no variable that the server reads" for name in sorted(set(variables) - set(known))]
    trusted(variables, found)
    ports(container, variables, found)
    limits = known | variables
    if "preStop" in container.get("lifecycle", {}):
        found.append("preStop: the server drains by itself")
    if spec["terminationGracePeriodSeconds"] < int(limits["DRAIN_TIMEOUT"]) + 10:
        found.append("terminationGracePeriodSeconds: is not 10 s longer than DRAIN_TIMEOUT")
    memory = int(limits["MAX_BUFFERED"]) + int(limits["MAX_CONCURRENT"]) * STREAM + ITSELF
    for kind in ("requests", "limits"):
        if size(container["resources"][kind]["memory"]) < memory:
            found.append(f"resources.{kind}.memory: {memory} bytes for MAX_BUFFERED, MAX_CONCURRENT and the server do not fit")
    for name, value in variables.items():
        if value.startswith("/") and mounted(spec, container, value) is None:
            found.append(f"{name}: {value} is in no Secret that is mounted")
    inner, outer = container["securityContext"], spec["securityContext"]
    if not (outer["runAsNonRoot"] and inner["readOnlyRootFilesystem"] and not inner["allowPrivilegeEscalation"]):
        found.append("securityContext: it may be root, or write")
    if inner["capabilities"] != {"drop": ["ALL"]} or "add" in inner["capabilities"]:
        found.append("securityContext: it has capabilities")
    account = "OCI_CLI_AUTH" in variables and variables["OCI_CLI_AUTH"] == "oke_workload_identity"
    if spec["automountServiceAccountToken"] != account:
        found.append("automountServiceAccountToken: workload identity needs the token, nothing else does")


def around(resources, deployment, found):
    """What is beside the pod means this pod, by name, label and port."""
    template, name = deployment["spec"]["template"], deployment["metadata"]["name"]
    labels = template["metadata"]["labels"]
    selectors = {"Deployment": deployment["spec"]["selector"]["matchLabels"]}
    service, = of_kind(resources, "Service")
    selectors["Service"] = service["spec"].get("selector")
    for kind, member in [("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")]:
        one, = of_kind(resources, kind)
        selectors[kind] = one["spec"].get(member, {}).get("matchLabels")
    found += [f"{kind}: selects {given}" for kind, given in selectors.items() if not given or given.items() - labels.items()]
    names = {one["name"] for one in template["spec"]["containers"][0]["ports"]}
    if [one["targetPort"] for one in service["spec"]["ports"]] != ["data"]:
        found.append("Service: it leads to another port than data")
    policy, = of_kind(resources, "NetworkPolicy")
    open_ports = {one["port"] for rule in policy["spec"]["ingress"] for one in rule["ports"]}
    if open_ports != names:
        found.append(f"NetworkPolicy: opens {sorted(open_ports)}")
    if any(not rule.get("from") for rule in policy["spec"]["ingress"]):
        found.append("NetworkPolicy: a port is open to everybody")
    scaler, = of_kind(resources, "HorizontalPodAutoscaler")
    if scaler["spec"]["scaleTargetRef"] != {"apiVersion": deployment["apiVersion"], "kind": "Deployment", "name": name}:
        found.append("HorizontalPodAutoscaler: scales something else")
    if "replicas" in deployment["spec"]:
        found.append("Deployment: the number of pods is the autoscaler's")
    accounts = [one["metadata"]["name"] for one in of_kind(resources, "ServiceAccount")]
    if accounts != [template["spec"]["serviceAccountName"]]:
        found.append(f"ServiceAccount: there are {accounts}")
    if of_kind(resources, "Secret"):
        found.append("Secret: its content would stand in the repository")


def check(resources, known):
    """Findings; none is good."""
    found = []
    by_the_schemas(resources, found)
    by_the_client(resources, found)
    deployment, = of_kind(resources, "Deployment")
    pod(resources, deployment["spec"]["template"]["spec"], known, found)
    around(resources, deployment, found)
    return found


if __name__ == "__main__":
    rendered = [one for one in yaml.safe_load_all(sys.stdin) if one]
    findings = check(rendered, known_variables())
    print("\n".join(f"{sys.argv[1]}: {one}" for one in findings) or f"{sys.argv[1]}: {len(rendered)} resources are right")
    sys.exit(1 if findings else 0)
