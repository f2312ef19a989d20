"""What the data sets of Part II are, and what their curves say."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from genebench.spectra import table

from .figures import minus
from .spectra import BROAD, WAYS, Declared, points

LABELS = {
    "auroc": "AUROC (0 to 1, chance 0.5)",
    "auroc_weighted": "AUROC, weighted over classes (0 to 1, chance 0.5)",
    "spearman": "Spearman correlation (−1 to 1, chance 0)",
}
"""Metric of a curve to its words."""


def about(dataset: str, known: Declared) -> str:
    """What a data set is, in a few sentences with its citations.

    Parameters
    ----------
    dataset : str
    known : Declared

    Returns
    -------
    str
        Markdown (MyST).
    """
    if dataset not in known.datasets:
        task, _, other = dataset.partition("@")
        linked = "where they share the letters of their symbol before the first digit, which "
        linked = f"by `{other}`" if other else linked + "paralogues mostly do"
        return (
            f"The gene task `{task}` of Part I. Unit of splitting: the gene; two genes are linked "
            f"{linked}. The probes are those of Part I; its splits stand on the curve below."
        )
    spec = known.datasets[dataset]
    ours = " It is not one of the paper's."
    if spec.paper:
        ours = f" It stands for the set {spec.paper} of the paper. {spec.differs}"
    trained = {getattr(known.models[name], "trained_on", "") for name in points(dataset).model} - {
        ""
    }
    seen = "".join(f" The frozen language models were trained on {text}." for text in trained)
    return (
        f"What is predicted: {spec.label}. Unit of splitting: {spec.unit}. Linked: "
        f"{spec.property['words']}. {{cite}}`{','.join(spec.citation)}`{ours} "
        f"Licence: {spec.licence}.{seen}"
    )


def verdict(dataset: str, known: Declared, way: str = "spectral") -> str:
    """What the curves of a data set say: who falls, by how much, what overlap alone takes.

    Models with vectors for few of the genes (below ``BROAD``) and controls are left out; so are
    those that know nothing of a test unit at the largest λ by construction, but for their names.

    Parameters
    ----------
    dataset : str
    known : Declared
    way : str

    Returns
    -------
    str
        Markdown; empty where nothing was computed.
    """
    rows = table.read("findings.csv")
    rows = rows[(rows.task == dataset) & (rows.split == way)]
    rows = rows[rows.model.map(lambda m: known.models[m].family != "control").astype(bool)]
    narrow = rows.model[rows.coverage < BROAD].map(known.title)
    rows = rows[rows.coverage >= BROAD]
    if rows.empty:
        return ""
    trained = np.array(known.stars(rows)) == "*"
    seen, rows = rows[trained].model.map(known.title), rows[~trained]
    rows = rows.sort_values("fall", ascending=False)
    most = rows.parameter.max()
    ends = np.where(rows.parameter == most, "", rows.parameter.map(" [to λ = {:g}]".format))
    rows = rows.assign(name="*" + rows.model.map(known.title) + "*" + ends)
    arithmetic = rows.model.map(known.averages_relatives).astype(bool)
    relatives, rows = rows["name"][arithmetic], rows[~arithmetic]
    unseen, rows = rows[rows.uninformed], rows[~rows.uninformed]
    blind = unseen["name"]
    parts, best = [], []
    for cheap, part in rows.groupby(rows.model.map(known.cheap)):
        word = "shortcut" if cheap else "model"
        parts.append(_falls(part, word, alone=dataset in known.two_sided))
        there = part[part.parameter == most]
        of_those = f" of the {len(there)} with a score there" * (len(there) < len(part))
        for row in there.nlargest(1, "last").itertuples():
            best.append(f"the best {word}{of_those} scores {row.last:.2f} ({row.name})")
    parts += [f"at λ = {most:g} {' and '.join(best)}"] * bool(best)
    if len(blind):
        why = "no mutation of the test is in train there, so that what is known of single mutations"
        parts.append(f"{why} is of no use, and their fall is not counted: {_listed(blind)}")
        parts += _before(points(dataset, way), unseen, most)
    if len(relatives):
        why = "averages relatives, of which none is in train there: its fall is arithmetic"
        parts.append(f"{_listed(relatives)} {why}, and not counted")
    if dataset in known.two_sided:
        parts.append(
            "both partners of a tested pair are new at every λ, those of the size-matched control "
            "are not"
        )
    if len(narrow):
        why = f"with vectors for fewer than {BROAD:.0%} of the genes, and not counted: "
        parts.append(why.replace("%", " %") + _listed("*" + narrow + "*"))
    if len(seen):
        parts.append(
            f"trained on the labels, so starred and not counted: {_listed('*' + seen + '*')}"
        )
    parts[1:] = [p[0].upper() + p[1:] for p in parts[1:]]
    whole = rows[rows.parameter == most]
    span = [f"{x:.0%}" for x in (whole.overlap_first.max(), whole.overlap_last.min())]
    shared = f"as the test units with a relative in train go from {' to '.join(span)}"
    if len({*span}) == 1:
        shared = f"with {span[0]} of the test units still related to train; what falls is the "
        shared += "share of linked pairs, in the figure of overlaps"
    head = "What it shows" + f", {WAYS[way]}" * (way != "spectral")
    words = f"**{head}.** Scores are {LABELS[rows.metric.iloc[0]]}; higher is better. From λ = 0"
    words = f"{words} to λ = {most:g}, {shared.replace('%', ' %')}: {'. '.join(parts)}."
    return words.replace(" -", minus(" -"))


def _before(points: pd.DataFrame, unseen: pd.DataFrame, most: float) -> list[str]:
    """What the best of some models scores at the last λ but the largest that all of them have."""
    rows = points[points.model.isin(unseen.model) & (points.split == unseen.split.iloc[0])]
    rows = rows[rows.parameter < most]
    shared = rows.groupby("parameter").model.nunique()
    shared = shared[shared == len(unseen)]
    if len(shared) < 2:
        return []
    near = rows[rows.parameter == shared.index.max()]
    best = near.loc[near.score.idxmax()]
    names, first = (unseen.set_index("model")[c] for c in ("name", "first"))
    return [
        f"before that, at λ = {best.parameter:g}, the best of them still scores {best.score:.2f} "
        f"({names[best.model]}; {first[best.model]:.2f} at λ = 0)"
    ]


def _falls(part: pd.DataFrame, word: str, *, alone: bool) -> str:
    """Which models, or shortcuts, are shown to fall, and which lose to overlap at equal size.

    ``alone``: without the second, as the control differs in more than overlap.
    """
    falling, still, taken = part[part.falls], part[~part.falls], part[part.gap_low > 0]
    words = f"no {word} is shown to fall ({_listed(part['name'])})"
    if len(falling):
        first = falling.iloc[0]
        words = f"{len(falling)} of {len(part)} {word}{'s' * (len(part) > 1)} "
        words += f"fall{'s' * (len(falling) == 1)}, {first['name']} "
        words += "the most, " * (len(falling) > 1)
        digits = 2 if f"{first['first']:.2f}" != f"{first['last']:.2f}" else 3
        words += f"from {first['first']:.{digits}f} to {first['last']:.{digits}f}"
        words += f"; not shown to fall: {_listed(still['name'])}" if len(still) else ""
    if alone:
        return words
    if len(taken):
        cost = f"at equal size, {_listed(taken['name'])}"
        return f"{words}; {cost} score{'s' * (len(taken) == 1)} significantly below the control"
    none = f"; at equal size, no {word} scores significantly below its control"
    return words + none * bool(len(falling))


def _listed(names: Iterable[str]) -> str:
    *most, last = sorted(names)
    return f"{', '.join(most)} and {last}" if most else last
