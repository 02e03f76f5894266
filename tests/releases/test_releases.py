"""What a release is made of: the archives, their names, the section of the changelog, the workflows. Needs Python alone."""

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MANIFEST = tomllib.loads((ROOT / "Cargo.toml").read_text())
VERSION = MANIFEST["package"]["version"]
NAME = MANIFEST["package"]["name"]
RELEASE = (ROOT / ".github/workflows/release.yml").read_text()


def run(script, *arguments, **variables):
    command = [sys.executable] if (ROOT / "scripts" / script).read_text().startswith("#!/usr/bin/env python3") else []
    return subprocess.run(
        [*command, str(ROOT / "scripts" / script), *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, **variables},
    )


def targets():
    """The targets of the release workflow."""
    return re.findall(r"^ +- target: (\S+)$", RELEASE, re.MULTILINE)


def program(folder, version=VERSION):
    """A program that says its version and prints a completion script."""
    path = Path(folder, "program")
    path.write_text(f'#!/bin/sh\ncase $1 in --version) echo "{NAME} {version} (0123456789ab)" ;; *) echo "$@ $EMULATOR_SEED" ;; esac\n')
    path.chmod(0o755)
    return path


def binstall_url(target):
    """The address from which cargo binstall downloads a target."""
    binstall = MANIFEST["package"]["metadata"]["binstall"]
    settings = {**binstall, **binstall.get("overrides", {}).get(target, {})}
    values = {
        "repo": "R", "name": NAME, "version": VERSION, "target": target, "bin": NAME,
        "archive-suffix": {"tgz": ".tar.gz", "zip": ".zip"}[settings["pkg-fmt"]],
        "binary-ext": ".exe" if "windows" in target else "",
    }
    def fill(text):
        return re.sub(r"\{ ([\w-]+) \}", lambda found: values[found[1]], text)
    return fill(settings["pkg-url"]), fill(settings["bin-dir"])


