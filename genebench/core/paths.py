"""Every directory name of the project; nobody else spells one."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from genebench import __version__


def _root():
    """``GENEBENCH_HOME``, the clone, or of an installed wheel a folder of the user's.

    The latter begins as a copy of the declarations and results that the wheel carries.
    """
    if home := os.environ.get("GENEBENCH_HOME"):
        return Path(home)
    package = Path(__file__).resolve().parents[1]
    carried = package / "_project"
    if not carried.is_dir():
        return package.parent
    shared = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    root = Path(shared, "genebench", __version__)
    if not root.exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent) as folder:
            copy = shutil.copytree(carried, Path(folder, root.name))
            with suppress(OSError):  # another process was first
                os.replace(copy, root)
    return root


ROOT = _root()

DATA = ROOT / "data"
SOURCES = DATA / "sources"
LOCK = DATA / "sources.lock"
MODELS = DATA / "models.yml"
PROFILES = DATA / "profiles.yml"
PUBLISHED = DATA / "published.yml"
SPECTRA = DATA / "spectra.yml"
GLM = DATA / "glm"
GLM_MODELS = GLM / "models"
GLM_MODELS_SHOWN = DATA / "glm_models.yml"
GLM_CATALOGUE = DATA / "glm_catalogue.yml"
VARIANT_PREDICTORS = DATA / "variant_predictors.yml"
RESULTS = Path(os.environ.get("GENEBENCH_RESULTS") or DATA / "results")
PERF = RESULTS / "perf"
GLM_RESULTS = RESULTS / "glm"

NOTEBOOKS = ROOT / "notebooks"
BOOK = ROOT / "book"
TOC = BOOK / "_toc.yml"
CONFIG = ROOT / "_config.yml"
HTML = ROOT / "_build" / "html"

CACHE = Path(os.environ.get("GENEBENCH_CACHE") or ROOT / ".cache")
DOWNLOADS = CACHE / "downloads"
TASKS = CACHE / "tasks"
EMBEDDINGS = CACHE / "embeddings"
CELLS = CACHE / "cells"
FOLDS = CACHE / "folds"
PROTEINS = CACHE / "proteins"
INTERVALS = CACHE / "intervals"
EFFICIENCY = CACHE / "efficiency"
REPRODUCTIONS = CACHE / "reproductions"
CURVES = CACHE / "spectra"
WEIGHTS = CACHE / "weights"
WEIGHTS_USED = WEIGHTS / "used"


def results(profile: str) -> Path:
    """Folder of a profile's ``scores.parquet`` and ``manifest.json``."""
    return RESULTS / profile


def executed(profile: str) -> Path:
    """Where papermill keeps a profile's executed notebooks between runs."""
    return CACHE / "notebooks" / profile


STATIC = "../_static"
"""Where a page of the book finds scripts, their data, and the notebooks to take away."""


def static(profile: str) -> Path:
    """Data of a profile's pages that their scripts load, copied beside the book's style sheets."""
    return executed(profile) / "static"


def pages() -> Path:
    """Where the book finds the executed notebooks of the profile it is built for."""
    return BOOK / "executed"


def _folders(variable):
    """Folders named in a variable of the environment, separated like ``PATH``."""
    return [Path(p) for p in os.environ.get(variable, "").split(os.pathsep) if p]


def mirrors() -> list[Path]:
    """Folders of ``GENEBENCH_MIRROR``, searched before the web."""
    return _folders("GENEBENCH_MIRROR")


def weights() -> list[Path]:
    """Folders of model weights: ``GENEBENCH_WEIGHTS``, those below the mirrors, our own."""
    below = [m / name for m in mirrors() for name in ("weights", "sequences/weights")]
    return [*_folders("GENEBENCH_WEIGHTS"), *below, WEIGHTS]
