"""Frequency against score: kinds of change, residues of mitochondria, halves, known figures."""

import numpy as np
import pytest
from Bio.Seq import Seq
from glm import toys
from sklearn.metrics import roc_auc_score

from genebench.core import specs
from genebench.data import sources
from genebench.glm import codes
from notebooks.studies.lib import populations, simulated, zero_shot


@pytest.mark.parametrize("reverse", [False, True])
def test_residues_of_mitochondria_are_those_of_biopython(reverse):
    sequence = toys.bases(60, seed=1)
    start, end = 6, 54
    amino = populations.mitochondrial_code()
    found = populations._residues(sequence, start, end, reverse, amino)
    assert len(found) == 3 * (end - start)
    for (at, new), (before, after) in list(found.items())[::7]:
        changed = sequence.copy()
        changed[at] = new
        texts = [Seq(codes.decode(s[start:end])) for s in (sequence, changed)]
        proteins = [str((t.reverse_complement() if reverse else t).translate(2)) for t in texts]
        place = (end - 1 - at if reverse else at - start) // 3
        assert (before, after) == tuple(p[place] for p in proteins)


def test_no_model_of_a_half_has_read_what_it_scores():
    sequence = toys.bases(5000)
    parts = populations.folds(sequence)
    fold = np.arange(len(sequence)) // populations.BLOCK % 2
    for number, blocks in enumerate(parts):
        assert sum(len(b.codes) for b in blocks) == (fold != number).sum()

    class Model:
        context = 0

        def __init__(self, value):
            self.value = value

        def conditionals(self, windows):
            return np.full((*windows.shape, 4), self.value, np.float32)

    both = populations.Folds("x", sequence, [Model(0), Model(1)])
    assert (both.whole[:, 0] == fold).all()
    assert zero_shot.around_changes(both, sequence, np.array([3])) is both.whole


def test_odds_ratios_are_those_of_a_table_of_four():
    values, rare = np.arange(100.0), np.arange(100) % 3 == 0
    row = simulated.odds_ratios(values, rare, ~rare).set_index("lowest").loc[0.2]
    low = values <= np.quantile(values, 0.2)
    a, b, c, d = (x.sum() + 0.5 for x in (low & rare, low & ~rare, ~low & rare, ~low & ~rare))
    assert row.odds_ratio == pytest.approx(a * d / (b * c)) and row.rare == (low & rare).sum()


@pytest.mark.mirror
def test_known_figures_of_the_mitochondrial_genome_and_of_alleles():
    declared = specs.declared().sources
    if sources.status(declared["human_mtdna"])[0] != "ready":
        pytest.skip("the mitochondrial genome is not here")
    tasks, frequency = populations.mitochondrial(declared)
    named = {t.name.removeprefix("populations/"): t for t in tasks}
    size = {n: (len(t), int((t.label == 0).sum())) for n, t in named.items()}
    assert size["mtdna-unseen"][0] == 49704 and size["mtdna-transitions"] == (16568, 7207)
    assert (named["mtdna-confirmed"].label.sum(), (frequency > 1e-3).sum()) == (90, 1577)
    found = {n: roc_auc_score(t.label, t.beside.phylop.fillna(0)) for n, t in named.items()}
    expected = {"mtdna-unseen": 0.743, "mtdna-transitions": 0.835, "mtdna-confirmed": 0.908}
    assert {n: found[n] for n in expected} == pytest.approx(expected, abs=1e-3)
    every = named["mtdna-unseen"]
    area = roc_auc_score(every.label, zero_shot.transversion(every))
    assert area == pytest.approx(0.79, abs=1e-3)
    scores, _ = populations.pairs(declared, [])
    scores = scores.set_index(["task", "model"]).score
    for name, published in (("dnase", 0.516), ("h3k27ac", 0.494)):  # of pairs that differ in it
        frame = sources.table(declared["chromatin_qtl"], name)
        both = [next(p for p in zip(*row) if p[0] != p[1]) for row in zip(frame.high, frame.low)]
        strong = np.array([(h in "GC") - (w in "GC") for h, w in both])
        assert (strong[strong != 0] > 0).mean() == pytest.approx(published, abs=1e-3)
        share = scores[f"populations/{name}", "gc-loss"]
        assert share == pytest.approx(0.5 + strong.mean() / 2)