class Archives(unittest.TestCase):
    def test_they_are_complete_and_the_same_each_time(self):
        with tempfile.TemporaryDirectory() as folder:
            binary = program(folder)
            digests = set()
            for out in ("a", "b"):
                done = run("package", "--binary", str(binary), "--target", "x86_64-unknown-linux-musl", "--out", f"{folder}/{out}",
                           EMULATOR_SEED="leaked")
                self.assertEqual(done.returncode, 0, done.stderr)
                path = Path(done.stdout.strip())
                digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
                check = subprocess.run(["sha256sum", "--check", f"{path.name}.sha256"], cwd=path.parent, check=False, capture_output=True)
                self.assertEqual(check.returncode, 0, check)
            self.assertEqual(len(digests), 1)
            with tarfile.open(path) as archive:
                top = f"{NAME}-{VERSION}-x86_64-unknown-linux-musl"
                files = {entry.name.removeprefix(top + "/"): entry for entry in archive}
                self.assertEqual(files[NAME].mode, 0o755)
                completion = archive.extractfile(f"{top}/completions/_{NAME}").read()
            self.assertEqual(completion, b"completions zsh \n", "no variable of the caller")
            for name in ("README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "LICENSE-UNICODE", "emulator.example.toml"):
                self.assertIn(name, files)

    def test_windows_gets_a_zip(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run("package", "--binary", str(program(folder)), "--target", "aarch64-pc-windows-msvc", "--out", folder)
            path = Path(done.stdout.strip())
            self.assertEqual(path.name, f"{NAME}-{VERSION}-aarch64-pc-windows-msvc-no-embedded.zip")
            with zipfile.ZipFile(path) as archive:
                self.assertIsNone(archive.testzip())
                self.assertIn(f"{path.stem}/{NAME}.exe", archive.namelist())

    def test_a_program_of_another_version_is_rejected(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run("package", "--binary", str(program(folder, "9.9.9")), "--target", "x", "--out", folder)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("9.9.9", done.stderr)

    def test_cargo_binstall_finds_each_archive_under_its_name(self):
        self.assertGreaterEqual(len(targets()), 8)
        for target in targets():
            with tempfile.TemporaryDirectory() as folder:
                done = run("package", "--binary", str(program(folder)), "--target", target, "--out", folder)
                self.assertEqual(done.returncode, 0, done.stderr)
                path = Path(done.stdout.strip())
                url, binary = binstall_url(target)
                self.assertEqual(url, f"R/releases/download/v{VERSION}/{path.name}")
                with (zipfile.ZipFile(path) if path.suffix == ".zip" else tarfile.open(path)) as archive:
                    names = archive.namelist() if path.suffix == ".zip" else archive.getnames()
                self.assertIn(binary, names)


class Changelog(unittest.TestCase):
    def section(self, text, version="1.2.0"):
        with tempfile.NamedTemporaryFile("w", suffix=".md") as file:
            file.write(text)
            file.flush()
            return run("changelog", version, CHANGELOG=file.name)

    def test_it_is_the_section_of_the_version_alone(self):
        done = self.section("# Changelog\n\n## [Unreleased]\n\n- new\n\n## [1.2.0] - 2026-11-26\n\n### Added\n\n- this\n\n## [1.1.0] - 2026-01-01\n- old\n")
        self.assertEqual((done.returncode, done.stdout), (0, "### Added\n\n- this\n"))
        named = self.section("A release is `## [1.2.0] - 2026-11-26`.\n\n## [1.2.0] - 2026-11-26\n\n- this\n")
        self.assertEqual((named.returncode, named.stdout), (0, "- this\n"))
        last = self.section("## [1.2.0] - 2026-11-26\n- this")
        self.assertEqual((last.returncode, last.stdout), (0, "- this\n"))

    def test_a_release_needs_a_date_and_a_text(self):
        for text in ("", "## [1.2.0]\n- x\n", "## [1.2.0] - soon\n- x\n", "## [1.2.0] - 2026-11-26\n\n## [1.1.0] - 2026-01-01\n- x\n",
                     "## [1x2x0] - 2026-11-26\n- x\n"):
            done = self.section(text)
            self.assertEqual((done.returncode, done.stdout), (1, ""), text)
            self.assertIn("error: ", done.stderr)

    def test_the_changelog_has_headings_that_it_reads(self):
        headings = re.findall(r"^## .*$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
        self.assertEqual(headings[0], "## [Unreleased]")
        for heading in headings[1:]:
            self.assertRegex(heading, r"^## \[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}$")


class Images(unittest.TestCase):
    def test_the_builder_has_the_toolchain_of_the_repository(self):
        toolchain = tomllib.loads((ROOT / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
        self.assertIn(f"/rust:{toolchain.removesuffix('.0')}-alpine", (ROOT / "Dockerfile").read_text())

    def test_compose_runs_the_target_that_has_a_place_for_the_database(self):
        for path in ("compose.yaml", "deploy/compose/compose.yaml"):
            self.assertIn("target: slim", (ROOT / path).read_text(), path)


class Sources(unittest.TestCase):
    """What the program is compiled from reaches the image and the package, whatever file a change adds."""

    def compiled(self):
        files = {"Cargo.toml", "Cargo.lock", "build.rs"}
        listed = subprocess.run(["git", "ls-files", "src", "migrations", ".sqlx"], cwd=ROOT, check=True, capture_output=True, text=True)
        files.update(listed.stdout.split())
        for source in (ROOT / "src").rglob("*.rs"):
            for included in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', source.read_text()):
                files.add(os.path.relpath(source.parent / included, ROOT))
        self.assertGreater(len(files), 500)
        return files

    def test_the_image_gets_them(self):
        lines = (ROOT / ".dockerignore").read_text().splitlines()
        self.assertIn("*", lines)
        allowed = [line.removeprefix("!") for line in lines if line.startswith("!")]
        for path in allowed:
            self.assertTrue((ROOT / path).exists(), path)
        for file in self.compiled():
            self.assertTrue(any(file == path or file.startswith(f"{path}/") for path in allowed), f"{file} in .dockerignore")

    def test_the_package_gets_them(self):
        listed = subprocess.run(
            ["cargo", "package", "--list", "--allow-dirty", "--offline"], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.split("\n")
        missing = self.compiled() - set(listed)
        self.assertEqual(missing, set(), "`include` in Cargo.toml")


class Workflows(unittest.TestCase):
    def test_actions_are_pinned_by_commit(self):
        for path in (ROOT / ".github/workflows").glob("*.yml"):
            for use in re.findall(r"uses: (.+)", path.read_text()):
                if not use.startswith("./"):
                    self.assertRegex(use, r"^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", path.name)

    def test_secrets_and_inputs_reach_scripts_through_variables_only(self):
        for path in (ROOT / ".github/workflows").glob("*.yml"):
            for block in re.findall(r"^ +(?:- )?run: (\|(?:\n {8,}.*)+|[^|].*)$", path.read_text(), re.MULTILINE):
                self.assertNotIn("${{", block, path.name)


if __name__ == "__main__":
    unittest.main()
