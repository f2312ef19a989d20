"""Networks with the Hugging Face interface: tokens, windows, layers, pooling.

The encoders of text, protein and DNA use it.
"""

import importlib
import inspect

import numpy as np

from ..core.errors import BadInput
from . import Sequences, weights
from .batches import number_format
from .weights import loading

CONTEXT = 256
"""Most tokens of a network that declares no ``context``."""
_UNUSED = ("pooler", "contact_head", "lm_head", "position_ids", "rotary_emb.inv_freq")
"""Weights that a checkpoint may lack, because the vectors do not pass through them."""


def sequences(
    spec,
    entities,
    texts,
    *,
    path="",
    owner=None,
    windows=False,
    layer=-1,
    unit=False,
    module=None,
):
    """Tokenize texts for the network of a checkpoint.

    Parameters
    ----------
    spec : ModelSpec
    entities : ndarray of str, shape (n_entities,)
    texts : list of str, or of list of str
        Texts or lists of words, one per entity or per element of ``owner``.
    path : str
        Folder of the checkpoint inside the Python package that carries it.
    owner : ndarray of int, optional
        Row in ``entities`` that each text belongs to; the vector of an entity is then the mean of
        its texts' vectors, weighted by their numbers of tokens.
    windows : bool
        True: what is longer than the context is cut into overlapping windows (a quarter of the
        context is shared), in whose mean each token counts once, where it has most context, and
        tokens that the tokenizer adds do not. False: what is too long is truncated.
    layer : int
        Which hidden state; −1 the last, 0 the input embeddings.
    unit : bool
        Whether vectors are scaled to length 1.
    module : str, optional
        Python module whose import registers the network.

    Returns
    -------
    Sequences
    """
    from transformers import AutoTokenizer

    folder, trust = weights.verified(spec, path=path), weights.trusted(spec)
    if module:
        with loading(spec, f"Python package '{module.split('.')[0]}'", folder):
            importlib.import_module(module)
    with loading(spec, "tokenizer", folder):
        options = {"local_files_only": True, "trust_remote_code": trust}
        tokenizer = AutoTokenizer.from_pretrained(folder, **options)

    def tokenize(texts, **options):
        words = isinstance(texts[0], list)
        return tokenizer(texts, is_split_into_words=words, verbose=False, **options)["input_ids"]

    context, tokens, spans = spec.context or CONTEXT, [], None
    before, behind = _added(tokenize, texts)
    if texts and windows:
        bodies = tokenize(texts, add_special_tokens=False)
        tokens, spans, whose = _windows(bodies, before, behind, context)
        owner = whose if owner is None else owner[whose]
    elif texts:
        tokens = tokenize(texts, truncation=True, max_length=context)
    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    if spec.pooling == "last":
        spans = None
        if end is not None and not behind:  # nothing closes a text yet
            tokens = [[*t[: context - 1], end] for t in tokens]

    def forward(device):
        dtype = number_format(spec.dtype, device)
        network = load(spec, folder, trust=trust, dtype=dtype).to(device).eval()
        masks = "attention_mask" in inspect.signature(network.forward).parameters

        def vectors(ids, mask, counted=None):
            options = {"attention_mask": mask} if masks else {}
            if layer != -1:
                options["output_hidden_states"] = True
            out = network(input_ids=ids, **options)
            hidden = out[0] if layer == -1 else out.hidden_states[layer]
            return pooled(hidden, mask if counted is None else counted, mask, spec.pooling)

        vectors.masks = masks
        return vectors

    pad = (end or 0) if pad is None else pad
    return Sequences(entities, tokens, pad, forward, owner, spans, unit, spec.dtype)


