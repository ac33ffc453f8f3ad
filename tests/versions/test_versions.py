"""Does .ci/versions find each place that has another version?"""

import pathlib
import shutil
import subprocess
import tempfile
import tomllib
import unittest

ROOT = pathlib.Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
RUST = tomllib.loads((ROOT / "rust-toolchain.toml").read_text())["toolchain"]["channel"]


class Versions(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.decode().split("\0"):
            if name and (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.root / name)
        subprocess.run(["git", "init", "--quiet"], cwd=self.root, check=True)

    def run_it(self):
        done = subprocess.run([self.root / ".ci/versions"], stdout=subprocess.PIPE, text=True, timeout=60)
        return done.returncode, done.stdout

    def test_all_agree(self):
        code, said = self.run_it()
        self.assertEqual((code, said.split(",")[0]), (0, f"all agree: {VERSION}"))

    def test_every_place_is_looked_at(self):
        for name, text in [
            ("Cargo.toml", f'fn-fdk = {{ path = "crates/fn-fdk", version = "{VERSION}"'),
            ("Cargo.lock", f'name = "mdfn"\nversion = "{VERSION}"'),
            ("fuzz/Cargo.lock", f'name = "oracle-cloud-client"\nversion = "{VERSION}"'),
            ("tests/signers/Cargo.lock", f'name = "oracle-cloud-signature"\nversion = "{VERSION}"'),
            ("init-image/template/Cargo.lock", f'name = "fn-fdk"\nversion = "{VERSION}"'),
            ("init-image/template/Cargo.toml", f'fn-fdk = {{ path = "fn-fdk", version = "{VERSION}"'),
            ("tests/outside/Cargo.toml", f'oracle-cloud-client = "{VERSION.rpartition(".")[0]}"'),
            ("func.yaml", f"version: {VERSION}"),
            ("Dockerfile", f'image.version="{VERSION}"'),
            ("init-image/Dockerfile", f'image.version="{VERSION}"'),
            ("deploy/stack/schema.yaml", f'version: "{VERSION}"'),
            ("deploy/kubernetes/overlays/oke/kustomization.yaml", f"newTag: {VERSION}"),
            ("deploy/terraform/example/terraform.tfvars.example", f"model-deployment-fn:{VERSION}"),
            ("tests/signers/expected.txt", f"`oracle-cloud-signature` {VERSION}"),
            ("Dockerfile", f"rust:{RUST}-bookworm"),
            ("init-image/template/Dockerfile", f"rust:{RUST}-bookworm"),
            ("deploy/devops/build_spec.yaml", f"rust:{RUST}-bookworm"),
        ]:
            path = self.root / name
            before = path.read_text()
            self.assertTrue(text in before, f"{name}: {text}")
            other = text.replace(VERSION, "7.7.7").replace(VERSION.rpartition(".")[0], "7.7").replace(RUST, "1.7.7")
            path.write_text(before.replace(text, other, 1))
            code, said = self.run_it()
            self.assertEqual(code, 1, f"{name}: {text}")
            self.assertIn(name, said)
            self.assertIn("7.7", said)
            path.write_text(before)

    def test_whatever_a_page_says_is_looked_at(self):
        for name, text in [
            ("docs/new.md", "docker push model-deployment-fn:7.7.7"),
            ("docs/new.md", "image=$(terraform output -raw repository):7.7.7"),
            ("docs/new.md", "`oracle-cloud-signature` 7.7.7"),
            ("crates/new/README.md", "needs Rust 7.7 or later"),
            ("README.md", "Rust (7.7 or later)"),
            ("docs/new.md", "the dependencies need 7.7"),
            ("deploy/new/README.md", "docker push model-deployment-fn:7.7.7"),
            ("deploy/new.yml", "image: rust:7.7.7-bookworm"),
        ]:
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"\n{text}\n")
            code, said = self.run_it()
            self.assertEqual(code, 1, text)
            self.assertIn(f"{name}:2: 7.7", said)
            path.unlink()

    def test_the_newest_release_of_the_changelog_is_this_version(self):
        (self.root / "CHANGELOG.md").write_text(f"## [Unreleased]\n\n## [7.7.7] - 2026-12-01\n\n## [{VERSION}] - 2026-11-01\n")
        self.assertIn("the newest release is 7.7.7", self.run_it()[1])

    def test_a_place_that_is_gone_is_found(self):
        (self.root / "func.yaml").unlink()
        self.assertIn("func.yaml: no version is found there", self.run_it()[1])


if __name__ == "__main__":
    unittest.main()
