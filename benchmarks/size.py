"""Size of the source, room by room: ``python benchmarks/size.py [--json] [ROOT]``.

Tokens are those of Python's ``tokenize`` without comments and layout, so that nobody gains by
packing lines. A line of a body counts where it holds code. Needs nothing but the standard library.
"""

from __future__ import annotations

import ast
import json
import statistics
import sys
import tokenize
from collections import defaultdict
from pathlib import Path

LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def tokens(path: Path) -> int:
    """Number of tokens of a file that are neither comment nor layout."""
    with path.open("rb") as stream:
        return sum(t.type not in LAYOUT for t in tokenize.tokenize(stream.readline))


def quantile(values: list[float], share: float) -> float:
    """Nearest-rank quantile of some values; 0 where there are none."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0


def is_docstring(node: ast.AST) -> bool:
    """Whether a statement is a bare string."""
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)


def functions(tree: ast.Module) -> list[tuple[int, int]]:
    """(lines, AST nodes) of the body of each function, docstrings left out."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = [statement for statement in node.body if not is_docstring(statement)]
            if body:
                lines = body[-1].end_lineno - body[0].lineno + 1
                nodes = sum(1 for statement in body for _ in ast.walk(statement))
                found.append((lines, nodes))
    return found


def public(node: ast.AST):
    """Public functions, classes and methods of a module or class."""
    for child in ast.iter_child_nodes(node):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        if isinstance(child, kinds) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from public(child)


def measure(files: list[Path]) -> dict[str, float]:
    """Figures of some files together."""
    trees = [ast.parse(p.read_text(encoding="utf-8")) for p in files]
    bodies = [pair for tree in trees for pair in functions(tree)]
    docstrings = [ast.get_docstring(node) for tree in trees for node in public(tree)]
    lines = [len(p.read_text(encoding="utf-8").splitlines()) for p in files]
    text = [line.strip() for p in files for line in p.read_text(encoding="utf-8").splitlines()]
    folders = defaultdict(int)
    for p in files:
        folders[p.parent] += 1
    written = [len(d.splitlines()) for d in docstrings if d]
    return {
        "tokens": sum(map(tokens, files)),
        "modules": len(files),
        "largest_folder": max(folders.values(), default=0),
        "lines": sum(lines),
        "module_median": statistics.median(lines) if lines else 0,
        "module_p90": quantile(lines, 0.9),
        "function_median": statistics.median([n for n, _ in bodies]) if bodies else 0,
        "function_p90": quantile([n for n, _ in bodies], 0.9),
        "nodes_per_line": sum(nodes for _, nodes in bodies) / max(1, sum(n for n, _ in bodies)),
        "public": len(docstrings),
        "documented": len(written) / max(1, len(docstrings)),
        "docstring_median": statistics.median(written) if written else 0,
        "comment_lines": sum(t.startswith("#") for t in text) / max(1, len(text)),
    }


def rooms(root: Path) -> dict[str, list[Path]]:
    """Files of each room of the package, of the package, and of what stands beside it."""
    found = {}
    package = sorted((root / "genebench").rglob("*.py"))
    for path in package:
        inside = path.relative_to(root / "genebench").parts
        found.setdefault(inside[0] if len(inside) > 1 else "(top)", []).append(path)
    found["package"] = package
    for name in ("tests", "benchmarks", "notebooks"):
        found[name] = sorted((root / name).rglob("*.py"))
    return {name: files for name, files in found.items() if files}


def main(arguments: list[str]) -> None:
    """Print the table, or JSON of it."""
    folders = [a for a in arguments if not a.startswith("-")]
    root = Path(folders[0]) if folders else Path(__file__).resolve().parents[1]
    table = {name: measure(files) for name, files in rooms(root).items()}
    if "--json" in arguments:
        print(json.dumps(table, indent=1))
        return
    columns = list(next(iter(table.values())))
    print(f"{'room':<12}" + "".join(f"{c.replace('_', ' '):>17}" for c in columns))
    for name, row in table.items():
        print(f"{name:<12}" + "".join(f"{_text(row[c]):>17}" for c in columns))


def _text(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


if __name__ == "__main__":
    main(sys.argv[1:])
