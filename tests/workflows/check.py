#!/usr/bin/env python3
"""What no schema says of the files that build and deploy: the members of OCI DevOps' build specification, and of workflows that
every action is pinned with its version beside it, every job has its permissions and a bound, and every script is there.

Source: docs/spec/oci-services.md#build-specifications"""

import os
import pathlib
import re
import sys

from ruamel.yaml import YAML

ROOT = pathlib.Path(__file__).parents[2]
BUILD_SPEC = "deploy/devops/build_spec.yaml"
WORKFLOWS = [".github/workflows/release.yml", "deploy/pipelines/github.yml"]
PIPELINES = [BUILD_SPEC, *WORKFLOWS, "deploy/pipelines/gitlab-ci.yml"]

DOCUMENT = {"version", "component", "timeoutInSeconds", "shell", "runAs", "failImmediatelyOnError", "env", "inputArtifacts", "steps", "outputArtifacts"}
ENV = {"variables", "vaultVariables", "exportedVariables"}
STEP = {"type", "name", "command", "shell", "runAs", "timeoutInSeconds", "failImmediatelyOnError", "onFailure"}
INPUT = {"name", "type", "location", "artifactId", "registryId", "path", "version", "url"}
OUTPUT = {"name", "type", "location"}
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
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


def scripts(text):
    """What of this repository is run and is not there, or cannot be run."""
    named = {name for line in text.splitlines() if not line.lstrip().startswith("#") for name in SCRIPT.findall(line)}
    return [f"{name}: is run, and no script" for name in sorted(named) if not os.access(ROOT / name, os.X_OK) or (ROOT / name).is_dir()], named


def main():
    found, run = [], set()
    for page in PIPELINES:
        text = (ROOT / page).read_text()
        findings = (build_spec(text) if page == BUILD_SPEC else []) + (workflow(text) if page in WORKFLOWS else [])
        missing, named = scripts(text)
        run |= named
        found += [f"{page}: {finding}" for finding in findings + missing]
    print("\n".join(found) or f"{len(PIPELINES)} files that build and deploy, {len(run)} scripts that they run")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
