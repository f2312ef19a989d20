"""YAML files to declarations: read safely, checked, one sentence a fault with file and line."""

import os
import reprlib
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from .errors import BadInput, unknown

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where libyaml is there
_MOST = 1_000_000
"""Values that a declaration may hold, repetitions counted; ours hold some thousands."""


class Spec(BaseModel):
    """A declaration: immutable, and closed to keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _only_known(cls, given):
        for key in given if isinstance(given, dict) else ():
            if key not in cls.model_fields:  # before a key is missed: it may be this one
                why = unknown("key", str(key), cls.model_fields)
                raise PydanticCustomError("extra_forbidden", "{why}", {"why": str(why), "key": key})
        return given


def _size(node, known):
    """Values a node stands for once every alias is written out; refuses a duplicate key.

    Ten lines of aliases can stand for a billion values. ``known``: nodes counted before.
    """
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = _MOST  # where it holds itself
    inner = node.value if isinstance(node, yaml.CollectionNode) else ()
    if isinstance(node, yaml.MappingNode):
        first: dict[str, yaml.Node] = {}
        for key, _ in inner:
            if first.setdefault(str(key.value), key) is not key:
                fault = f"duplicate key '{key.value}'"
                raise yaml.MarkedYAMLError(problem=fault, problem_mark=key.start_mark)
        inner = chain(*inner)
    known[id(node)] = 1 + sum(_size(part, known) for part in inner)
    return known[id(node)]


def read_yaml(path):
    """Parse a YAML file safely.

    Parameters
    ----------
    path : Path

    Returns
    -------
    object
        Plain values.

    Raises
    ------
    BadInput
        No such file, or malformed YAML.
    """
    mark, why = None, f"its aliases stand for more than {_MOST:,} values"
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        if node is None or _size(node, {}) <= _MOST:
            return node and loader.construct_document(node)
    except FileNotFoundError:
        fault = "no such file; run this from a clone of the project, or set GENEBENCH_HOME to one."
        raise BadInput(f"{path}: {fault}") from None
    except yaml.MarkedYAMLError as err:
        mark, why = err.problem_mark or err.context_mark, err.problem
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as err:
        why = str(err)[:80]
    line = f":{mark.line + 1}" if mark else ""
    raise BadInput(f"{path}{line}: malformed YAML, {why}; fix that value.")


def build(kind, raw, path, *at):
    """Turn plain values into declarations.

    Parameters
    ----------
    kind : type
        A ``Spec``, or a list or dict of them.
    raw : object
        Of ``read_yaml``.
    path : Path
        The file, for messages.
    *at : str
        Keys under which ``raw`` stands in it.

    Returns
    -------
    object of ``kind``

    Raises
    ------
    BadInput
        Says which key of which line is wrong and why; of an unknown key, the nearest known one.
    """
    try:
        return TypeAdapter(kind).validate_python(raw)
    except ValidationError as err:
        fault = err.errors()[0]
    if fault["type"] in ("model_type", "dict_type"):
        fault["msg"] = f"{reprlib.repr(fault['input'])} where a mapping of names to values belongs"
    steps, why = [*at, *fault["loc"]], f"{fault['msg'].lower()}; fix that value."
    if fault["type"] == "extra_forbidden":
        steps, why = [*steps, fault["ctx"]["key"]], fault["msg"]
    where = f": key '{'.'.join(map(str, steps))}'" if steps else ""
    raise BadInput(f"{path}{_line(path, steps)}{where}: {why}")


def _line(path, steps):
    """``:line`` of the last key that is there, of those that lead to a value; else nothing."""
    line = ""
    if not os.path.exists(path):
        return line
    with open(path, encoding="utf-8") as stream:
        node = yaml.compose(stream, _Loader)
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            inner = {key.value: (key, value) for key, value in node.value}
        else:
            inner = dict(enumerate(zip(node.value, node.value)))
        if step not in inner:
            break
        key, node = inner[step]
        line = f":{key.start_mark.line + 1}"
    return line


def entries(kind, path, top):
    """Read the mapping under a key of a file as declarations by name.

    Parameters
    ----------
    kind : type
        Has a field ``name``, which is an entry's key.
    path : Path
    top : str

    Returns
    -------
    dict of str to ``kind``
        In the order of the file.
    """
    raw = under(path, top, dict)
    for name, entry in raw.items():
        if isinstance(entry, dict):
            if "name" in entry:
                raise BadInput(
                    f"{path}{_line(path, [top, name, 'name'])}: '{name}' has a key 'name'; an "
                    "entry is named by its own key, so drop it."
                )
            raw[name] = {"name": name, **entry}
    return {spec.name: spec for spec in build(dict[str, kind], raw, path, top).values()}


def under(path: Path, top: str, kind: type) -> Any:
    """Read what stands under a key of a file: a ``dict``, or a ``list``."""
    raw = read_yaml(path)
    found = raw.get(top) if isinstance(raw, dict) else None
    if not isinstance(found, kind):
        raise BadInput(f"{path}: the key '{top}' is missing or holds no {kind.__name__}; write it.")
    return found
