"""Frequency against score: kinds of change, residues of mitochondria, halves, known figures."""

from types import SimpleNamespace

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
    sequence, start, end = toys.bases(60, seed=1), 6, 54
    amino = populations.mitochondrial_code()
    found = populations._residues(sequence, start, end, reverse, amino)
    assert len(found) == 3 * (end - start)
    for (at, new), residues in list(found.items())[::7]:
        changed = codes.substituted([sequence], at, new)[0]
        place = (end - 1 - at if reverse else at - start) // 3
        texts = [Seq(codes.decode(s[start:end])) for s in (sequence, changed)]
        texts = [t.reverse_complement() for t in texts] if reverse else texts
        assert residues == tuple(str(t.translate(2))[place] for t in texts)


def test_no_model_of_a_half_has_read_what_it_scores():
    sequence = toys.bases(5000)
    parts = populations.folds(sequence)
    fold = np.arange(len(sequence)) // populations.BLOCK % 2
    for number, blocks in enumerate(parts):
        assert sum(len(b.codes) for b in blocks) == (fold != number).sum()
    even = lambda value: lambda w: np.full((*w.shape, 4), value, np.float32)  # noqa: E731
    models = [SimpleNamespace(context=0, conditionals=even(value)) for value in (0, 1)]
    both = populations.Folds("x", sequence, models)
    assert (both.whole[:, 0] == fold).all()
    assert zero_shot.around_changes(both, sequence, np.array([3])) is both.whole


def test_gains_are_means_over_seeds_of_differences():
    cluster, rng = np.repeat(np.arange(10), 5).astype(str), np.random.default_rng(0)
    task, mixed, alone = toys.variants(cluster=cluster), populations.MIXED, populations.ALONE
    draw = lambda: np.log(rng.dirichlet(np.ones(4), 400))  # noqa: E731
    models = [[SimpleNamespace(name=n, whole=draw()) for n in (mixed, alone)] for _ in range(3)]
    scores, gains = populations.score([task], models, without=("random",))
    assert "random" not in set(scores.model)
    by_seed = scores.pivot(index="repeat", columns="model", values="score")
    truth, row = by_seed[mixed] - by_seed[alone], gains.set_index("model").loc[mixed]
    found = row[["difference", "lowest", "highest"]].tolist()
    assert found == pytest.approx([truth.mean(), truth.min(), truth.max()])
    assert row.low < row.difference < row.high and (row.changes, row.clusters) == (50, 10)


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
    tasks, _ = populations.mitochondrial(declared)
    named = {t.name.removeprefix("populations/"): t for t in tasks}
    expected = {"mtdna-unseen": 0.743, "mtdna-transitions": 0.835, "mtdna-confirmed": 0.908}
    for name, area in expected.items():
        task = named[name]
        found = roc_auc_score(task.label, task.beside.phylop.fillna(0))
        assert found == pytest.approx(area, abs=1e-3)
    scores, _ = populations.pairs(declared, [])
    scores = scores.set_index(["task", "model"]).score
    for name, published in (("dnase", 0.516), ("h3k27ac", 0.494)):  # of pairs that differ in it
        frame = sources.table(declared["chromatin_qtl"], name)
        both = [next(p for p in zip(*row) if p[0] != p[1]) for row in zip(frame.high, frame.low)]
        strong = np.array([(h in "GC") - (w in "GC") for h, w in both])
        assert (strong[strong != 0] > 0).mean() == pytest.approx(published, abs=1e-3)
        assert scores[f"populations/{name}", "gc-loss"] == pytest.approx(0.5 + strong.mean() / 2)
