#!/usr/bin/env python3
"""What no schema says of the files that build and deploy: the members of OCI DevOps' build specification, and of workflows that
every action is pinned with its version beside it, every job has its permissions and a bound, every script is there, and
every part of `.ci/run` has a job; of the scripts that only `.ci/setup` installs anything.

Source: docs/spec/oci-services.md#build-specifications"""

import os
import pathlib
import re
import subprocess
import sys

from ruamel.yaml import YAML

ROOT = pathlib.Path(__file__).parents[2]
BUILD_SPEC = "deploy/devops/build_spec.yaml"
CHECKS = [".github/workflows/ci.yml", ".gitlab-ci.yml"]
WORKFLOWS = [".github/workflows/release.yml", CHECKS[0], "deploy/pipelines/github.yml"]
PIPELINES = [BUILD_SPEC, *WORKFLOWS, CHECKS[1], "deploy/pipelines/gitlab-ci.yml"]

DOCUMENT = {"version", "component", "timeoutInSeconds", "shell", "runAs", "failImmediatelyOnError", "env", "inputArtifacts", "steps", "outputArtifacts"}
ENV = {"variables", "vaultVariables", "exportedVariables"}
STEP = {"type", "name", "command", "shell", "runAs", "timeoutInSeconds", "failImmediatelyOnError", "onFailure"}
INPUT = {"name", "type", "location", "artifactId", "registryId", "path", "version", "url"}
OUTPUT = {"name", "type", "location"}
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
INSTALLS = re.compile(r"\b(apt-get|cargo install|npm (ci|install)|(rustup|gem|go) \S*\s?(add|install)|-m venv)\b|pip\"? (install|download)")
SCRIPT = re.compile(r"(?<![\w/$}.-])((?:\.ci|deploy)/[\w/-]+)(?=[\s\"')]|$)", re.M)


def members(place, given, allowed, needed):
    found = [f"{place}: `{name}` is not a member that is documented" for name in sorted(set(given) - allowed)]
    return found + [f"{place}: has no {name}" for name in sorted(needed - set(given))]


def build_spec(text):
    """Findings in a build specification; none is good."""
    document = YAML(typ="safe").load(text)
    found = members("the document", document, DOCUMENT, {"version", "component", "timeoutInSeconds", "steps"})
    if (document.get("version"), document.get("component")) != (0.1, "build"):
        found.append("the document: `version` is 0.1, `component` is build")
    found += members("env", document.get("env", {}), ENV, set())
    for kind, allowed, types in [
        ("inputArtifacts", INPUT, {"GENERIC_ARTIFACT", "STAGE_ARTIFACT", "URL"}),
        ("outputArtifacts", OUTPUT, {"DOCKER_IMAGE", "BINARY"}),
    ]:
        for artifact in document.get(kind, []):
            found += members(f"{kind} {artifact.get('name')}", artifact, allowed, {"name", "type", "location"})
            if artifact.get("type") not in types:
                found.append(f"{kind} {artifact.get('name')}: the type is one of {sorted(types)}")
    for step in document.get("steps", []):
        place = f"step {step.get('name')}"
        found += members(place, step, STEP, {"type", "name", "command", "timeoutInSeconds"})
        if step.get("type") != "Command":
            found.append(f"{place}: the type is Command")
    if sum(step.get("timeoutInSeconds", 0) for step in document.get("steps", [])) > document.get("timeoutInSeconds", 0):
        found.append("the steps may take longer than the whole")
    return found


def workflow(text):
    """Findings in a workflow of GitHub, beside those of zizmor."""
    found = [f"not pinned with its version beside it: {line.strip()}" for line in text.splitlines() if "uses:" in line and not PINNED.search(line)]
    document = YAML(typ="safe").load(text)
    if document.get("permissions") != {}:
        found.append("the workflow: its permissions are not {}")
    for name, job in document["jobs"].items():
        found += [f"job {name}: has no {member}" for member in ("permissions", "timeout-minutes", "name") if member not in job]
    return found


def parts(text):
    """What of `.ci/run` no job does, or a job does that is none; `.ci/check` has a job of its own."""
    known = set(subprocess.run([ROOT / ".ci/run", "--parts"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()) - {"check"}
    lists = re.findall(r"\b(?:part|PART): \[(.*)\]", text)
    done = {name.strip() for name in ",".join(lists).split(",")} if lists else set()
    return [f"no job does the part {name}" for name in sorted(known - done)] + [f"`{name}` is no part of .ci/run" for name in sorted(done - known)]


def installs(text):
    """What installs something; of the scripts of .ci only .ci/setup may."""
    return [f"installs by itself; that is for .ci/setup: {line.strip()}" for line in text.splitlines() if INSTALLS.search(line)]


def scripts(text):
    """What of this repository is run and is not there, or cannot be run."""
    named = {name for line in text.splitlines() if not line.lstrip().startswith("#") for name in SCRIPT.findall(line)}
    return [f"{name}: is run, and no script" for name in sorted(named) if not os.access(ROOT / name, os.X_OK) or (ROOT / name).is_dir()], named


def main():
    found, run = [], set()
    for page in PIPELINES:
        text = (ROOT / page).read_text()
        findings = (build_spec(text) if page == BUILD_SPEC else []) + (workflow(text) if page in WORKFLOWS else [])
        findings += parts(text) if page in CHECKS else []
        missing, named = scripts(text)
        run |= named
        found += [f"{page}: {finding}" for finding in findings + missing]
    own = [path for path in sorted((ROOT / ".ci").rglob("*")) if path.is_file() and path.name != "setup"]
    found += [f"{path.relative_to(ROOT)}: {finding}" for path in own for finding in installs(path.read_text())]
    print("\n".join(found) or f"{len(PIPELINES)} files that build and deploy, {len(run)} scripts that they run")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
