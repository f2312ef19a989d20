"""A user's own file of vectors as a model: read, resolved, checked.

Model and profile share one name, made of the content, so that the same vectors are the same model
whatever the file is called.
"""

import hashlib
import re

import numpy as np
import pandas as pd

from ..benchmark import custom_tasks
from ..benchmark import plan as planning
from ..core import cache, paths
from ..core.errors import BadInput, check
from ..core.specs import ModelSpec
from ..data import genes, identifiers
from ..data.vectors import read_vectors
from ..models.inputs import Inputs

COLOR = "#D81B60"
"""Colour of the vectors that are placed; no declared model has it."""
FEWEST = 20
"""Genes of the profile that a file must hold."""
SAMPLE = 24
"""Binary tasks, about, that are run again with relatives kept out of training."""
EXAMPLES = 10
"""Ids of each status that are listed."""
JOINED = (
    r"^(.+?)[_|:;. (]+(ENSG\d{11}|\d+)(?:\.\d+)?[.)]?$",
    r"^(ENSG\d{11})(?:\.\d+)?[_|:; (]+(.+?)\)?$",
)
"""Two ids of a gene written as one: ``TP53_ENSG…``, ``TP53 (7157)``; ``ENSG…_TP53``."""
AS_IT_IS = "as it is"
"""Status of an id that is taken just as it stands."""


def read(path, plan, title, *, kind=None, **options):
    """Read, resolve and check a file of vectors.

    Parameters
    ----------
    path, title : Path, str
        The file, and what the vectors are called.
    plan : Plan
        Of the profile that they are placed in.
    kind : str, optional
        Kind of id, see ``genes.Resolver.resolve``.
    **options
        ``ids`` and ``array`` of ``vectors.read_vectors``.

    Returns
    -------
    spec : ModelSpec
        The vectors as a model, whose name is made of their content.
    about : dict
        ``ids``: kind, numbers and examples of what became of the ids; ``checks`` of the values,
        each with ``check``, ``fine`` and ``sentence``; ``reading``, a sentence each: what was taken
        for ids and vectors, what was left out and why.
    """
    resolver, notes = custom_tasks.find_resolver(plan.declared)
    names, matrix, reading = read_vectors(path, **options)
    if resolver:
        names = _parted(names, resolver, reading)
    inside, row, report = _resolve(names, plan, resolver, kind)
    report["sentences"] = notes + report["sentences"]
    if len(inside) < FEWEST:
        lost = [e for s in report["statuses"] if not s["used"] for e in s["examples"]]
        first = f" (first lost: {lost[0]})" if lost else ""
        how = "." if resolver else ", as approved symbols while HGNC's table is missing."
        if not resolver and lost and any(re.match(pattern, lost[0]) for pattern in JOINED):
            how += " With it ('genebench fetch hgnc') ids that join two are read, too."
        raise BadInput(
            f"{path}: {len(inside)} of its {len(names)} ids are among the {report['of']:,} genes "
            f"of profile '{plan.profile.name}', and {FEWEST} are needed{first}; give ids of human "
            f"genes (symbol, Ensembl, Entrez, UniProt or HGNC){how}"
        )
    about = {"ids": report, "checks": _checks(path, names, matrix), "reading": reading}
    used, vectors = plan.universe[inside], np.ascontiguousarray(matrix[row])
    text = "\n".join([plan.profile.name, *used]).encode()
    name = f"placed-{hashlib.sha256(text + vectors.tobytes()).hexdigest()[:12]}"
    with cache.atomic(paths.DOWNLOADS / "own" / f"{name}.npz") as temporary:
        np.savez(temporary, ids=used, vectors=vectors)
    spec = ModelSpec(
        name=name,
        title=title,
        family="table",
        encoder="stored",
        description="A user's own file of vectors.",
        input="a file",
        dim=vectors.shape[1],
        licence="the user's own file",
        trained_on="Not known.",
        color=COLOR,
        options={"name": name},
    )
    return spec, about


def plan_of(base, spec, *, names=(), by_family=False):
    """Plan the cells of a user's vectors on the tasks of a profile.

    Parameters
    ----------
    base, spec : Plan, ModelSpec
        Of the profile, and of ``read``.
    names : iterable of str, optional
        Only cells that hold these tasks.
    by_family : bool
        A sample of the tasks, with families kept whole.

    Returns
    -------
    Plan
    """
    profile = base.profile
    changes = {
        "name": spec.name,
        "title": f"{spec.title} on the tasks of {profile.name}",
        "models": [spec.name],
        "splits": profile.splits[:1],
        "probes": profile.probes[:1],
        "book": False,
    }
    if by_family:
        binary = sum(task.kind == "binary" for task in base.tasks.values())
        changes |= {
            "name": f"{spec.name}-family",
            "splits": ["family"],
            "probes": ["linear"],
            "term_stride": profile.term_stride * max(1, round(binary / SAMPLE)),
        }
    declared = base.declared.extended(models=[spec])
    return planning.make(profile.model_copy(update=changes), declared=declared, names=names)


