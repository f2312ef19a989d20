"""Everything that a GPU is for, measured on one in one run: ``data/results/perf/gpu.csv``.

Networks have random weights, labels and vectors are made up: nothing has to be at hand, and the
speed is that of real ones. Run it by ``benchmarks/gpu.sh``. Below full size (``--scale``) fewer
sequences pass fewer layers of the same width, and nothing is saved: it shows that all of it runs.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
import torch
from transformers import BertConfig, BertModel

from genebench import probes
from genebench.benchmark import results
from genebench.core import paths
from genebench.core.errors import BadInput

from . import embed, glm

COLUMNS = "part case device size ours_per_s theirs_per_s ratio ceiling_fraction agreement".split()
"""``size``: sequences, or tasks × dimensions. Rates are of residues, nucleotides or tasks; those of
``theirs`` of a plain loop in single precision, or of L-BFGS over all tasks at once.
``ceiling_fraction``: of the rate of large matrix products measured in the same run. ``agreement``:
lowest cosine of vectors, or largest difference of an AUROC."""


def bert(width: int, layers: int, vocabulary: int) -> BertModel:
    """A transformer of that size with random weights."""
    torch.manual_seed(0)
    shape = {"hidden_size": width, "num_hidden_layers": layers, "intermediate_size": 4 * width}
    shape |= {"num_attention_heads": width // 64, "max_position_embeddings": 1026}
    config = BertConfig(vocab_size=vocabulary, pad_token_id=1, **shape)
    return BertModel(config, add_pooling_layer=False)


def networks(device: str, scale: float) -> list[dict]:
    """Rows of four networks over made-up sequences of the lengths of their kind."""
    rng, rows = np.random.default_rng(0), []
    cases = (  # name, width, layers, mean length, context, letters, sequences
        ("MiniLM, texts", 384, 6, 130, 256, "LAGVSERTIDPKQNFYMHWC", 8192),
        ("BERT-base, texts", 768, 12, 130, 512, "LAGVSERTIDPKQNFYMHWC", 4096),
        ("ESM-2 650M, proteins", 1280, 33, 450, 1024, "LAGVSERTIDPKQNFYMHWC", 768),
        ("DNABERT-2 size, genes", 768, 12, 2400, 512, "ACGT", 4096),
    )
    for name, width, layers, mean, context, letters, number in cases:
        lengths = rng.gamma(3, mean / 3, max(8, int(number * scale))).astype(int) + 8
        texts = ["".join(rng.choice(list(letters), n)) for n in lengths]
        words = embed.Sixmers() if letters == "ACGT" else embed.Residues()
        depth = max(1, round(layers * scale))
        case = name if depth == layers else f"{name}, {depth} of {layers} layers"
        network = bert(width, depth, 4200).to(device).eval()
        unit = "nucleotides" if letters == "ACGT" else "residues"
        read = 6 * (context - 2) if letters == "ACGT" else context - 2
        options = {"unit": unit, "units": int(np.minimum(lengths, read).sum())}
        options |= {"device": device, "context": context, "dtype": "bfloat16"}
        options["repeats"] = 2 if scale == 1 else 1
        row = embed.compare(case, network, words, texts, **options)
        row |= {"part": "embedding", "size": len(texts), "agreement": row["lowest_cosine"]}
        rows.append(row)
        print(f"{case}: done", flush=True)
    return rows


def all_at_once(X, Y, fold, device: str) -> np.ndarray:
    """Out-of-fold values by torch's L-BFGS over the sum of all tasks: the short way to write it."""
    out = np.zeros(Y.shape)
    for k in np.unique(fold):
        test = torch.from_numpy(fold == k).to(device)
        x, y = (torch.from_numpy(part).float().to(device) for part in (X, Y))
        mean, deviation = x[~test].mean(0), x[~test].std(0, correction=0).clamp(min=1e-12)
        x = (x - mean) / deviation
        w = torch.zeros(X.shape[1] + 1, Y.shape[1], device=device, requires_grad=True)
        steps = torch.optim.LBFGS([w], max_iter=300, line_search_fn="strong_wolfe")

        def loss(x=x, y=y, test=test, w=w, steps=steps):
            steps.zero_grad()
            logits = x[~test] @ w[:-1] + w[-1]
            fit = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, y[~test], reduction="sum"
            )
            total = fit + 0.5 * (w[:-1] ** 2).sum()
            total.backward()
            return total

        steps.step(loss)
        out[fold == k] = (x[test] @ w[:-1] + w[-1]).detach().cpu().numpy()
    return out


def fits(device: str, scale: float) -> list[dict]:
    """Rows of the probe engine: 300 tasks of 20,000 genes in 384, 768 and 4,096 dimensions."""
    from sklearn.metrics import roc_auc_score

    rows, rng = [], np.random.default_rng(0)
    n, tasks = int(20_000 * max(scale, 0.1)), max(10, int(300 * scale))
    for d in (384, 768, 4096):
        X = rng.normal(size=(n, d)).astype(np.float32)
        signal = X[:, :20] @ rng.normal(size=(20, tasks)) / 5 + rng.logistic(size=(n, tasks))
        Y = (signal > np.quantile(signal, 0.9, axis=0)).astype(np.int64)
        fold, seconds, values = np.arange(n) % 5, [], []
        for way in (_ours, all_at_once):
            way(X[:500], Y[:500, :2], fold[:500], device)  # nobody pays for the first call
            begun = time.perf_counter()
            values.append(way(X, Y, fold, device))
            seconds.append(time.perf_counter() - begun)
        at = fold == 0
        mine, theirs = (
            np.array([roc_auc_score(Y[at, t], v[at, t]) for t in range(tasks)]) for v in values
        )
        row = {"part": "probes", "case": f"{tasks} tasks, d = {d}", "size": n}
        row |= {"ours_per_s": tasks / seconds[0], "theirs_per_s": tasks / seconds[1]}
        row |= {"ratio": seconds[1] / seconds[0], "agreement": np.abs(mine - theirs).max()}
        rows.append(row | {"device": embed.name_of(device)})
    return rows


def _ours(X, Y, fold, device: str) -> np.ndarray:
    return probes.predict(X, Y, fold[:, None], kind="binary", device=device)


def keep(frame: pd.DataFrame) -> None:
    """Put the rows of a part in place of those of the same device."""
    path = paths.PERF / "gpu.csv"
    if path.exists():
        old = pd.read_csv(path)
        same = (old.part == frame.part[0]) & (old.device == frame.device[0])
        frame = pd.concat([old[~same], frame], ignore_index=True)
    results.write_table(frame, path)


def main() -> None:
    """Measure and print; each part is kept as soon as it is made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size, (0, 1]")
    given = parser.parse_args()
    if not 0 < given.scale <= 1:
        raise BadInput(f"--scale {given.scale}: give the share of the full size, above 0 to 1.")
    for part in (networks, fits):
        frame = pd.DataFrame(part(given.device, given.scale)).reindex(columns=COLUMNS)
        print(frame.to_string(index=False), flush=True)
        if given.scale == 1:
            keep(frame)
    stretch = max(8, int(glm.STRETCH * given.scale))
    frame = glm.measure(given.device, stretch=stretch, repeats=1)
    print((glm.save(frame) if given.scale == 1 else frame).to_string(index=False))


if __name__ == "__main__":
    main()
