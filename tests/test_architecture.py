"""The rules of the house, read from the source with ``ast``."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "genebench"
MODULES = sorted(PACKAGE.rglob("*.py"))

ORDER = [
    ["core"],
    ["data"],
    ["models", "probes", "stats"],
    ["benchmark"],
    ["place", "spectra"],
    ["glm"],
    ["book"],
    ["cli"],
]
"""Rooms of the package; imports point to rows above, never to the same row or below."""
ROOMS = {room: row for row, rooms in enumerate(ORDER) for room in rooms}
LARGEST_FOLDER = 18


def room(path: Path) -> str:
    """The room of a module; empty for those at the top of the package."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def tree(path: Path) -> ast.Module:
    """A module, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


def inner_imports(path: Path) -> set[str]:
    """Modules of the package that a module imports, anywhere in it, as "room.module" (or "room"
    alone)."""
    here = path.relative_to(PACKAGE).parts[:-1]
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            base = tuple(filter(None, (node.module or "").split(".")))
            if node.level:
                base = (*here[: len(here) - node.level + 1], *base)
            elif base[0] == "genebench":
                base = base[1:]
            else:
                continue
            found |= {".".join([*base, a.name][:2]) for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {
                a.name.split(".", 1)[1] for a in node.names if a.name.startswith("genebench.")
            }
    return found


def outer_imports(path: Path) -> set[str]:
    """Top-level modules from elsewhere that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[0] for a in node.names}
    return found


def named(paths: list[Path]) -> dict:
    """Options of ``parametrize`` that name each module."""
    return {"argvalues": paths, "ids": [str(p.relative_to(ROOT)) for p in paths]}


def test_every_module_is_in_a_room():
    assert {room(p) for p in MODULES} - {""} == set(ROOMS)
    assert {p.name for p in MODULES if not room(p)} == {"__init__.py", "__main__.py"}


def test_no_folder_is_crowded():
    folders = {p.parent for p in MODULES}
    crowded = {f.name: n for f in folders if (n := len(list(f.glob("*.py")))) > LARGEST_FOLDER}
    assert crowded == {}


@pytest.mark.parametrize("path", **named([p for p in MODULES if room(p)]))
def test_imports_point_one_way(path):
    mine = room(path)
    others = {name.split(".")[0] for name in inner_imports(path)} & set(ROOMS) - {mine}
    later = [name for name in others if ROOMS[name] >= ROOMS[mine]]
    assert later == [], f"{path.name} imports from {later}, which stand after '{mine}'"


def test_nothing_in_the_package_imports_what_times_or_shows_it():
    for path in MODULES:
        assert not outer_imports(path) & {"benchmarks", "notebooks", "tests"}, path


def test_the_reader_of_imports_sees_them():
    assert {"core.cache", "stats.metrics", "probes"} <= inner_imports(
        PACKAGE / "benchmark" / "fit.py"
    )
    assert "requests" in outer_imports(PACKAGE / "data" / "sources.py")


RIGHT = ["stats", "book"]


@pytest.mark.parametrize("path", **named([p for p in MODULES if room(p) in RIGHT]))
def test_nothing_right_of_the_waist_can_compute_a_score(path):
    forbidden = {"probes", "benchmark.run", "models.inference", "benchmark.splits"}
    assert not {
        name for name in inner_imports(path) if name in forbidden or name.startswith("probes.")
    }


@pytest.mark.parametrize("path", **named(MODULES))
def test_only_sources_touches_the_network(path):
    web = outer_imports(path) & {
        "pooch",
        "requests",
        "urllib",
        "urllib3",
        "http",
        "httpx",
        "socket",
        "ftplib",
        "aiohttp",
    }
    assert not web or path.name == "sources.py"


@pytest.mark.parametrize("path", **named([p for p in MODULES if p.name != "limits.py"]))
def test_nothing_is_unpickled(path):
    assert not outer_imports(path) & {
        "pickle",
        "cPickle",
        "dill",
        "cloudpickle",
        "joblib",
        "shelve",
        "marshal",
    }


