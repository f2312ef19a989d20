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

ORDER = """
    __init__ errors paths yamls specs cache progress workers cluster declared pickles readers spreadsheet delimited
    vectors sources weights genes families alignment homology genome labels members expression shapes tasks splits cuts
    encoders embed metrics probes predictions results cells manifest stats bootstrap tiers boards intervals
    efficiency spectra run costs own reproduction own_model leaks rivals card place perf_embed perf_probe
    perf_cluster glm perf_spectra figures tables measured comparisons exposure claims spectrum genomic genomic_real
    genomic_transfer catalogue page standings genepages modelcards publish notebooks console __main__
""".split()
"""Imports point to the left only."""


def concept(path: Path) -> str:
    """Name of a module in ``ORDER``; all encoders are one."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def tree(path: Path) -> ast.Module:
    """A module, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


def inner_imports(path: Path) -> set[str]:
    """Concepts of the package that a module imports, anywhere in it."""
    depth = len(path.relative_to(PACKAGE).parts)
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            base = (node.module or "").split(".")
            if node.level == 0 and base[0] == "genebench":
                found |= {base[1]} if len(base) > 1 else {a.name for a in node.names}
            elif node.level == depth:  # relative to the package itself
                found |= {base[0]} if node.module else {a.name for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("genebench.")}
    return found & set(ORDER)


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


def test_every_module_has_its_place_in_the_order():
    assert {concept(p) for p in MODULES} <= set(ORDER)


@pytest.mark.parametrize("path", **named(MODULES))
def test_imports_point_one_way(path):
    place = ORDER.index(concept(path))
    later = [name for name in inner_imports(path) if ORDER.index(name) > place]
    assert later == [], f"{path.name} imports {later}, which stand after it"


def test_the_reader_of_imports_sees_them():
    assert {"cache", "embed", "encoders", "specs", "tasks", "errors"} <= inner_imports(PACKAGE / "run.py")
    assert {"specs", "sources", "families"} <= inner_imports(PACKAGE / "encoders" / "baseline.py")
    assert "pooch" in outer_imports(PACKAGE / "sources.py")


RIGHT = ["figures", "tables", "comparisons", "results", "stats", "bootstrap", "tiers", "rivals", "card", "page"]


@pytest.mark.parametrize("name", RIGHT)
def test_nothing_right_of_the_waist_can_compute_a_score(name):
    assert not inner_imports(PACKAGE / f"{name}.py") & {"run", "probes", "embed", "splits"}


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


@pytest.mark.parametrize("path", **named([p for p in MODULES if p.name != "pickles.py"]))
def test_nothing_is_unpickled(path):
    assert not outer_imports(path) & {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


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
        assert called not in ("pd.read_pickle", "eval", "exec", "yaml.unsafe_load", "yaml.full_load"), (
            f"line {node.lineno}"
        )


def test_the_one_unpickler_refuses_every_global_and_is_the_only_one_used():
    module = tree(PACKAGE / "pickles.py")
    used = {ast.unparse(n) for n in ast.walk(module) if isinstance(n, ast.Attribute) and "pickle." in ast.unparse(n)}
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
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not child.name.startswith("_"):
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
            options = [d.id for d in node.decorator_list if isinstance(d, ast.Name)] == ["command"]  # of a command line
            most = 12 if options else 10
            assert len(node.args.args) + len(node.args.kwonlyargs) <= most, f"{node.name}, line {node.lineno}"


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
            assert ".cache" not in re.findall(r'"([^"\n]*)"', path.read_text(encoding="utf-8")), path.name


def test_what_a_page_imports_is_light():
    """Every page of the book starts a kernel: what only some of them need is loaded where it is needed."""
    notebooks = sorted((ROOT / "notebooks").glob("*.py"))
    wanted = {a.name for p in notebooks for node in ast.walk(tree(p)) if isinstance(node, ast.ImportFrom)
              and node.module == "genebench" for a in node.names}  # fmt: skip
    assert {"page", "comparisons", "tables", "figures"} <= wanted
    wanted -= {"genepages", "perf_probe", "costs"}  # one page each
    script = f"import sys; from genebench import {', '.join(sorted(wanted))}; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"seaborn", "scipy.stats", "sklearn", "torch", "numba"} & set(told.stdout.split())
