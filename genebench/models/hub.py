"""Networks with the Hugging Face interface: tokens, windows, layers, pooling. Text, protein and DNA encoders use it."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np

from ..core.errors import BadInput
from ..core.specs import ModelSpec
from . import Sequences, weights

CONTEXT = 256
"""Most tokens of a network that declares no ``context``."""
FRESH_OK = ("pooler", "contact_head", "lm_head", "position_ids", "rotary_emb.inv_freq")
"""Weights that may be missing in a checkpoint, because the vectors do not pass through them."""


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
    """Work for the inference loop: texts (or lists of words) in tokens, and the network that turns them into vectors.

    Args:
        entities: (n,). texts: one per entity, or one per element of ``owner``, which says whose each is (row of
            ``entities``); the vector of an entity is then the mean of its texts' weighted by their numbers of tokens.
        specials: whether the tokens that the tokenizer adds count in a mean.
        windows: cut what is longer than the context into overlapping windows (a quarter of the context is shared), in
            whose mean each token counts once, where it has most context; otherwise what is too long is cut off.
        layer: which hidden state; −1 the last, 0 the input embeddings.
        unit: whether vectors are scaled to length 1.
        module: a Python module whose import registers the network.

    Raises: BadInput: a tokenizer or network that cannot be loaded, or lacks weights (none is made up).
    """
    trust = weights.trusted(spec)
    if module:
        _registered(spec, module)
    if spec.weights is None:  # a package has a version, which the recipe holds
        weights.hold(spec, folder)
    tokenizer = _tokenizer(spec, folder, trust)
    context = spec.context or CONTEXT
    spans = None
    if windows:
        tokens, spans, owner = _windows(tokenizer, texts, owner, context, specials)
    else:
        tokens = _encoded(tokenizer, texts, context)
        if not specials:
            head, tail = _added(tokenizer, texts)
            spans = [(head, max(head + 1, len(t) - tail)) for t in tokens]
    if spec.pooling == "last":
        tokens, spans = _ended(tokenizer, texts, tokens, context), None
    pad = (
        tokenizer.pad_token_id
        if tokenizer.pad_token_id is not None
        else tokenizer.eos_token_id or 0
    )

    def forward(device):
        network = load(spec, folder, trust=trust).to(device).eval()
        masks = takes_mask(network)

        def vectors(ids, mask, counted=None):
            given = {"attention_mask": mask} if masks else {}
            return pooled(
                _hidden(network, ids, given, layer),
                mask if counted is None else counted,
                mask,
                spec.pooling,
            )

        vectors.masks = masks
        return vectors

    return Sequences(
        entities, tokens, pad, forward, owner=owner, spans=spans, unit=unit, dtype=spec.dtype
    )


def _ended(tokenizer, texts: list, tokens: list[list[int]], context: int) -> list[list[int]]:
    """Token lists that end with the token whose state is taken: the tokenizer's own, or else its end of text."""
    end = tokenizer.eos_token_id
    if end is None or _added(tokenizer, texts)[1]:
        return tokens
    return [[*t[: context - 1], end] for t in tokens]


def takes_mask(network) -> bool:
    """Whether a network can be told which tokens are padding; one that cannot is given batches of one length."""
    import inspect

    return "attention_mask" in inspect.signature(network.forward).parameters


def pooled(hidden, counted, mask, mode: str):
    """One vector per sequence, (batch, d) in single precision, from hidden states, (batch, length, d).

    ``counted`` marks the tokens of a mean, ``mask`` all that are not padding; both (batch, length). ``cls`` takes the
    first token, ``last`` the last one that is not padding.
    """
    if mode == "cls":
        return hidden[:, 0].float()
    if mode == "last":
        at = (
            (mask.shape[1] - 1 - mask.flip(1).argmax(1))
            .view(-1, 1, 1)
            .expand(-1, 1, hidden.shape[2])
        )
        return hidden.gather(1, at).squeeze(1).float()
    hidden = hidden.float()
    weight = counted.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weight).sum(1) / weight.sum(1)


def _hidden(network, ids, given: dict, layer: int):
    out = network(input_ids=ids, **given, **({} if layer == -1 else {"output_hidden_states": True}))
    if layer != -1:
        return out.hidden_states[layer]
    return out[0] if isinstance(out, tuple) else out.last_hidden_state


