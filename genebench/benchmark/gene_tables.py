"""What the models say of each gene, from the out-of-fold predictions and vectors that a run caches.

Written as ``data/results/<profile>/genes.parquet``, one row a gene; no model is fitted here.
"""

import json
from collections import defaultdict

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..core import cache, manifest, paths
from ..data import families, sources
from ..data.tasks import Task
from ..stats import influences
from . import plan as planning
from . import predictions, results

NONE = 255
"""No prediction, where a share is stored in percent."""

NEIGHBOURS, ALARMS, RELATIVES = 8, 6, 40
"""Per gene: nearest genes by each model, false alarms, and relatives that are listed."""

_META = b"genebench"


def shares(codes, fold, positive):
    """Share of a gene in the AUROC of its fold, for a binary label.

    Parameters
    ----------
    codes : ndarray of shape (n_genes,)
        Predictions, higher for the positive class.
    fold : ndarray of shape (n_genes,)
    positive : ndarray of bool of shape (n_genes,)
        Whether the gene has the label.

    Returns
    -------
    ndarray of uint8 of shape (n_genes,)
        Of a positive gene the percentage of its fold's negatives that it ranks above, of a
        negative gene that of the positives that it ranks below; ties count half. ``NONE`` in a
        fold of one class. The mean over a fold's positives, or negatives, is the fold's AUROC.
    """
    placed, _ = influences.placements(positive, codes, fold)
    return np.where(np.isnan(placed), NONE, np.round(100 * placed)).astype(np.uint8)


def gather(plan, *, by="stem"):
    """Collect cached predictions of the first split and probe of a plan, and cached vectors.

    Parameters
    ----------
    plan : Plan of a whole profile
    by : {"stem", "hgnc"}, rule of ``families.families``

    Returns
    -------
    tuple of (list of dict, dict)
        One row a gene: ``gene``; ``labels`` that it has (places, the most missed first) with the
        ``shares`` of every model in percent; ``absent``, the number that it has not, with the
        ``alarms`` that models would most readily give it and their shares; ``means`` and ``counts``
        of the shares of each model over the labels that it was not trained on; ``verdict``, the
        best model beside the best shortcut, on the labels that both have predictions of; ``others``
        (task, truth, predictions); ``family``, ``relatives`` (those of a like symbol first),
        ``alike`` and ``size`` (numbers); and ``near``, by model the nearest genes with cosine and
        whether they are relatives. And what rows refer to: ``labels``, ``models`` that predict more
        than a constant, ``tasks`` of ``others``, which models have ``read`` these or were
        ``exposed`` to labels, models of ``near``, and the ``rule`` of families.

    Raises
    ------
    FileNotFoundError
        The predictions or vectors are not on this machine.
    """
    models, first = plan.models, (plan.profile.splits[0], plan.profile.probes[0])
    names = [m for m, spec in models.items() if spec.family != "control"]
    names.sort(key=lambda m: models[m].family == "shortcut")
    cells = [c for c in plan.cells if c.model in names and (c.split, c.probe) == first]
    genes, (labels, truth, right, words) = plan.universe, _predicted(plan, cells, names)
    kept = [m for m in range(len(names)) if not np.isin(right[:, m], (50, NONE)).all()]
    names, right, others = [names[m] for m in kept], right[:, kept], defaultdict(list)
    for name, said in words.items():
        task = plan.tasks[name]
        at = np.searchsorted(genes, task.entities)
        for gene, true, predicted in zip(at, _words(task, task.labels), said[:, kept].tolist()):
            others[gene].append({"task": name, "truth": str(true), "predicted": predicted})
    exposed = [[models[m].exposed_on(label["task"]) for m in names] for label in labels]
    exposed = np.array(exposed, dtype=bool).reshape(right.shape[:2])
    shortcut = [models[m].family == "shortcut" for m in names]
    family, stem = families.families(genes, plan.declared.sources, by=by), families.stems(genes)
    near, kin, rows = _nearest(plan, names, family), defaultdict(list), []
    for gene, name in enumerate(family):
        kin[name].append(gene)
    for gene, symbol in enumerate(genes.tolist()):
        relatives = [i for i in kin[family[gene]] if i != gene]
        relatives.sort(key=lambda i, own=stem[gene]: stem[i] != own)
        rows.append(
            {
                "gene": symbol,
                **_by_label(truth[:, gene], right[:, :, gene], exposed, shortcut),
                "others": others[gene],
                "family": family[gene],
                "relatives": relatives[:RELATIVES],
                "alike": sum(stem[i] == stem[gene] for i in relatives),
                "size": len(relatives),
                "near": [by_gene[gene] for by_gene in near.values()],
            }
        )
    return rows, {
        "labels": labels,
        "models": names,
        "exposed": exposed.T.astype(int).tolist(),
        "tasks": {t: plan.tasks[t].title for t in sorted(words)},
        "read": {t: [int(models[m].exposed_on(t)) for m in names] for t in sorted(words)},
        "near": list(near),
        "rule": families.RULES[by],
    }


