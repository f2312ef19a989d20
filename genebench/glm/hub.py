"""Models by folder or name: trained here, or masked and causal ones of Hugging Face.

Single letters and k-mers that do not overlap give the probability of a base whatever the tokenizer
is; byte-pair tokens only that of a sequence.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import paths
from ..core.errors import BadInput
from ..core.yamls import read_yaml
from ..data import sources
from ..models.batches import check_device
from . import codes, trained
from .token_model import TokenModel

PROBE = "ACGTTGCAAGTCCATGGATCTTACGAACGTGACTGCCTAAGTTCGCAT"
"""A text whose tokens show what kind a tokenizer is."""


def load(name, *, device="cpu", download=False):
    """Load a model by its folder or name.

    Parameters
    ----------
    name : str or Path
        A folder, a name below ``data/glm/models``, or a Hugging Face repository, at the commit of
        ``data/glm_catalogue.yml`` or as ``owner/name@commit``. ``FOLDER@2``: of a model of several
        species the second.
    device : str
    download : bool
        Whether a repository that is not here may be fetched.

    Returns
    -------
    TrainedModel or HubModel
        Ready to score; a name of which nothing is here is an error.
    """
    check_device(device)
    chosen = re.fullmatch(r"(.+)@(\d{1,3})", str(name))
    for folder in _places(chosen[1] if chosen else str(name), download):
        if (folder / trained.RECIPE).exists():
            model = trained.load(folder, device=device)
            if chosen:
                model.species = int(chosen[2])
            return model
        if (folder / "config.json").exists():
            return _checkpoint(folder, device=device)
    raise BadInput(
        f"no model '{name}': neither a folder with {trained.RECIPE} (of 'genebench glm train') or "
        f"config.json (Hugging Face), nor a name below {paths.GLM_MODELS}, nor a repository that "
        "is here; put its files into a folder of that name below one that GENEBENCH_WEIGHTS names, "
        "or allow the download with --download."
    )


def _places(name, download):
    """Folders that may hold a model, in turn; a repository is looked for last."""
    yield from (Path(name), paths.GLM_MODELS / name)
    for base in paths.weights():
        yield from (base / name, base / name.replace("/", "--"))
    if name.count("/") == 1 and not Path(name).exists():
        known = {m.get("hub"): m for m in read_yaml(paths.GLM_CATALOGUE)["models"].values()}
        repository, _, commit = name.partition("@")
        revision = commit or known.get(name, {}).get("revision")
        if download and not revision:
            raise BadInput(
                f"'{name}': no commit of it is declared, and its newest may change; choose one at "
                f"https://huggingface.co/{name}/commits/main and write {name}@<commit>."
            )
        patterns = ["*.json", "*.txt", "*.model", "*.safetensors"]
        options = {"revision": revision, "patterns": patterns, "download": download}
        if cached := sources.hub_snapshot(repository, **options):
            yield cached


def _checkpoint(folder, *, device):
    """A Hugging Face model from its folder; refused if it is of neither kind or lacks weights."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()  # missing weights are looked at below
    safe = {"trust_remote_code": False, "local_files_only": True}
    try:
        config = AutoConfig.from_pretrained(folder, **safe)
        tokenizer = AutoTokenizer.from_pretrained(folder, **safe)
        written = " ".join(getattr(config, "architectures", None) or [])
        causal = "MaskedLM" not in written and ("CausalLM" in written or "LMHead" in written)
        kind = AutoModelForCausalLM if causal else AutoModelForMaskedLM
        options = {"config": config, "weights_only": True, "output_loading_info": True}
        network, report = kind.from_pretrained(folder, **options, **safe)
    except Exception as err:  # loaders of many formats raise many things
        raise BadInput(
            f"{folder}: no masked or causal language model can be loaded ({type(err).__name__}: "
            f"{' '.join(str(err).split())[:160]}); give a folder with config.json, weights and a "
            "tokenizer."
        ) from err
    tied = set(getattr(network, "_tied_weights_keys", None) or [])
    missing = sorted(set(report["missing_keys"]) - tied)
    if missing:
        raise BadInput(
            f"{folder}: {len(missing)} weights are missing (first: '{missing[0]}') and would be "
            "random; fetch the model again."
        )
    return HubModel(folder.name, network, tokenizer, causal=causal, device=device)


