"""Where a model's weights are: a declared folder, the Hugging Face cache, or (when allowed) a download; and whether
they are still those that were first used."""

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

TEXT = ["*.json", "*.txt", "*.model", "*.jinja"]
"""Configuration and tokenizers of a Hugging Face repository."""
TENSORS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Files of which a Hugging Face model has one, the safer first."""
BYTES = {"float32": 4, "bfloat16": 2}


def locate(spec: ModelSpec, *, download: bool = False) -> Path:
    """The folder that holds a model's weights, all declared files in it.

    Looks into the folders of ``paths.weights`` (as ``owner/name``, ``owner--name`` or the model's own name), then into
    the Hugging Face cache, then, with ``download``, on the Hub. Nothing is fetched without it.

    Raises: sources.Missing: nowhere to be had; says what to run and where to put the files.
    """
    names = [spec.name] if not spec.hub else [spec.hub, spec.hub.replace("/", "--"), spec.name]
    tried = [base / name for base in paths.weights() for name in names]
    for folder in tried:
        if _lacks(folder, spec) == "":
            return folder
    partly = next(
        (f"{folder} lacks {_lacks(folder, spec)}; " for folder in tried if folder.is_dir()), ""
    )
    if spec.hub:
        found = _on_hub(spec, download=download)
        if found:
            return found
    place = f"put them into a folder '{names[0]}' below one that GENEBENCH_WEIGHTS names (or below {paths.WEIGHTS})"
    if spec.hub:
        fetch = f"run 'genebench embed --model {spec.name} --download' where there is a web"
        raise Missing(
            f"model '{spec.name}': {partly}its weights ({size(spec)}) are not here; {fetch}, or {place}."
        )
    what = " and ".join(sorted(spec.files.values()))
    raise Missing(
        f"model '{spec.name}': {partly}{what} are not here; {spec.how or 'get them'}, and {place}."
    )


def _on_hub(spec: ModelSpec, *, download: bool) -> Path | None:
    """The whole snapshot in the Hugging Face cache, fetched if allowed; without safetensors, the older format."""
    code = ["*.py"] if spec.remote_code else []
    wanted = (
        [[*spec.files.values()]]
        if spec.files
        else [[*TEXT, *code, kind] for kind in ("*.safetensors", "*.bin")]
    )
    for patterns in wanted:
        folder = sources.hub_snapshot(
            spec.hub, revision=spec.revision, patterns=patterns, download=download
        )
        if folder is not None and _lacks(folder, spec) == "":
            return folder
    return None


def _lacks(folder: Path, spec: ModelSpec) -> str:
    """The first thing that a folder of weights lacks, or an empty text."""
    if not folder.is_dir():
        return "everything"
    if spec.files:
        return next((name for name in spec.files.values() if not (folder / name).is_file()), "")
    if not (folder / "config.json").is_file():
        return "config.json"
    held = next((folder / name for name in TENSORS if (folder / name).is_file()), None)
    if held is None:
        return " or ".join(TENSORS[::2])
    return next((f.name for f in tensors(folder) if not f.is_file()), "")


def tensors(folder: Path) -> list[Path]:
    """The files that hold the tensors of a Hugging Face model, all shards of it. Raises: BadInput: a broken index."""
    held = next((folder / name for name in TENSORS if (folder / name).is_file()), None)
    if held is None or held.suffix != ".json":
        return [held] if held else []
    try:
        shards = set(json.loads(held.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, AttributeError) as err:
        raise BadInput(
            f"{held}: is no index of weights ({type(err).__name__}); fetch the model again."
        ) from err
    return [folder / name for name in sorted(shards)]


def hold(spec: ModelSpec, folder: Path) -> None:
    """Record which weights are used, or raise if they are others than those used first.

    The identity is the commit of a snapshot of the Hub, otherwise the SHA-256 of the files. A model that declares its
    ``revision`` is held to that where the folder tells its commit.

    Raises: BadInput: other weights than before; names both and what to do.
    """
    commit = folder.name if re.fullmatch(r"[0-9a-f]{40}", folder.name) else ""
    if commit and spec.revision and commit != spec.revision:
        raise BadInput(
            f"model '{spec.name}': {folder} is not the declared revision {spec.revision}; remove it."
        )
    files = [folder / name for name in spec.files.values()] if spec.files else tensors(folder)
    seen = {"commit": commit} if commit else {f.name: sources.digest(f) for f in files}
    lock = paths.WEIGHTS_USED / f"{spec.name}.json"
    if not lock.exists():
        cache.write_json(lock, seen)
        return
    first = json.loads(lock.read_text(encoding="utf-8"))
    if first.keys() == seen.keys() and first != seen:
        old, new = next((first[k], seen[k]) for k in seen if first[k] != seen[k])
        raise BadInput(
            f"model '{spec.name}': its weights in {folder} are others ({new[:12]}…) than those used before "
            f"({old[:12]}…); bring the first back, or remove {lock} and the vectors made with them."
        )


def trusted(spec: ModelSpec) -> bool:
    """Whether to run the code that comes with a model: only if declared, pinned, and asked for by name.

    A reader asks with ``GENEBENCH_REMOTE_CODE=<model>,…`` or ``genebench embed --remote-code``.

    Raises: BadInput: the model needs its code, and one of the three is not so.
    """
    if not spec.remote_code:
        return False
    if not spec.revision:
        raise BadInput(
            f"model '{spec.name}': its repository brings code to run and no revision is pinned; read the code, and "
            f"write its commit under 'revision' in {paths.MODELS}."
        )
    if spec.name not in os.environ.get("GENEBENCH_REMOTE_CODE", "").split(","):
        raise BadInput(
            f"model '{spec.name}': its repository brings code to run (https://huggingface.co/{spec.hub}/tree/"
            f"{spec.revision}); if you trust it, add --remote-code or set GENEBENCH_REMOTE_CODE={spec.name}."
        )
    return True


def trust(spec: ModelSpec) -> None:
    """Let this process, and those it starts, run the code that comes with a model."""
    asked = [name for name in os.environ.get("GENEBENCH_REMOTE_CODE", "").split(",") if name]
    os.environ["GENEBENCH_REMOTE_CODE"] = ",".join([*asked, spec.name])


def memory_gb(spec: ModelSpec) -> float:
    """Estimate of the device memory that inference needs, in GB: the weights, a fifth for activations, and 0.5."""
    return (spec.parameters or 0) * 1e6 * BYTES[spec.dtype] * 1.2 / 1e9 + 0.5


def size(spec: ModelSpec) -> str:
    """Estimate of the download in words, from the number of parameters: text models that run in bfloat16 are published
    in two bytes a parameter, all others in four."""
    if not spec.parameters:
        return "size unknown"
    gb = (
        spec.parameters * (2e6 if spec.family == "text" and spec.dtype == "bfloat16" else 4e6) / 1e9
    )
    return f"about {gb:.1f} GB" if gb >= 1 else f"about {gb * 1000:.0f} MB"


LARGE_GB = 8.0
"""A model that needs more memory than this is asked to fit a GPU."""


def status(spec: ModelSpec) -> tuple[str, str]:
    """``ready``, ``needs a licence click``, ``needs download``, or ``needs GPU memory``, and why; fetches nothing."""
    try:
        locate(spec)
    except Missing as err:
        if spec.gated:
            where = f"https://huggingface.co/{spec.hub}"
            return (
                "needs a licence click",
                f"accept the licence at {where}, run 'hf auth login', then: {err}",
            )
        return "needs download", str(err)
    need = memory_gb(spec)
    if need > LARGE_GB and need > _gpu_gb():
        return (
            "needs GPU memory",
            f"about {need:.0f} GB on one device, which has {_gpu_gb():.0f} GB",
        )
    return "ready", ""


def _gpu_gb() -> float:
    """Memory of the largest CUDA device in GB; 0 without one."""
    import torch

    if not torch.cuda.is_available():
        return 0.0
    return (
        max(
            torch.cuda.get_device_properties(i).total_memory
            for i in range(torch.cuda.device_count())
        )
        / 1e9
    )