def _predicted(plan, cells: list, names: list[str]) -> tuple:
    """Labels, who has them (1, 0 or −1, by gene), ``shares`` by model, and what is said in words.

    Arrays are of shape (n_labels, n_genes), (n_labels, n_models, n_genes), and of each multiclass
    or regression task (n, n_models).
    """
    genes, labels, start, truth, words = plan.universe, [], {}, [], {}
    for task in (plan.tasks[t] for t in dict.fromkeys(t for c in cells for t in c.tasks)):
        if task.kind in ("multiclass", "regression"):
            words[task.name] = np.full((len(task), len(names)), "", dtype=object)
        elif task.kind != "pair":
            start[task.name] = len(labels)
            labels += _labels(task)
            rows = np.full((len(labels) - len(truth), len(genes)), -1, dtype=np.int8)
            rows[:, np.searchsorted(genes, task.entities)] = task.labels.reshape(len(task), -1).T
            truth += list(rows)
    truth = np.array(truth, dtype=np.int8).reshape(-1, len(genes))
    right = np.full((len(labels), len(names), len(genes)), NONE, dtype=np.uint8)
    for cell in cells:
        m = names.index(cell.model)
        for (name, repeat), one in predictions.load(plan.path(cell)).items():
            task = plan.tasks[name]
            if repeat == 0 and name in words:
                words[name][one.rows, m] = _words(task, one.values)
            elif repeat == 0 and name in start:
                at = np.searchsorted(genes, task.entities[one.rows])
                for row, code in enumerate(one.codes.reshape(len(at), -1).T, start[name]):
                    right[row, m, at] = shares(code, one.fold, truth[row, at] > 0)
    return labels, truth, right, words


def _labels(task: Task) -> list[dict]:
    """Name, task and group of each label; a contrast has the name of its positive class."""
    names = [f"{task.title}: {c}" for c in task.classes]
    if task.kind == "binary":
        names = [task.title] if task.classes[0] in ("absent", "No") else names[1:]
    return [{"name": name, "task": task.name, "group": task.group} for name in names]


def _words(task: Task, values: np.ndarray) -> np.ndarray:
    """True or predicted classes, or percentiles."""
    if task.kind == "regression":
        rank = pd.Series(values).rank(pct=True).mul(100).round().astype(int)
        return (rank.astype(str) + " %").to_numpy(object)
    return np.array(task.classes)[values if values.ndim == 1 else values.argmax(axis=1)]


