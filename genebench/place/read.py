"""A user's own file of vectors as a model: read, resolved, checked, and noted with a profile of its own.

Model, source and profile share one name, made of the content, so that the same vectors are the same model whatever the
file is called. ``genebench.place`` scores them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..benchmark import custom_tasks, plan
from ..core import cache, paths, specs
from ..core.errors import BadInput
from ..core.specs import FileSpec, ModelSpec, OwnSpec, SourceSpec
from ..data import genes
from ..data.vectors import read_vectors
from ..models.ids import match

COLOR = "#D81B60"
"""Colour of the vectors that are placed; no declared model has it."""
FEWEST = 20
"""Genes of the profile that a file must hold."""
SAMPLE = 24
"""Binary tasks, about, that are run again with relatives kept out of training; cutting folds takes longest."""
EXAMPLES = 10
"""Ids of each kind that are listed."""
AS_IT_IS = "as it is"
"""Status of an id that is taken just as it stands."""


@dataclass(frozen=True, eq=False)
class Declared:
    """A file of vectors as a model: its (and its profile's) ``name``, and what was found on the way.

    ``ids``: kind, numbers and examples of what became of the ids. ``checks``: one dict a check of the values with
    ``check``, ``fine`` and ``sentence``. ``genes``, ``dim``: the size of what is kept.
    """

    name: str
    title: str
    ids: dict
    checks: list[dict]
    genes: int
    dim: int


def declare(
    path: Path,
    *,
    profile: str,
    title: str,
    ids: str | Path | None = None,
    array: str | None = None,
    kind: str | None = None,
) -> Declared:
    """Read, resolve and check a file, and note it as a model, a source and a profile of one name.

    Raises: BadInput: a file that cannot be used, or that holds fewer than ``FEWEST`` genes of the profile.
    """
    names, matrix = read_vectors(path, ids=ids, array=array)
    universe = plan.context(profile).universe
    resolver, told = custom_tasks.resolver_at_hand()
    has, row, report = _resolve(names, universe, resolver, kind)
    report["sentences"] = told + report["sentences"]
    if len(has) < FEWEST:
        lost = next((e for s in report["statuses"] if not s["used"] for e in s["examples"]), "")
        raise BadInput(
            f"{path}: {len(has)} of its {len(names)} ids are among the {len(universe):,} genes of profile '{profile}', "
            f"and {FEWEST} are needed{f' (first lost: {lost})' * bool(lost)}; give ids of human genes (symbol, "
            f"Ensembl, Entrez, UniProt or HGNC)"
            + ("." if resolver else ", as approved symbols while HGNC's table is missing.")
        )
    checks = _checks(path, names, matrix)
    order = np.argsort(universe[has])
    kept_ids, kept = universe[has][order], np.ascontiguousarray(matrix[row][order])
    digest = hashlib.sha256("\n".join([profile, *kept_ids]).encode() + kept.tobytes()).hexdigest()
    called = f"placed-{digest[:12]}"
    file = paths.DOWNLOADS / "own" / f"{called}.npz"
    with cache.atomic(file) as temporary:
        np.savez(temporary, ids=kept_ids, vectors=kept)
    _note(called, title, profile, file, kept.shape[1])
    return Declared(called, title, report, checks, len(kept_ids), kept.shape[1])


def _resolve(names: np.ndarray, universe: np.ndarray, resolver, kind: str | None) -> tuple:
    """Indices of the universe and of the ids that match, and the report of what became of the ids."""
    if resolver is None:
        first = {g: i for i, g in reversed(list(enumerate(names.tolist())))}
        at = np.array([first.get(g, -1) for g in universe])
        inside = np.isin(names, universe)
        rows = [
            _status(
                "used",
                "a name that the tasks use, just as it stands",
                names[inside].tolist(),
                used=True,
            ),
            _status(
                "not found", "not a name that the tasks use", names[~inside].tolist(), used=False
            ),
        ]
        facts = {"kind": "symbol, unresolved", "release": "", "genes": int(inside.sum())}
        sentence = f"{inside.sum():,} of {len(names):,} ids are names of genes of the profile."
    else:
        has, row = match(universe, names, kind=kind)
        at = np.full(len(universe), -1)
        at[has] = row
        found = resolver.resolve(names, kind=kind)
        status = found.status.astype(object)
        status[
            (found.symbol == "")
            & np.isin(found.status, ("unknown", "withdrawn"))
            & np.isin(names, universe)
        ] = AS_IT_IS
        meanings = {**genes.STATUSES, AS_IT_IS: "a name that HGNC does not know, but the tasks use"}
        rows = [_resolved(found, status == key, key, meaning) for key, meaning in meanings.items()]
        facts = {"kind": found.kind, "release": found.release, "genes": int(found.unique.sum())}
        sentence = found.sentence()
    has = np.flatnonzero(at >= 0)
    report = {
        **facts,
        "given": len(names),
        "covered": len(has),
        "of": len(universe),
        "lost": sum(r["ids"] for r in rows if r and not r["used"]),
        "statuses": [r for r in rows if r and r["ids"]],
        "sentences": [sentence],
    }
    return has, at[has], report


def _status(status: str, meaning: str, listed: list[str], *, used: bool) -> dict:
    return {
        "status": status,
        "meaning": meaning,
        "ids": len(listed),
        "examples": listed[:EXAMPLES],
        "used": used,
    }


def _resolved(found: genes.Resolution, which: np.ndarray, status: str, meaning: str) -> dict:
    """One status of a resolution, with the first ids of it and what each was found, or can be, or looks like."""
    of = np.flatnonzero(which)
    told = []
    for i in of[:EXAMPLES]:
        one, symbol = found.ids[i], found.symbol[i]
        candidates, hint = found.candidates.get(one, ()), found.hints.get(one, "")
        after = (
            symbol if symbol and symbol != one else " or ".join(candidates) if not symbol else ""
        )
        told.append(one + f" → {after}" * bool(after) + f" ({hint})" * bool(hint and not after))
    used = status == AS_IT_IS or (status != "duplicate" and bool((found.symbol[of] != "").any()))
    return {**_status(status, meaning, told, used=used), "ids": len(of)}


def _checks(path: Path, names: np.ndarray, matrix: np.ndarray) -> list[dict]:
    """What is odd about the values, though it can be used. Raises: BadInput: no column says anything."""
    spread = matrix.std(axis=0, dtype=np.float64)
    # float32 noise around a large constant is no information
    constant = spread <= 1e-6 * np.maximum(np.abs(matrix).max(axis=0), 1e-30)
    if constant.all():
        raise BadInput(
            f"{path}: every gene has the same vector, so nothing can be learned from it; look at its export."
        )
    zero = ~matrix.any(axis=1)
    same = pd.Series([row.tobytes() for row in np.ascontiguousarray(matrix)])
    again = same.duplicated(keep=False).to_numpy(bool) & ~zero
    varies = spread[~constant]
    ratio = float(varies.max() / varies.min())
    norm = np.linalg.norm(matrix.astype(np.float64), axis=1)

    def told(check: str, bad, sentence: str) -> dict:
        return {"check": check, "fine": not bad, "sentence": sentence}

    examples = ", ".join(names[again][:3])
    return [
        told("missing values", False, "No value is missing or infinite."),
        told("repeated ids", False, "No id stands twice."),
        told(
            "constant columns",
            constant.any(),
            f"{constant.sum()} of {len(constant)} columns are the same for every "
            f"gene{'; they do nothing' * bool(constant.any())}.",
        ),
        told(
            "zero vectors",
            zero.any(),
            f"{zero.sum()} genes have a vector of zeros"
            + (
                f" (first: {names[zero][0]}); leave out genes that have none."
                if zero.any()
                else "."
            ),
        ),
        told(
            "equal vectors",
            again.any(),
            f"{again.sum()} genes share their vector with another"
            + (f" (first: {examples})." if again.any() else "."),
        ),
        told(
            "scale",
            ratio > 1e4,
            f"Median length of a vector {np.median(norm):.3g}, values from {matrix.min():.3g} "
            f"to {matrix.max():.3g}; the widest column spreads {ratio:.3g} times as far as the narrowest. Probes "
            f"standardise every column, so scale does not change the scores.",
        ),
    ]


def _note(name: str, title: str, profile: str, file: Path, dim: int) -> None:
    """Declare the kept file as a source, a model, and two profiles: the base's tasks, and a sample by families."""
    base = specs.profile(profile)
    source = SourceSpec(
        id=name,
        title=title,
        homepage="",
        release=f"sha256 {cache.digest(file)[:12]}",
        licence="the user's own file",
        attribution="",
        citation="",
        files={
            "vectors": FileSpec(
                format="vectors",
                path=f"own/{file.name}",
                sha256=cache.digest(file),
                how="run 'genebench place'",
            )
        },
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
    sources = [*custom_tasks.sources_of(profile), source]
    changed = {
        "name": name,
        "title": f"{title} on the tasks of {profile}",
        "models": [name],
        "book": False,
    }
    whole = base.model_copy(update={**changed, "splits": ["random"], "probes": ["linear"]})
    custom_tasks.note(OwnSpec(profile=whole, sources=sources, models=[model]))
    many = Counter(t.kind for t in plan.context(profile).tasks.values())["binary"]
    letters = [m for m in base.models if specs.model(m).encoder == "ngrams"][:1]
    part = {"name": f"{name}-family", "splits": ["family"], "models": [name, *letters]}
    part["term_stride"] = base.term_stride * max(1, round(many / SAMPLE))
    custom_tasks.note(
        OwnSpec(profile=whole.model_copy(update=part), sources=sources, models=[model])
    )