@pytest.mark.parametrize("path", **named(MODULES))
def test_no_call_runs_what_a_file_says(path):
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call):
            continue
        called, given = ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords}
        if called == "torch.load":
            assert given.get("weights_only") == "True", f"line {node.lineno}"
        if called == "np.load":
            assert given.get("allow_pickle", "False") == "False", f"line {node.lineno}"
        if called == "yaml.load":
            assert "_Loader" in ast.unparse(node), f"line {node.lineno}"
        assert called not in (
            "pd.read_pickle",
            "eval",
            "exec",
            "yaml.unsafe_load",
            "yaml.full_load",
        ), f"line {node.lineno}"


def test_the_one_unpickler_refuses_every_global_and_is_the_only_one_used():
    module = tree(PACKAGE / "data" / "limits.py")
    used = {
        ast.unparse(n)
        for n in ast.walk(module)
        if isinstance(n, ast.Attribute) and "pickle." in ast.unparse(n)
    }
    assert used == {"pickle.Unpickler"}
    (plain,) = [n for n in ast.walk(module) if isinstance(n, ast.ClassDef)]
    _, only = plain.body
    assert only.name == "find_class" and isinstance(only.body[-1], ast.Raise)


@pytest.mark.parametrize("path", **named(MODULES))
def test_a_module_stays_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


def public(node: ast.AST, prefix: str = ""):
    """Public functions, classes and methods of a module or class, with their names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(
            child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ) and not child.name.startswith("_"):
            yield f"{prefix}{child.name}", child
            if isinstance(child, ast.ClassDef):
                yield from public(child, f"{child.name}.")


@pytest.mark.parametrize("path", **named(MODULES))
def test_everything_public_has_a_docstring(path):
    module = tree(path)
    assert ast.get_docstring(module), "the module says nothing"
    assert [name for name, node in public(module) if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("path", **named(MODULES))
def test_no_function_takes_more_than_ten_arguments(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            most = 13 if room(path) in ("cli", "models") else 10  # options of commands, encoders
            assert len(node.args.args) + len(node.args.kwonlyargs) <= most, (
                f"{node.name}, line {node.lineno}"
            )


BINARY = (".parquet", ".png", ".svg", ".ico", ".safetensors", ".npz")


def files() -> list[Path]:
    """Text files that git holds or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if told.returncode:
        pytest.skip("not a git checkout")
    held = [ROOT / line for line in told.stdout.splitlines()]
    return [p for p in held if p.is_file() and p.suffix not in BINARY]


def test_no_file_names_a_folder_of_one_machine():
    folders = "|".join(["work", "tmp", "home", "root", "Users", "mnt"])
    pattern = re.compile(rf"(?<![\w.~/}}>)-])/(?:{folders})(?:/|\b)")
    held = files()
    found = [
        f"{p.relative_to(ROOT)}:{number}"
        for p in held
        for number, line in enumerate(p.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert len(held) > 20 and found == []


def test_paths_are_spelled_in_one_module():
    for path in MODULES:
        if path.name != "paths.py":
            assert ".cache" not in re.findall(r'"([^"\n]*)"', path.read_text(encoding="utf-8")), (
                path.name
            )


def test_what_a_page_imports_is_light():
    """Every page of the book starts a kernel: what only some of them need is loaded where it is
    needed."""
    wanted = (
        "answers cards charts claims figures genes glm glm_figures markdown show "
        "speed spectra spectra_figures spectra_words tables tiers"
    )
    script = (
        f"import sys; from genebench.book import {', '.join(wanted.split())}; print(*sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not {"seaborn", "scipy.stats", "sklearn", "torch", "numba"} & set(told.stdout.split())


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "book/add.md"])
def test_files_named_for_contributors_exist(page):
    named = set(re.findall(r"`([a-z_]+/[\w./]*?(?:\.\w+|/))`", (ROOT / page).read_text()))
    assert named
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "genebench" / name).exists(), name
