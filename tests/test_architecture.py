"""The rules of the house, read from the source with ``ast``."""

import ast
import re
import subprocess
import sys
from importlib.util import resolve_name
from pathlib import Path

import pytest

from benchmarks.size import public

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "genebench"
MODULES = sorted(PACKAGE.rglob("*.py"))
PAGES = sorted((ROOT / "notebooks" / "lib").glob("*.py"))
"""What the book's notebooks call."""

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


def imports(path: Path) -> set[str]:
    """Dotted names that a module imports, anywhere in it; of ``from a import b`` a and a.b."""
    package, found = ".".join(path.relative_to(ROOT).parts[:-1]), set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            found |= {base, *(f"{base}.{a.name}" for a in node.names)}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
    return found


def packages(path: Path) -> set[str]:
    """Packages that a module imports, anywhere in it."""
    return {name.partition(".")[0] for name in imports(path)}


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
    names = [name.split(".") for name in imports(path) if name.startswith("genebench.")]
    others = {name[1] for name in names} & set(ROOMS) - {mine}
    later = [name for name in others if ROOMS[name] >= ROOMS[mine]]
    assert later == [], f"{path.name} imports from {later}, which stand after '{mine}'"


def test_the_reader_of_imports_sees_them():
    names = {"genebench.core.cache", "genebench.stats.metrics", "genebench.probes"}
    assert names <= imports(PACKAGE / "benchmark" / "fit.py")
    assert "requests" in packages(PACKAGE / "data" / "sources.py")


RIGHT = [p for p in MODULES if room(p) in ("stats", "book")]


@pytest.mark.parametrize("path", **named([*RIGHT, *PAGES, *(ROOT / "notebooks").glob("*.py")]))
def test_nothing_right_of_the_waist_can_compute_a_score(path):
    scoring = re.compile(r"genebench\.(probes|benchmark\.(run|splits)|models\.inference)(\.|$)")
    assert [name for name in imports(path) if scoring.match(name)] == []


@pytest.mark.parametrize("path", **named(PAGES))
def test_what_pages_call_computes_no_statistic(path):
    computing = re.compile(r"(scipy|sklearn|torch|genebench\.(stats|models|probes|place)\.)")
    allowed = {"genebench.stats.bootstrap", "genebench.stats.bootstrap.CLUSTERS"}
    assert [name for name in imports(path) - allowed if computing.match(name)] == []


ONLY = {
    "sources.py": "pooch requests urllib urllib3 http httpx socket ftplib aiohttp",
    "limits.py": "pickle cPickle dill cloudpickle joblib shelve marshal",
    "": "benchmarks notebooks tests",
}
"""The one module that may import what touches the network, unpickles, or times and shows us."""


@pytest.mark.parametrize("path", **named(MODULES))
def test_one_module_touches_the_network_and_one_unpickles(path):
    for name, banned in ONLY.items():
        assert path.name == name or not packages(path) & set(banned.split())


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
        banned = "pd.read_pickle eval exec yaml.load yaml.unsafe_load yaml.full_load".split()
        assert called not in banned, f"line {node.lineno}"


def test_the_one_unpickler_refuses_every_global_and_is_the_only_one_used():
    module = tree(PACKAGE / "data" / "limits.py")
    names = {ast.unparse(n) for n in ast.walk(module) if isinstance(n, ast.Attribute)}
    assert {n for n in names if "pickle." in n} == {"pickle.Unpickler"}
    (plain,) = [n for n in ast.walk(module) if isinstance(n, ast.ClassDef)]
    _, only = plain.body
    assert only.name == "find_class" and isinstance(only.body[-1], ast.Raise)


@pytest.mark.parametrize("path", **named([*MODULES, *PAGES]))
def test_a_module_stays_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


@pytest.mark.parametrize("path", **named([*MODULES, *PAGES]))
def test_everything_public_has_a_docstring(path):
    module = tree(path)
    assert ast.get_docstring(module), "the module says nothing"
    assert [node.name for node in public(module) if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("path", **named([*MODULES, *PAGES]))
def test_no_function_takes_more_than_ten_arguments(path):
    most = {"cli": 17, "models": 13}.get(path.parent.name, 10)  # options of commands, encoders
    found = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]
    assert [f.name for f in found if len(f.args.args) + len(f.args.kwonlyargs) > most] == []


BINARY = (".parquet", ".png", ".svg", ".ico", ".safetensors", ".npz")


def files() -> list[Path]:
    """Text files that git holds or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    listed = [ROOT / line for line in done.stdout.splitlines()]
    return [p for p in listed if p.is_file() and p.suffix not in BINARY]


def test_no_file_names_a_folder_of_one_machine():
    folders = "|".join(["work", "tmp", "home", "root", "Users", "mnt"])
    pattern = re.compile(rf"(?<![\w.~/}}>)-])/(?:{folders})(?:/|\b)")
    texts = {p: p.read_text(encoding="utf-8") for p in files()}
    assert len(texts) > 20
    assert [(p, m[0]) for p, text in texts.items() for m in pattern.finditer(text)] == []


def test_paths_are_spelled_in_one_module():
    assert [p.name for p in MODULES if '".cache"' in p.read_text()] == ["paths.py"]


def test_what_a_page_imports_is_light():
    """Every page of the book starts a kernel: what only some of them need is loaded where it is
    needed."""
    names = ", ".join(p.stem for p in PAGES if p.stem != "__init__")
    script = f"from notebooks.lib import {names}; import sys; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", script], text=True, cwd=ROOT)
    assert not {"seaborn", "scipy.stats", "sklearn", "torch", "numba"} & set(loaded.split())


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "book/add.md"])
def test_files_named_for_contributors_exist(page):
    named = set(re.findall(r"`([a-z_]+/[\w./]*?(?:\.\w+|/))`", (ROOT / page).read_text()))
    assert named
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "genebench" / name).exists(), name
