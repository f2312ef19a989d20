"""Find each upstream file (package, cache, mirror, web), verify it, open it as a table.

The only module that touches the network.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import importlib.util
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import pandas as pd

from ..core import cache, paths
from ..core.errors import BadInput, unknown
from ..core.specs import FileSpec, SourceSpec
from . import vectors
from .readers import READERS


class Missing(BadInput):
    """A file that is not to be had here; what does not need it goes on."""


_may_download: ContextVar[bool] = ContextVar("may_download", default=True)


@contextmanager
def only_at_hand() -> Iterator[None]:
    """Within this context nothing is downloaded: a file that is not here is ``Missing``."""
    token = _may_download.set(False)
    try:
        yield
    finally:
        _may_download.reset(token)


def locate(source: SourceSpec, name: str, *, download: bool = True) -> Path:
    """Path of one file of a source, its SHA-256 checked.

    Looks inside the installed package, then in the download cache, then in the mirror folders (with or without
    ``.gz``), then on the web.

    Raises: Missing: the file is nowhere to be had, or is not the declared release.
    """
    if name not in source.files:
        raise unknown("file", name, source.files, where=f"source '{source.id}'")
    spec = source.files[name]
    path = _in_package(source, spec) if spec.package else _outside(source, spec, download=download)
    seen = digest(path)
    if seen in spec.stand_ins:
        return path
    if seen != (spec.sha256 or _recorded(path, seen)):
        raise Missing(
            f"source '{source.id}': {path} is not the declared release {source.release} (its sha256 "
            f"{seen[:12]}… is another); install the pinned versions with 'pip install -c constraints.txt -e .'"
            + ("." if spec.package else ", or delete that file and run 'genebench fetch' again.")
        )
    return path


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and SHA-256 of a folder's files; computed once while they stay as they are."""
    held = sorted(path.iterdir()) if path.is_dir() else [path]
    return _digest(str(path), tuple((p.name, p.stat().st_mtime_ns) for p in held))


@lru_cache
def _digest(path: str, held: tuple[tuple[str, int], ...]) -> str:
    if not Path(path).is_dir():
        return cache.digest(Path(path))
    lines = "".join(f"{name} {cache.digest(Path(path) / name)}\n" for name, _ in held)
    return hashlib.sha256(lines.encode()).hexdigest()


def _recorded(path: Path, seen: str) -> str:
    """The SHA-256 noted when an undeclared file was first used; noted now if it never was."""
    lock = path.with_name(path.name + ".sha256")
    if not lock.exists():
        with cache.atomic(lock) as temporary:
            temporary.write_text(seen)
    return lock.read_text().strip()


def stand_in(source: SourceSpec, name: str) -> str:
    """What differs from the official file in the one at hand; an empty string if it is the official one."""
    return source.files[name].stand_ins.get(digest(locate(source, name)), "")


def package_folder(package: str) -> Path | None:
    """Folder of an installed package, found without importing it; None where it is not installed."""
    found = importlib.util.find_spec(package)
    return (
        Path(found.submodule_search_locations[0])
        if found and found.submodule_search_locations
        else None
    )


