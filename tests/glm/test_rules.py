"""Rules that score changes are those of a search by hand through strings."""

import numpy as np
import pandas as pd
import pytest
from glm import toys
from sklearn.metrics import roc_auc_score

from genebench.glm import codes
from notebooks.studies.lib import effects, rules, zero_shot


def frames_cut(task):
    """Codons of every open frame that a new stop cuts, change by change, letter by letter."""
    stops, whole = {"TAA", "TAG", "TGA"}, codes.decode(task.sequence)
    for at, alt in zip(task.at, task.alt):
        found = []
        for turn in (False, True):
            text = codes.decode(toys.reverse(task.sequence)) if turn else whole
            here = len(text) - 1 - at if turn else at
            new = text[:here] + "ACGT"[3 - alt if turn else alt] + text[here + 1 :]
            for i in range(max(0, here - 2), min(here, len(text) - 3) + 1):
                if new[i : i + 3] not in stops or text[i : i + 3] in stops:
                    continue
                low = high = i
                while low >= 3 and text[low - 3 : low] not in stops:
                    low -= 3
                while high + 6 <= len(text) and text[high + 3 : high + 6] not in stops:
                    high += 3
                found.append((high - low) // 3 + 1)
        yield found


def test_open_frames_and_new_stop_words_are_those_of_a_search_by_hand():
    sequence = toys.bases(120, seed=11)
    at, step = (x.ravel() for x in np.meshgrid(np.arange(120), [1, 2, 3]))
    alt = ((sequence[at] + step) % 4).astype(np.uint8)
    task = effects.Effects("t", "binary", sequence, at, sequence[at], alt, at, at.astype(str))
    truth = list(frames_cut(task))
    assert max(map(len, truth)) > 1
    assert rules.open_frame(task).tolist() == [max(found, default=0) for found in truth]
    assert rules.stop_words(task).tolist() == [len(found) for found in truth]


def test_position_and_composition_are_of_a_stretch_and_of_the_bases_around():
    sequence, at = codes.encode("A" * 99 + "GGC" + "A" * 998), np.array([100, 98, 102, 900, 5])
    task = effects.Effects("t", "binary", sequence, at, sequence[at], at * 0 + 3, at, at)
    assert rules.position(task) == pytest.approx([-93 / 97, -89 / 97, -1, -1, -1])
    assert rules.composition(task) == pytest.approx([0.02, 0.03, 0.03, 0, 0])


def test_matched_scores_are_means_within_position_and_kind_of_change():
    rng = np.random.default_rng(0)
    old = rng.integers(0, 64, 50)
    new = old ^ (rng.integers(1, 4, 50) << 2 * rng.integers(0, 3, 50))
    beside, y = pd.DataFrame({"codon_ref": old, "codon_alt": new}), np.arange(50) % 2
    task = effects.matched(toys.variants(label=y, beside=beside))
    scores = rng.normal(size=50).round(1) + task.stratum
    parts = [np.flatnonzero(task.stratum == s) for s in set(task.stratum)]
    parts = [p for p in parts if len(set(y[p])) == 2]
    areas = [roc_auc_score(y[p], scores[p]) for p in parts]
    truth = np.average(areas, weights=[y[p].sum() * (1 - y[p]).sum() for p in parts])
    (row,) = zero_shot.metrics_of(task, scores).itertuples()
    assert (row.metric, row.score) == ("auroc", pytest.approx(truth))
    assert row.low < row.score < row.high
    # only the strata are told apart
    assert zero_shot.metrics_of(task, task.stratum.astype(float)).score.tolist() == [0.5]
