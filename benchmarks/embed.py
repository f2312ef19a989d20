"""How fast the inference loop is, beside the plain loop that one would write.

Same network, same run, same threads.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from genebench.core import cache, manifest, paths, specs
from genebench.core.errors import BadInput
from genebench.data import readers, sources
from genebench.glm import codes, genomes
from genebench.models import Sequences, hub, inference

COLUMNS = ["case", "device", "ours_per_s", "theirs_per_s", "ratio", "ceiling_fraction"]
MORE = ["unit", "sequences", "distinct_tokens", "repeats", "threads", "lowest_cosine"]
"""What is measured, then how. ``distinct_tokens``: share of the tokens that are left when repeats
are run once; ``lowest_cosine``: of our vectors to those of the plain loop, over all sequences."""
BATCH = 32
"""Sequences of a batch of the plain loop, as in most tutorials."""


def results_path() -> Path:
    """Where the measured speeds are kept."""
    return paths.PERF / "embed.csv"


def plain(network, tokenizer, texts: list[str], *, device: str, context: int) -> np.ndarray:
    """The loop to be compared with.

    Fixed batches in the given order, padded to their longest, single precision.

    Returns the mean of the last hidden states over the tokens that are not padding, (n, d) float32.
    """
    import torch

    out = []
    with torch.no_grad():
        for at in range(0, len(texts), BATCH):
            given = tokenizer(
                texts[at : at + BATCH],
                padding=True,
                truncation=True,
                max_length=context,
                return_tensors="pt",
            ).to(device)
            hidden = network(**given).last_hidden_state
            mask = given["attention_mask"].unsqueeze(-1).float()
            out.append(((hidden * mask).sum(1) / mask.sum(1)).cpu().numpy())
    return np.concatenate(out)


def engine(
    network, tokenizer, texts: list[str], *, device: str, context: int, dtype: str
) -> np.ndarray:
    """The same vectors by ``embed.infer``, in the number format ``dtype``, tokenizing included."""

    def forward(device):
        def vectors(ids, mask):
            return hub.pooled(
                network(input_ids=ids, attention_mask=mask).last_hidden_state, mask, mask, "mean"
            )

        return vectors

    tokens = tokenizer(texts, truncation=True, max_length=context)["input_ids"]
    work = Sequences(np.arange(len(texts)), tokens, tokenizer.pad_token_id, forward, dtype=dtype)
    return inference.infer(work, device=device).vectors


def ceiling(*, device: str, dtype: str, size: int = 1536, seconds: float = 1.0) -> float:
    """Operations per second of large matrix products on a device: what no network can pass."""
    import torch

    a = torch.randn(size, size, device=device, dtype=getattr(torch, dtype))
    took = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(took) < 3:
        took.append(_timed(lambda: a @ a, device))
    return 2 * size**3 / statistics.median(took)


def operations(network, lengths: np.ndarray) -> float:
    """Multiplications and additions of a transformer over sequences of these lengths in tokens,
    without padding.
    """
    c = network.config
    dense = (
        2 * c.num_hidden_layers * (4 * c.hidden_size**2 + 2 * c.hidden_size * c.intermediate_size)
    )
    return float(
        (
            dense * lengths + 4 * c.num_hidden_layers * c.hidden_size * lengths.astype(float) ** 2
        ).sum()
    )


def compare(
    case: str,
    network,
    tokenizer,
    texts: list[str],
    *,
    unit: str,
    units: float,
    dtype: str,
    device: str,
    context: int,
    repeats: int,
) -> dict[str, object]:
    """One row: both loops over the same texts in turn, ``repeats`` times.

    Rates are medians, in ``unit`` per second.

    Args: units: what the texts hold of ``unit`` (texts, residues or nucleotides that are read).
    """
    import torch

    half = network if dtype == "float32" else _copy(network, dtype)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(repeats):
        mine, took = _watched(
            lambda: engine(half, tokenizer, texts, device=device, context=context, dtype=dtype),
            device,
        )
        ours.append(took)
        other, took = _watched(
            lambda: plain(network, tokenizer, texts, device=device, context=context), device
        )
        theirs.append(took)
    cosine = (mine * other).sum(1) / (np.linalg.norm(mine, axis=1) * np.linalg.norm(other, axis=1))
    rate, slower = units / statistics.median(ours), units / statistics.median(theirs)
    tokens = [tuple(t) for t in tokenizer(texts, truncation=True, max_length=context)["input_ids"]]
    lengths = np.array([len(t) for t in set(tokens)])
    needed = operations(network, lengths)
    top = ceiling(device=device, dtype=dtype)
    return {
        "case": case,
        "device": name_of(device),
        "ours_per_s": rate,
        "theirs_per_s": slower,
        "ratio": rate / slower,
        "ceiling_fraction": needed / statistics.median(ours) / top,
        "unit": unit,
        "sequences": len(texts),
        "distinct_tokens": lengths.sum() / sum(map(len, tokens)),
        "repeats": repeats,
        "threads": torch.get_num_threads(),
        "lowest_cosine": float(cosine.min()),
    }


def by_format(
    case: str, network, tokenizer, texts: list[str], **measured
) -> list[dict[str, object]]:
    """``compare`` in single precision and in bfloat16, which the names of the cases tell."""
    return [
        compare(f"{case}, {dtype}", network, tokenizer, texts, dtype=dtype, **measured)
        for dtype in ("float32", "bfloat16")
    ]


def _copy(network, dtype: str):
    import copy

    import torch

    return copy.deepcopy(network).to(getattr(torch, dtype))


def _timed(work: Callable, device: str) -> float:
    return _watched(work, device)[1]


def _watched(work: Callable, device: str) -> tuple:
    """What some work returns, and the seconds that it took."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize()
    start = time.perf_counter()
    made = work()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return made, time.perf_counter() - start


