"""The rules of the Human Protein Atlas, against naive ones per gene and HPA's own labels."""

from fractions import Fraction

import numpy as np
import pandas as pd
from helpers import refused

from genebench.data.shapes import expression


def naive(levels):
    """The rule as prose has it, one gene at a time, in exact tenths: category and score."""
    left = sorted((Fraction(round(10 * level), 10) for level in levels), reverse=True)
    first, none, floor = left[0], float("nan"), Fraction(1, 10)
    if first < 1:
        return "Not detected", none
    if first / max(left[1], floor) >= 4:
        return "Tissue enriched", float(first / max(left[1], floor))
    group = [level for level in left if level > first / 4]
    if 2 <= len(group) <= 5 and len(group) < len(left) and min(group) >= 1:
        ratio = sum(group) / len(group) / max(left[len(group)], floor)
        if ratio >= 4:
            return "Group enriched", float(ratio)
    if first >= 4 * sum(left) / len(left):
        return "Tissue enhanced", none
    return "Low tissue specificity", none


def levels_of_all_kinds(n=2000, tissues=12):
    """Expression with one decimal, as HPA prints it, of genes of every category, and of ties."""
    rng = np.random.default_rng(5)
    spread = rng.choice([0.2, 1.0, 2.5], size=(n, 1))
    levels = np.exp(rng.normal(rng.choice([-3, 0, 3], size=(n, 1)), spread, size=(n, tissues)))
    for row in np.flatnonzero(rng.random(n) < 0.4):  # a few tissues stand out, by one factor
        few = rng.choice(tissues, rng.integers(1, 7), replace=False)
        levels[row, few] *= rng.choice([4, 8, 40])
    levels[rng.random(levels.shape) < 0.05] = 0
    levels[:50] = np.repeat(np.round(levels[:50, :1]), tissues, axis=1)
    return np.round(levels, 1)


def test_category_and_score_equal_the_naive_rule_on_every_gene():
    levels = levels_of_all_kinds()
    category, score = expression.tissue_specificity(levels)
    expected = [naive(row) for row in levels.tolist()]
    assert category.tolist() == [c for c, _ in expected]
    np.testing.assert_allclose(score, [s for _, s in expected], atol=1e-9, rtol=0)
    counts = pd.Series(category).value_counts()
    assert len(counts) == 5 and counts.min() >= 20  # every branch was taken


def test_group_of_tissues_is_its_highest_and_an_unknown_one_is_an_error(build):
    columns = {"colon": [1.0, 5, 1], "skin": [0.0, 0, 2], "rectum": [2.0, 4, 0]}
    table = {"f": pd.DataFrame(columns, index=["A", "B", "C"])}
    options = {"file": "f", "give": "distribution", "min_class": 1}
    groups = {"intestine": ["colon", "rectum"]}
    task = build("multiclass", "tissues", table, groups=groups, **options)
    assert [task.classes[y].split()[-1] for y in task.labels] == ["single", "single", "all"]
    with refused("group 'gut': unknown tissue 'rectun'; did you mean 'rectum"):
        build("multiclass", "tissues", table, groups={"gut": ["colon", "rectun"]}, **options)
