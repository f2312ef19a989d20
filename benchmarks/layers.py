"""Which layer and which pooling of a network serve the tasks best: ``python -m benchmarks.layers``.

Writes ``data/results/demo/layers.csv``: every layer of some models by mean and first token,
on the tasks of profile demo under random folds. What is chosen by the scores that it is then shown
with is flattered: the table says what a choice is worth, and is no leaderboard.
"""

from __future__ import annotations

import os
import sys

import pandas as pd

from genebench.benchmark import plan as plans
from genebench.benchmark import results, run
from genebench.core import specs
from genebench.core.errors import BadInput
from genebench.core.specs import ModelSpec
from genebench.stats import metrics

MODELS = {"minilm-symbol": range(7), "mpnet-symbol": range(0, 13, 2)}
"""Model -> layers; 0 are the embeddings of the tokens."""
POOLINGS = USUAL, _ = "mean", "cls"
"""The last token of these networks only ends the text."""
PROFILE, SPLIT = "demo", "random"


def variants(spec: ModelSpec, layers) -> dict[tuple[int, str], ModelSpec]:
    """A model with every layer and pooling, by both."""
    return {
        (layer, pooling): spec.model_copy(
            update={
                "name": f"{spec.name}-layer{layer}-{pooling}",
                "pooling": pooling,
                "options": {**spec.options, "layer": layer},
            }
        )
        for layer in layers
        for pooling in POOLINGS
    }


def scores(specs_of: dict[tuple[int, str], ModelSpec], *, jobs: int) -> pd.DataFrame:
    """Main metric of each task, rows; one column a layer and pooling."""
    declared = specs.declared().extended(models=specs_of.values())
    names = {spec.name: key for key, spec in specs_of.items()}
    profile = declared.profile(PROFILE).model_copy(update={"models": list(names)})
    plan = plans.make(profile, declared=declared, split=SPLIT)
    outcome = run.run(plan, jobs=jobs, write=False)
    outcome.check("cells")
    rows = run.read(plan, outcome.cells)
    rows = rows[rows.metric == rows.kind.map(metrics.main)]
    rows = rows[rows.genes == "own"]
    wide = rows.groupby(["task", "model"], observed=True).score.mean().unstack()
    wide.columns = pd.MultiIndex.from_tuples([names[name] for name in wide.columns])
    return wide.sort_index(axis=1).dropna()


def compare(model: str, wide: pd.DataFrame, usual: tuple[int, str]) -> pd.DataFrame:
    """One row a layer and pooling: mean score, difference to the usual one, share of tasks above.

    Nearly all tasks are of one source, so that there is no interval to give.
    """
    rows = []
    for layer, pooling in wide.columns:
        gain = wide[layer, pooling] - wide[usual]
        row = {"model": model, "layer": layer, "pooling": pooling, "tasks": len(wide)}
        row |= {"score": wide[layer, pooling].mean(), "difference": gain.mean()}
        rows.append(row | {"above": (gain > 0).mean()})
    return pd.DataFrame(rows)


def main(given: list[str]) -> None:
    """Sweep the models of ``MODELS``, or those named."""
    path, known = results.beside_path(PROFILE, "layers.csv"), specs.declared()
    for name in given or MODELS:
        if name not in MODELS:
            raise BadInput(f"model '{name}' has no layers listed; there are {', '.join(MODELS)}.")
        every = variants(known.model(name), MODELS[name])
        wide = scores(every, jobs=os.cpu_count() or 1)
        frame = compare(name, wide, (max(MODELS[name]), USUAL))
        if path.exists():
            old = pd.read_csv(path)
            frame = pd.concat([old[old.model != name], frame])
        results.write_table(frame.round(5), path)
        print(frame.to_string(index=False))


if __name__ == "__main__":
    main(sys.argv[1:])
