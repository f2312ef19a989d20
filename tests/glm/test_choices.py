"""Design choices of small networks: the grid, what is measured, and what is made of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from glm import toys
from scipy import stats

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
    task, model = toys.labelled(), TrainedModel(net.recipe({"width": 32, "window": 64}))
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


def test_rows_come_in_the_order_of_the_grid_and_none_is_lost():
    frame = pd.DataFrame({"name": list("kbabka"), "run": list("udbcae")})
    table = choices.ordered(frame, ["b", "a"])
    assert "".join(table.run) == "cdbeau" and list(table) == list(frame)


def test_costs_and_means_are_over_seeds_of_networks():
    frame = runs().assign(objective="masked", mixer=np.nan, tokens="nucleotide", width=8)
    frame = frame.assign(weights=10, bases_seen=5, cpu_s=[0.0, 50.0, 70.0, *[60.0] * 9])
    table = choices.means(frame)
    assert table.seeds.tolist() == [3, 3, 1, 5]
    assert table.bits[0] == pytest.approx(frame.bits[:3].mean())
    frame.loc[1, "choice"] = "size"
    (cost,) = choices.cost(frame).itertuples()
    assert (cost.networks, cost.least, cost.most) == (11, 60.0, 70.0)
    assert cost.hours == pytest.approx(660 / 3600)


def test_scaling_is_a_regression_with_a_level_for_each_genome():
    frame = pd.DataFrame({"genome": np.repeat(list("abc"), 5), "choice": "size"})
    frame["weights"] = np.tile(10.0 ** np.arange(3, 8), 3)
    frame["bits"] = np.repeat(range(3), 5) + np.random.default_rng(1).standard_normal(15)
    table = choices.scaling(frame).set_index("genome")
    one = stats.linregress(range(3, 8), frame.bits[:5])
    ends = [one.slope, one.slope + one.stderr * stats.t.ppf(0.975, 3)]
    assert table.loc["a", ["slope", "high"]].tolist() == pytest.approx(ends)
    design = np.column_stack([np.log10(frame.weights), pd.get_dummies(frame.genome)]).astype(float)
    best, every = np.linalg.lstsq(design, frame.bits.to_numpy(), rcond=None)[0], table.loc["all"]
    assert every.slope == pytest.approx(best[0]) and every.low < every.slope < every.high


def test_steps_fit_the_budget_and_three_genomes_are_three_species(monkeypatch):
    spent = iter([1.0, 3.0])
    monkeypatch.setattr(choices.train, "train", lambda *_: None)
    monkeypatch.setattr(choices.specs, "read_yaml", lambda _: {"facts": {"cpu_s": next(spent)}})
    assert choices.affordable([], choices.recipe(choices.grid()["usual"], 0), 60.0) == 600
    monkeypatch.setattr(choices.genomes, "load", lambda name, _: toys.genome())
    choice = choices.grid()["three-species"]
    parts = choices.sequences(choice, {})
    assert [p.species for p in parts] == [1, 2, 3] and all(p.repeats is None for p in parts)
    assert choices.recipe(choice, 0).species == 3
