"""The rules of the house, read from the source with ``ast``."""

import ast
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from genebench.core import imports as core_imports

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "genebench"
MODULES = sorted(PACKAGE.rglob("*.py"))
PAGES = sorted((ROOT / "notebooks" / "lib").glob("*.py"))
"""What the book's notebooks call."""

ORDER = "core, data, models probes stats, benchmark, place spectra, glm, book, cli".split(", ")
"""Rows of rooms of the package; imports point to rows before, never to the same row or after."""
ROOMS = {room: row for row, rooms in enumerate(ORDER) for room in rooms.split()}
LARGEST_FOLDER = 18


def room(path):
    """The room of a module; empty for those at the top of the package."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


@cache
def tree(path):
    """A module, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path):
    """Dotted names that a module imports, anywhere in it; of ``from a import b`` a and a.b."""
    return core_imports.imports(path, ".".join(path.relative_to(ROOT).parts[:-1]))


def test_every_module_is_short_and_in_a_room_that_is_not_crowded():
    assert {room(p) for p in MODULES} == {"", *ROOMS}
    number = Counter(p.parent.name for p in MODULES)
    assert {folder: n for folder, n in number.items() if n > LARGEST_FOLDER} == {}
    assert [p for p in (*MODULES, *PAGES) if len(p.read_bytes().splitlines()) > 450] == []


def test_imports_point_one_way():
    for path in MODULES:
        others = {name.split(".")[1] for name in imports(path) if name.startswith("genebench.")}
        mine = ROOMS.get(room(path), len(ORDER))
        later = [r for r in others & set(ROOMS) - {room(path)} if ROOMS[r] >= mine]
        assert later == [], f"{path} imports from {later}, which stand after it"


def test_nothing_right_of_the_waist_can_compute_a_score():
    scoring = re.compile(r"genebench\.(probes|benchmark\.(run|splits)|models\.inference)(\.|$)")
    right = [p for p in MODULES if room(p) in ("stats", "book")]
    shows = (p for p in (ROOT / "notebooks").glob("*.py") if not p.stem.startswith("learn_"))
    right += [*PAGES, *shows]  # pages that teach compute what they explain
    assert [(p, n) for p in right for n in imports(p) if scoring.match(n)] == []
    computing = re.compile(r"(scipy|sklearn|torch|genebench\.(stats|models|probes|place)\.)")
    allowed = {"genebench.stats.bootstrap", "genebench.stats.bootstrap.CLUSTERS"}
    found = [(p, n) for p in PAGES for n in imports(p) - allowed if computing.match(n)]
    assert found == [], "what pages call computes a statistic"


ONLY = {
    "sources.py": "pooch requests urllib urllib3 http httpx socket ftplib aiohttp",
    "limits.py": "pickle cPickle dill cloudpickle joblib shelve marshal",
    "": "benchmarks notebooks tests",
}
"""The one module that may import what touches the network, unpickles, or times and shows us."""


def test_one_module_touches_the_network_and_one_unpickles():
    assert "requests" in imports(PACKAGE / "data" / "sources.py")
    for path in MODULES:
        packages = {name.partition(".")[0] for name in imports(path)}
        for name, banned in ONLY.items():
            assert path.name == name or not packages & set(banned.split()), path


def test_no_call_runs_what_a_file_says():
    banned = "pd.read_pickle eval exec yaml.load yaml.unsafe_load yaml.full_load".split()
    safe = {"torch.load": ("weights_only", "True"), "np.load": ("allow_pickle", "False")}
    for path in MODULES:
        for node in (n for n in ast.walk(tree(path)) if isinstance(n, ast.Call)):
            called = ast.unparse(node.func)
            given = {k.arg: ast.unparse(k.value) for k in node.keywords}
            key, value = safe.get(called, ("", ""))
            unsafe = given.get(key, "False") != value if key else called in banned
            assert not unsafe, f"{path}, line {node.lineno}"


def test_the_one_unpickler_refuses_every_global_and_is_the_only_one_used():
    module = tree(PACKAGE / "data" / "limits.py")
    names = {ast.unparse(n) for n in ast.walk(module) if isinstance(n, ast.Attribute)}
    assert {n for n in names if "pickle." in n} == {"pickle.Unpickler"}
    (plain,) = [n for n in ast.walk(module) if isinstance(n, ast.ClassDef)]
    _, only = plain.body
    assert only.name == "find_class" and isinstance(only.body[-1], ast.Raise)


BINARY = (".parquet", ".png", ".svg", ".ico", ".safetensors", ".npz")


def files():
    """Text files that git holds or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    listed = [ROOT / line for line in done.stdout.splitlines()]
    return [p for p in listed if p.is_file() and p.suffix not in BINARY]


def test_no_file_names_a_folder_of_one_machine():
    pattern = re.compile(r"(?<![\w.~/}>)-])/(?:work|tmp|home|root|Users|mnt)(?:/|\b)")
    texts = {p: p.read_text(encoding="utf-8") for p in files()}
    assert len(texts) > 20
    assert [(p, m[0]) for p, text in texts.items() for m in pattern.finditer(text)] == []


def test_what_a_page_imports_is_light():
    """Every page of the book starts a kernel: what only some of them need is loaded where it is
    needed."""
    names = ", ".join(p.stem for p in PAGES if p.stem != "__init__")
    script = f"from notebooks.lib import {names}; import sys; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", script], text=True, cwd=ROOT)
    assert not {*"seaborn scipy.stats sklearn torch numba".split()} & set(loaded.split())


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "book/add.md"])
def test_files_named_for_contributors_exist(page):
    named = set(re.findall(r"`([a-z_]+/[\w./]*?(?:\.\w+|/))`", (ROOT / page).read_text()))
    assert named
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "genebench" / name).exists(), name