@lru_cache
def package_version(package: str) -> str | None:
    """Version of the distribution of that name; None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _in_package(source: SourceSpec, spec: FileSpec) -> Path:
    folder = package_folder(spec.package)
    if folder is None or not (folder / spec.path).exists():
        raise Missing(
            f"source '{source.id}': {spec.path} comes with the package '{spec.package}', which is not installed as "
            f"pinned; run 'pip install -c constraints.txt -e .'."
        )
    return folder / spec.path


def _outside(source: SourceSpec, spec: FileSpec, *, download: bool) -> Path:
    kept = paths.DOWNLOADS / spec.path
    if kept.exists():
        return kept
    refused = ""
    for mirror in paths.mirrors():
        for found in (mirror / spec.path, mirror / (spec.path + ".gz")):
            if found.exists():
                fault = _copy(found, kept, spec)
                if not fault:
                    return kept
                refused += f" ({found} is there, but {fault})"
    where = f"source '{source.id}': {spec.path} is neither in {paths.DOWNLOADS} nor in a folder of GENEBENCH_MIRROR"
    where += refused
    if not spec.url or not spec.url.startswith("https://"):
        raise Missing(
            f"{where}; {spec.how or 'no https address is declared for it'}, and put it at {kept}."
        )
    if not (download and _may_download.get()):
        raise Missing(f"{where}; run 'genebench fetch {source.id}'.")
    fault = _download(spec.url, kept, spec.sha256)
    if fault:
        raise Missing(f"{where}, and {spec.url} could not be fetched ({fault}); put it at {kept}.")
    return kept


_refused: dict[tuple[str, Path], str] = {}
"""Downloads that failed, with the fault: not asked again by the same process, however many tasks need them."""


def _download(url: str, kept: Path, sha256: str | None) -> str:
    """Fetch a file (unpacked if only its address ends in ``.gz``); returns the fault, or an empty string."""
    import pooch

    if (url, kept) in _refused:
        return _refused[url, kept]
    packed = url.endswith(".gz") and kept.suffix != ".gz"
    known = f"sha256:{sha256}" if sha256 and not packed else None
    begun = kept.with_name(f".{kept.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part")
    try:
        pooch.retrieve(
            url,
            known_hash=known,
            fname=kept.name,
            path=kept.parent,
            downloader=functools.partial(_fetched, begun),
        )
        if packed:
            with (
                cache.atomic(kept) as temporary,
                gzip.open(kept) as stream,
                open(temporary, "wb") as out,
            ):
                for part in iter(lambda: stream.read(_CHUNK), b""):
                    if out.tell() > LARGEST:
                        raise ValueError("too large once unpacked")
                    out.write(part)
    except Exception as err:
        if packed:  # what was not unpacked must not be taken for what was
            kept.unlink(missing_ok=True)
        return _refused.setdefault(
            (url, kept),
            f"{type(err).__name__}: {str(err)[:120]}" if str(err) else type(err).__name__,
        )
    return ""


LARGEST = 50e9
"""Bytes of the largest file that is fetched; what any source declares is below a tenth of it."""
TRIES = 5
"""How often a download is begun or taken up again; the pauses between them are 1, 2, 4 … seconds."""
_CHUNK = 1 << 16
_PROTOCOL = "https://"


def _fetched(begun: Path, url: str, output: str, _: object) -> None:
    """Fetch an address for pooch, which compares the checksum; a download that broke off goes on where it was.

    What has come is kept in ``begun`` across processes. Proxies are those of the environment.
    Raises: ValueError: not https (also after a redirection), or too large. OSError: it broke off ``TRIES`` times.
    """
    import requests

    for attempt in range(1, TRIES + 1):
        try:
            _go_on(url, begun)
            break
        except requests.HTTPError as err:
            if (
                attempt == TRIES
                or err.response.status_code < 500
                and err.response.status_code not in (408, 429)
            ):
                raise
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ):
            if attempt == TRIES:
                raise
        time.sleep(2 ** (attempt - 1))
    shutil.move(begun, output)


def _go_on(url: str, begun: Path) -> None:
    """Fetch what is missing of a file, if its server can go on in the middle; else all of it."""
    import requests

    there = begun.stat().st_size if begun.exists() else 0
    asked = {"Range": f"bytes={there}-"} if there else {}
    with requests.get(
        url, headers={"Accept-Encoding": "identity", **asked}, stream=True, timeout=60
    ) as told:
        if any(not step.url.startswith(_PROTOCOL) for step in (*told.history, told)):
            raise ValueError("it leads to an address that is not https")
        if (
            there and told.status_code == 416
        ):  # what is there is all of it, or of another file: begin anew
            begun.unlink()
            return _go_on(url, begun)
        told.raise_for_status()
        there = there if told.status_code == 206 else 0
        expected = (
            int(told.headers["Content-Length"])
            if told.headers.get("Content-Length", "").isdigit()
            else None
        )
        if there + (expected or 0) > LARGEST:
            raise ValueError(f"it declares {there + expected:,} bytes, too large")
        with open(begun, "ab" if there else "wb") as out:
            for part in told.iter_content(_CHUNK):
                if out.tell() + len(part) > LARGEST:
                    raise ValueError("it is too large")
                out.write(part)
            if expected is not None and out.tell() - there != expected:
                raise requests.ConnectionError("it broke off")


def _copy(found: Path, kept: Path, spec: FileSpec) -> str:
    """Copy (and unpack) a mirror's file if it is the declared one; returns why not, or an empty string."""
    packed = found.suffix == ".gz" and not spec.path.endswith(".gz")
    if found.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".") as temporary:
            shutil.copytree(found, Path(temporary) / kept.name)
            if spec.sha256 and digest(Path(temporary) / kept.name) not in {
                spec.sha256,
                *spec.stand_ins,
            }:
                return "its sha256 is another"
            os.replace(Path(temporary) / kept.name, kept)
        return ""
    try:
        with (
            gzip.open(found) if packed else open(found, "rb") as stream,
            cache.atomic(kept) as temporary,
        ):
            with open(temporary, "wb") as out:
                shutil.copyfileobj(stream, out)
            if spec.sha256 and cache.digest(temporary) not in {spec.sha256, *spec.stand_ins}:
                raise ValueError("its sha256 is another")
    except (OSError, EOFError, zlib.error) as err:
        return f"cannot be unpacked ({err})"
    except ValueError as err:
        return str(err)
    return ""


