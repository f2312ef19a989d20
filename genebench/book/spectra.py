"""Part II for the book: curves, their areas, placed splits and the finding, from the tables of ``genebench spectra``.

Draws and words what it is given; computes no score.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..core import specs
from ..spectra import curve, datasets, table
from ..stats import metrics
from .figures import INK

LABELS = {
    "auroc": "AUROC (0 to 1, chance 0.5)",
    "auroc_weighted": "AUROC, weighted over classes (0 to 1, chance 0.5)",
    "spearman": "Spearman correlation (−1 to 1, chance 0)",
}
CHANCE = {"auroc": 0.5, "auroc_weighted": 0.5, "spearman": 0.0}
MARKS = "osD^vPX*<>"
BROAD = 0.5
"""A model with vectors for less than this share of a task's genes is left out of the overview and the count."""
WAYS = {
    "spectral": "corrected",
    "spectral-weighted": "weighted, as in the paper",
    "spectral-reference": "as the package",
}
"""Split name → way of splitting in words."""
CHEAP = ("shortcut", "control")


def _spec(model: str):
    return datasets.declared().models.get(model) or specs.model(model)


def title(model: str) -> str:
    """A model's title, of Part II or of Part I."""
    return _spec(model).title


def color(model: str) -> str:
    """A model's one colour."""
    return _spec(model).color


def ordered(names: Iterable[str]) -> list[str]:
    """Real models first, then baselines, shortcuts and controls; each in the order of their declarations."""
    rank = {"baseline": 1, "shortcut": 2, "control": 3}
    order = {n: i for i, n in enumerate([*datasets.declared().models, *specs.models()])}
    return sorted(set(names), key=lambda n: (rank.get(_spec(n).family, 0), order[n]))


def heading(dataset: str) -> str:
    """A data set's title, or the gene task's name."""
    return datasets.declared().dataset(dataset).title if dataset in datasets.declared().datasets else dataset


def points(dataset: str, way: str = "spectral") -> pd.DataFrame:
    """The curves of a data set by one way of splitting, and those of its size-matched control."""
    held = table.read("points.csv")
    return held[(held.task == dataset) & held.split.isin([way, way + curve.CONTROL])].reset_index(
        drop=True
    )


def ways(dataset: str) -> list[str]:
    """The ways of splitting that a data set was run with."""
    held = table.read("points.csv")
    return [w for w in WAYS if ((held.task == dataset) & (held.split == w)).any()]


def about(dataset: str) -> str:
    """What a data set is, in a few sentences with its citations (MyST)."""
    if dataset not in datasets.declared().datasets:
        task, _, other = dataset.partition("@")
        linked = (
            f"by `{other}`"
            if other
            else (
                "where they share the letters of their symbol before the first digit, which paralogues mostly do"
            )
        )
        return (
            f"The gene task `{task}` of Part I. What is put on a side is the gene; two genes are linked {linked}. The "
            f"probes are those of Part I; its splits stand on the curve below."
        )
    s = datasets.declared().dataset(dataset)
    cited = ",".join(s.citation)
    ours = (
        f" It stands for the set {s.paper} of the paper. {s.differs}"
        if s.paper
        else " It is not one of the paper's."
    )
    return (
        f"What is predicted: {s.label}. What is put on a side: {s.unit}. Linked: {s.property['words']}. "
        f"{{cite}}`{cited}`{ours} Licence: {s.licence}."
    )