def _nearest(plan, names: list[str], family: list[str]) -> dict[str, list[list[dict]]]:
    """Nearest genes of each, of models that are no shortcut and have two dimensions or more."""
    from sklearn.neighbors import NearestNeighbors

    out = {}
    for name in names:
        plan.embedding_path(name).stat()  # none is made here
        embedding = plan.embedding(name)
        if plan.models[name].family == "shortcut" or embedding.vectors.shape[1] < 2:
            continue
        search = NearestNeighbors(n_neighbors=NEIGHBOURS, metric="cosine", algorithm="brute")
        distance, at = search.fit(embedding.vectors).kneighbors()
        place = np.searchsorted(plan.universe, embedding.entities)
        out[name] = [[] for _ in plan.universe]
        for gene, others, cosines in zip(place, place[at].tolist(), (1 - distance).tolist()):
            out[name][gene] = [
                {"gene": i, "cosine": round(c, 2), "kin": family[i] == family[gene]}
                for i, c in zip(others, cosines)
            ]
    return out


def _by_label(has, right, exposed, shortcut: list[bool]) -> dict:
    """What models say of the labels of a gene: ``shares`` by label and model."""
    fair = ~exposed & (right != NONE)
    values, count = np.where(fair, right, 0), fair[has == 1].sum(axis=0)
    with np.errstate(invalid="ignore"):  # a mean of none is missing
        ease = values.sum(axis=1) / fair.sum(axis=1)
        mean = values[has == 1].sum(axis=0) / count
    missed, alarming = (np.argsort(np.nan_to_num(ease, nan=n), kind="stable") for n in (101, 100))
    labels, alarms = missed[has[missed] == 1], alarming[has[alarming] == 0][:ALARMS]
    # a model that has predictions for less than half of the labels of the broadest is no best one
    broad = (count > 0) & (2 * count >= count.max(initial=0))
    order = [m for m in np.argsort(-mean, kind="stable").tolist() if broad[m]]
    best, other = ([m for m in order if shortcut[m] == side][:1] for side in (False, True))
    both, verdict = labels[fair[labels][:, best + other].all(axis=1)], {}
    if best and len(both):
        score = np.floor(values[both][:, best + other].mean(axis=0) + 0.5).astype(int).tolist()
        verdict = {"model": best[0], "score": score[0], "labels": len(both)}
        verdict |= {"shortcut": other[0], "other": score[1]} if other else {}
    return {
        "labels": labels.tolist(),
        "shares": right[labels].tolist(),
        "absent": int((has == 0).sum()),
        "alarms": alarms.tolist(),
        "alarm_shares": right[alarms].tolist(),
        "means": [None if np.isnan(v) else round(v, 2) for v in mean],
        "counts": count.tolist(),
        "verdict": verdict,
    }


def refresh(profile, declared):
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
    models, hgnc = declared.models, declared.sources.get("hgnc")
    fitted = (m for m in declared.profile(profile).models if models[m].family != "control")
    if not all((paths.CELLS / m).is_dir() for m in fitted):  # before any file is read
        return False
    by = "hgnc" if hgnc and sources.status(hgnc)[0] == "ready" else "stem"
    of = {
        "scores": cache.digest(results.scores_path(profile)),
        "by": by,
        "exposed": cache.key({m: s.exposed for m, s in models.items()}),
    }
    old = read(profile)
    if old and old[1].get("of") == of:
        return False
    try:
        rows, about = gather(planning.make(profile, declared=declared), by=by)
    except FileNotFoundError:  # predictions of some cell
        return False
    table = pa.Table.from_pylist(rows)
    table = table.replace_schema_metadata({_META: json.dumps({"of": of, **about}).encode()})
    path = results.beside_path(profile, "genes.parquet")
    with cache.atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
    manifest.note(path)
    return True


def read(profile):
    """Read the rows of a gene table, and what they refer to (see ``gather``).

    Parameters
    ----------
    profile : str

    Returns
    -------
    tuple of (list of dict, dict), or None where the table does not exist
    """
    path = results.beside_path(profile, "genes.parquet")
    if not path.exists():
        return None
    table = pq.read_table(path)
    return table.to_pylist(), json.loads(table.schema.metadata[_META])
