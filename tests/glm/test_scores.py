"""Scores of tables of variants: rows by themselves, wide alleles, faults, resumed runs."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from genebench.glm import codes, score, variants
from genebench.glm.codes import Sequence
from genebench.glm.tables import scores
from tests.glm.tiny import GENOME, KMERS, LENGTH, model

CONTIG = {"c": Sequence("c", GENOME)}
TEXT = codes.decode(GENOME)


def table(*rows):
    """Checked variants of a position, a reference length and an alternative each, or of a position:
    a substitution."""
    rows = [row if isinstance(row, tuple) else (row, 1, other(row)) for row in rows]
    rows = [
        (i, "c", p, ".", TEXT[p - 1 : p - 1 + n], alt, "ok") for i, (p, n, alt) in enumerate(rows)
    ]
    columns = ["line", "chrom", "pos", "id", "ref", "alt", "status"]
    return variants.check(pd.DataFrame(rows, columns=columns), CONTIG)


def other(position):
    return "ACGT"[3 - "ACGT".index(TEXT[position - 1])]


@pytest.fixture
def scored(tmp_path):
    """Score variants by a model, keeping the rows that are done."""

    def call(m, frame, **options):
        return scores.score(m, CONTIG, frame, partial=tmp_path, **options)

    return call


@pytest.mark.parametrize("given", [{}, {"objective": "causal", **KMERS}])
def test_a_table_of_variants_is_scored_as_variants_one_by_one(scored, given):
    m, positions = model(**given), np.array([301, 302, 302, 341, 91])
    frame = table(*positions)
    out = scored(m, frame, kinds=scores.KINDS, length=LENGTH)
    assert (out.embedding > 0).all() and (out.influence >= 0).all() and out.llr_own.isna().all()
    rows = *score.placed(m, GENOME, positions - 1, LENGTH), codes.encode("".join(frame.alt))
    alone = [score.llr(m, *(part[[i]] for part in rows))[0] for i in range(5)]
    assert_allclose(out.llr, alone, atol=2e-5)


@pytest.mark.parametrize("objective", ["masked", "causal"])
def test_one_substitution_in_five_spellings_has_one_score(scored, objective):
    spans = (0, 1), (0, 9), (9, 1), (20, 40), (0, 90)
    rows = [
        (300 - a, a + b, TEXT[299 - a : 299] + other(300) + TEXT[300 : 299 + b]) for a, b in spans
    ]
    out = scored(model(objective=objective), table(*rows), kinds=scores.KINDS)
    assert (out.normal_pos == 300).all()
    for kind in scores.KINDS:
        assert np.ptp(out[kind]) <= 1e-6 < np.abs(out[kind]).min()


def test_what_is_wider_than_a_window_widens_it_and_what_fits_none_says_so(scored):
    rows = [300, (101, 120, TEXT[100]), (101, 1, TEXT[100] + "ACGT" * 60)]
    m = model(objective="masked")
    m.max_length = 200
    out = scored(m, table(*rows), length=LENGTH)
    assert out.status[2] == "longer than what the model reads at once (200 bases)"
    assert np.isfinite(out.llr).tolist() == [True, True, False] and out.llr[1] != 0
    assert np.isclose(scored(m, table(rows[1]), length=LENGTH).llr[0], out.llr[1], atol=1e-5)


def test_a_row_that_fails_costs_no_other(scored, monkeypatch):
    real = score.placed

    def placed(m, bases, positions, length):
        if 300 in positions:
            raise RuntimeError("out of\nmemory")
        return real(m, bases, positions, length)

    frame = table(200, 301, 400)
    monkeypatch.setattr(score, "placed", placed)
    out = scored(model(), frame, length=LENGTH)
    assert out.status.tolist() == ["ok", "failed: RuntimeError: out of memory", "ok"]


def test_an_interrupted_run_goes_on_where_it_stopped(scored, tmp_path, monkeypatch):
    monkeypatch.setattr(scores, "ROWS", 2)
    m, real, done = model(), scores._scored, []
    frame = table(*range(100, 107), (9, 2, TEXT[8]))
    (tmp_path / "whole").write_text("rows of an older version")
    whole = scores.score(m, CONTIG, frame, partial=tmp_path / "whole", length=LENGTH)

    def stop(*given):
        done.append(given[2].index[0])
        if done == [0, 2, 4]:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(scores, "_scored", stop)
    with pytest.raises(KeyboardInterrupt):
        scored(m, frame, length=LENGTH)
    pd.testing.assert_frame_equal(scored(m, frame, length=LENGTH), whole)
    assert done[3:] == [4, 6]
    scored(m, frame, length=LENGTH + 2)
    out = scored(m, frame, length=LENGTH + 2, kinds=["influence"])
    assert done[5:] == 2 * [0, 2, 4, 6]  # other options or scores: nothing is taken over
    assert "llr" not in out and out.influence.isna().sum() == 1
    (lost,) = out.status[out.influence.isna()]
    assert lost == "no single substitution, as this score needs"


def test_a_kind_of_few_variants_has_no_calibrated_score():
    frame = table(*[301] * 11, 120)
    out = scores.with_calibration(frame.assign(llr=np.arange(12.0)), CONTIG).llr_calibrated
    assert np.allclose(out[:11], np.arange(11) - 5) and np.isnan(out[11])
