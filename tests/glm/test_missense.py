"""Missense variants: likelihood ratios by brute force, faults by name, intervals over proteins."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import rows
from models.test_unirep import write_weights
from numpy.random import default_rng
from numpy.testing import assert_allclose
from scipy.special import xlogy
from sklearn.metrics import roc_auc_score

from genebench.models import unirep
from notebooks.studies.lib import missense, residues

PROTEINS = pd.Series(
    {"P1": "MKTAYIAKQRQISFVKSHFSRQ", "P2": "MSXUZWWKLA", "P3": "MAAAWKWLLA" * 4, "P4": "MKT"}
)


def log_p(network, text):
    """Natural log of the probability of each residue, and of all tokens at each place."""
    ids, state, steps = torch.tensor([unirep.tokens(text)]), network.start(1), []
    for column in ids.T:
        state = network.step(column, state)
        steps.append(network.next_token(state[-1][0]))
    table = torch.stack(steps, dim=1)[0, :-1].numpy()
    return table[np.arange(len(text)), ids[0, 1:] - 1], table


def test_ratios_are_those_of_two_full_passes(tmp_path):
    network = unirep.UniRep(write_weights(tmp_path / "w.npz", size=8))
    protein, at = np.array([2, 0, 1, 2, 0, 0, 2, 1]), np.array([39, 21, 4, 7, 0, 5, 7, 9])
    alt = np.array(list("WACDYWKM"))
    given = network, PROTEINS.tolist()[:3], protein, at, alt
    horizons = (3, residues.ALL)
    table, bits, read = residues.ratios(*given, horizons=horizons)
    for row, (text, i, new) in enumerate(zip(PROTEINS.iloc[protein], at, alt)):
        before, there = log_p(network, text)
        after, _ = log_p(network, text[:i] + new + text[i + 1 :])
        gain, p = after - before, np.exp(there[i])
        expected = [gain[i], xlogy(p, p).sum(), gain[i : i + 4].sum(), gain[i:].sum()]
        assert_allclose(table.iloc[row], expected, atol=1e-5)
    whole = np.concatenate([log_p(network, text)[0] for text in PROTEINS[:3]])
    assert read == len(whole) and bits == pytest.approx(-whole.sum() / np.log(2), abs=1e-3)
    alone, _, _ = residues.ratios(*given)
    assert_allclose(alone, table[["llr", "certainty"]], atol=1e-6)


CHANGES = dict(
    rows("""
P1:K2R | ok
P2:W6A | ok
P1:K2K | 0
P2:U4A | 0
P1:K2  | 0
P9:K2R | 2
P4:T4R | 3
P4:T0R | 3
P1:A2R | 4
""")
)
"""Changes, and the number of their fault."""


def test_what_cannot_be_scored_is_named_and_counted():
    changes, faults = pd.Series([*CHANGES, "P1:K2R"]), dict(enumerate(missense.FAULTS))
    frame = missense.checked(changes, PROTEINS)
    expected = [faults[int(n)] if n.isdigit() else n for n in (*CHANGES.values(), "1")]
    assert frame.status.tolist() == expected
    table = missense.left_out(frame).set_index("status").variants
    assert table.sum() == len(changes) and table[faults[0]] == 3


def test_rules_score_what_their_names_say():
    frame = missense.checked(pd.Series(["P1:T3W", "P3:W5K", "P4:M1K"]), PROTEINS)
    rules = missense.rules(frame, PROTEINS)
    assert rules["blosum62"].tolist() == [2, 3, 1]
    assert_allclose(rules["hydropathy"], [0.2, 3.0, 5.8])
    assert_allclose(rules["middle"], [2 / 22, 4 / 40, 0])
    letters = pd.Series(list("".join(PROTEINS))).value_counts().drop(list("XUZ"))
    ratio = letters["W"] / letters["K"], letters["M"] / letters["K"]
    assert_allclose(rules["residue-shares"][1:], np.log(ratio))
    # AAW stands four times in P3, one of them the variant's own; MKT and T once more, KW never
    assert_allclose(rules["residue-chain"], [np.log(2), np.log(4), np.nan])


def variants(n=400, proteins=30):
    """Changes of proteins that differ in their share of pathogenic ones."""
    rng = default_rng(1)
    number = np.sort(rng.integers(0, proteins, n))
    label = (rng.random(n) < np.linspace(0.3, 0.7, proteins)[number]).astype(int)
    scores = {m: label + rng.normal(0, s, n) for m, s in (("blosum62", 1.5), ("unirep-64", 0.8))}
    frame = pd.DataFrame({"protein": number.astype(str), "label": label})
    return frame, scores | {"random": rng.random(n)}


@pytest.mark.parametrize("by_protein", [False, True])
def test_intervals_are_those_of_resampled_proteins(by_protein):
    frame, scores = variants()
    table, gaps = missense.compare("missense/x", frame, scores, by_protein=by_protein)
    rows = [part.index for _, part in frame.groupby("protein")]

    def areas(r):
        return [roc_auc_score(frame.label[r], p[r]) for p in scores.values()]

    within = np.array([areas(r) for r in rows])

    def value(drawn):
        return (
            within[drawn].mean(0) if by_protein else areas(np.concatenate([rows[i] for i in drawn]))
        )

    draws = np.array([value(d) for d in default_rng(0).integers(0, len(rows), (200, len(rows)))])
    assert_allclose(table.score, value(range(len(rows))))
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    assert_allclose(table.high - table.low, high - low, rtol=0.25)
    low, high = np.quantile(draws[:, 1] - draws[:, 0], [0.025, 0.975])
    other = gaps.set_index("model").loc["unirep-64"]
    assert other.high - other.low == pytest.approx(high - low, rel=0.25)
    assert other.difference == pytest.approx(table.score[1] - table.score[0])
    assert table.low[2] < 0.5 < table.high[2]
