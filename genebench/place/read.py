"""A user's own file of vectors as a model: read, resolved, checked.

Model, source and profile share one name, made of the content, so that the same vectors are the same
model whatever the file is called.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..benchmark import custom_tasks
from ..benchmark.plan import Plan
from ..core import cache, paths
from ..core.errors import BadInput
from ..core.specs import Declarations, FileSpec, ModelSpec, ProfileSpec, SourceSpec
from ..data import genes
from ..data.vectors import read_vectors
from ..models.ids import match

COLOR = "#D81B60"
"""Colour of the vectors that are placed; no declared model has it."""
FEWEST = 20
"""Genes of the profile that a file must hold."""
SAMPLE = 24
"""Binary tasks, about, that are run again with relatives kept out of training."""
EXAMPLES = 10
"""Ids of each status that are listed."""
AS_IT_IS = "as it is"
"""Status of an id that is taken just as it stands."""


@dataclass(frozen=True, eq=False)
class UserVectors:
    """A file of vectors as a model.

    Attributes
    ----------
    name, title : str
        Of the model; ``name`` is made of the content.
    declared : Declarations
        With the model and its source.
    whole, by_family : ProfileSpec
        The model on the tasks of a profile; and on a sample of them with families kept whole,
        beside the letters of the symbol.
    ids : dict
        Kind, numbers and examples of what became of the ids.
    checks : list of dict
        One a check of the values: ``check``, ``fine``, ``sentence``.
    n_genes, dim : int
        Size of what is used.
    """

    name: str
    title: str
    declared: Declarations
    whole: ProfileSpec
    by_family: ProfileSpec
    ids: dict
    checks: list[dict]
    n_genes: int
    dim: int


def read(
    path: Path,
    plan: Plan,
    title: str,
    *,
    ids: str | Path | None = None,
    array: str | None = None,
    kind: str | None = None,
) -> UserVectors:
    """Read, resolve and check a file of vectors.

    Parameters
    ----------
    path : Path
    plan : Plan
        Of the profile that the vectors are placed in.
    title : str
        What they are called.
    ids, array
        See ``vectors.read_vectors``.
    kind : str, optional
        Kind of id, see ``genes.Resolver.resolve``.

    Returns
    -------
    UserVectors

    Raises
    ------
    BadInput
        A file that cannot be used, or that holds fewer than ``FEWEST`` genes of the profile.
    """
    names, matrix = read_vectors(path, ids=ids, array=array)
    universe, base = plan.universe, plan.profile
    resolver, notes = custom_tasks.find_resolver(plan.declared)
    inside, row, report = _resolve(names, plan, resolver, kind)
    report["sentences"] = notes + report["sentences"]
    if len(inside) < FEWEST:
        unused = [s for s in report["statuses"] if not s["used"]]
        lost = next((example for status in unused for example in status["examples"]), "")
        first = f" (first lost: {lost})" * bool(lost)
        how = "." if resolver else ", as approved symbols while HGNC's table is missing."
        raise BadInput(
            f"{path}: {len(inside)} of its {len(names)} ids are among the {len(universe):,} genes "
            f"of profile '{base.name}', and {FEWEST} are needed{first}; give ids of human genes "
            f"(symbol, Ensembl, Entrez, UniProt or HGNC){how}"
        )
    checks = _checks(path, names, matrix)
    order = np.argsort(universe[inside])
    used, vectors = universe[inside][order], np.ascontiguousarray(matrix[row][order])
    text = "\n".join([base.name, *used]).encode()
    name = f"placed-{hashlib.sha256(text + vectors.tobytes()).hexdigest()[:12]}"
    file = paths.DOWNLOADS / "own" / f"{name}.npz"
    with cache.atomic(file) as temporary:
        np.savez(temporary, ids=used, vectors=vectors)
    source, model = _declare(name, title, file, vectors.shape[1])
    declared = plan.declared.extended(sources=[source], models=[model])
    profiles = _profiles(plan, name, title)
    size = (len(used), vectors.shape[1])
    return UserVectors(name, title, declared, *profiles, report, checks, *size)


def _resolve(names: np.ndarray, plan: Plan, resolver, kind: str | None) -> tuple:
    """Indices of the universe and of the ids that match, and what became of the ids."""
    universe = plan.universe
    at = np.full(len(universe), -1)
    if resolver is None:
        first = {g: i for i, g in reversed(list(enumerate(names.tolist())))}
        at = np.array([first.get(g, -1) for g in universe])
        known = np.isin(names, universe)
        used, lost = names[known].tolist(), names[~known].tolist()
        rows = [
            _status("used", "a name that the tasks use, just as it stands", used, used=True),
            _status("not found", "not a name that the tasks use", lost, used=False),
        ]
        facts = {"kind": "symbol, unresolved", "release": "", "genes": int(known.sum())}
        sentence = f"{known.sum():,} of {len(names):,} ids are names of genes of the profile."
    else:
        has, row = match(universe, names, plan.declared.sources, kind=kind)
        at[has] = row
        resolved = resolver.resolve(names, kind=kind)
        unresolved = (resolved.symbol == "") & np.isin(resolved.status, ("unknown", "withdrawn"))
        status = resolved.status.astype(object)
        status[unresolved & np.isin(names, universe)] = AS_IT_IS
        meanings = {**genes.STATUSES, AS_IT_IS: "a name that HGNC does not know, but the tasks use"}
        rows = [_resolved(resolved, status == k, k, meaning) for k, meaning in meanings.items()]
        facts = {"kind": resolved.kind, "release": resolved.release}
        facts["genes"] = int(resolved.unique.sum())
        sentence = resolved.sentence()
    inside, rows = np.flatnonzero(at >= 0), [r for r in rows if r["ids"]]
    report = {**facts, "given": len(names), "covered": len(inside), "of": len(universe)}
    report |= {"lost": sum(r["ids"] for r in rows if not r["used"]), "statuses": rows}
    return inside, at[inside], {**report, "sentences": [sentence]}


def _status(status: str, meaning: str, listed: list[str], *, used: bool) -> dict:
    examples = listed[:EXAMPLES]
    numbers = {"ids": len(listed), "examples": examples, "used": used}
    return {"status": status, "meaning": meaning, **numbers}


def _resolved(resolved: genes.Resolution, which: np.ndarray, status: str, meaning: str) -> dict:
    """One status, with its first ids and what each became, can be, or looks like."""
    rows, examples = np.flatnonzero(which), []
    for i in rows[:EXAMPLES]:
        id, symbol = resolved.ids[i], resolved.symbol[i]
        hint = resolved.hints.get(id, "")
        after = symbol if symbol != id else ""
        after = after if symbol else " or ".join(resolved.candidates.get(id, ()))
        hinted = f" ({hint})" * bool(hint and not after)
        examples.append(id + f" → {after}" * bool(after) + hinted)
    some = bool((resolved.symbol[rows] != "").any())
    used = status == AS_IT_IS or (status != "duplicate" and some)
    return {**_status(status, meaning, examples, used=used), "ids": len(rows)}


def _checks(path: Path, names: np.ndarray, matrix: np.ndarray) -> list[dict]:
    """What is odd about values that can be used. Raises BadInput where no column says anything."""
    spread = matrix.std(axis=0, dtype=np.float64)
    # float32 noise around a large constant is no information
    constant = spread <= 1e-6 * np.maximum(np.abs(matrix).max(axis=0), 1e-30)
    if constant.all():
        raise BadInput(
            f"{path}: every gene has the same vector, so nothing can be learned from it; look at "
            "its export."
        )
    zero = ~matrix.any(axis=1)
    same = pd.Series([row.tobytes() for row in np.ascontiguousarray(matrix)])
    shared = same.duplicated(keep=False).to_numpy(bool) & ~zero
    varies = spread[~constant]
    ratio = float(varies.max() / varies.min())
    norm = np.linalg.norm(matrix.astype(np.float64), axis=1)
    nothing = "; they do nothing" * bool(constant.any())
    rest, examples = ".", "."
    if zero.any():
        rest = f" (first: {names[zero][0]}); leave out genes that have none."
    if shared.any():
        examples = f" (first: {', '.join(names[shared][:3])})."
    rows = [
        ("missing values", False, "No value is missing or infinite."),
        ("repeated ids", False, "No id stands twice."),
        (
            "constant columns",
            constant.any(),
            f"{constant.sum()} of {len(constant)} columns are the same for every gene{nothing}.",
        ),
        ("zero vectors", zero.any(), f"{zero.sum()} genes have a vector of zeros{rest}"),
        (
            "equal vectors",
            shared.any(),
            f"{shared.sum()} genes share their vector with another{examples}",
        ),
        (
            "scale",
            ratio > 1e4,
            f"Median length of a vector {np.median(norm):.3g}, values from {matrix.min():.3g} to "
            f"{matrix.max():.3g}; the widest column spreads {ratio:.3g} times as far as the "
            "narrowest. Probes standardise every column, so scale does not change the scores.",
        ),
    ]
    return [{"check": c, "fine": not bad, "sentence": sentence} for c, bad, sentence in rows]


def _declare(name: str, title: str, file: Path, dim: int) -> tuple[SourceSpec, ModelSpec]:
    """The file as a source and a model."""
    digest = cache.digest(file)
    about = {"format": "vectors", "path": f"own/{file.name}", "sha256": digest}
    source = SourceSpec(
        id=name,
        title=title,
        homepage="",
        release=f"sha256 {digest[:12]}",
        licence="the user's own file",
        attribution="",
        citation="",
        files={"vectors": FileSpec(**about, how="run 'genebench place'")},
    )
    model = ModelSpec(
        name=name,
        title=title,
        family="table",
        encoder="vectors",
        description="A user's own file of vectors.",
        input="a file",
        dim=dim,
        licence="the user's own file",
        trained_on="Not known.",
        color=COLOR,
        options={"source": name, "file": "vectors", "resolve": False},
    )
    return source, model


def _profiles(plan: Plan, name: str, title: str) -> tuple[ProfileSpec, ProfileSpec]:
    """The model on the base's tasks, and on a sample of them by families beside a shortcut."""
    base = plan.profile
    changed = {"name": name, "title": f"{title} on the tasks of {base.name}", "models": [name]}
    options = {"splits": ["random"], "probes": ["linear"], "book": False}
    whole = base.model_copy(update={**changed, **options})
    binary = Counter(task.kind for task in plan.tasks.values())["binary"]
    letters = [m for m, spec in plan.models.items() if spec.encoder == "ngrams"][:1]
    part = {"name": f"{name}-family", "splits": ["family"], "models": [name, *letters]}
    part["term_stride"] = base.term_stride * max(1, round(binary / SAMPLE))
    return whole, whole.model_copy(update=part)
