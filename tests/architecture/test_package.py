"""What is installed is all that a user without a checkout needs."""

import os
import subprocess
import tomllib
from glob import glob
from pathlib import Path

import pytest

from lakeshell.stack import docker
from lakeshell.stack.images import BUILT, builds
from lakeshell.stack.material import SHIPPED, script, stack_files

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "lakeshell"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def shipped() -> set[Path]:
    """The files beside modules that a wheel carries, as setuptools' patterns find them."""
    [patterns] = PROJECT["tool"]["setuptools"]["package-data"].values()
    return {path for pattern in patterns for path in _matches(pattern) if path.is_file()}


def _matches(pattern: str) -> list[Path]:
    # As setuptools does, and as pathlib does not, this goes through links to folders.
    return [PACKAGE / n for n in glob(pattern, root_dir=PACKAGE, recursive=True)]  # noqa: PTH207


def files_of_the_package() -> set[Path]:
    found = set()
    for folder, folders, names in os.walk(PACKAGE, followlinks=True):
        folders[:] = [name for name in folders if name != "__pycache__"]
        found |= {Path(folder, name) for name in names if not name.endswith(".py")}
    return found


def test_a_wheel_has_every_file_that_the_package_reads() -> None:
    assert files_of_the_package() == shipped()


def test_the_stack_is_made_of_what_is_shipped() -> None:
    assert stack_files() == SHIPPED.resolve()
    needed = {SHIPPED / "compose.yaml", SHIPPED / "base-image", SHIPPED / "docker-engine"}
    needed |= {build.folder / "Dockerfile" for build in builds(BUILT, SHIPPED)}
    assert needed <= shipped()


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)


@pytest.mark.parametrize("name", ["base-image", "docker-engine"])
def test_a_hint_names_a_script_that_can_be_run(name: str) -> None:
    assert os.access(script(name), os.X_OK)
    assert str(script("docker-engine")) in docker.ENGINE


def test_the_lock_has_every_dependency() -> None:
    locked = (ROOT / "requirements" / "runtime.lock").read_text(encoding="utf-8").lower()
    for wanted in PROJECT["project"]["dependencies"]:
        name = wanted.split("[")[0].split("=")[0].split(">")[0].strip().lower()
        assert f"\n{name}==" in f"\n{locked}", name


def test_a_checkout_says_its_version_also_through_a_link(tmp_path: Path) -> None:
    link = tmp_path / "lakeshell"
    link.symlink_to(ROOT / "scripts" / "lakeshell")
    said = f"lakeshell, version {PROJECT['project']['version']}\n"
    for command in (ROOT / "scripts" / "lakeshell", link):
        ended = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout) == (0, said), ended.stderr
