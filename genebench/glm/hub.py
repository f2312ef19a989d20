"""Masked and causal language models of the Hugging Face kind, asked about single bases whatever their tokens are.

Single letters and k-mers that do not overlap give the probability of a base; byte-pair tokens only that of a sequence.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..core import paths
from ..core.errors import BadInput
from ..data import sources
from . import codes
from .own import within

PROBE = "ACGTTGCAAGTCCATGGATCTTACGAACGTGACTGCCTAAGTTCGCAT"
"""A text whose tokens tell what kind a tokenizer is."""
ROOM = 1 << 14
"""Tokens in one forward pass, at most."""


def locate(name: str, *, download: bool = False) -> Path:
    """The folder of a repository's snapshot, below a folder of weights or in the Hugging Face cache.

    Raises: BadInput: not here (nothing is fetched without ``download``).
    """
    for base in paths.weights():
        for folder in (base / name, base / name.replace("/", "--")):
            if (folder / "config.json").exists():
                return folder
    patterns = ["*.json", "*.txt", "*.model", "*.safetensors"]
    found = sources.hub_snapshot(name, revision=None, patterns=patterns, download=download)
    if found is None:
        raise BadInput(
            f"model '{name}' is not here; put its files into a folder '{name}' below one that GENEBENCH_WEIGHTS names, "
            "or allow the download with --download."
        )
    return Path(found)


def load(folder: Path, *, device: str = "cpu") -> Hub:
    """A model from a folder. Raises: BadInput: it cannot be loaded, is of neither kind, or lacks weights."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    level = logging.get_verbosity()
    logging.set_verbosity_error()  # missing weights are looked at below
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        written = " ".join(getattr(config, "architectures", None) or [])
        causal = "MaskedLM" not in written and ("CausalLM" in written or "LMHead" in written)
        kind = AutoModelForCausalLM if causal else AutoModelForMaskedLM
        network, told = kind.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            weights_only=True,
            output_loading_info=True,
        )
    except Exception as err:  # loaders of many formats raise many things
        raise BadInput(
            f"{folder}: no masked or causal language model can be loaded ({type(err).__name__}: "
            f"{' '.join(str(err).split())[:160]}); give a folder with config.json, weights and a tokenizer."
        ) from err
    finally:
        logging.set_verbosity(level)
    tied = set(getattr(network, "_tied_weights_keys", None) or [])
    missing = [k for k in sorted(told["missing_keys"]) if k not in tied]
    if missing:
        raise BadInput(
            f"{folder}: {len(missing)} weights are missing, '{missing[0]}' first; none is made up, so fetch it again."
        )
    return Hub(folder.name, network, tokenizer, causal=causal, device=device)


