"""Networks with the Hugging Face interface: tokens, windows, layers, pooling.

The encoders of text, protein and DNA use it.
"""

from __future__ import annotations

import importlib
import inspect
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..core.errors import BadInput
from ..core.specs import ModelSpec
from . import Sequences, weights

CONTEXT = 256
"""Most tokens of a network that declares no ``context``."""
_UNUSED = ("pooler", "contact_head", "lm_head", "position_ids", "rotary_emb.inv_freq")
"""Weights that a checkpoint may lack, because the vectors do not pass through them."""


def sequences(
    spec: ModelSpec,
    folder: Path,
    entities: np.ndarray,
    texts: list,
    *,
    owner: np.ndarray | None = None,
    specials: bool = True,
    windows: bool = False,
    layer: int = -1,
    unit: bool = False,
    module: str | None = None,
) -> Sequences:
    """Tokenize texts for the network of a checkpoint.

    Parameters
    ----------
    spec : ModelSpec
    folder : Path
        Folder of the checkpoint.
    entities : ndarray of str, shape (n_entities,)
    texts : list of str, or of list of str
        Texts or lists of words, one per entity or per element of ``owner``.
    owner : ndarray of int, optional
        Row in ``entities`` that each text belongs to; the vector of an entity is then the mean of
        its texts' vectors, weighted by their numbers of tokens.
    specials : bool
        Whether the tokens that the tokenizer adds count in the mean of windows.
    windows : bool
        True: what is longer than the context is cut into overlapping windows (a quarter of the
        context is shared), in whose mean each token counts once, where it has most context.
        False: what is too long is truncated.
    layer : int
        Which hidden state; −1 the last, 0 the input embeddings.
    unit : bool
        Whether vectors are scaled to length 1.
    module : str, optional
        Python module whose import registers the network.

    Returns
    -------
    Sequences

    Raises
    ------
    BadInput
        A tokenizer or network that cannot be loaded, or lacks weights (none is made up).
    """
    trust = weights.trusted(spec)
    if module:
        _import(spec, module)
    weights.verify(spec, folder)
    tokenizer = _tokenizer(spec, folder, trust)
    context = spec.context or CONTEXT
    spans = None
    if windows:
        tokens, spans, owner = _windows(tokenizer, texts, owner, context, specials)
    else:
        tokens = _token_ids(tokenizer, texts, truncation=True, max_length=context)
    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    if spec.pooling == "last":
        spans = None
        if end is not None and not _added(tokenizer, texts)[1]:  # nothing closes a text yet
            tokens = [[*t[: context - 1], end] for t in tokens]

    def forward(device):
        network = load(spec, folder, trust=trust).to(device).eval()
        masks = "attention_mask" in inspect.signature(network.forward).parameters

        def vectors(ids, mask, counted=None):
            options = {"attention_mask": mask} if masks else {}
            hidden = _hidden(network, ids, layer, **options)
            return pooled(hidden, mask if counted is None else counted, mask, spec.pooling)

        vectors.masks = masks
        return vectors

    pad = (end or 0) if pad is None else pad
    return Sequences(entities, tokens, pad, forward, owner, spans, unit, spec.dtype)


