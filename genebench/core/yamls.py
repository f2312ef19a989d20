"""YAML files to declarations.

Read safely, checked, and one sentence for each fault with file and line.
"""

from __future__ import annotations

import binascii
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from .errors import BadInput, unknown

Model = TypeVar("Model", bound=BaseModel)


class Marked(dict):
    """A mapping that remembers the line of each key (under the empty key: its own)."""

    lines: dict[str, int]


class _Loader(yaml.SafeLoader):
    """Reads plain values only. What aliases repeat is counted.

    Ten lines of them can stand for a billion values.
    """

    def get_single_node(self):
        node = super().get_single_node()
        if node is not None and _nodes(node, {}) > _MOST:
            raise yaml.constructor.ConstructorError(
                None, None, f"its aliases stand for more than {_MOST:,} values", node.start_mark
            )
        return node


_MOST = 1_000_000
"""Values that a declaration may hold, repetitions counted; ours hold some thousands."""


def _nodes(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for once every alias is written out.

    ``known`` from those already counted.
    """
    if id(node) not in known:
        known[id(node)] = _MOST  # where it holds itself
        inner = node.value if isinstance(node, yaml.CollectionNode) else ()
        parts = [part for item in inner for part in (item if isinstance(item, tuple) else (item,))]
        known[id(node)] = 1 + sum(_nodes(part, known) for part in parts)
    return known[id(node)]


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Marked:
    out = Marked()
    out.lines = {}
    out.lines[""] = node.start_mark.line + 1
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} is not text", key_node.start_mark
            )
        if key in out:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{key}' stands twice", key_node.start_mark
            )
        out[key] = loader.construct_object(value_node, deep=True)
        out.lines[key] = key_node.start_mark.line + 1
    return out


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> Any:
    """Parse a YAML file safely.

    Parameters
    ----------
    path : Path

    Returns
    -------
    object
        Plain values; mappings are ``Marked``.

    Raises
    ------
    BadInput
        No such file, or malformed YAML.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError:
        fault = "no such file; run this from a clone of the project, or set GENEBENCH_HOME to one."
    except UnicodeDecodeError as err:
        fault = f"not UTF-8 text ({err.reason} at byte {err.start}); save it as UTF-8."
    except yaml.reader.ReaderError as err:
        fault = f"malformed YAML, {err.reason} at character {err.position}; remove that character."
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise BadInput(f"{path}{line}: malformed YAML, {err.problem}; mend that line.") from None
    except (ValueError, OverflowError, RecursionError, binascii.Error) as err:
        fault = f"malformed YAML, {str(err)[:80]}; mend that value."
    raise BadInput(f"{path}: {fault}")


def build(cls: type[Model], raw: Any, path: Path) -> Model:
    """Turn a mapping into a declaration.

    Parameters
    ----------
    cls : type
        A model of pydantic that is closed to unknown keys.
    raw : object
        Of ``read_yaml``.
    path : Path
        The file, for messages.

    Returns
    -------
    object of ``cls``

    Raises
    ------
    BadInput
        Says which key of which line is wrong and why; of an unknown key, the nearest known one.
    """
    if not isinstance(raw, dict):
        keys = ", ".join(cls.model_fields)
        raise BadInput(f"{path}: holds {_what(raw)} where a mapping of {keys} belongs; write it.")
    try:
        return cls.model_validate(raw)
    except ValidationError as err:
        faults = err.errors()
    typos = [f for f in faults if f["type"] == "extra_forbidden"]  # a typo explains what is missing
    first = (typos or faults)[0]
    steps, line, value = list(first["loc"]), 0, raw
    for step in steps:
        lines = getattr(value, "lines", {})
        line = lines.get(step) or lines.get("") or line
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
    where = f"{path}{f':{line}' if line else ''}: key '{'.'.join(map(str, steps))}'"
    if typos:
        kind = cls
        for step in steps[:-1]:
            field = kind.model_fields.get(step) if isinstance(step, str) else None
            inner = getattr(field and field.annotation, "__args__", ())
            models = [a for a in inner if isinstance(a, type) and issubclass(a, BaseModel)]
            kind = models[0] if models else kind
        raise unknown("key", str(steps[-1]), kind.model_fields, where=where)
    raise BadInput(f"{where}: {first['msg'].lower()}; mend that value.")


def entries(cls: type[Model], path: Path, top: str) -> dict[str, Model]:
    """Read the mapping under a key of a file as declarations by name.

    Parameters
    ----------
    cls : type
        Has a field ``name``, which is an entry's key.
    path : Path
    top : str

    Returns
    -------
    dict of str to ``cls``
        In the order of the file.

    Raises
    ------
    BadInput
        A fault, with file and line.
    """
    listed = under(path, top, dict)
    out = {}
    for name, entry in listed.items():
        if not isinstance(entry, dict) or "name" in entry:
            plain = isinstance(entry, dict)
            fault = (
                "has a key 'name', which is its own key above" if plain else f"holds {_what(entry)}"
            )
            line = listed.lines[name]
            raise BadInput(
                f"{path}:{line}: the entry '{name}' {fault}; write a mapping without it."
            )
        marked = Marked(name=name, **entry)
        marked.lines = {**entry.lines, "name": listed.lines[name], "": listed.lines[name]}
        out[name] = build(cls, marked, path)
    return out


def under(path: Path, top: str, kind: type) -> Any:
    """Read what stands under a key of a file.

    Parameters
    ----------
    path : Path
    top : str
    kind : type
        ``dict`` or ``list``.

    Returns
    -------
    object of ``kind``

    Raises
    ------
    BadInput
        The key is missing, or holds something else.
    """
    raw = read_yaml(path)
    if not isinstance(raw, dict) or top not in raw:
        raise BadInput(f"{path}: the key '{top}' is missing; add it.")
    if not isinstance(raw[top], kind):
        belongs = "a mapping of names" if kind is dict else "a list"
        raise BadInput(
            f"{path}: '{top}' holds {_what(raw[top])} where {belongs} belongs; write it."
        )
    return raw[top]


def _what(raw: Any) -> str:
    names = {"NoneType": "nothing", "list": "a list", "str": "text"}
    return names.get(type(raw).__name__, type(raw).__name__)