def load(spec, folder, *, trust=False, dtype=None):
    """Load the network of a checkpoint.

    Parameters
    ----------
    spec, folder : ModelSpec, Path
    trust : bool
        Whether code that comes with the checkpoint may be run.
    dtype : torch.dtype, optional
        Number format; None: as declared.

    Returns
    -------
    transformers.PreTrainedModel
        On the CPU; of a network with encoder and decoder the encoder.

    Raises
    ------
    BadInput
        It cannot be loaded, or weights that the vectors pass through are missing.
    """
    import torch
    from transformers import AutoConfig, AutoModel, AutoModelForTextEncoding
    from transformers.utils import logging

    options = {"local_files_only": True, "trust_remote_code": trust}
    logging.disable_progress_bar()
    logging.set_verbosity_error()  # missing weights are checked below
    with loading(spec, "network", folder):
        config = AutoConfig.from_pretrained(folder, **options)
        # T5 has the second attribute
        has_decoder = getattr(config, "is_encoder_decoder", False)
        has_decoder |= hasattr(config, "num_decoder_layers")
        options |= {"config": config, "dtype": dtype or getattr(torch, spec.dtype)}
        options["weights_only"] = True
        kind = AutoModelForTextEncoding if has_decoder else AutoModel
        network, report = kind.from_pretrained(folder, output_loading_info=True, **options)
    missing = [k for k in sorted(report["missing_keys"]) if not any(u in k for u in _UNUSED)]
    if missing:
        raise BadInput(
            f"model '{spec.name}': {len(missing)} weights are missing in {folder} "
            f"(first: '{missing[0]}') and would be random; fetch the model again."
        )
    return network


def pooled(hidden, counted, mask, mode):
    """Pool hidden states to one vector a sequence.

    Parameters
    ----------
    hidden : Tensor, shape (batch, length, d)
    counted, mask : Tensor, shape (batch, length)
        1 for the tokens of a mean; 1 for all tokens that are not padding.
    mode : {'mean', 'cls', 'last'}
        Mean, first token, or last token that is not padding.

    Returns
    -------
    Tensor of float32, shape (batch, d)
    """
    import torch

    if mode == "mean":
        hidden, weight = hidden.float(), counted.unsqueeze(-1).float()
        return (hidden * weight).sum(1) / weight.sum(1)
    at = mask.shape[1] - 1 - mask.flip(1).argmax(1) if mode == "last" else 0
    return hidden[torch.arange(len(hidden)), at].float()


def cut(length, room, shared):
    """Cut a sequence of tokens into overlapping windows.

    Parameters
    ----------
    length, room : int
        Number of tokens; most tokens of a window.
    shared : int
        Least number of tokens that a window shares with the next.

    Returns
    -------
    list of (start, stop, first, last)
        Tokens ``start`` to ``stop`` are read, of which ``first`` to ``last`` count. What counts
        follows each other without gap or overlap, and meets in the middle of what is shared.
    """
    if length <= room:
        return [(0, length, 0, length)]
    starts = [*range(0, length - room, room - shared), length - room]
    meet = [(right + left + room) // 2 for left, right in zip(starts, starts[1:])]
    return [(s, s + room, a, b) for s, a, b in zip(starts, [0, *meet], [*meet, length])]


def _added(tokenize, texts):
    """Tokens that a tokenizer puts before and behind a text."""
    for text in texts[:8]:
        (bare,), (full,) = tokenize([text], add_special_tokens=False), tokenize([text])
        for head in range(len(full) - len(bare) + 1):
            if bare and full[head : head + len(bare)] == bare:
                return full[:head], full[head + len(bare) :]
    return [], []


def _windows(bodies, before, behind, context):
    """Tokens of every window, the span that counts in each, and the index of its text."""
    room, head = context - len(before) - len(behind), len(before)
    tokens, spans, whose = [], [], []
    for number, body in enumerate(bodies):
        for start, stop, first, last in cut(len(body), room, room // 4):
            tokens.append([*before, *body[start:stop], *behind])
            spans.append((head + first - start, head + last - start))
            whose.append(number)
    return tokens, spans, np.array(whose)