def verdict(dataset: str, way: str = "spectral") -> str:
    """What the curves of a data set say, in sentences (Markdown): who falls, by how much, what overlap alone takes.

    Models with vectors for few of the genes (below ``BROAD``) and controls are left out.
    """
    held = table.read("findings.csv")
    held = held[(held.task == dataset) & (held.split == way) & (held.coverage >= BROAD)]
    held = held[held.model.map(_family) != "control"].sort_values("fall", ascending=False)
    if held.empty:
        return ""
    most, told, best = held.parameter.max(), [], []
    names = held.model.map(lambda m: f"*{title(m)}*") + held.parameter.map(
        lambda at: "" if at == most else f" [to λ = {at:g}]"
    )
    held = held.assign(name=names)
    for cheap, part in held.groupby(held.model.map(_cheap)):
        word = "shortcut" if cheap else "model"
        falling, still, taken = part[part.falls], part[~part.falls], part[part.gap_low > 0]
        if len(falling):
            first = falling.iloc[0]
            said = f"{len(falling)} of {len(part)} {word}{'s' * (len(part) > 1)} fall{'s' * (len(falling) == 1)}, "
            said += f"{first['name']} {'the most, ' * (len(falling) > 1)}from {first['first']:.2f} to {first['last']:.2f}"
            if len(still):
                said += f"; not shown to fall: {_listed(still['name'])}"
        else:
            said = f"no {word} is shown to fall ({_listed(part['name'])})"
        if len(taken):
            said += f"; at equal size, overlap is shown to cost {_listed(taken['name'])} something"
        elif len(falling):
            said += f"; at equal size, overlap is not shown to cost any {word} anything"
        told.append(said)
        for row in part[part.parameter == most].nlargest(1, "last").itertuples():
            best.append(f"the best {word} scores {row.last:.2f} ({row.name})")
    told.append(f"at λ = {most:g} {' and '.join(best)}")
    told, ends = [told[0], *(t[0].upper() + t[1:] for t in told[1:])], held[held.parameter == most]
    return (
        f"**What it shows.** From λ = 0 to λ = {most:g}, as the test units with a relative in train go from "
        f"{_percent(ends.overlap_first.max())} to {_percent(ends.overlap_last.min())}: {'. '.join(told)}."
    ).replace(" -", " −")


def _family(model: str) -> str:
    return _spec(model).family


def _cheap(model: str) -> bool:
    return _family(model) in CHEAP


def _percent(share: float) -> str:
    return f"{round(100 * share)} %"


def _listed(names: Iterable[str]) -> str:
    *most, last = sorted(names)
    return f"{', '.join(most)} and {last}" if most else last


