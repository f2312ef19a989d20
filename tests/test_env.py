"""pyproject.toml, environment.yml and constraints.txt say the same."""

import re
import tomllib

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as canonical

from genebench.core import paths

CONDA_NAME = {"pytorch": "torch"}


def project():
    return tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["project"]


def declared():
    groups = [project()["dependencies"], *project()["optional-dependencies"].values()]
    return {canonical(r.name): r.specifier for group in groups for r in map(Requirement, group)}


def pinned():
    lines = (paths.ROOT / "constraints.txt").read_text().split()
    return {canonical(name): version for name, version in (line.split("==") for line in lines)}


def test_environment_yml_names_the_same_packages_and_ranges_as_pyproject():
    have = {}
    for entry in yaml.safe_load((paths.ROOT / "environment.yml").read_text())["dependencies"]:
        if isinstance(entry, dict):
            have |= {canonical(r.name): r.specifier for r in map(Requirement, entry["pip"][:-1])}
            assert entry["pip"][-1] == "-e ."
            continue
        name, spec = re.match(r"([A-Za-z0-9_.-]+?)\s*([<>=!~].*)?$", entry).groups()
        have[canonical(CONDA_NAME.get(name, name))] = Requirement("x" + (spec or "")).specifier
    assert str(have.pop("python")) == str(Requirement("x" + project()["requires-python"]).specifier)
    have.pop("pip")
    assert have == declared()


def test_every_declared_package_is_pinned_inside_its_range():
    pins = pinned()
    assert [name for name, range in declared().items() if pins[name] not in range] == []


def test_hashes_are_of_the_pinned_versions_and_of_every_declared_package_but_torch():
    """Extras that ``make setup`` does not install have none."""
    text = (paths.ROOT / "hashes.txt").read_text()
    entry = r"^(\S+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$"
    hashed = {canonical(name): version for name, version, _ in re.findall(entry, text, re.M)}
    assert text.count("==") == len(hashed) and hashed.items() <= pinned().items()
    groups = project()["optional-dependencies"]
    installed = [*project()["dependencies"], *groups["book"], *groups["test"]]
    names = {canonical(Requirement(r).name) for r in installed} | {"ruff", "setuptools"}
    assert names - set(hashed) == {"torch"}


def test_constraints_can_be_installed_on_any_machine():
    text = (paths.ROOT / "constraints.txt").read_text()
    assert "+" not in text and " @ " not in text and "://" not in text
