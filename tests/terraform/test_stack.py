"""Is each kind of mistake in the form of the stack found, and is the ZIP the same whenever it is built?"""

import copy
import importlib.machinery
import importlib.util
import pathlib
import tempfile
import unittest
import zipfile

import stack
import yaml

ROOT = pathlib.Path(__file__).parents[2]
HERE = ROOT / "deploy/stack"
FORM = yaml.safe_load((HERE / "schema.yaml").read_text())
TERRAFORM = ROOT / "deploy/terraform"
STACK, MODULE = stack.text(HERE), stack.text(TERRAFORM)


class Form(unittest.TestCase):
    def found(self, expected, change=None, root=(), module=()):
        """Changes the form, or a text of the root module or of the module, and looks for what is then found."""
        form = copy.deepcopy(FORM)
        if change:
            change(form)
        texts = [STACK, MODULE]
        for at, replaced in enumerate([root, module]):
            if replaced:
                self.assertIn(replaced[0], texts[at])
                texts[at] = texts[at].replace(*replaced, 1)
        findings = stack.check(form, *texts)
        self.assertTrue(any(expected in finding for finding in findings), f"{expected} is not among {findings}")

    def test_the_form_is_right(self):
        self.assertEqual(stack.check(FORM, STACK, MODULE), [])

    def test_members_that_are_not_documented_or_missing(self):
        self.found("the document: `variable_groups` is not a member", lambda form: form.update(variable_groups=[]))
        self.found("the document: has no title", lambda form: form.pop("title"))
        self.found("`schemaVersion` is 1.1.0", lambda form: form.update(schemaVersion="2.0.0"))
        self.found("image: `hint` is not a member", lambda form: form["variables"]["image"].update(hint="an image"))
        self.found("scope: `minimum` is not a member", lambda form: form["variables"]["scope"].update(minimum=1))
        self.found("image: has no title", lambda form: form["variables"]["image"].pop("title"))
        self.found("group Model: `help` is not a member", lambda form: form["variableGroups"][2].update(help="?"))
        self.found("scope: `copy` is not a member", lambda form: form["outputs"]["scope"].update(copy=True))

    def test_types(self):
        self.found("the type `oci:functions:id`", lambda form: form["variables"]["image"].update(type="oci:functions:id"))
        self.found("timeout: is of the type number in Terraform, string", lambda form: form["variables"]["timeout"].update(type="string"))
        self.found("tracing: is of the type string in Terraform", root=('variable "tracing" {\n  description = "Whether calls are traced to Application Performance Monitoring."\n  type        = bool', 'variable "tracing" {\n  description = "Whether calls are traced to Application Performance Monitoring."\n  type        = string'))
        self.found("the type `secret` of an output", lambda form: form["outputs"]["scope"].update(type="secret"))

    def test_required_and_defaults(self):
        self.found("model_url: is required in Terraform or in the form", lambda form: form["variables"]["model_url"].update(required=False))
        self.found("timeout: has the default 120 in Terraform, 100", lambda form: form["variables"]["timeout"].update(default=100))
        self.found("tracing: has the default false in Terraform, 'false'", lambda form: form["variables"]["tracing"].update(default="false"))
        self.found("timeout: has the default 121 in the module", module=("default     = 120", "default     = 121"))
        self.found("shape: the default is no value", lambda form: form["variables"]["shape"].update(default="X86"))
        self.found("memory: the module takes", module=("contains([128, 256", "contains([64, 128, 256"))

    def test_words(self):
        self.found("image: is described in two ways", lambda form: form["variables"]["image"].update(description="An image."))

    def test_variables_that_are_not_there_or_in_no_group(self):
        self.found("region: is one of the root module and not a variable of the form", lambda form: form["variables"].pop("region"))
        self.found("region: is in 0 groups", lambda form: form["variableGroups"][0]["variables"].remove("region"))
        self.found("region: is in 2 groups", lambda form: form["variableGroups"][1]["variables"].append("region"))
        self.found("vault: is in a group, and not among the variables", lambda form: form["variableGroups"][1]["variables"].append("vault"))
        self.found("policies: is a variable of it and not told to the module", root=("  policies       = var.policies\n", ""))
        self.found("colour: is told to the module and not a variable of it", root=("  policies       = var.policies\n", "  policies       = var.policies\n  colour = 1\n"))
        self.found("colour: is asked for, and not by the module", root=('variable "name" {', 'variable "colour" {\n}\n\nvariable "name" {'))

    def test_outputs(self):
        self.found("scope: is one of the root module and not an output of the form", lambda form: form["outputs"].pop("scope"))
        self.found("scope: is in 0 groups", lambda form: form["outputGroups"][0]["outputs"].remove("scope"))
        self.found("audience: is one of the module and not an output of the root module", root=('output "audience"', 'output "audiences"'))
        self.found("client_secret: is sensitive in Terraform or", lambda form: form["outputs"]["client_secret"].pop("sensitive"))

    def test_what_is_visible(self):
        def seen(statement):
            return lambda form: form["variables"]["vcn_cidr"].update(visible=statement)

        self.found("names nothing, which is no boolean", seen("${nothing}"))
        self.found("names scope, which is no boolean", seen({"not": ["${scope}"]}))
        self.found("names scope, which is no boolean", seen({"and": ["${tracing}", "${scope}"]}))
        self.found("compares endpoint_type with `SECRET`", seen({"eq": ["${endpoint_type}", "SECRET"]}))
        self.found("an operator or a number of parts", seen({"xor": ["${tracing}", "${dashboard}"]}))
        self.found("an operator or a number of parts", seen({"not": ["${tracing}", "${dashboard}"]}))
        self.found("is not a statement", seen(["${tracing}"]))
        self.found("group Network: `visible` names vcn_id", lambda form: form["variableGroups"][12].update(visible="${vcn_id}"))
        form = copy.deepcopy(FORM)
        form["variables"]["vcn_cidr"]["visible"] = {"or": [{"eq": ["${endpoint_type}", "PRIVATE"]}, {"not": ["${tracing}"]}]}
        self.assertEqual(stack.check(form, STACK, MODULE), [])

    def test_what_depends_on_what(self):
        self.found("vcn_id: `dependsOn` is not ['compartmentId']", lambda form: form["variables"]["vcn_id"].pop("dependsOn"))
        self.found("vcn_id: `dependsOn` names ${image}", lambda form: form["variables"]["vcn_id"]["dependsOn"].update(compartmentId="${image}"))


class Zip(unittest.TestCase):
    def test_the_same_bytes_and_nothing_that_does_not_belong(self):
        loader = importlib.machinery.SourceFileLoader("build", str(HERE / "build"))
        build = importlib.util.module_from_spec(importlib.util.spec_from_loader("build", loader))
        loader.exec_module(build)
        with tempfile.TemporaryDirectory() as folder:
            first, second = (pathlib.Path(folder) / name for name in ("one.zip", "two/two.zip"))
            build.build(first)
            build.build(second)
            self.assertEqual(first.read_bytes(), second.read_bytes())
            with zipfile.ZipFile(first) as archive:
                names = archive.namelist()
        here = {path.name for path in HERE.glob("*.tf")}
        module = {f"module/{path.name}" for path in TERRAFORM.glob("*.tf")}
        self.assertEqual(set(names), {"LICENSE", "schema.yaml"} | here | module)
        self.assertEqual(names, sorted(names))
        self.assertGreater(len(module), 10)


if __name__ == "__main__":
    unittest.main()