class Hub:
    """A Hugging Face model as a ``base.Nucleotides``. ``kind``: "letter", "kmer" or "piece" (of several lengths)."""

    def __init__(self, name: str, network, tokenizer, *, causal: bool, device: str = "cpu") -> None:
        self.name, self.objective, self.device = name, "causal" if causal else "masked", device
        self.tokenizer, self.network = tokenizer, network.to(device).eval()
        config = network.config
        self.layers = int(getattr(config, "num_hidden_layers", getattr(config, "n_layer", 1))) + 1
        self.small = (
            "acgt" in tokenizer.get_vocab()
            or "a" in tokenizer.get_vocab()
            and "A" not in tokenizer.get_vocab()
        )
        self.kind, self.granularity, self.head, self.tail = self._kind()
        self.one_pass, self.both_alike = causal, False
        self.by_likelihood = self.kind == "piece" or (causal and self.kind != "letter")
        self.keeps = causal and self.kind == "letter" and self._keeps()
        """Whether what was read can be kept, so that a change costs only what comes after it."""
        self.longest = (self._most() - len(self.head) - len(self.tail)) * self.granularity
        self.context = self.longest // 3
        if self.kind != "piece":
            self._table()

    def _most(self) -> int:
        """Tokens that the network can read at once."""
        config = self.network.config
        told = [
            getattr(config, n, None)
            for n in ("max_position_embeddings", "n_positions", "max_seq_len")
        ]
        told = [t for t in told if isinstance(t, int) and t > 0]
        most = min([*told, 1 << 12])
        padding = getattr(config, "pad_token_id", None) or 0
        return most - (
            padding + 1 if getattr(config, "model_type", "") in ("roberta", "esm") else 0
        )

    def _text(self, window: np.ndarray) -> str:
        text = codes.decode(window)
        return text.lower() if self.small else text

    def _kind(self) -> tuple[str, int, list[int], list[int]]:
        """Kind of tokens, bases in one, and the special tokens before and after."""
        ids = list(self.tokenizer(self._text(codes.encode(PROBE)))["input_ids"])
        special = set(self.tokenizer.all_special_ids)
        inner = [i for i, t in enumerate(ids) if t not in special]
        if not inner:
            raise BadInput(
                f"model '{self.name}': its tokenizer does not know DNA letters; give a model of DNA."
            )
        head, tail = ids[: inner[0]], ids[inner[-1] + 1 :]
        pieces = [
            t.strip("Ġ▁ ").upper()
            for t in self.tokenizer.convert_ids_to_tokens(ids[inner[0] : inner[-1] + 1])
        ]
        if "".join(pieces) != PROBE:
            raise BadInput(
                f"model '{self.name}': its tokens do not spell the sequence (it reads '{' '.join(pieces)[:40]}…'); "
                "overlapping k-mers and foreign alphabets are not supported."
            )
        if all(len(p) == 1 for p in pieces):
            return "letter", 1, head, tail
        if len(set(map(len, pieces))) == 1:
            return "kmer", len(pieces[0]), head, tail
        return "piece", 1, head, tail

    def _table(self) -> None:
        """Vocabulary index of every k-mer, in the order of its codes; and of what stands for an unknown base."""
        from .tokens import spelt

        vocabulary = {t.strip("Ġ▁ "): i for t, i in self.tokenizer.get_vocab().items()}
        names = [codes.decode(row) for row in spelt(self.granularity)]
        names = [n.lower() for n in names] if self.small else names
        absent = [n for n in names if n not in vocabulary]
        if absent:
            raise BadInput(
                f"model '{self.name}': its vocabulary lacks '{absent[0]}'; give a model of DNA."
            )
        self.ids = np.array([vocabulary[n] for n in names])
        unknown = vocabulary.get("n" if self.small else "N", self.tokenizer.unk_token_id)
        self.unknown = self.tokenizer.pad_token_id if unknown is None else unknown
        if self.unknown is None:
            self.unknown = int(self.ids[0])

    def _tokens(self, windows: np.ndarray) -> np.ndarray:
        """Token indices with the special ones, (n, T), of letters and k-mers; a k-mer with an N is unknown.

        Raises: BadInput: windows that are no multiple of the k-mer, or longer than the model reads.
        """
        n, length = windows.shape
        k = self.granularity
        if length % k or length > self.longest:
            raise BadInput(
                f"model '{self.name}' reads windows of a multiple of {k} bases, at most {self.longest}, not {length}; "
                "give another --window."
            )
        held = windows.reshape(n, -1, k).astype(np.int64)
        index = (np.minimum(held, 3) * 4 ** np.arange(k)[::-1]).sum(-1)
        inner = np.where((held < codes.N).all(-1), self.ids[index], self.unknown)
        ends = [np.tile(np.array(part, dtype=np.int64), (n, 1)) for part in (self.head, self.tail)]
        return np.concatenate([ends[0], inner, ends[1]], axis=1)

    def _run(self, ids: np.ndarray, *, hidden: int | None = None):
        """Logits (or a hidden state) batch by batch: pairs of a slice of rows and a float32 tensor."""
        import torch

        size = max(1, ROOM // ids.shape[1])
        for s in range(0, len(ids), size):
            given = torch.from_numpy(np.ascontiguousarray(ids[s : s + size])).to(self.device)
            with torch.inference_mode():
                out = self.network(
                    input_ids=given, **({} if hidden is None else {"output_hidden_states": True})
                )
                yield (
                    slice(s, s + size),
                    (out.logits if hidden is None else out.hidden_states[hidden]).float(),
                )

    def conditionals(self, windows: np.ndarray) -> np.ndarray:
        """As ``base.Nucleotides``. A causal model's first base, where nothing comes before it, is even.

        Raises: BadInput: byte-pair tokens, or a causal model of k-mers.
        """
        n, length = windows.shape
        if self.objective == "masked":
            row, column = np.repeat(np.arange(n), length), np.tile(np.arange(length), n)
            return self.at(windows[row], column).reshape(n, length, 4)
        self._single()
        out = np.full((n, length, 4), np.log(0.25), dtype=np.float32)
        ids, first = self._tokens(windows), len(self.head)
        for part, logits in self._run(ids):
            logs = logits[..., self.ids].log_softmax(-1).cpu().numpy()
            out[part, 0 if first else 1 :] = logs[:, max(first - 1, 0) : first - 1 + length]
        return out

    def at(self, windows: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Conditionals at one position of each window, (n, 4); the token that holds the base is masked."""
        if self.objective == "causal":
            return self.conditionals(windows)[np.arange(len(windows)), positions]
        self._single()
        positions = np.asarray(positions)
        ids, place = self._tokens(windows), positions // self.granularity + len(self.head)
        ids[np.arange(len(ids)), place] = self.tokenizer.mask_token_id
        out = np.empty((len(ids), 4), dtype=np.float32)
        for part, logits in self._run(ids):
            asked = logits[np.arange(len(logits)), place[part]]
            logs = asked[:, self.ids].log_softmax(-1).cpu().numpy()
            out[part] = within(logs, windows[part], positions[part], self.granularity, both=True)
        return out

    def _single(self) -> None:
        if self.kind == "piece" or (self.objective == "causal" and self.kind != "letter"):
            raise BadInput(
                f"model '{self.name}' has tokens of several bases and gives no probability of a single one; score "
                "variants by likelihoods instead."
            )

    def _keeps(self) -> bool:
        import torch

        ids = torch.tensor(
            [list(self.tokenizer(self._text(codes.encode(PROBE)))["input_ids"])], device=self.device
        )
        with torch.inference_mode():
            out = self.network(input_ids=ids, use_cache=True)
        return hasattr(getattr(out, "past_key_values", None), "batch_repeat_interleave")

    def changes(
        self, window: np.ndarray, positions: np.ndarray, alt: np.ndarray, *, block: int = 8
    ) -> np.ndarray:
        """LLR of substitutions in one window by the likelihood of all of it, (n,) float64.

        What lies before a block of ``block`` bases is read once and kept; the block's alternatives go on from there.
        """
        import copy

        import torch

        ids, first = self._tokens(window[None]), len(self.head)
        length, positions = len(window), np.asarray(positions)
        told = self.conditionals(window[None])[0].astype(np.float64)
        known = window < codes.N
        plain = np.where(known, told[np.arange(length), np.minimum(window, 3)], 0.0)
        out = told[positions, alt] - told[positions, np.minimum(window[positions], 3)]
        past, read = None, 0
        for q in np.unique(positions // block * block):
            rows = np.flatnonzero(positions // block * block == q)
            changed = np.repeat(ids, len(rows), axis=0)
            changed[np.arange(len(rows)), first + positions[rows]] = self.ids[alt[rows]]
            with torch.inference_mode():
                if first + q > read:
                    given = torch.from_numpy(ids[:, read : first + q]).to(self.device)
                    past = self.network(
                        input_ids=given, past_key_values=past, use_cache=True
                    ).past_key_values
                    read = first + q
                kept = copy.deepcopy(past)
                if kept is not None:
                    kept.batch_repeat_interleave(len(rows))
                given = torch.from_numpy(changed[:, read : first + length]).to(self.device)
                logits = self.network(
                    input_ids=given, past_key_values=kept, use_cache=kept is not None
                ).logits
                logs = (
                    logits[..., self.ids].float().log_softmax(-1).cpu().numpy()
                )  # of the bases q + 1 … and one more
            shown = np.arange(read - first + 1, length)
            logs = logs[:, : len(shown)].astype(np.float64)
            got = np.where(
                known[shown], logs[:, np.arange(len(shown)), np.minimum(window[shown], 3)], 0.0
            )
            after = shown[None] > positions[rows, None]
            out[rows] += np.where(after, got - plain[shown], 0.0).sum(1)
        return out

    def likelihood(self, windows: np.ndarray) -> np.ndarray:
        """Log-likelihood of whole windows, (n,) float64: of a causal model the sum over its tokens; of a masked one the
        pseudo-log-likelihood, each token masked in turn. Special tokens and a first one count nothing."""
        lists = [list(self.tokenizer(self._text(w))["input_ids"]) for w in windows]
        out = np.zeros(len(lists))
        for size in sorted({len(r) for r in lists}):  # of one length: no padding
            rows = [i for i, r in enumerate(lists) if len(r) == size]
            ids = np.array([lists[i] for i in rows], dtype=np.int64)
            out[rows] = (self._left if self.objective == "causal" else self._turns)(ids)
        return out

    def _left(self, ids: np.ndarray) -> np.ndarray:
        out = np.zeros(len(ids))
        counted = ~np.isin(ids[:, 1:], self.tokenizer.all_special_ids)
        for part, logits in self._run(ids):
            logs = logits[:, :-1].log_softmax(-1).cpu().numpy()
            got = np.take_along_axis(logs, ids[part, 1:, None], -1)[..., 0]
            out[part] = np.where(counted[part], got, 0).sum(1, dtype=np.float64)
        return out

    def _turns(self, ids: np.ndarray) -> np.ndarray:
        row, place = np.nonzero(~np.isin(ids, self.tokenizer.all_special_ids))
        masked = ids[row]
        masked[np.arange(len(row)), place] = self.tokenizer.mask_token_id
        out = np.zeros(len(ids))
        for part, logits in self._run(masked):
            asked = logits[np.arange(len(logits)), place[part]].log_softmax(-1).cpu().numpy()
            got = asked[np.arange(len(asked)), ids[row[part], place[part]]]
            out += np.bincount(row[part], weights=got, minlength=len(ids))
        return out

    def hidden(self, windows: np.ndarray, layer: int = -1) -> np.ndarray:
        """As ``base.Nucleotides``; a token's state stands at each of its bases (letters and k-mers only)."""
        if self.kind == "piece":
            raise BadInput(
                f"model '{self.name}' has tokens of several lengths; no state belongs to one base."
            )
        if not -1 <= layer < self.layers:
            raise BadInput(
                f"model '{self.name}' has layers 0 to {self.layers - 1}, not {layer}; -1 is the last."
            )
        first, count = len(self.head), windows.shape[1] // self.granularity
        held = [
            h[:, first : first + count].cpu().numpy()
            for _, h in self._run(self._tokens(windows), hidden=layer)
        ]
        return np.repeat(np.concatenate(held), self.granularity, axis=1)
