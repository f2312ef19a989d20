"""What a Python file imports, directly or through modules of this project."""

import ast
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

from . import paths

PROJECT = ("genebench", "benchmarks", "notebooks")
ROOTS = (Path(__file__).resolve().parents[2], paths.ROOT)
"""Folders that the packages of ``PROJECT`` lie in: that of the package, then that of the pages."""

_PARTS = ("body", "orelse", "finalbody", "handlers", "cases")
"""Where the statements of a statement are."""


def imports(path, package=""):
    """What a Python file imports, anywhere in it.

    Parameters
    ----------
    path : Path
    package : str
        Dotted name of its package, for relative imports.

    Returns
    -------
    frozenset of str
        Dotted names; of ``from a import b`` both ``a`` and ``a.b``.
    """
    found, waiting = set(), [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        for part in _PARTS:  # statements alone: an expression imports nothing
            waiting += getattr(node, part, ())
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return frozenset(found)


@cache
def _below(file):
    """Files that a module imports; those of the packages stay as they are while a command runs."""
    root = next(root for root in ROOTS if file.is_relative_to(root))
    names = imports(file, ".".join(file.parent.relative_to(root).parts))
    files = {f for name in names for f in _files_of(name)}
    if file.name == "__init__.py" and "importlib" in names:
        files |= set(file.parent.glob("*.py"))
    return files


def modules(path):
    """Modules of this project that a file imports, directly or through others.

    Parameters
    ----------
    path : Path
        A notebook or module.

    Returns
    -------
    set of Path
        With the packages around them; one that imports its modules by name counts as a whole.
    """
    found = waiting = {f for name in imports(path) for f in _files_of(name)}
    while waiting:
        waiting = {f for file in waiting for f in _below(file)} - found
        found = found | waiting
    return found


@cache
def _files_of(name):
    """A module of this project and the packages around it, of a dotted name; else nothing."""
    parts = name.split(".")
    if parts[0] not in PROJECT:
        return []
    for at in (root.joinpath(*parts) for root in ROOTS):
        packages = [folder / "__init__.py" for folder in (at, *at.parents[: len(parts) - 1])]
        if files := [file for file in (at.with_suffix(".py"), *packages) if file.exists()]:
            return files
    return []
