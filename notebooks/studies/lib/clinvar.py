"""Published scores of predictors on the same variants of ClinVar: AUROC, tiers, exposure."""

from __future__ import annotations

import pandas as pd

from genebench.core import cache
from genebench.core.specs import Declarations
from genebench.glm.tables import clinvar
from genebench.stats import metrics

from . import zero_shot
from .effects import GROUP

_FAMILIES = {
    **dict.fromkeys(("phylop", "consequence-share"), "reference"),
    **dict.fromkeys(("severity", "transversion"), "shortcut"),
}


def study(declared: Declarations) -> dict[str, pd.DataFrame]:
    """Compare published scores of variants.

    Parameters
    ----------
    declared : Declarations

    Returns
    -------
    dict of str to DataFrame
        ``scores`` (columns of ``results.SCHEMA`` and ``low, high``) and ``tiers`` (as of
        ``clinvar.compare``, by ``task``), each task on the variants that all its scores have;
        ``sets``: sizes of the tasks; ``predictors``: what each reads, was trained on and may have
        seen, how many variants it scores, its AUROC on these, and the one that the repository
        gives for all variants of the benchmark (quoted).
    """
    frame = clinvar.variants(declared.source("clinvar_predictors"))
    tiers, scores, sets = [], [], []
    for name, (rows, stratum) in clinvar.tasks(frame).items():
        names = clinvar.covering(frame, rows)
        table = clinvar.compare(frame, names, rows, stratum).assign(task=f"clinvar/{name}")
        tiers.append(table)
        recipe = {"task": name, "models": names, "seed": clinvar.SEED}
        constant = {"task": f"clinvar/{name}", "group": GROUP, "kind": "binary", "metric": "auroc"}
        constant |= {"probe": "zero-shot", "split": "zero-shot", "n_test": table.n}
        family = table.model.map(_FAMILIES).fillna("network")
        constant |= {"family": family, "key": cache.key(recipe)}
        scores.append(zero_shot.tidy(table[["model", "score", "low", "high"]], **constant))
        part = frame[rows]
        sets.append((f"clinvar/{name}", len(part), part.label.sum(), part.gene.nunique()))
    facts = pd.DataFrame(clinvar.predictors()).T.rename_axis("model").reset_index()
    known = {name: frame[name].notna() for name in facts.model}
    facts["scored"] = [k.sum() for k in known.values()]
    label = frame.label.to_numpy()
    facts["own"] = [metrics.auroc(label[k], frame.loc[k, n].to_numpy()) for n, k in known.items()]
    tiers = pd.concat(tiers, ignore_index=True).drop(columns=["score", "low", "high"])
    first = ["task", "model", "tier", "rank_low", "rank_high"]
    return {
        "scores": pd.concat(scores, ignore_index=True),
        "tiers": tiers[[*first, *(c for c in tiers if c not in first)]],
        "sets": pd.DataFrame(sets, columns=["task", "variants", "pathogenic", "genes"]),
        "predictors": facts.drop(columns=["column", "harmful"]),
    }