def load(spec: ModelSpec, folder: Path, *, trust: bool = False):
    """Load the network of a checkpoint in the declared number format.

    Parameters
    ----------
    spec : ModelSpec
    folder : Path
    trust : bool
        Whether code that comes with the checkpoint may be run.

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
    level = logging.get_verbosity()
    logging.set_verbosity_error()  # missing weights are checked below
    try:
        with _loading(spec, "network", folder):
            config = AutoConfig.from_pretrained(folder, **options)
            # T5 has the second attribute
            has_decoder = getattr(config, "is_encoder_decoder", False) or hasattr(
                config, "num_decoder_layers"
            )
            kind = AutoModelForTextEncoding if has_decoder else AutoModel
            network, report = kind.from_pretrained(
                folder,
                config=config,
                dtype=getattr(torch, spec.dtype),
                weights_only=True,
                output_loading_info=True,
                **options,
            )
    finally:
        logging.set_verbosity(level)
    missing = [k for k in sorted(report["missing_keys"]) if not any(u in k for u in _UNUSED)]
    if missing:
        raise BadInput(
            f"model '{spec.name}': {len(missing)} weights are missing in {folder}, "
            f"'{missing[0]}' first; none is made up, so fetch the model again."
        )
    return network


def pooled(hidden, counted, mask, mode: str):
    """Pool hidden states to one vector a sequence.

    Parameters
    ----------
    hidden : Tensor, shape (batch, length, d)
    counted : Tensor, shape (batch, length)
        1 for the tokens of a mean.
    mask : Tensor, shape (batch, length)
        1 for all tokens that are not padding.
    mode : {'mean', 'cls', 'last'}
        Mean, first token, or last token that is not padding.

    Returns
    -------
    Tensor of float32, shape (batch, d)
    """
    if mode == "cls":
        return hidden[:, 0].float()
    if mode == "last":
        last = mask.shape[1] - 1 - mask.flip(1).argmax(1)
        index = last.view(-1, 1, 1).expand(-1, 1, hidden.shape[2])
        return hidden.gather(1, index).squeeze(1).float()
    hidden = hidden.float()
    weight = counted.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weight).sum(1) / weight.sum(1)


def cut(length: int, room: int, shared: int) -> list[tuple[int, int, int, int]]:
    """Cut a sequence of tokens into overlapping windows.

    Parameters
    ----------
    length : int
        Number of tokens.
    room : int
        Most tokens of a window.
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


def _hidden(network, ids, layer, **options):
    if layer != -1:
        return network(input_ids=ids, output_hidden_states=True, **options).hidden_states[layer]
    out = network(input_ids=ids, **options)
    return out[0] if isinstance(out, tuple) else out.last_hidden_state


def _tokenizer(spec, folder, trust):
    from transformers import AutoTokenizer

    with _loading(spec, "tokenizer", folder):
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=trust)


@contextmanager
def _loading(spec, what, folder):
    """One sentence for what goes wrong; loaders of many formats raise many things."""
    try:
        yield
    except Exception as err:
        reason = " ".join(str(err).split())[:160]
        raise BadInput(
            f"model '{spec.name}': the {what} in {folder} cannot be loaded "
            f"({type(err).__name__}: {reason}); fetch it again, or mend its entry."
        ) from err


def _import(spec, module):
    try:
        importlib.import_module(module)
    except ImportError as err:
        raise BadInput(
            f"model '{spec.name}': the network is defined in the Python package "
            f"'{module.split('.')[0]}', which cannot be imported ({err}); install it."
        ) from err


def _token_ids(tokenizer, texts, **options):
    if not texts:
        return []
    words = isinstance(texts[0], list)
    return tokenizer(texts, is_split_into_words=words, verbose=False, **options)["input_ids"]


def _added(tokenizer, texts):
    """How many tokens the tokenizer puts before and behind a text."""
    for text in texts[:8]:
        (bare,) = _token_ids(tokenizer, [text], add_special_tokens=False)
        (full,) = _token_ids(tokenizer, [text])
        for head in range(len(full) - len(bare) + 1):
            if bare and full[head : head + len(bare)] == bare:
                return head, len(full) - len(bare) - head
    return 0, 0


def _windows(tokenizer, texts, owner, context, specials):
    """Tokens of every window, the span that counts in each, and whose it is."""
    bodies = _token_ids(tokenizer, texts, add_special_tokens=False)
    head, tail = _added(tokenizer, texts)
    (full,) = _token_ids(tokenizer, texts[:1]) or ([],)
    before, behind = full[:head], full[len(full) - tail :]
    room = context - head - tail
    tokens, spans, whose = [], [], []
    for number, body in enumerate(bodies):
        for start, stop, first, last in cut(len(body), room, room // 4):
            tokens.append([*before, *body[start:stop], *behind])
            whole = specials and len(body) <= room
            span = (head + first - start, head + last - start)
            spans.append((0, len(tokens[-1])) if whole else span)
            whose.append(number if owner is None else owner[number])
    return tokens, spans, np.asarray(whose, dtype=np.int64)