def _parted(names, resolver, reading):
    """Ids, and of those that join two ids of a gene the first where both are of one gene."""
    texts = pd.Series(names, dtype=object)
    parts = texts.str.extract(JOINED[0]).fillna(texts.str.extract(JOINED[1]))
    joined = parts.notna().all(axis=1) & (resolver.resolve(names).symbol == "")
    if joined.mean() <= 0.5:
        return names
    first, second = (resolver.resolve(parts[at][joined]).symbol for at in (0, 1))
    agree = (first == second) & (first != "")
    read = parts[0][joined][agree]
    reading.append(
        f"{joined.sum():,} ids join two, as '{texts[joined].iloc[0]}': {len(read):,} were read, "
        f"whose parts are of one gene, and {(~agree).sum():,} were not."
    )
    return read.combine_first(texts).to_numpy(str)


def _resolve(names, plan, resolver, kind):
    """Indices of the universe and of the ids that match, and what became of the ids."""
    universe = plan.universe
    there = np.isin(names, universe)
    if resolver is None:
        if kind not in (None, "symbol"):
            check(identifiers.KINDS, "kind of identifier", kind)
            raise BadInput(
                f"--kind {kind} needs HGNC's table; run 'genebench fetch hgnc', or give symbols."
            )
        _, inside, row = np.intersect1d(universe, names, return_indices=True)
        symbol, status = np.where(there, names, ""), np.full(len(names), "unknown")
        resolved = genes.Resolution(names, symbol, status, "symbol, unresolved", {}, {}, "")
        sentence = f"{there.sum():,} of {len(names):,} ids are names of genes of the profile."
    else:
        inside, row = Inputs(None, universe, plan.declared).match(names, kind=kind)
        resolved = resolver.resolve(names, kind=kind)
        sentence = resolved.sentence()
    lost = np.isin(resolved.status, ("unknown", "withdrawn"))
    status = np.where(lost & there, AS_IT_IS, resolved.status)
    meanings = {**genes.STATUSES, AS_IT_IS: "a name that the tasks use, just as it stands"}
    rows = []
    for name, meaning in meanings.items():
        at = np.flatnonzero(status == name)
        if not len(at):
            continue
        found = name != "duplicate" and (resolved.symbol[at] != "").any()
        rows.append(
            {
                "status": name,
                "meaning": meaning,
                "ids": len(at),
                "examples": [_became(resolved, i) for i in at[:EXAMPLES]],
                "used": bool(found or name == AS_IT_IS),
            }
        )
    report = {
        "kind": resolved.kind,
        "release": resolved.release,
        "given": len(names),
        "covered": len(inside),
        "of": len(universe),
        "lost": sum(r["ids"] for r in rows if not r["used"]),
        "statuses": rows,
        "sentences": [sentence],
    }
    return inside, row, report


def _became(resolved, i):
    """An id, and what it became, can be, or looks like."""
    id, symbol = resolved.ids[i], resolved.symbol[i]
    if id == symbol:
        return id
    after = symbol or " or ".join(resolved.candidates.get(id, ()))
    hint = resolved.hints.get(id, "")
    return id + (f" → {after}" if after else f" ({hint})" * bool(hint))


def _checks(path, names, matrix):
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
    shared = pd.Series(map(bytes, matrix)).duplicated(keep=False).to_numpy() & ~zero
    ratio = float(spread[~constant].max() / spread[~constant].min())
    norm = np.median(np.linalg.norm(matrix.astype(np.float64), axis=1))
    nothing = "; they do nothing" if constant.any() else ""
    first = f" (first: {names[zero][0]}); leave out genes that have none" if zero.any() else ""
    examples = f" (first: {', '.join(names[shared][:3])})" if shared.any() else ""
    checks = [
        ("missing values", False, "No value is missing or infinite."),
        ("repeated ids", False, "There are no duplicate ids."),
        (
            "constant columns",
            constant.any(),
            f"{constant.sum()} of {len(constant)} columns are the same for every gene{nothing}.",
        ),
        ("zero vectors", zero.any(), f"{zero.sum()} genes have a vector of zeros{first}."),
        (
            "equal vectors",
            shared.any(),
            f"{shared.sum()} genes share their vector with another{examples}.",
        ),
        (
            "scale",
            ratio > 1e4,
            f"Median length of a vector {norm:.3g}, values from {matrix.min():.3g} to "
            f"{matrix.max():.3g}; the widest column spreads {ratio:.3g} times as far as the "
            "narrowest. Probes standardise every column, so scale does not change the scores.",
        ),
    ]
    return [{"check": c, "fine": not bad, "sentence": sentence} for c, bad, sentence in checks]
