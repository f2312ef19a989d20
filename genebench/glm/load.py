"""A model by its folder or name: trained here, or of the Hugging Face kind."""

from __future__ import annotations

from pathlib import Path

from ..core import paths
from ..core.errors import BadInput
from . import own
from .base import Nucleotides
from .train import RECIPE


def load(name: str | Path, *, device: str = "cpu", download: bool = False) -> Nucleotides:
    """The model in a folder, or of a name: a folder below ``data/glm/models``, or a Hugging Face repository.

    Raises: BadInput: nothing of that name is here; says where was looked.
    """
    for folder in (Path(name), paths.GLM_MODELS / str(name)):
        if (folder / RECIPE).exists():
            return own.load(folder, device=device)
        if (folder / "config.json").exists():
            from . import hub

            return hub.load(folder, device=device)
    if str(name).count("/") == 1 and not Path(name).exists():
        from . import hub

        return hub.load(hub.locate(str(name), download=download), device=device)
    raise BadInput(
        f"no model '{name}': neither a folder with {RECIPE} (made by 'genebench glm train') or config.json (Hugging "
        f"Face), nor a name below {paths.GLM_MODELS}; give one of those."
    )
