"""pyproject.toml, environment.yml and constraints.txt say the same."""

import re
import tomllib

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as canonical

from genebench.core import paths

CONDA_NAME = {"pytorch": "torch"}


PROJECT = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONSTRAINTS = (paths.ROOT / "constraints.txt").read_text()


def ranges(entries):
    return {canonical(r.name): r.specifier for r in map(Requirement, entries)}


DECLARED = ranges(sum(EXTRAS.values(), PROJECT["dependencies"]))
PINNED = {canonical(line.split("==")[0]): line.split("==")[1] for line in CONSTRAINTS.split()}


def test_environment_yml_names_the_same_packages_and_ranges_as_pyproject():
    have = {}
    for entry in yaml.safe_load((paths.ROOT / "environment.yml").read_text())["dependencies"]:
        if isinstance(entry, dict):
            have |= ranges(entry["pip"][:-1])
            assert entry["pip"][-1] == "-e ."
            continue
        name, spec = re.match(r"([A-Za-z0-9_.-]+?)\s*([<>=!~].*)?$", entry).groups()
        have[canonical(CONDA_NAME.get(name, name))] = Requirement("x" + (spec or "")).specifier
    assert str(have.pop("python")) == str(Requirement("x" + PROJECT["requires-python"]).specifier)
    have.pop("pip")
    assert have == DECLARED


def test_every_declared_package_is_pinned_inside_its_range():
    assert [name for name, range in DECLARED.items() if PINNED[name] not in range] == []
    assert "+" not in CONSTRAINTS and "@" not in CONSTRAINTS  # on any machine


def test_hashes_are_of_the_pinned_versions_and_of_every_declared_package_but_torch():
    """Extras that ``make setup`` does not install have none."""
    text = (paths.ROOT / "hashes.txt").read_text()
    entry = r"^(\S+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$"
    hashed = {canonical(name): version for name, version, _ in re.findall(entry, text, re.M)}
    assert text.count("==") == len(hashed) and hashed.items() <= PINNED.items()
    installed = ranges([*PROJECT["dependencies"], *EXTRAS["book"], *EXTRAS["test"]])
    assert {*installed, "ruff", "setuptools"} - set(hashed) == {"torch"}
