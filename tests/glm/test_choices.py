"""Design choices of small networks: the grid, what is measured, and what is made of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from glm import toys
from scipy import stats

from genebench.glm import net, trained
from notebooks.studies.lib import choices


def test_every_network_of_the_grid_can_be_built_and_differs_from_what_it_is_compared_with():
    grid = choices.grid()
    sizes = [c for c in grid.values() if c.choice == "size"]
    assert len({c.genome for c in sizes}) >= 3 and len({c.recipe["width"] for c in sizes}) >= 5
    for choice in grid.values():
        how = choices.recipe(choice, 0)
        assert sum(p.numel() for p in net.build(how).parameters()) > 1000
        assert choice.against in grid
        other = grid[choice.against]
        if choice.name not in ("usual", "yeast", "untrained") and choice.choice != "size":
            kept = {"name", "title", "choice", "against", "seeds"}
            assert choice.model_dump(exclude=kept) != other.model_dump(exclude=kept), choice.name
    effects_of = [c for c in grid.values() if c.choice in ("objective", "architecture", "data")]
    assert effects_of and all(c.seeds >= 3 for c in effects_of)


def untrained(width):
    return trained.TrainedModel(net.recipe({"width": width, "depth": 2, "window": 64}))


def test_a_network_that_knows_nothing_needs_two_bits_and_tells_no_changes_apart():
    genome, model = toys.genome(), untrained(8)
    places = {"outside repeats": np.arange(700, 720), "in repeats": np.arange(0)}
    on = choices.Tested(genome, places, [toys.variants()] * 2, None)
    out = choices.measure(model, on)
    assert out["bits"] == pytest.approx(2.0) and np.isnan(out["bits_repeats"])
    assert out["nonsense"] == out["missense"] == pytest.approx(0.5) and np.isnan(out["probe"])


def test_the_probe_finds_a_planted_word_in_states_of_random_weights():
    task, model = toys.labelled(), untrained(32)
    assert choices.probe_auroc(model, task, seeds=1) > 0.6
    other = replace(task, label=np.random.default_rng(1).permutation(task.label))
    assert 0.2 < choices.probe_auroc(model, other, seeds=1) < 0.8


def runs():
    """Two networks of three seeds and one of one, in two measures."""
    rng = np.random.default_rng(0)
    rows = [("usual", "usual", s, 1.9 + 0.01 * rng.standard_normal()) for s in range(3)]
    rows += [("masked", "usual", s, 1.8 + 0.01 * rng.standard_normal()) for s in range(3)]
    rows += [("crossed", "masked", 0, 1.7)]
    frame = pd.DataFrame(rows, columns=["name", "against", "seed", "bits"])
    frame = frame.assign(title=frame["name"], choice="objective", genome="ecoli")
    frame.loc[frame["name"] == "usual", "choice"] = "usual"
    return frame.assign(**dict.fromkeys(choices.MEASURES[1:], np.nan))


def test_differences_are_those_of_students_t_with_the_spread_of_all_networks():
    frame = runs()
    table = choices.differences(frame).set_index("name")
    groups = frame.groupby("name").bits
    expected = stats.ttest_ind(*(groups.get_group(n) for n in ("masked", "usual")))
    low, high = expected.confidence_interval(0.95)  # of the same four degrees of freedom
    assert table.loc["masked", "low"] == pytest.approx(low)
    assert table.loc["masked", "high"] == pytest.approx(high)
    wide = table.high - table.low
    assert wide["crossed"] == pytest.approx(wide["masked"] * np.sqrt((1 + 1 / 3) / (2 / 3)))
    assert set(table.measure) == {"bits"} and "usual" not in table.index
    still = [("untrained", "usual", seed, 2.0) for seed in range(5)]  # has no spread to lend
    still = pd.DataFrame(still, columns=["name", "against", "seed", "bits"])
    still = still.assign(title="", choice="untrained", genome="ecoli")
    again = choices.differences(pd.concat([frame, still])).set_index("name")
    assert again.loc["masked", "high"] == pytest.approx(high)
    assert {"untrained", "masked", "crossed"} == set(again.index)


def test_rows_come_in_the_order_of_the_grid_and_none_is_lost():
    names = ["k-mers", "b", "a", "b", "k-mers", "a"]
    frame = pd.DataFrame({"name": names, "run": list("udbcae"), "bits": range(6)})
    table = choices.ordered(frame, ["b", "a"])
    assert table.run.tolist() == ["c", "d", "b", "e", "a", "u"] and list(table) == list(frame)
    assert table.sort_values("bits").name.tolist() == names


def test_costs_and_means_are_over_seeds_of_networks():
    frame = runs().assign(objective="masked", mixer=np.nan, tokens="nucleotide", width=8)
    frame = frame.assign(weights=10, bases_seen=5, cpu_s=[0.0, 50.0, 70.0, 60.0, 60.0, 60.0, 60.0])
    table = choices.means(frame).set_index("name")
    assert table.seeds.to_dict() == {"usual": 3, "masked": 3, "crossed": 1}
    assert table.bits["usual"] == pytest.approx(frame.bits[:3].mean())
    frame.loc[1, "choice"] = "size"
    (cost,) = choices.cost(frame).itertuples()
    assert (cost.networks, cost.least, cost.most) == (6, 60.0, 70.0)
    assert cost.hours == pytest.approx(0.1)


def test_scaling_is_a_regression_with_a_level_for_each_genome():
    frame = pd.DataFrame({"genome": np.repeat(list("abc"), 5), "choice": "size"})
    frame["weights"] = np.tile(10.0 ** np.arange(3, 8), 3)
    frame["bits"] = 2 - 0.05 * np.log10(frame.weights) + np.repeat(range(3), 5)
    frame["bits"] += 0.01 * np.random.default_rng(1).standard_normal(15)
    table = choices.scaling(frame).set_index("genome")
    one = stats.linregress(range(3, 8), frame.bits[:5])
    assert table.loc["a", "slope"] == pytest.approx(one.slope)
    half = one.stderr * stats.t.ppf(0.975, 3)
    assert table.loc["a", "high"] - table.loc["a", "slope"] == pytest.approx(half)
    design = np.column_stack([np.log10(frame.weights), pd.get_dummies(frame.genome)]).astype(float)
    best = np.linalg.lstsq(design, frame.bits.to_numpy(), rcond=None)[0]
    assert table.loc["all", "slope"] == pytest.approx(best[0])
    assert table.loc["all", "low"] < -0.05 < table.loc["all", "high"]


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
