"""What the models say of each gene, from the out-of-fold predictions and vectors that a run caches.

Written as ``data/results/<profile>/genes.parquet``, one row a gene; no model is fitted here.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..core import cache, manifest
from ..core.specs import Declarations, ModelSpec
from ..data import families, sources
from . import results
from .tables.atlas import NONE, Atlas, gather

ALARMS, RELATIVES = 6, 40
"""Per gene: false alarms, and relatives that are listed."""

_META = b"genebench"


def path(profile: str) -> Path:
    """Where the gene table of a profile lies."""
    return results.beside_path(profile, "genes.parquet")


def rows(atlas: Atlas, models: Mapping[str, ModelSpec]) -> list[dict[str, Any]]:
    """Turn an atlas into one row per gene.

    Parameters
    ----------
    atlas : Atlas
    models : mapping of str to ModelSpec

    Returns
    -------
    list of dict
        ``gene``; ``labels`` that it has (places, the most missed first) with the ``shares`` of
        every model in percent; ``absent``, the number that it has not, with the ``alarms`` that
        models would most readily give it and their shares; ``means`` and ``counts`` of the shares
        of each model over the labels that it was not trained on; ``verdict`` (see ``_verdict``);
        ``others`` (task, truth, predictions); ``family``, ``relatives`` (those of a like symbol
        first), ``alike`` and ``size`` (numbers); and ``near``, by model the nearest genes with
        cosine and whether they are relatives.
    """
    return list(_rows(atlas, np.array([models[m].family == "shortcut" for m in atlas.models])))


def _rows(atlas: Atlas, shortcut: np.ndarray) -> Iterator[dict[str, Any]]:
    kin, stem = defaultdict(list), np.array(families.stems(atlas.genes))
    for i, name in enumerate(atlas.family):
        kin[name].append(i)
    hidden = atlas.exposed[:, :, None] | (atlas.right == NONE)
    fair = np.ma.array(atlas.right.astype(np.float32), mask=hidden)
    for g, symbol in enumerate(atlas.genes):
        has, absent = (np.flatnonzero(atlas.truth[:, g] == value) for value in (1, 0))
        has = has[np.argsort(_mean(fair[:, has, g], 101.0), kind="stable")]
        alarms = absent[np.argsort(_mean(fair[:, absent, g], 100.0), kind="stable")[:ALARMS]]
        mean, count = _mean(fair[:, has, g].T, np.nan), fair[:, has, g].count(axis=1)
        relatives = np.array([i for i in kin[atlas.family[g]] if i != g], dtype=int)
        unlike = stem[relatives] != stem[g]
        near = [zip(at[g].tolist(), cosine[g].tolist()) for at, cosine in atlas.near.values()]
        yield {
            "gene": str(symbol),
            "labels": has.tolist(),
            "shares": atlas.right[:, has, g].T.tolist(),
            "absent": len(absent),
            "alarms": alarms.tolist(),
            "alarm_shares": atlas.right[:, alarms, g].T.tolist(),
            "means": [None if np.isnan(v) else round(v, 2) for v in mean.tolist()],
            "counts": count.tolist(),
            "verdict": _verdict(fair[:, has, g], mean, count, shortcut),
            "others": atlas.others.get(g, []),
            "family": atlas.family[g],
            "relatives": relatives[np.argsort(unlike, kind="stable")][:RELATIVES].tolist(),
            "alike": int((~unlike).sum()),
            "size": len(relatives),
            "near": [
                [
                    {"gene": i, "cosine": round(c, 2), "kin": i == g or i in relatives}
                    for i, c in pairs
                    if i >= 0
                ]
                for pairs in near
            ],
        }


def _mean(values: np.ma.MaskedArray, empty: float) -> np.ndarray:
    """Mean over the first axis of what is there; ``empty`` where nothing is."""
    return np.ma.filled(values.mean(axis=0).astype(float), empty)


def _verdict(fair, mean: np.ndarray, count: np.ndarray, shortcut: np.ndarray) -> dict:
    """The best model beside the best shortcut, on the labels that both have predictions of.

    A model that has predictions for less than half of the labels of the broadest is left out.
    """
    order = np.argsort(-mean, kind="stable").tolist()
    broad = [m for m in order if count[m] and 2 * count[m] >= count.max()]
    best, other = ([m for m in broad if shortcut[m] == side][:1] for side in (False, True))
    values = fair[best + other]
    values = values[:, ~values.mask.any(axis=0)]
    if not best or not values.shape[1]:
        return {}
    score = np.floor(values.mean(axis=1) + 0.5).astype(int).tolist()
    facts = {"model": best[0], "score": score[0], "labels": values.shape[1]}
    return facts | ({"shortcut": other[0], "other": score[1]} if other else {})


def refresh(profile: str, declared: Declarations) -> bool:
    """Write the gene table of a profile where its predictions are cached and it is out of date.

    Relatives are those of HGNC where its table is at hand, else symbol stems; nothing is fetched.

    Parameters
    ----------
    profile : str
    declared : Declarations

    Returns
    -------
    bool, whether it was written
    """
    from . import plan

    models, hgnc = declared.models, declared.sources.get("hgnc")
    by = "hgnc" if hgnc and sources.status(hgnc)[0] == "ready" else "stem"
    of = {"scores": cache.digest(results.scores_path(profile)), "by": by}
    of |= {"exposed": cache.key({m: s.exposed for m, s in models.items()})}
    old = read(profile)
    if old is not None and old[1].get("of") == of:
        return False
    whole = plan.make(profile, declared=declared)
    atlas = gather(whole, by=by)
    if atlas is None:
        return False
    tasks = sorted({other["task"] for part in atlas.others.values() for other in part})
    about = {
        "of": of,
        "labels": atlas.labels,
        "models": atlas.models,
        "exposed": atlas.exposed.astype(int).tolist(),
        "tasks": {t: whole.tasks[t].title for t in tasks},
        "read": {t: [int(models[m].exposed_on(t)) for m in atlas.models] for t in tasks},
        "near": list(atlas.near),
        "rule": families.RULES[by],
    }
    table = pa.Table.from_pylist(rows(atlas, models))
    table = table.replace_schema_metadata({_META: json.dumps(about).encode()})
    with cache.atomic(path(profile)) as temporary:
        pq.write_table(table, temporary, compression="zstd")
    manifest.note(path(profile))
    return True


def read(profile: str) -> tuple[list[dict[str, Any]], dict[str, Any]] | None:
    """Read the rows of a gene table (see ``rows``), and what they refer to (see ``refresh``).

    Parameters
    ----------
    profile : str

    Returns
    -------
    tuple of (list of dict, dict), or None where the table does not exist
    """
    if not path(profile).exists():
        return None
    table = pq.read_table(path(profile))
    return table.to_pylist(), json.loads(table.schema.metadata[_META])
