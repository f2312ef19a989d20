"""Recipe → key → atomic file with a readable sidecar. No domain words.

A recipe is everything that determines an artefact and nothing else. A file is written under a
temporary name in its own folder and moved into place, so that a reader never meets half of one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def key(recipe: Any) -> str:
    """First 16 hex digits of the SHA-256 of the recipe's canonical JSON."""
    text = json.dumps(
        recipe, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def of_names(names: Iterable[str]) -> str:
    """First 16 hex digits of the SHA-256 of names in their order, one a line: a gene universe in a
    recipe."""
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def digest(path: Path) -> str:
    """SHA-256 of a file, as 64 hex digits."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends well, and vanishes
    otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    os.close(handle)
    os.chmod(name, 0o666 & ~_UMASK)
    temporary = Path(name)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _umask()


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically, sorted and indented, so that a diff of it can be read."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def sidecar(path: Path) -> Path:
    """Where the recipe of an artefact is kept."""
    return path.with_suffix(".json")


def store(path: Path, recipe: Any, write: Callable[[Path], None], **facts: Any) -> None:
    """Write an artefact and its sidecar; ``facts`` (timings, counts) are kept beside the recipe,
    outside the key.

    The sidecar carries the artefact's SHA-256 and is written last: an artefact without a matching
    one is not there.
    """
    with atomic(path) as temporary:
        write(temporary)
        sha256 = digest(temporary)
    held = {"recipe": recipe, "sha256": sha256, "facts": facts}
    write_json(sidecar(path), {**held, "seal": _seal(held)})


def _seal(held: dict) -> str:
    """Names what a sidecar says, so that a damaged one is known."""
    return key({name: held[name] for name in ("recipe", "sha256", "facts")})


def facts(path: Path) -> dict[str, Any]:
    """What was noted beside an artefact when it was stored."""
    return json.loads(sidecar(path).read_text(encoding="utf-8"))["facts"]


def state(path: Path) -> str:
    """``ready``, ``absent`` or ``broken`` (artefact and sidecar disagree: truncated, edited, or cut
    off)."""
    if not path.exists():
        return "absent"
    try:
        held = json.loads(sidecar(path).read_text(encoding="utf-8"))
        noted, _, _ = held["sha256"], held["recipe"], held["facts"]
        if held.get("seal", "") not in ("", _seal(held)):  # older ones have none
            return "broken"
    except (OSError, ValueError, KeyError, TypeError):
        return "broken"
    return "ready" if noted == digest(path) else "broken"


def drop(path: Path) -> None:
    """Remove an artefact and its sidecar, or a whole folder of them."""
    if path.is_dir():
        shutil.rmtree(path)
        return
    path.unlink(missing_ok=True)
    sidecar(path).unlink(missing_ok=True)
