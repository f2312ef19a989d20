"""Zero-shot scores of variants: tasks, metrics, baselines, rules, k-mer models."""

import numpy as np
import pandas as pd
import pytest
from Bio.Seq import Seq
from glm import toys
from helpers import refused
from sklearn.metrics import average_precision_score, roc_auc_score

from genebench.glm import codes
from notebooks.studies.lib import effects, rules, zero_shot


def test_a_wrong_change_and_an_unknown_set_are_errors():
    one = np.array([0])
    with refused("1 changes have another reference base"):
        effects.Effects("t", "binary", codes.encode("ACGT"), one, one + 1, one + 2, one, one)
    with refused("unknown set of variants 'brca'; did you mean 'brca1'"):
        effects.load("brca", {})


def test_consequences_are_those_of_a_translation_by_biopython():
    toy = toys.genome()
    rows, before = effects.changes(toy), str(Seq(toys.GENE).translate())
    assert len(rows) == 2 * 3 * (len(toys.GENE) - 6)
    for row in rows.sample(60, random_state=1).itertuples():
        changed = toys.genome()
        changed.codes[row.at] = row.alt
        gene = next(g for g in changed.genes.itertuples() if g.gene == row.gene)
        after = str(Seq(codes.decode(changed.coding(gene))).translate())
        kind = "nonsense" if after.count("*") > 1 else "missense"
        kind = "synonymous" if before == after else kind
        assert effects.CONSEQUENCES[row.consequence] == kind
        assert toy.codes[row.at] == row.ref


def test_scores_are_those_of_scikit_learn_and_lie_in_their_intervals():
    task = toys.variants()
    scores = task.label + np.random.default_rng(0).normal(0, 1.2, len(task)).round(1)
    table = zero_shot.metrics_of(task, scores).set_index("metric")
    assert table.score["prior"] == 0.4
    for metric, truth in (("auroc", roc_auc_score), ("auprc", average_precision_score)):
        assert table.score[metric] == pytest.approx(truth(task.label, scores))
        assert table.low[metric] < table.score[metric] < table.high[metric]


def test_baselines_score_what_their_names_say():
    sequence, at, alt = codes.encode("ACGTA"), np.array([1, 1, 2, 0]), codes.encode("TAAG")
    task = effects.Effects("t", "binary", sequence, at, sequence[at], alt, at, at.astype(str))
    assert zero_shot.transversion(task).tolist() == [0, 1, 0, 0]
    assert zero_shot.cpg(task).tolist() == [0, 1, 0, 0.5]
    assert zero_shot.gc_loss(task).tolist() == [1, 1, 1, -1]


def test_human_windows_that_share_a_word_with_what_is_scored_are_not_counted(monkeypatch):
    texts = [codes.decode(toys.bases(60, seed=i)) for i in range(60)]
    monkeypatch.setattr(zero_shot.files, "table", lambda *_: pd.DataFrame({"sequence": texts}))
    parts = zero_shot._human_sequences([codes.encode(texts[7])[:30]], {"gue": None})
    count, check = (codes.decode(sequence) for (sequence,) in parts)
    assert [sum(t in part for t in texts) for part in (count, check)] == [57, 2]
    assert texts[7] not in count + check


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
    sequence = codes.encode("A" * 99 + "GGC" + "A" * 998)
    at = np.array([100, 98, 102, 900, 1000, 5])
    task = effects.Effects("t", "binary", sequence, at, sequence[at], at * 0 + 3, at, at)
    assert rules.position(task) == pytest.approx([-93 / 97, -89 / 97, -1, -1, -1, -1])
    assert rules.composition(task) == pytest.approx([0.02, 0.03, 0.03, 0, 0, 0])


def test_matched_scores_are_means_within_position_and_kind_of_change():
    rng = np.random.default_rng(0)
    old = rng.integers(0, 64, 50)
    new = old ^ (rng.integers(1, 4, 50) << 2 * rng.integers(0, 3, 50))
    beside = pd.DataFrame({"codon_ref": old, "codon_alt": new})
    task = effects.matched(toys.variants(label=np.arange(50) % 2, beside=beside))
    scores = rng.normal(size=50).round(1) + task.stratum
    (row,) = zero_shot.metrics_of(task, scores).itertuples()
    truth = toys.within(task.label, scores, task.stratum)
    assert (row.metric, row.score) == ("auroc", pytest.approx(truth))
    assert row.low < row.score < row.high
    # only the strata are told apart
    assert zero_shot.metrics_of(task, task.stratum.astype(float)).score.tolist() == [0.5]
