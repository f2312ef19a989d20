"""YAML files → plain values that remember their lines; safe, and one sentence for each fault."""

from __future__ import annotations

import binascii
from pathlib import Path
from typing import Any

import yaml

from .errors import BadInput


class Marked(dict):
    """A mapping that remembers the line of each of its keys, and under the empty key its own first line."""

    lines: dict[str, int]


class _Loader(yaml.SafeLoader):
    """Reads plain values only. What aliases repeat is counted: ten lines of them can stand for a billion values."""

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
    """How many values a node stands for once every alias is written out; ``known`` from those already counted."""
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
    """Parse a YAML file safely; a fault is one sentence with file and line."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError:
        raise BadInput(
            f"{path}: no such file; run this from a clone of the project, or set GENEBENCH_HOME to one."
        )
    except UnicodeDecodeError as err:
        raise BadInput(
            f"{path}: not UTF-8 text ({err.reason} at byte {err.start}); save it as UTF-8."
        )
    except yaml.reader.ReaderError as err:
        raise BadInput(
            f"{path}: malformed YAML, {err.reason} at character {err.position}; remove that character."
        )
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise BadInput(f"{path}{line}: malformed YAML, {err.problem}; mend that line.") from None
    except (ValueError, OverflowError, RecursionError, binascii.Error) as err:
        raise BadInput(f"{path}: malformed YAML, {str(err)[:80]}; mend that value.") from None
