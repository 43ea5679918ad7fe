"""environment.yml says what pyproject.toml says."""

import re
import shlex
import tomllib
from collections import Counter
from importlib.metadata import requires

import pytest
import yaml
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

FILE = (ROOT / "environment.yml").read_text(encoding="utf-8")
ENVIRONMENT = yaml.safe_load(FILE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEAVY = {"sentence-transformers", "torch"}


def bounds(lines):
    return {canonicalize_name(r.name): r.specifier for r in map(Requirement, lines)}


def second_command():
    """Words of the command in the file's head that installs without dependencies."""
    return shlex.split(re.search(r"^#\s+pip install (.+)$", FILE, re.MULTILINE)[1])


def from_conda():
    return [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]


def from_pip():
    return next(entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict))


def without_dependencies():
    return [word for word in second_command() if re.match(r"\w", word)]


def needed(name):
    """What an installed package asks for, extras left out."""
    asked = [Requirement(line) for line in requires(name) or []]
    return {canonicalize_name(r.name) for r in asked if not r.marker or r.marker.evaluate()}


EXTRAS = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
DECLARED = bounds([*PROJECT["dependencies"], *EXTRAS])
NAMED = bounds([*from_conda(), *from_pip(), *without_dependencies()])


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_a_dependency_stands_in_environment_yml_with_the_same_bounds(name):
    assert NAMED.get(name) == DECLARED[name]


def test_python_has_the_bounds_of_the_package():
    assert NAMED["python"] == SpecifierSet(PROJECT["requires-python"])


def test_no_package_is_named_twice():
    lines = [*from_conda(), *from_pip(), *without_dependencies()]
    names = Counter(canonicalize_name(Requirement(line).name) for line in lines)
    assert [name for name, n in names.items() if n > 1] == []


def test_what_declares_torch_is_installed_without_its_dependencies():
    heavy = {name for name in DECLARED if needed(name) & HEAVY}
    assert set(bounds(without_dependencies())) == heavy


def test_what_else_is_named_is_what_the_packages_installed_without_dependencies_ask_for():
    asked = set().union(*map(needed, bounds(without_dependencies()))) - HEAVY
    assert set(NAMED) - set(DECLARED) == asked - set(DECLARED) | {"python", "pip"}


def test_the_package_itself_is_installed_without_dependencies():
    words = second_command()
    assert "--no-deps" in words
    assert words[-2:] == ["--editable", "."]


def test_packages_come_from_conda_forge_alone():
    assert ENVIRONMENT["channels"] == ["conda-forge", "nodefaults"]
