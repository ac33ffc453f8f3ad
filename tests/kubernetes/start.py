#!/usr/bin/env python3
"""Starts the real server with the variables of each overlay, as its pod would, and asks what the manifests ask.

    start.py SERVER RENDERED

The Secrets are files that are made here; ports and paths are this machine's. Credentials are an API key in both: workload identity
has a service of the cluster."""

import json
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import check
import yaml

USER = "[DEFAULT]\nuser=ocid1.user.oc1..aaaaaaaauser\ntenancy=ocid1.tenancy.oc1..aaaaaaaatenancy\nfingerprint=aa\nregion=eu-frankfurt-1\n"
# The status of a call without the secret, or without a token.
REFUSED = {"oke": (403, "CallerNotAllowed"), "elsewhere": (401, "NotAuthenticated")}


def made(folder):
    """What the Secrets hold, where the manifests mount it below `folder`."""
    for name in ("gateway", "oci", "tls"):
        (folder / name).mkdir()
    (folder / "gateway/secret").write_text("0123456789abcdef0123456789abcdef\n")
    (folder / "oci/config").write_text(USER)
    for command in (
        ["genrsa", "-out", "oci/key.pem", "2048"],
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls/tls.key", "-out", "tls/tls.crt", "-days", "1", "-subj", "/CN=localhost"],
    ):
        subprocess.run(["openssl", *command], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def asked(url):
    """Status and body; None while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5, context=ssl._create_unverified_context()) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return None


def waited(url, process):
    until = time.monotonic() + 20
    while (answer := asked(url)) is None:
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f"{url}: nobody answers; the server says: {process.communicate(timeout=5)[0] if process.poll() is not None else ''}")
        time.sleep(0.05)
    return answer


def same(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found}; expected {expected}")


def run(server, name, rendered, folder):
    resources = [one for one in yaml.safe_load_all(rendered.read_text()) if one]
    deployment, = check.of_kind(resources, "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    container, = pod["containers"]
    variables = check.environment(resources, container, [])
    ports = {one["name"]: free_port() for one in container["ports"]}
    variables = {key: value.replace("/run/", f"{folder}/", 1) if value.startswith("/") else value for key, value in variables.items()}
    variables |= {"LISTEN_ADDRESS": f"127.0.0.1:{ports['data']}", "ADMIN_ADDRESS": f"127.0.0.1:{ports['admin']}"}
    variables |= {"OCI_CLI_AUTH": "api_key", "OCI_CLI_CONFIG_FILE": f"{folder}/oci/config", "OCI_CLI_KEY_FILE": f"{folder}/oci/key.pem"}
    process = subprocess.Popen([server], env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for probe in ("livenessProbe", "readinessProbe"):
            ask = container[probe]["httpGet"]
            same(probe, waited(f"http://127.0.0.1:{ports[ask['port']]}{ask['path']}", process)[0], 200)
        metrics = pod_annotation(deployment, "path")
        same(metrics, "model_deployment_streams_open" in asked(f"http://127.0.0.1:{ports['admin']}{metrics}")[1], True)
        scheme = "https" if "TLS_CERT_FILE" in variables else "http"
        status, body = asked(f"{scheme}://127.0.0.1:{ports['data']}/llm/v1/models")
        same("a call of a stranger", (status, json.loads(body)["code"]), REFUSED[name])
        process.send_signal(signal.SIGTERM)
        same("the exit code after SIGTERM", process.wait(pod["terminationGracePeriodSeconds"]), 0)
    finally:
        process.kill()
        process.wait()


def pod_annotation(deployment, name):
    return deployment["spec"]["template"]["metadata"]["annotations"][f"prometheus.io/{name}"]


if __name__ == "__main__":
    for page in sorted(pathlib.Path(sys.argv[2]).glob("*.yaml")):
        with tempfile.TemporaryDirectory() as here:
            made(pathlib.Path(here))
            run(sys.argv[1], page.stem, page, here)
        print(f"{page.stem}: the server starts, is ready, refuses strangers, and ends when it is told to")
