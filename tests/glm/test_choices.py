"""Design choices of small networks: the grid, what is measured, and what is made of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from glm import toys
from scipy import optimize, stats

from genebench.glm import net
from genebench.glm.trained import TrainedModel
from notebooks.studies.lib import choices


def test_every_network_of_the_grid_can_be_built_and_differs_from_what_it_is_compared_with():
    grid = choices.grid()
    for choice in grid.values():
        net.build(choices.recipe(choice, 0))
        other, kept = grid[choice.against], {"name", "title", "choice", "against", "seeds"}
        if choice.name not in ("usual", "yeast", "untrained") and choice.choice != "size":
            assert choice.model_dump(exclude=kept) != other.model_dump(exclude=kept), choice.name
        assert choice.seeds >= 3 or choice.choice not in ("objective", "architecture", "data")


def test_a_network_that_knows_nothing_needs_two_bits_and_tells_no_changes_apart():
    places = {"outside repeats": np.arange(700, 720), "in repeats": np.arange(0)}
    on = choices.Tested(toys.genome(), places, [toys.variants()] * 2, None)
    out = choices.measure(TrainedModel(net.recipe({"width": 8, "depth": 2, "window": 64})), on)
    expected = {"bits": 2.0, "bits_repeats": np.nan, "nonsense": 0.5, "missense": 0.5}
    assert out == pytest.approx(expected | {"probe": np.nan}, nan_ok=True)


def test_the_probe_finds_a_planted_word_in_states_of_random_weights():
    task, model = toys.labelled(), TrainedModel(net.recipe({"width": 32, "depth": 1, "window": 64}))
    assert choices.probe_auroc(model, task, seeds=1) > 0.6
    other = replace(task, label=np.random.default_rng(1).permutation(task.label))
    assert 0.2 < choices.probe_auroc(model, other, seeds=1) < 0.8


def runs():
    """Two networks of three seeds, one of one, and an untrained one, whose spread counts not."""
    names = pd.Series("usual masked crossed untrained".split()).repeat([3, 3, 1, 5])
    frame = pd.DataFrame({"name": names, "title": names, "genome": "ecoli"})
    frame["against"] = names.map({"crossed": "masked"}).fillna("usual")
    frame["choice"] = names.map({"masked": "objective", "crossed": "objective"}).fillna(names)
    frame["bits"] = np.random.default_rng(0).random(12)
    return frame.assign(**dict.fromkeys(choices.MEASURES[1:], np.nan)).reset_index(drop=True)


def test_differences_are_those_of_students_t_with_the_spread_of_all_trained_networks():
    frame = runs()
    table = choices.differences(frame).set_index("name")
    groups = frame.groupby("name").bits
    expected = stats.ttest_ind(*(groups.get_group(n) for n in ("masked", "usual")))
    interval = expected.confidence_interval(0.95)  # of the same four degrees of freedom
    assert table.loc["masked", ["low", "high"]].tolist() == pytest.approx(interval)
    wide = table.high - table.low
    assert wide["crossed"] == pytest.approx(wide["masked"] * np.sqrt((1 + 1 / 3) / (2 / 3)))
    assert set(table.measure) == {"bits"} and set(table.index) == {*frame["name"]} - {"usual"}


def test_scaling_is_a_regression_with_a_level_for_each_genome():
    frame = pd.DataFrame({"genome": np.repeat(list("abc"), 5), "choice": "size"})
    frame["weights"] = np.tile(10.0 ** np.arange(3, 8), 3)
    frame["bits"] = np.repeat(range(3), 5) + np.random.default_rng(1).standard_normal(15)
    found = choices.scaling(frame).set_index("genome").loc["all"]
    X = np.column_stack([np.log10(frame.weights), pd.get_dummies(frame.genome)]).astype(float)
    best, variance = optimize.curve_fit(lambda X, *b: X @ b, X, frame.bits, np.zeros(4))
    half = np.sqrt(variance[0, 0]) * stats.t.ppf(0.975, 11)
    assert list(found[1:]) == pytest.approx([best[0], best[0] - half, best[0] + half])
