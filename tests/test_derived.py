"""Models made of other models: their vectors by hand, their recipe, and the prior that knows nothing."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import edit_yaml
from sklearn.decomposition import PCA

from genebench.benchmark import plan, results, run
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.models import inference


def declare(**models) -> None:
    """Add models to the made-up home."""

    def change(d):
        for name, (encoder, options, family) in models.items():
            d["models"][name] = {
                **d["models"]["full"],
                "encoder": encoder,
                "options": options,
                "family": family,
            }

    edit_yaml(paths.MODELS, change)


def made(name: str):
    """Vectors of a model for the genes of the made-up profile."""
    return inference.embed(specs.model(name), plan.context("tiny").universe)


def test_components_are_those_of_scikit_learn_and_chance_directions_keep_distances(home):
    declare(
        two=("reduced", {"of": ["full"], "dim": 2}, "table"),
        chance=("reduced", {"of": ["random"], "dim": 8, "how": "projection"}, "table"),
    )
    full, two = made("full"), made("two")
    np.testing.assert_allclose(
        np.abs(two.vectors), np.abs(PCA(2).fit_transform(full.vectors)), atol=1e-4
    )
    assert two.entities.tolist() == full.entities.tolist()
    before, after = (
        np.linalg.norm(np.diff(made(m).vectors, axis=0), axis=1) for m in ("random", "chance")
    )
    assert np.corrcoef(before, after)[0, 1] > 0.3 and after.mean() == pytest.approx(
        before.mean(), rel=0.2
    )


def test_joined_models_stand_side_by_side_at_equal_size_for_the_genes_of_both(home):
    declare(both=("joined", {"of": ["full", "part"]}, "table"))
    both, part, full = made("both"), made("part"), made("full")
    assert both.entities.tolist() == part.entities.tolist() and both.vectors.shape[1] == 8
    sizes = (both.vectors**2).reshape(-1, 2, 4).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(sizes, 1, rtol=1e-4)
    first, source = both.vectors[:, 0], full.vectors[full.rows(both.entities), 0]
    assert np.corrcoef(first, source)[0, 1] == pytest.approx(1, abs=1e-5)


def test_what_a_model_is_made_of_is_part_of_its_recipe(home):
    declare(two=("reduced", {"of": ["full"], "dim": 2}, "table"))
    universe = plan.context("tiny").universe
    before = inference.path(specs.model("two"), universe)
    edit_yaml(paths.MODELS, lambda d: d["models"]["full"]["options"].update(columns=["x0", "x1"]))
    assert inference.path(specs.model("two"), universe) != before


@pytest.mark.parametrize(
    "encoder, options, told",
    [
        ("reduced", {"of": ["full", "part"], "dim": 2}, "takes one model"),
        ("reduced", {"of": ["full"], "dim": 9}, "9 dimensions of 4; take fewer"),
        ("joined", {"of": ["full"]}, "takes two models or more"),
        ("joined", {"of": ["full", "oracle"]}, "cannot be made of 'oracle'"),
        ("joined", {"of": ["full", "ful"]}, "unknown model 'ful'; did you mean 'full'"),
        ("joined", {}, "of"),
    ],
)
def test_a_model_that_cannot_be_made_says_why(home, encoder, options, told):
    declare(odd=(encoder, options, "table"))
    with pytest.raises(BadInput, match=told):
        made("odd")


def test_a_run_takes_models_made_of_others_and_the_prior_scores_at_chance(home):
    declare(
        both=("joined", {"of": ["full", "random"]}, "table"),
        prior=("constant", {}, "shortcut"),
    )
    edit_yaml(
        paths.PROFILES,
        lambda d: d["profiles"]["tiny"].update(
            models=["full", "both", "prior", "random"], splits=["random"]
        ),
    )
    outcome = run.run("tiny", jobs=1, say=lambda text: None)
    assert not outcome.failed
    scores = results.main_scores("tiny").pivot(index="task", columns="model", values="score")
    classified = scores.drop(index="toy/value")
    assert (classified["prior"] == 0.5).all() and scores.loc["toy/value", "prior"] == 0
    assert (classified["both"] > 0.75).all()