def name_of(device: str) -> str:
    """A device in words: the processor's or GPU's name."""
    import torch

    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"{os.cpu_count()} CPU cores"


def summaries(path: Path | None, number: int, *, seed: int = 0) -> list[str]:
    """A random choice of human NCBI gene summaries, from ``path`` or from the declared source.

    Some summaries stand for a whole family of genes; a sample has fewer such repeats than the whole
    file.
    """
    source = specs.declared().source("ncbi")
    options = source.files["gene_summary"].options
    table = readers.read_tsv(path, **options) if path else sources.table(source, "gene_summary")
    human = table.Summary[table["#tax_id"] == "9606"].to_numpy(object)
    return np.random.default_rng(seed).permutation(human)[:number].tolist()


def human_proteins() -> list[str]:
    """The reviewed human proteins of UniProt."""
    return sources.table(specs.declared().source("swissprot"), "sequences").sequence.tolist()


def coding_sequences() -> list[str]:
    """The coding sequences of Escherichia coli, along their strands."""
    genome = genomes.load("ecoli", specs.declared().sources)
    return [codes.decode(genome.coding(gene)) for gene in genome.genes.itertuples()]


def text_rows(texts: list[str], *, device: str, repeats: int) -> list[dict[str, object]]:
    """MiniLM on gene summaries, in single precision and in bfloat16."""
    from transformers import AutoTokenizer

    spec = specs.declared().model("minilm-symbol")
    folder = sources.package_folder(spec.weights) / spec.options["path"]
    network = hub.load(spec, folder).to(device).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return by_format(
        "MiniLM, NCBI summaries",
        network,
        tokenizer,
        texts,
        unit="texts",
        units=len(texts),
        device=device,
        context=hub.CONTEXT,
        repeats=repeats,
    )


def protein_rows(
    sequences: list[str],
    *,
    device: str,
    repeats: int,
    layers: int = 6,
    width: int = 320,
    context: int = 1024,
) -> list[dict[str, object]]:
    """A network of the size of ESM-2 8M (random weights: the speed is the same) on proteins."""
    import torch
    from transformers import EsmConfig, EsmModel

    torch.manual_seed(0)
    network = EsmModel(
        EsmConfig(
            vocab_size=33,
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=20,
            mask_token_id=32,
            intermediate_size=4 * width,
            pad_token_id=1,
            position_embedding_type="rotary",
            max_position_embeddings=1026,
            token_dropout=True,
        ),
        add_pooling_layer=False,
    )
    units = sum(min(len(s), context - 2) for s in sequences)
    return by_format(
        "ESM-2 8M, proteins",
        network.to(device).eval(),
        Residues(),
        sequences,
        unit="residues",
        units=units,
        device=device,
        context=context,
        repeats=repeats,
    )


def dna_rows(
    sequences: list[str],
    *,
    device: str,
    repeats: int,
    layers: int = 12,
    width: int = 768,
    context: int = 512,
) -> list[dict[str, object]]:
    """A network of the size of DNABERT-2 (random weights.

    The speed is the same) on nucleotides, six to a token.
    """
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    network = BertModel(
        BertConfig(
            vocab_size=len(Sixmers.letters) + 4**6 + 3,
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=width // 64,
            intermediate_size=4 * width,
            max_position_embeddings=context,
            pad_token_id=Sixmers.pad_token_id,
        ),
        add_pooling_layer=False,
    )
    units = sum(min(len(s), 6 * (context - 2)) for s in sequences)
    return by_format(
        "DNABERT-2 size, coding sequences",
        network.to(device).eval(),
        Sixmers(),
        sequences,
        unit="nucleotides",
        units=units,
        device=device,
        context=context,
        repeats=repeats,
    )