def table(source: SourceSpec, name: str) -> pd.DataFrame:
    """One file of a source as a data frame; its declared ``format`` says how it is read."""
    return _table(source.id, str(locate(source, name)), source.files[name].model_dump_json()).copy(
        deep=False
    )


@lru_cache(maxsize=8)
def _table(source: str, path: str, spec_json: str) -> pd.DataFrame:
    spec = FileSpec.model_validate_json(spec_json)
    try:
        if spec.format == "vectors":
            ids, matrix = vectors.read_vectors(path, **{"strict": False, **spec.options})
            return pd.DataFrame(matrix, index=pd.Index(ids, name="id"))
        return READERS[spec.format](Path(path), **spec.options)
    except (BadInput, TypeError):
        raise
    except Exception as err:  # every library of a format raises its own
        told = next(iter(str(err).splitlines()), "")[:120] or type(err).__name__
        raise BadInput(
            f"source '{source}': {path} cannot be read as {spec.format} ({told}); "
            f"delete it and run 'genebench fetch {source}'."
        ) from err


def hub_snapshot(
    repository: str, *, revision: str | None, patterns: list[str], download: bool = False
) -> Path | None:
    """Folder of a Hugging Face repository in the local cache, files that match ``patterns`` fetched if ``download``.

    None where nothing of it is cached and nothing may be fetched; the folder may lack files. Its name is the commit.

    Raises: Missing: the download failed, is refused without a click on the licence, or there is no web.
    """
    import huggingface_hub
    from huggingface_hub import errors

    where = f"the weights '{repository}'"
    try:
        return Path(
            huggingface_hub.snapshot_download(
                repository,
                revision=revision,
                allow_patterns=patterns,
                local_files_only=not download,
            )
        )
    except errors.GatedRepoError as err:
        raise Missing(
            f"{where} need a click on their licence: accept it at https://huggingface.co/{repository}, run 'hf auth "
            f"login', and run this again."
        ) from err
    except Exception as err:  # the client raises what its transport raises
        if not download:
            return None
        raise Missing(
            f"{where} could not be fetched ({type(err).__name__}); fetch them where there is a web, put the files into "
            f"a folder '{repository}' below one that GENEBENCH_WEIGHTS names, and run this again."
        ) from err


def status(source: SourceSpec) -> tuple[str, str]:
    """``ready`` or ``missing``, and why (the first file that is not to be had without a download)."""
    try:
        for name in source.files:
            locate(source, name, download=False)
    except BadInput as err:
        return "missing", str(err)
    return "ready", ""