def load(spec: ModelSpec, folder: Path, *, trust: bool = False):
    """The network of a checkpoint, on the CPU, in the declared number format; its encoder if it also has a decoder.

    Raises: BadInput: it cannot be loaded, or weights that the vectors pass through are missing.
    """
    import torch
    from transformers import AutoConfig, AutoModel, AutoModelForTextEncoding
    from transformers.utils import logging

    logging.disable_progress_bar()
    level = logging.get_verbosity()
    logging.set_verbosity_error()  # missing weights are looked at below
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=trust)
        two = getattr(config, "is_encoder_decoder", False) or hasattr(
            config, "num_decoder_layers"
        )  # as T5 has
        kind = AutoModelForTextEncoding if two else AutoModel
        network, told = kind.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            trust_remote_code=trust,
            dtype=getattr(torch, spec.dtype),
            weights_only=True,
            output_loading_info=True,
        )
    except Exception as err:  # loaders of many formats raise many things
        raise BadInput(
            f"model '{spec.name}': the network in {folder} cannot be loaded ({type(err).__name__}: "
            f"{' '.join(str(err).split())[:160]}); fetch it again, or mend its entry."
        ) from err
    finally:
        logging.set_verbosity(level)
    missing = [k for k in sorted(told["missing_keys"]) if not any(part in k for part in FRESH_OK)]
    if missing:
        raise BadInput(
            f"model '{spec.name}': {len(missing)} weights are missing in {folder}, '{missing[0]}' first; none is made "
            f"up, so fetch the model again."
        )
    return network


def _tokenizer(spec: ModelSpec, folder: Path, trust: bool):
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=trust)
    except Exception as err:
        raise BadInput(
            f"model '{spec.name}': the tokenizer in {folder} cannot be loaded ({type(err).__name__}: "
            f"{' '.join(str(err).split())[:160]}); fetch the model again."
        ) from err


def _registered(spec: ModelSpec, module: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError as err:
        raise BadInput(
            f"model '{spec.name}': the network is defined in the Python package '{module.split('.')[0]}', which cannot "
            f"be imported ({err}); install it."
        ) from err


def _encoded(tokenizer, texts: list, context: int | None, **options) -> list[list[int]]:
    """Token ids of each text; what has more than ``context`` tokens is cut off, unless that is None."""
    if not texts:
        return []
    cut = (
        {"truncation": True, "max_length": context}
        if context
        else {"truncation": False, "verbose": False}
    )
    words = isinstance(texts[0], list)
    return (
        tokenizer(texts, is_split_into_words=True, **cut, **options)["input_ids"]
        if words
        else (tokenizer(texts, **cut, **options)["input_ids"])
    )


def _added(tokenizer, texts: list) -> tuple[int, int]:
    """How many tokens the tokenizer puts before and behind a text."""
    for text in texts[:8]:
        (bare,), (full,) = (
            _encoded(tokenizer, [text], None, add_special_tokens=False),
            _encoded(tokenizer, [text], None),
        )
        for head in range(len(full) - len(bare) + 1):
            if bare and full[head : head + len(bare)] == bare:
                return head, len(full) - len(bare) - head
    return 0, 0


def _windows(
    tokenizer, texts: list, owner, context: int, specials: bool
) -> tuple[list, list, np.ndarray]:
    """Tokens of every window, the span that counts in each, and whose it is."""
    bodies = _encoded(tokenizer, texts, None, add_special_tokens=False)
    head, tail = _added(tokenizer, texts)
    before, behind = [], []
    if texts:
        (full,) = _encoded(tokenizer, texts[:1], None)
        before, behind = full[:head], full[len(full) - tail :]
    room = context - head - tail
    tokens, spans, whose = [], [], []
    for number, body in enumerate(bodies):
        for start, stop, first, last in cut(len(body), room, room // 4):
            tokens.append([*before, *body[start:stop], *behind])
            low, high = head + first - start, head + last - start
            whole = specials and len(body) <= room
            spans.append((0, len(tokens[-1])) if whole else (low, high))
            whose.append(number if owner is None else owner[number])
    return tokens, spans, np.asarray(whose, dtype=np.int64)


def cut(length: int, room: int, shared: int) -> list[tuple[int, int, int, int]]:
    """Windows over ``length`` tokens: (start, stop, first, last), of which ``first`` to ``last`` count.

    A window holds at most ``room`` tokens and shares at least ``shared`` with the next; the counted parts follow each
    other without gap or overlap, and meet in the middle of what is shared.
    """
    if length <= room:
        return [(0, length, 0, length)]
    starts = [*range(0, length - room, room - shared), length - room]
    meet = [(right + left + room) // 2 for left, right in zip(starts, starts[1:])]
    return [(s, s + room, a, b) for s, a, b in zip(starts, [0, *meet], [*meet, length])]