class Residues:
    """The tokens of ESM-2, without a file: begin, one per residue, end.

    Called like a Hugging Face tokenizer.
    """

    pad_token_id = 1
    letters = {letter: 4 + i for i, letter in enumerate("LAGVSERTIDPKQNFYMHWCXBUZO")}

    def __call__(
        self,
        texts: list[str],
        *,
        padding: bool = False,
        truncation: bool,
        max_length: int,
        return_tensors=None,
    ):
        """``input_ids``, and with ``padding`` tensors with their ``attention_mask``."""
        ids = [[0, *self.tokens(t, max_length - 2), 2] for t in texts]
        if not padding:
            return {"input_ids": ids}
        import torch
        from transformers import BatchEncoding

        longest = max(map(len, ids))
        return BatchEncoding(
            {
                "input_ids": torch.tensor(
                    [i + [self.pad_token_id] * (longest - len(i)) for i in ids]
                ),
                "attention_mask": torch.tensor(
                    [[1] * len(i) + [0] * (longest - len(i)) for i in ids]
                ),
            }
        )

    def tokens(self, text: str, most: int) -> list[int]:
        """Numbers of the first ``most`` tokens of a sequence."""
        return [self.letters.get(c, 24) for c in text[:most]]


class Sixmers(Residues):
    """Words of six nucleotides, side by side, and single ones for the rest, as the Nucleotide
    Transformer cuts.
    """

    letters = {letter: 3 + i for i, letter in enumerate("ACGTN")}

    def tokens(self, text: str, most: int) -> list[int]:
        """Numbers of the first ``most`` tokens of a sequence.

        A word with a letter beyond ACGT is cut up.
        """
        out: list[int] = []
        for at in range(0, len(text), 6):
            word = ["ACGT".find(c) for c in text[at : at + 6]]
            if len(word) == 6 and min(word) >= 0:
                out.append(8 + int(np.dot(word, 4 ** np.arange(6))))
            else:
                out += [self.letters.get(c, self.letters["N"]) for c in text[at : at + 6]]
            if len(out) >= most:
                break
        return out[:most]


def write(rows: list[dict[str, object]]) -> Path:
    """Keep measured rows; those of the same case, device and threads are replaced."""
    frame = pd.DataFrame(rows)[COLUMNS + MORE]
    path = results_path()
    if path.exists():
        old = pd.read_csv(path)
        new = set(zip(frame.case, frame.device, frame.threads))
        frame = pd.concat(
            [old[[k not in new for k in zip(old.case, old.device, old.threads)]], frame],
            ignore_index=True,
        )
    frame = frame.round(
        {
            "ours_per_s": 2,
            "theirs_per_s": 2,
            "ratio": 3,
            "ceiling_fraction": 3,
            "distinct_tokens": 3,
            "lowest_cosine": 6,
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with cache.atomic(path) as temporary:
        frame.to_csv(temporary, index=False)
    manifest.note(path)
    return path


def measure(
    *,
    device: str = "cpu",
    number: int = 512,
    repeats: int = 3,
    threads: int | None = None,
    texts: Path | None = None,
    proteins: Path | None = None,
    nucleotides: Path | None = None,
) -> pd.DataFrame:
    """Measure every case and keep the rows.

    Args: number: texts (and a quarter as many proteins and coding sequences). threads: of the CPU;
    None: one a core. texts: a file of NCBI gene summaries; proteins, nucleotides: FASTA files;
    None: the declared sources (Swiss-Prot's human proteins, the genes of E. coli).
    """
    import torch

    if device == "cpu":
        torch.set_num_threads(threads or os.cpu_count() or 1)
    rows = text_rows(summaries(texts, number), device=device, repeats=repeats)
    write(rows)
    for path, declared, measured in (
        (proteins, human_proteins, protein_rows),
        (nucleotides, coding_sequences, dna_rows),
    ):
        sequences = readers.read_fasta(path).sequence.tolist() if path else declared()
        picked = np.random.default_rng(0).permutation(np.array(sequences, object))
        rows += measured(picked[: number // 4].tolist(), device=device, repeats=repeats)
        write(rows)
    return pd.DataFrame(rows)


def speeds(*, measured_on: str = "") -> pd.DataFrame:
    """The kept rows, one per case, device and number of threads.

    The text cases are first measured on a device named.

    Raises: BadInput: nothing was measured yet.
    """
    if measured_on:
        measure(device=measured_on)
    if not results_path().exists():
        raise BadInput(f"{results_path()} is not there; run 'python -m benchmarks.embed'.")
    return pd.read_csv(results_path())


def main(given: list[str]) -> None:
    """``python -m benchmarks.embed``: measure and print."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--number", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--proteins", type=Path)
    parser.add_argument("--nucleotides", type=Path)
    print(measure(**vars(parser.parse_args(given))).to_string(index=False))


if __name__ == "__main__":
    main(sys.argv[1:])