def curves(held: pd.DataFrame) -> Figure:
    """All models against λ and against overlap; below, one panel a model with its interval over seeds and the control.

    Args: held: rows of ``points``.
    """
    names = ordered(held.model)
    metric = held.metric.iloc[0]
    rows = -(-len(names) // 3)
    fig = plt.figure(figsize=(9.4, 4.6 + 2.3 * rows))
    whole, single = fig.subfigures(2, 1, height_ratios=[4.6, 2.3 * rows])
    tops = whole.subplots(1, 2, sharey=True)
    below = single.subplots(rows, 3, sharex=True, sharey=True, squeeze=False)
    own = held[~held.split.str.endswith(curve.CONTROL)]
    sides = dict(zip(("parameter", curve.OVERLAP), tops))
    for name, mark, ax in zip(names, MARKS * 3, below.flat):
        look = {
            "color": color(name),
            "marker": mark,
            "markersize": 4.5,
            "linestyle": "--" if _cheap(name) else "-",
        }
        part, other = (
            own[own.model == name],
            held[(held.model == name) & held.split.str.endswith(curve.CONTROL)],
        )
        for x, top in sides.items():
            line = part.sort_values(x)
            top.plot(line[x], line.score, **look, label=title(name))
        _interval(ax, other.sort_values("parameter"), "#777777")
        ax.plot(
            "parameter",
            "score",
            data=other.sort_values("parameter"),
            color="#555555",
            linestyle=":",
        )
        _interval(ax, part.sort_values("parameter"), color(name))
        ax.plot("parameter", "score", data=part.sort_values("parameter"), **look)
        ax.set_title(title(name), fontsize=12)
    for ax in below.flat[len(names) :]:
        ax.set_axis_off()
    for ax in below.flat[max(0, len(names) - 3) : len(names)]:
        ax.tick_params(labelbottom=True)
    for ax in (*tops, *below.flat):
        ax.axhline(CHANCE[metric], color=INK, linestyle=(0, (1, 3)), linewidth=1)
    tops[0].set(
        xlabel="spectral parameter λ (0: random, 1: nothing shared)", ylim=_span(held, metric)
    )
    tops[1].set(xlabel="test units with a relative in train (share)")
    tops[1].invert_xaxis()
    below[0, 0].set(ylim=_span(held, metric))
    whole.supylabel(LABELS[metric], fontsize=12)
    single.supylabel(LABELS[metric].partition(" (")[0], fontsize=12)
    single.supxlabel("spectral parameter λ", fontsize=12)
    whole.legend(
        *tops[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=10.5
    )
    return fig


def _interval(ax: Axes, part: pd.DataFrame, ink: str) -> None:
    if part.low.notna().any():
        ax.fill_between(part.parameter, part.low, part.high, color=ink, alpha=0.18, linewidth=0)


def _span(held: pd.DataFrame, metric: str) -> tuple[float, float]:
    """Bounds of the axis of scores: all means and chance; intervals may leave it."""
    bounds, drawn = metrics.METRICS[metric], held.score.to_numpy()
    least = min(np.nanmin(drawn), CHANCE[metric])
    pad = 0.06 * max(0.1, np.nanmax(drawn) - least)
    return max(bounds.low, least - 3 * pad), min(bounds.high, np.nanmax(drawn) + pad) + 0.005


def overlaps(dataset: str) -> pd.DataFrame:
    """Overlap and size of the splits of a data set by way of splitting and λ, mean over seeds."""
    held = table.read("overlaps.csv")
    held = held[(held.dataset == dataset) & held.split.str.startswith("spectral")]
    held = held.assign(parameter=held.split_param.astype(float))
    columns = ["n_train", "n_test", "jaccard", "test_linked", "mean_similarity"]
    return held.groupby(["split", "parameter"], sort=True)[columns].mean().reset_index()


def overlap_plot(held: pd.DataFrame) -> Figure:
    """The three definitions of overlap, and how many units are left, against λ.

    Args: held: rows of ``overlaps``; the size-matched control is drawn for the first definition alone.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.4, 3.9))
    named = {
        "test_linked": "test units with a relative in train",
        "jaccard": "marks shared (Jaccard)",
        "mean_similarity": "pairs linked across",
    }
    inks = dict(zip(named, ("#0072B2", "#D55E00", "#009E73")))
    own = held[held.split == held.split.iloc[0]]
    for (column, words), mark in zip(named.items(), MARKS):
        if own[column].notna().any():
            left.plot(
                own.parameter,
                own[column],
                marker=mark,
                markersize=4.5,
                color=inks[column],
                label=words,
            )
    control = held[held.split == held.split.iloc[0] + curve.CONTROL]
    left.plot(
        control.parameter,
        control.test_linked,
        ":",
        color=inks["test_linked"],
        label="the same, size-matched",
    )
    right.plot(own.parameter, own.n_train, marker="o", markersize=4.5, color=INK, label="train")
    right.plot(
        own.parameter, own.n_test, "--", marker="s", markersize=4.5, color="#777777", label="test"
    )
    right.set_yscale("log")
    left.set(xlabel="spectral parameter λ", ylabel="overlap (0 to 1)", ylim=(-0.03, 1.03))
    right.set(xlabel="spectral parameter λ", ylabel="units (log scale)")
    for ax in (left, right):
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), fontsize=10.5)
    return fig


def area_table(dataset: str | None = None) -> pd.DataFrame:
    """AUSPC over λ and over overlap by model and way of splitting, with intervals over seeds, beside the control."""
    held = table.read("auspc.csv")
    held = held[held.task == dataset] if dataset else held
    keys = ["task", "model", "split"]
    wide = held[held.over == "lambda"].merge(
        held[held.over == "overlap"][[*keys, "auspc"]].rename(columns={"auspc": "over overlap"}),
        on=keys,
        how="left",
    )
    control = wide[wide.split.str.endswith(curve.CONTROL)].assign(
        split=lambda f: f.split.str.removesuffix(curve.CONTROL)
    )
    own = wide[~wide.split.str.endswith(curve.CONTROL)]
    own = own.merge(
        control[[*keys, "auspc"]].rename(columns={"auspc": "size-matched"}), on=keys, how="left"
    )
    out = pd.DataFrame(
        {
            "data set": own.task.map(heading),
            "model": own.model.map(title),
            "split": own.split.map(WAYS),
            "metric": own.metric,
            "AUSPC over λ": own.auspc,
            "low": own.low,
            "high": own.high,
            "size-matched": own["size-matched"],
            "AUSPC over overlap": own["over overlap"],
            "λ to": own.end,
            "λ values": own.points,
            "coverage": own.coverage,
            "seeds": own.seeds,
        }
    )
    return out.drop(columns=["data set"]) if dataset else out


def finding_table(dataset: str | None = None) -> pd.DataFrame:
    """Fall from λ = 0 to the largest λ with its interval, what of it the size-matched control shows, and the rest."""
    held = table.read("findings.csv")
    held = held[held.task == dataset] if dataset else held
    out = pd.DataFrame(
        {
            "data set": held.task.map(heading),
            "model": held.model.map(title),
            "split": held.split.map(WAYS),
            "at λ = 0": held["first"],
            "at the largest λ": held["last"],
            "λ": held.parameter,
            "fall": held.fall,
            "fall, low": held.fall_low,
            "fall, high": held.fall_high,
            "falls": np.where(held.falls, "yes", "not shown"),
            "fall, size-matched": held.fall_size,
            "share due to size": held.share_size,
            "lost to overlap": held.gap,
            "lost, low": held.gap_low,
            "lost, high": held.gap_high,
            "score ~ overlap": held["rank"],
        }
    )
    return out.drop(columns=["data set"]) if dataset else out


def placed_table(dataset: str) -> pd.DataFrame:
    """Splits that others use: overlap, the λ with the nearest overlap, and each model's score beside the curve's."""
    held = table.read("placed.csv")
    held = held[held.dataset == dataset]
    entry = datasets.declared().datasets.get(dataset)
    kinds = {n: e.kind for n, e in entry.existing.items()} if entry else {}
    return pd.DataFrame(
        {
            "split": held.split,
            "kind": held.split.map(kinds).fillna("Part I"),
            "model": held.model.map(title),
            "overlap": held.overlap,
            "nearest λ": held.parameter,
            "overlap there": held.curve_overlap,
            "score": held.score,
            "score on the curve": held.curve,
        }
    )


def overview() -> Figure:
    """AUSPC of every model on every data set beside its size-matched control: a dot and a tick, one row a data set."""
    held = table.read("auspc.csv")
    wanted = held.split.isin(["spectral", "spectral" + curve.CONTROL]) & (held.coverage >= BROAD)
    held = held[(held.over == "lambda") & wanted]
    rows = [
        d
        for d in [*datasets.declared().datasets, *sorted(set(held.task) - set(datasets.declared().datasets))]
        if d in set(held.task)
    ]
    fig, ax = plt.subplots(figsize=(9.4, 0.52 * len(rows) + 1.6))
    inks = {"network": "#CC79A7", "classical": "#0072B2", "baseline": "#E69F00"}
    for y, name in enumerate(rows[::-1]):
        part = held[held.task == name]
        best = part[part.split == "spectral"].sort_values("auspc")
        step = np.linspace(-0.27, 0.27, len(best)) if len(best) > 1 else [0.0]
        for model, value, shift in zip(best.model, best.auspc, step):
            family = _spec(model).family
            ink = "#888888" if family in CHEAP else inks.get(family, "#009E73")
            other = part[(part.model == model) & (part.split != "spectral")].auspc
            if len(other):
                ax.plot([value, other.iloc[0]], [y + shift] * 2, color=ink, linewidth=1, alpha=0.55)
                ax.plot(other.iloc[0], y + shift, "|", color=ink, markersize=7, markeredgewidth=2)
            ax.plot(value, y + shift, "o", color=ink, markersize=5.5)
    for ink, words in (
        ("#0072B2", "regression on features"),
        ("#CC79A7", "network"),
        ("#E69F00", "baseline"),
        ("#009E73", "vectors of Part I"),
        ("#888888", "shortcut or control"),
    ):
        ax.plot([], [], "o", color=ink, label=words)
    ax.plot([], [], "|", color=INK, markersize=8, markeredgewidth=2, label="the same, size-matched")
    metric = held.drop_duplicates("task").set_index("task").metric
    ax.set_yticks(
        range(len(rows)),
        [f"{heading(d)} ({'ρ' if metric[d] == 'spearman' else 'AUROC'})" for d in rows[::-1]],
    )
    ax.set(xlabel="AUSPC over λ (chance: AUROC 0.5, Spearman ρ 0)", ylabel="")
    fig.legend(loc="outside lower center", ncols=3, fontsize=10.5)
    return fig


def against_published() -> pd.DataFrame:
    """Published areas, quoted, beside those of our models on the same or the nearest data set."""
    quoted = specs.published().auspc.values
    held = table.read("auspc.csv")
    held = held[held.over == "lambda"]
    rows = []
    for dataset, values in quoted.items():
        for model, value in values.items():
            rows.append(
                {
                    "data set": heading(dataset),
                    "model": model,
                    "split": "published",
                    "AUSPC over λ": value,
                }
            )
        mine = held[(held.task == dataset) & held.split.isin(WAYS)]
        for row in mine.itertuples():
            rows.append(
                {
                    "data set": heading(dataset),
                    "model": title(row.model),
                    "split": f"ours, {WAYS[row.split]}",
                }
                | {"AUSPC over λ": row.auspc, "low": row.low, "high": row.high}
            )
    return pd.DataFrame(rows)


def checks() -> pd.DataFrame:
    """Means over λ of what the paper's repository ships (overlap, size, spread over replicates) beside ours."""
    held = table.read("published.csv")
    return pd.DataFrame(
        {
            "data set": held.dataset.map(heading),
            "model": ["" if pd.isna(m) else title(m) for m in held.model],
            "what": held.quantity,
            "values of λ": held.lambdas,
            "published, mean": held.published,
            "ours, mean": held.ours,
            "rank correlation over λ": held.rank_correlation,
            "mean difference": held.mean_difference,
        }
    )


def numbers() -> dict[str, object]:
    """Numbers for the prose: data sets, models, curves, and in how many performance falls with overlap."""
    found, held = table.read("findings.csv"), table.read("points.csv")
    real = found[(found.split == "spectral") & (found.coverage >= BROAD)]
    real = real[~real.model.map(lambda m: _spec(m).family in CHEAP)]
    spanning = real[real.overlap_first - real.overlap_last >= 0.25]
    falling = spanning[spanning.falls]
    return {
        "datasets": int(held.task.nunique()),
        "curves": int(held[held.split.isin(WAYS)].groupby(["task", "model", "split"]).ngroups),
        "spanning": len(spanning),
        "falling": len(falling),
        "gap": int((spanning.gap_low > 0).sum()),
        "size_median": f"{100 * falling.share_size.median():.0f}",
        "rank_positive": int((spanning["rank"] > 0).sum()),
        "ranked": int(spanning["rank"].notna().sum()),
    }


def lists() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every declared data set and model, with what those need that do not run here."""
    sets = table.datasets(datasets.declared()).drop(columns=["models"])
    sets["needs"] = [
        datasets.declared().dataset(n).files["table"].how if s != "ready" else ""
        for n, s in zip(sets["data set"], sets.status)
    ]
    return sets.drop(columns=["status"]), table.models(datasets.declared())
