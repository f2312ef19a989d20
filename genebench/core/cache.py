"""Recipe → key → atomic file with a readable sidecar. No domain words.

A recipe is everything that determines an artefact and nothing else. A file is written under a
temporary name in its own folder and moved into place, so that a reader never meets half of one.
"""

import hashlib
import json
import os
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def key(recipe):
    """Hash a recipe.

    Parameters
    ----------
    recipe : object
        Plain values; no NaN.

    Returns
    -------
    str
        First 16 hex digits of the SHA-256 of its canonical JSON.
    """
    text = json.dumps(recipe, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return of_names([text])


def of_names(names):
    """Hash names in their order, such as a gene universe, for a recipe.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    str
        First 16 hex digits of the SHA-256 of the names, one a line.
    """
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def digest(path: Path) -> str:
    """SHA-256 of a file, as 64 hex digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def atomic(path):
    """Write a file in one step: a reader never meets half of it.

    Parameters
    ----------
    path : Path

    Yields
    ------
    Path
        A temporary path beside ``path`` that takes its place when the block ends well, and vanishes
        otherwise.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def locked(path):
    """Let one process at a time make a file; others wait until it is there.

    Parameters
    ----------
    path : Path
        Look once more whether it is there, once the lock is yours.
    """
    from filelock import FileLock  # slow to import

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        yield


def write_text(path, text):
    """Write a text file atomically, as UTF-8.

    Parameters
    ----------
    path : Path
    text : str
    """
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path, value):
    """Write JSON atomically, sorted and indented, so that a diff of it can be read.

    Parameters
    ----------
    path : Path
    value : object
        Plain values.
    """
    write_text(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def sidecar(path: Path) -> Path:
    """Path of the recipe of an artefact."""
    return path.with_suffix(".json")


def store(path, recipe, write, **facts):
    """Write an artefact and its sidecar.

    The sidecar has the artefact's SHA-256 and is written last: an artefact without a matching one
    is not there.

    Parameters
    ----------
    path : Path
    recipe : object
        Everything that determines the artefact.
    write : callable
        Writes the artefact to a path.
    **facts
        Timings and counts, noted beside the recipe and outside the key.
    """
    with atomic(path) as temporary:
        write(temporary)
        note = {"recipe": recipe, "sha256": digest(temporary), "facts": facts}
    write_json(sidecar(path), note | {"seal": key(note)})


def _note(path):
    return json.loads(sidecar(path).read_text(encoding="utf-8"))


def facts(path: Path) -> dict[str, Any]:
    """Read what was noted beside an artefact when it was stored."""
    return _note(path)["facts"]


def state(path):
    """Tell whether an artefact can be used.

    Parameters
    ----------
    path : Path

    Returns
    -------
    {"ready", "absent", "broken"}
        Broken: artefact and sidecar disagree (truncated, edited, or cut off).
    """
    if not path.exists():
        return "absent"
    try:
        note = _note(path)
        sealed = note.pop("seal", "") in ("", key(note))  # older ones have none
        return "ready" if sealed and note["sha256"] == digest(path) else "broken"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "broken"