class HubModel(TokenModel):
    """A masked or causal language model of Hugging Face.

    Parameters
    ----------
    name : str
        Name in tables and messages.
    network : transformers.PreTrainedModel
        With a language-model head.
    tokenizer : transformers.PreTrainedTokenizerBase
        Of single letters, of k-mers that do not overlap, or of pieces of several lengths.
    causal : bool
        Whether the network is causal or masked.
    device : str
    """

    room = 1 << 14

    def __init__(self, name, network, tokenizer, *, causal, device="cpu"):
        self.name, self.objective, self.device = name, "causal" if causal else "masked", device
        self.tokenizer, self.network = tokenizer, network.to(device).eval()
        config, vocabulary = network.config, tokenizer.get_vocab()
        self.layers = int(getattr(config, "num_hidden_layers", 1)) + 1
        self.lower = "acgt" in vocabulary or ("a" in vocabulary and "A" not in vocabulary)
        self.one_pass, self.ahead, self.mask = causal, int(causal), tokenizer.mask_token_id
        probe = np.array(self._numbers(codes.encode(PROBE)))
        inner = np.flatnonzero(~np.isin(probe, tokenizer.all_special_ids))
        first, end = (inner[0], inner[-1] + 1) if len(inner) else (0, 0)
        self.before, self.after, self.head = probe[:first], probe[end:], int(first)
        pieces = [_bare(t).upper() for t in tokenizer.convert_ids_to_tokens(probe[first:end])]
        if "".join(pieces) != PROBE:
            raise BadInput(
                f"model '{name}': its tokens do not spell the sequence (it reads "
                f"'{' '.join(pieces)[:40]}…'); overlapping k-mers and foreign alphabets are not "
                "supported."
            )
        sizes = sorted(set(map(len, pieces)))
        self.several = len(sizes) > 1
        self.token_length = 1 if self.several else sizes[0]
        self.by_likelihood = self.several or (causal and self.token_length > 1)
        if causal and not self.by_likelihood:
            # whether it gives keys and values that can be repeated for several rows
            cache = self._read(probe[None], 0, None)[1]
            self.incremental = hasattr(cache, "batch_repeat_interleave")
        # some number positions from the padding token on
        most = [getattr(config, n, None) for n in ("max_position_embeddings", "max_seq_len")]
        most = min([1 << 12, *(n for n in most if isinstance(n, int) and n > 0)])
        if getattr(config, "model_type", "") in ("roberta", "esm"):
            most -= (getattr(config, "pad_token_id", None) or 0) + 1
        self.max_length = (most - self.head - len(self.after)) * self.token_length
        self.context = self.max_length // 3
        if not self.several:
            vocabulary = {_bare(t): i for t, i in vocabulary.items()}
            names = [self._text(row) for row in codes.spelt(self.token_length)]
            if lacking := [n for n in names if n not in vocabulary]:
                raise BadInput(
                    f"model '{name}': its vocabulary lacks '{lacking[0]}'; give a model of DNA."
                )
            self.ids = np.array([vocabulary[n] for n in names])
            special = tokenizer.unk_token_id, tokenizer.pad_token_id, self.ids[0]
            choices = vocabulary.get(self._text([codes.N])), *special
            self.unknown = next(i for i in choices if i is not None)

    def _text(self, window):
        text = codes.decode(window)
        return text.lower() if self.lower else text

    def _numbers(self, window):
        return self.tokenizer(self._text(window))["input_ids"]

    def _tokens(self, windows):
        if self.several:
            raise BadInput(
                f"model '{self.name}' has tokens of several lengths, and no state belongs to one "
                "base; take the score llr."
            )
        (n, length), k = windows.shape, self.token_length
        if length % k or length > self.max_length:
            raise BadInput(
                f"model '{self.name}': it reads windows of a multiple of {k} bases, at most "
                f"{self.max_length}, not {length}; give another --window."
            )
        index = codes.words(windows, k)
        inner = np.where(index < 0, self.unknown, self.ids[index])
        before, after = (np.tile(side, (n, 1)) for side in (self.before, self.after))
        return np.hstack([before, inner, after])

    def _tokenized(self, windows):
        rows = pd.Series([self._numbers(w) for w in windows], dtype=object)
        for _, same in rows.groupby(rows.str.len()):  # of one length: no padding
            ids = np.array(same.tolist(), np.int64)
            yield same.index, ids, ~np.isin(ids, self.tokenizer.all_special_ids)

    def _logits(self, ids):
        return self.network(input_ids=ids).logits

    def _hidden(self, ids, layer):
        return self.network(input_ids=ids, output_hidden_states=True).hidden_states[layer]

    def _read_on(self, ids, start, past):
        out = self.network(input_ids=ids[:, start:], past_key_values=past, use_cache=True)
        return out.logits, getattr(out, "past_key_values", None)


def _bare(token):
    """A token without the marks of a word's beginning."""
    return token.strip("Ġ▁ ")
