"""Tables for readers: stars, groups, exposure."""

import pandas as pd
from helpers import edit_yaml, refused

from genebench.core import paths, specs
from notebooks.lib import speed, stored, tables


def expose(**change):
    """Change declarations of made-up models."""
    edit_yaml(paths.MODELS, lambda d: [d["models"][m].update(c) for m, c in change.items()])


def test_scores_by_task_are_starred_where_the_model_was_trained_on_the_labels(home):
    expose(full={"exposed": {"toy/a": "It is the label."}})
    frame = {"task": ["toy/a", "toy/b"] * 2, "model": ["full"] * 2 + ["part"] * 2, "score": 0.6}
    values, stars = tables.wide(pd.DataFrame(frame), specs.declared().models)
    assert stars.to_dict("list") == {"Full": ["*", ""], "Part": ["", ""]}
    assert list(values) == ["task", "Full", "Part"]


def test_scores_of_a_task_stand_by_split_with_intervals_the_best_of_the_hardest_first(home):
    expose(part={"exposed": {"toy/a": "It is the label."}})
    frame = pd.DataFrame(
        {"model": ["full", "part", "stem"] * 2, "task": "toy/a", "probe": "linear"}
    )
    frame["split"] = ["random"] * 3 + ["similarity"] * 3
    frame = frame.assign(score=[0.9, 0.8, 0.6, 0.5, 0.7, 0.6], genes="common", family="table")
    frame = frame.assign(low=frame.score - 0.1, high=frame.score + 0.1)
    frame = pd.concat([frame, frame.assign(genes="own", score=0.1)], ignore_index=True)
    table = tables.by_split(frame[frame.index != 5], specs.declared().models)
    assert list(table) == ["task", "model", "random", "similarity", "exposed"]
    assert table.model.tolist() == ["Full", "Stem", "Part"]
    assert table.similarity[0] == "0.500 (0.400 to 0.600)" and pd.isna(table.similarity[1])
    assert table.exposed.tolist() == ["no", "no", "yes"]


def test_an_interval_of_no_width_is_no_certainty_and_says_why(home):
    frame = pd.DataFrame({"score": [1.0, 0.5, 0.7, 0.7], "low": [1.0, 0.5, 0.7, 0.6]})
    frame = frame.assign(high=[1.0, 0.5, 0.7, 0.8], rank_low=1, rank_high=1, model="full")
    texts = tables.spans(frame, 2)
    why = ["nothing is ranked wrong", "all are scored alike", "all are of one family or cluster"]
    assert texts.tolist() == [*("no interval: " + w for w in why), "0.60 to 0.80"]
    table = tables.readable(frame, specs.declared().models, frame.columns)
    assert table.low.isna().tolist() == table.high.isna().tolist() == [True, True, True, False]
    assert (table["rank low"] == 1).all()


def test_a_group_is_picked_or_refused():
    frame = pd.DataFrame({"group": ["protein properties"], "score": [1.0]})
    assert len(tables.of_group(frame, "protein properties")) == 1
    with refused("unknown group 'localisation'; did you mean 'localization'"):
        tables.of_group(frame, "localisation")
    with refused("the group 'localization' has no scores or tasks"):
        tables.of_group(frame, "localization")


def test_exposure_says_clean_part_exposed_and_unknown_with_reasons(home):
    expose(
        full={"exposed": {"toy/": "It read them."}, "citation": "nobody2024"},
        part={"exposed": {"toy/class": "It read one."}},
        stem={"unclear": {"toy/": "Nobody can say."}},
    )
    known = specs.declared()
    table = tables.exposure(known.profiles["tiny"], known.models, known.sources).set_index("model")
    status, full = table.status, table.loc["full"]
    assert list(status[["full", "part", "stem"]]) == ["exposed", "partly exposed", "unknown"]
    assert full.why == "It read them." and full.citations.startswith("nobody2024")


def test_every_pair_of_the_declared_profiles_has_a_status_a_reason_and_a_citation():
    known = specs.declared()
    for profile in known.profiles.values():
        table = tables.exposure(profile, known.models, known.sources)
        assert (table.why != "").all() and (table.citations != "").all()


def test_every_measured_column_that_is_no_plain_word_is_headed_by_one():
    read = [
        pd.read_csv(paths.PERF / f"{n}.csv", nrows=1) for n in "probe embed glm spectra".split()
    ]
    for frame in (*read, *map(stored.reliability, stored.RELIABILITY)):
        assert [c for c in frame if "_" in c and c not in speed.words()] == []
