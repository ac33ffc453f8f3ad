"""Is each kind of mistake in the files that build and deploy found, and do the scripts of a release refuse what is not one?"""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

import check

ROOT = check.ROOT
CHANGELOG = """# Changelog

## [Unreleased]

### Added
- Something.

## [0.2.0] - 2026-12-01

### Added
- A release.

## [0.1.0] - 2026-11-01
"""


class Files(unittest.TestCase):
    def found(self, judge, page, replaced, expected):
        """Replaces a text of a file and looks for what is then found."""
        text = (ROOT / page).read_text()
        self.assertIn(replaced[0], text)
        findings = judge(text.replace(*replaced, 1))
        self.assertTrue(any(expected in finding for finding in findings), f"{expected} is not among {findings}")

    def test_the_files_are_right(self):
        self.assertEqual(check.main(), 0)

    def test_build_specification(self):
        for replaced, expected in [
            (("component: build", "component: deploy"), "`component` is build"),
            (("version: 0.1", "version: 1"), "`version` is 0.1"),
            (("failImmediatelyOnError:", "failOnError:"), "the document: `failOnError` is not a member"),
            (("  variables:", "  secrets:"), "env: `secrets` is not a member"),
            (("    name: Deploy it\n", ""), "step None: has no name"),
            (("    command: |", "    run: |"), "`run` is not a member"),
            (("type: Command", "type: Script"), "the type is Command"),
            (("timeoutInSeconds: 600", "timeoutInSeconds: 601"), "longer than the whole"),
            (("type: BINARY", "type: ARCHIVE"), "outputArtifacts archive: the type is one of"),
            (("    location: $", "    path: $"), "outputArtifacts archive: `path` is not a member"),
        ]:
            self.found(check.build_spec, check.BUILD_SPEC, replaced, expected)

    def test_workflows(self):
        release = check.WORKFLOWS[0]
        for replaced, expected in [
            (("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7"), "not pinned with its version"),
            ((" # v7.0.1", ""), "not pinned with its version"),
            (("permissions: {}\n", ""), "its permissions are not {}"),
            (("    permissions:\n      contents: read # to check out\n", ""), "job version: has no permissions"),
            (("    timeout-minutes: 5\n", ""), "job version: has no timeout-minutes"),
        ]:
            self.found(check.workflow, release, replaced, expected)
        self.found(lambda text: check.scripts(text)[0], release, (".ci/release/notes", ".ci/release/note"), ".ci/release/note: is run")

    def test_only_the_setup_installs(self):
        setup = (ROOT / ".ci/setup").read_text()
        found = check.installs(setup)
        for command in ("apt-get install", "cargo install", "npm ci", "npm install", "rustup toolchain install", "-m venv", "pip", "download"):
            self.assertTrue(any(command in finding for finding in found), command)

    def test_parts(self):
        for page in check.CHECKS:
            self.found(check.parts, page, ("msrv, ", ""), "no job does the part msrv")
            self.found(check.parts, page, ("browser,", "browsers,"), "`browsers` is no part of .ci/run")


class Tiers(unittest.TestCase):
    def run_it(self, *command):
        done = subprocess.run([ROOT / ".ci" / command[0], *command[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        return done.returncode, done.stdout

    def test_a_part_that_is_none_is_refused_before_anything_is_done(self):
        for script in ("run", "setup"):
            code, said = self.run_it(script, "check", "chekc")
            self.assertEqual(code, 2, said)
            self.assertTrue(said.startswith("there is no part `chekc`; expected one of: check commands "), said)
            self.assertEqual(said.count("\n"), 1, said)

    def test_what_is_missing_is_named_with_the_part_that_installs_it(self):
        with tempfile.TemporaryDirectory() as folder:
            same, other, missing = (f"{folder}/{name}" for name in ("same", "other", "missing"))
            pathlib.Path(same).write_text("1")
            pathlib.Path(other).write_text("2")
            self.assertEqual(self.run_it("need", "deploy", "sh", same, f"{same}={same}"), (0, ""))
            for what, named in [("no-such-program", "no-such-program"), (missing, missing), (f"{same}={other}", same), (f"{missing}={same}", missing)]:
                said = f"missing or old: {named}; `.ci/setup deploy` installs it\n"
                self.assertEqual(self.run_it("need", "deploy", "sh", what), (1, said))


class Release(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        shutil.copytree(ROOT / ".ci/release", self.root / ".ci/release")
        (self.root / "Cargo.toml").write_text('[workspace.package]\nversion = "0.2.0"\n\n[package]\nversion = "9.9.9"\n')
        (self.root / "func.yaml").write_text("name: func\nversion: 0.2.0\n")
        (self.root / "CHANGELOG.md").write_text(CHANGELOG)

    def run_script(self, name, *arguments):
        command = [self.root / ".ci/release" / name, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def refused(self, said, name, *arguments):
        done = self.run_script(name, *arguments)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn(said, done.stderr)

    def test_the_tag_is_the_version(self):
        self.assertEqual(self.run_script("version", "v0.2.0").stdout, "0.2.0\n")
        for tag in ("0.2.0", "v0.2.1", "v9.9.9", "v0.2.0-rc1"):
            self.refused("expected v0.2.0", "version", tag)
        (self.root / "func.yaml").write_text("name: func\nversion: 0.2.0-rc1\n")
        self.refused("func.yaml has another version", "version", "v0.2.0")

    def test_the_notes_are_the_section_of_the_version(self):
        self.assertEqual(self.run_script("notes", "0.2.0").stdout.strip(), "### Added\n- A release.")

    def test_a_version_without_notes_is_no_release(self):
        for version in ("0.1.0", "0.3.0", "0.2", ""):
            self.assertNotEqual(self.run_script("notes", version).returncode, 0, version)
        self.refused("says nothing under the heading: ## [0.1.0]", "notes", "0.1.0")
        (self.root / "Cargo.toml").write_text('[workspace.package]\nversion = "0.3.0"\n')
        (self.root / "func.yaml").write_text("version: 0.3.0\n")
        self.refused("says nothing under the heading: ## [0.3.0]", "version", "v0.3.0")

    def test_a_release_of_other_files_is_not_assembled(self):
        for given in ([], ["function-x86.zip"], [*BUILT, "core"]):
            dist = self.root / "dist"
            shutil.rmtree(dist, ignore_errors=True)
            dist.mkdir()
            for name in given:
                (dist / name).touch()
            done = self.run_script("assemble", dist)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("is not what the builds leave", done.stderr)
            self.assertFalse((dist / "SHA256SUMS").exists())


BUILT = ["func.cdx.json", "function-arm.zip", "function-x86.zip", "image-arm.tar.gz", "image-x86.tar.gz", "mdfn-linux-arm", "mdfn-linux-x86"]
BUILT += ["rustc-arm.txt", "rustc-x86.txt", "server-image-arm.tar.gz", "server-image-x86.tar.gz", "server-linux-arm", "server-linux-x86"]
BUILT += ["server.cdx.json"]

if __name__ == "__main__":
    unittest.main()
