"""The rules of the Human Protein Atlas, against naive ones per gene and HPA's own labels."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pandas as pd
from helpers import refused

from genebench.data.builders import expression


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


def test_category_and_score_equal_the_naive_rule_on_every_gene():
    rng, gene, shape = np.random.default_rng(5), (2000, 1), (2000, 12)
    # one decimal, as HPA prints them, with ties; in some genes a few tissues stand out
    levels = rng.choice([0, 0.2, 1, 2.5, 3], gene) * rng.choice([0.5, 1, 1.1], shape)
    few = rng.random(shape) < rng.choice([0, 0.1, 0.4], gene)
    factor = rng.choice([0.9, 4, 8, 12, 40], gene) * rng.choice([0.2, 0.3, 1], shape)
    levels = np.round(levels + few * factor, 1)
    category, score = expression.tissue_specificity(levels)
    categories, scores = zip(*map(naive, levels.tolist()))
    assert category.tolist() == list(categories)
    np.testing.assert_allclose(score, scores, atol=1e-9, rtol=0)
    counts = Counter(categories).values()
    assert len(counts) == 5 and min(counts) >= 20  # every branch was taken


def test_group_of_tissues_is_its_highest_and_an_unknown_one_is_an_error(build):
    columns = {"colon": [1.0, 5, 1], "skin": [0.0, 0, 2], "rectum": [2.0, 4, 0]}
    table = {"f": pd.DataFrame(columns, index=["A", "B", "C"])}
    options = {"file": "f", "give": "distribution", "min_class": 1}
    task = build("multiclass", "tissues", table, groups={"gut": ["colon", "rectum"]}, **options)
    assert [task.classes[y].split()[-1] for y in task.labels] == ["single", "single", "all"]
    with refused("group 'gut': unknown tissue 'rectun'; did you mean 'rectum"):
        build("multiclass", "tissues", table, groups={"gut": ["rectun"]}, **options)
