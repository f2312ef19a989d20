"""Part III for the book, on real genomes: figures and tables from the tables of ``notebooks/studies``.

Draws and words what it is given; computes no score.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ..core import paths, specs
from ..core.errors import BadInput, unknown
from .figures import INK
from .genomic import BASES, declared

CALIBRATED = "-calibrated"
TOLD_MORE = ("phylop", "blosum62", "codon-usage")
"""Scores of changes that are told more than the sequence: other genomes, the protein, the reading frame."""


def read(study: str, name: str) -> pd.DataFrame:
    """One table of a study of real genomes. Raises: BadInput: not made yet."""
    path = paths.GLM_RESULTS / study / f"{name}.csv"
    if not path.exists():
        raise BadInput(
            f"{path}: not made yet; run 'genebench notebooks --study {study}' (of a genome: "
            f"'--study genome -P genome={study}')."
        )
    return pd.read_csv(path)


def title(model: str) -> str:
    """A model's title in ``data/glm_models.yml``; of a calibrated one with that word behind."""
    base = model.removesuffix(CALIBRATED).removesuffix("-left")
    told = declared()["models"][base]["title"]
    return f"{told}, calibrated" if model.endswith(CALIBRATED) else told


def look(model: str) -> dict:
    """Colour and marker of a model."""
    held = declared()["models"][model.removesuffix(CALIBRATED).removesuffix("-left")]
    return {"color": held["color"], "marker": held["marker"]}


def in_order(models) -> list[str]:
    """Models as they are declared, trained networks first; a calibrated one after its own."""
    present = set(models)
    known = sorted(
        declared()["models"], key=lambda name: not name.startswith("glm-")
    )  # networks first
    return [m for base in known for m in (base, base + CALIBRATED) if m in present]


def orders(frame: pd.DataFrame) -> Figure:
    """Bits per held-out base outside duplicates, against the order of k-mer models; the network as a line.

    Args: frame: columns ``model, sides`` ("one" or "two"), ``order`` (0: network), ``where, bits``.
    """
    fig, axes = plt.subplots(1, 2, figsize=(9.6, 4.2), sharey=True)
    part = frame[frame["where"] == "outside duplicates"]
    whole = frame[frame["where"] == "all"]
    for ax, sides, words in (
        (axes[0], "one", "from the left alone"),
        (axes[1], "two", "from both sides"),
    ):
        here, everywhere = part[part.sides == sides], whole[whole.sides == sides]
        for model in in_order(here.model[here.order > 0]):
            rows, all_ = (f[f.model == model].sort_values("order") for f in (here, everywhere))
            ax.plot(rows.order, rows.bits, **look(model), markersize=5, label=title(model))
            ax.plot(all_.order, all_.bits, color=look(model)["color"], linestyle=":", linewidth=1.2)
        for row in here[here.order == 0].itertuples():
            ax.axhline(
                row.bits, color=look(row.model)["color"], linewidth=2.4, label=title(row.model)
            )
        ax.axhline(2, color=INK, linestyle="--", linewidth=1)
        ax.set(xlabel="order: bases of context that are counted", title=words)
    axes[0].set_ylabel("bits per base (lower is better)")
    handles = {k: v for ax in axes for v, k in zip(*ax.get_legend_handles_labels())}
    fig.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=2)
    return fig


def saved(frame: pd.DataFrame) -> Figure:
    """Bits that the network saves against the best k-mer model, by choice of bases, with 95 % intervals.

    Args: frame: columns ``where, saved, low, high, sides``.
    """
    names = [w for w in frame["where"].unique()][::-1]
    fig, ax = plt.subplots(figsize=(8.6, 0.42 * len(names) + 1.5))
    inks = {
        "one": ("#56b4e9", "D", "from the left alone"),
        "two": ("#0072b2", "o", "from both sides"),
    }
    for j, (sides, (ink, mark, words)) in enumerate(inks.items()):
        rows = frame[frame.sides == sides].set_index("where").reindex(names)
        y = np.arange(len(names)) + (j - 0.5) * 0.24
        ax.hlines(y, rows.low, rows.high, color=ink, linewidth=2)
        ax.plot(rows.saved, y, mark, color=ink, label=words)
    ax.axvline(0, color=INK, linewidth=1.2)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="bits per base saved against the best k-mer model (higher is better)", ylabel="")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


def codon(frame: pd.DataFrame) -> Figure:
    """Mean probability of the likeliest base (left) and bits (right) by codon position, one line a model."""
    fig, axes = plt.subplots(1, 2, figsize=(9.2, 3.9))
    for ax, column, label in (
        (axes[0], "top", "probability of the likeliest base"),
        (axes[1], "bits", "bits per base"),
    ):
        for model in in_order(frame.model):
            rows = frame[frame.model == model].sort_values("position")
            ax.plot(rows.position, rows[column], **look(model), markersize=8, label=title(model))
        ax.set(xlabel="position in the codon", ylabel=label, xticks=[1, 2, 3], xlim=(0.7, 3.3))
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def starts(genome: str) -> dict:
    """How genes of a genome start: ``upstream``, the name of the bases before the start codon, and ``words``.

    Raises: BadInput: nothing is declared of the genome.
    """
    held = declared()["starts"]
    if genome not in held:
        raise unknown("genome", genome, held, where=str(paths.GLM_MODELS_SHOWN))
    return held[genome]


def logos(frame: pd.DataFrame, agreement: pd.DataFrame, *, genome: str) -> Figure:
    """Starts of held-out genes: letters as the genome has them, then as each model expects them, with r.

    Args: frame: columns ``shown`` (model), ``place, base, genome, model`` (heights in bits). agreement: ``model,
    stretch, r, low, high``. genome: says what the stretch before the start codon is called (``starts``).
    """
    import logomaker

    name = starts(genome)["upstream"]
    agreement = agreement.assign(
        stretch=agreement.stretch.str.replace(r"^upstream\b", name, regex=True)
    )
    models = in_order(frame.shown)
    panels = [("as the genes are", frame[frame.shown == models[0]], "genome")]
    for model in models:
        r = agreement[agreement.model == model]
        told = [
            f"{s}: r = {v:.2f} ({a:.2f} to {b:.2f})"
            for s, v, a, b in zip(r.stretch, r.r, r.low, r.high)
        ]
        words = f"{told[0]}\n{'; '.join(told[1:])}".replace("-", "−")
        panels.append(
            (f"as the {title(model)} expects them\n{words}", frame[frame.shown == model], "model")
        )
    fig, axes = plt.subplots(len(panels), 1, figsize=(9.2, 2.1 * len(panels)), sharex=True)
    for ax, (words, part, column) in zip(axes, panels):
        wide = part.pivot_table(index="place", columns="base", values=column)
        logomaker.Logo(wide, ax=ax, color_scheme=BASES, show_spines=True)
        ax.set(ylabel="bits", ylim=(0, None))
        ax.set_title(words, fontsize=9.5)
        ax.grid(False)
    axes[-1].set_xlabel("place relative to the first base of the start codon")
    return fig


def dependency(frame: pd.DataFrame) -> Figure:
    """Dependency map of one held-out transfer RNA gene: columns ``i, j, moved`` (change of log-odds)."""
    table = frame.pivot_table(index="i", columns="j", values="moved")
    fig, ax = plt.subplots(figsize=(6.2, 5.2))
    shown = ax.imshow(table, cmap="viridis", vmax=float(np.quantile(table, 0.995)))
    ax.set(xlabel="base of the gene", ylabel="base of the gene")
    ax.grid(False)
    fig.colorbar(shown, label="change of log-odds (0 or more)")
    return fig


def forest(frame: pd.DataFrame, *, label: str, chance: float) -> Figure:
    """Scores of models (rows) on a few tasks (panels) with 95 % intervals; hollow: raw where a calibrated one is there.

    Args: frame: columns ``task, title, model, score, low, high``.
    """
    tasks, models = list(frame.title.unique()), in_order(frame.model)
    bases = list(dict.fromkeys(m.removesuffix(CALIBRATED) for m in models))[::-1]
    wide = 2 if len(tasks) == 4 else min(3, len(tasks))
    high = -(-len(tasks) // wide)
    size = (3.1 * wide + 2.6, (0.34 * len(bases) + 1.2) * high + 0.5)
    fig, axes = plt.subplots(high, wide, figsize=size, sharex=True, sharey=True, squeeze=False)
    for ax, task in zip(axes.ravel(), tasks):
        rows = frame[frame.title == task].set_index("model")
        for y, base in enumerate(bases):
            for model, shift in ((base, 0.13), (base + CALIBRATED, -0.13)):
                if model not in rows.index:
                    continue
                row, ink = rows.loc[model], look(model)
                lone = base + CALIBRATED not in rows.index
                at = y if lone else y + shift
                ax.hlines(at, row.low, row.high, color=ink["color"], linewidth=2)
                face = ink["color"] if lone or model != base else "white"
                ax.plot(row.score, at, **ink, markerfacecolor=face, linestyle="")
        ax.axvline(chance, color=INK, linestyle="--", linewidth=1)
        ax.set_title(task)
        ax.set_yticks(range(len(bases)), [title(b) for b in bases])
    for ax in axes[-1]:
        ax.set_xlabel(label)
    return fig


def yardsticks(frame: pd.DataFrame) -> Figure:
    """Every set of sequences (rows) on every yardstick (panels); natural held-out sequences as a dashed line.

    Args: frame: columns ``set`` and those of ``YARDSTICKS``.
    """
    sets = list(frame["set"])[::-1]
    rows = frame.set_index("set").loc[sets]
    fig, axes = plt.subplots(2, 4, figsize=(11, 0.62 * len(sets) + 2.2), sharey=True)
    looks = declared()["designs"]
    for ax, (column, label) in zip(axes.ravel(), YARDSTICKS.items()):
        for y, name in enumerate(sets):
            ax.plot(
                rows[column][name],
                y,
                looks[name]["marker"],
                color=looks[name]["color"],
                markersize=7,
            )
            if column == "activity":
                ax.hlines(
                    y, rows.activity_low[name], rows.activity_high[name], color=looks[name]["color"]
                )
        ax.axvline(rows[column]["natural"], color=INK, linestyle="--", linewidth=1)
        ax.set_yticks(range(len(sets)), [looks[name]["title"] for name in sets])
        ax.set_xlabel(label, fontsize=10.5)
    return fig


YARDSTICKS = {
    "gc": "G+C (share)",
    "kmers": "4-mers: distance",
    "motifs": "motif sites: distance",
    "discriminator": "told apart (AUROC)",
    "diversity": "diversity (edits a base)",
    "novelty": "novelty (edits a base)",
    "activity": "predicted log expression",
    "bits": "bits a base",
}
"""Column → axis label."""


def scores_of(study: str, tasks: str, *, repeats: tuple[int, ...] | None = None) -> pd.DataFrame:
    """Main scores with intervals of the tasks whose names begin so; the tasks' titles added, repeats (all, or those
    given) averaged."""
    frame = read(study, "intervals")
    frame = frame if repeats is None else frame[frame["repeat"].isin(repeats)]
    frame = frame[
        frame.task.str.startswith(tuple(tasks.split(",")))
        & frame.metric.isin(["auroc", "spearman"])
    ]
    if frame.empty:
        raise BadInput(
            f"no scores of the tasks '{tasks}' in the study '{study}'; run "
            f"'genebench notebooks --study {study}'."
        )
    by = ["task", "model", "probe", "split", "metric"]
    told = (
        frame.groupby(by, sort=False)[["score", "low", "high", "n_train", "n_test"]]
        .mean()
        .reset_index()
    )
    return told.assign(title=told.task.map(lambda name: declared()["tasks"].get(name, name)))


def mpra_summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean over reporter elements (repeats of one locus counted once, by their mean) with a 95 % interval over loci."""
    held = frame[frame.task.str.startswith("mpra/")].copy()
    held["locus"] = held.task.str.removeprefix("mpra/").str.extract(r"^([a-z0-9]+)")[0]
    loci = held.groupby(["model", "locus"]).score.mean().unstack()
    half = 1.96 * loci.std(axis=1, ddof=1) / np.sqrt(loci.notna().sum(axis=1))
    mean = loci.mean(axis=1)
    out = pd.DataFrame(
        {"score": mean, "low": mean - half, "high": mean + half, "loci": loci.notna().sum(axis=1)}
    )
    return out.reset_index().assign(task="mpra", title="reporter assays, mean of the loci")


def table_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Scores in words: task, model, score with interval, best first within a task."""
    rows = frame.sort_values(["task", "score"], ascending=[True, False])
    return pd.DataFrame(
        {
            "task": rows.title,
            "model": [title(m) for m in rows.model],
            "split": rows.split,
            "metric": rows.metric,
            "score": rows.score.round(3),
            "95 % interval": [f"{a:.3f} to {b:.3f}" for a, b in zip(rows.low, rows.high)],
            "trained on": rows.n_train.astype(int),
            "tested on": rows.n_test.astype(int),
        }
    ).reset_index(drop=True)


def quotable(frame: pd.DataFrame) -> dict[str, str]:
    """Every score for the prose: ``<task>_<model>``, where there are several splits ``<task>_<split>_<model>``, gives
    "0.91 (0.90 to 0.92)"; the model ``other`` is the best that is neither a network nor told more than the sequence."""
    by = ["task", "split"] if frame.split.nunique() > 1 else ["task"]
    out = {}
    for key, rows in frame.groupby(by, sort=False):
        for row in rows.itertuples():
            out[_slug(*key, row.model)] = f"{row.score:.2f} ({row.low:.2f} to {row.high:.2f})"
        simple = rows[~rows.model.str.startswith("glm-") & ~rows.model.isin(TOLD_MORE)]
        best = simple.sort_values("score").iloc[-1]
        out[_slug(*key, "other")] = f"{title(best.model)}, {out[_slug(*key, best.model)]}"
    return out


def _slug(*words: str) -> str:
    return "_".join(words).replace("/", "_").replace("-", "_")


def variant_table() -> pd.DataFrame:
    """What was scored: changes, harmful ones and clusters of each task; reporter elements added up."""
    frame = read("variants", "sets")
    names = frame.task.map(lambda name: declared()["tasks"].get(name, name))
    species = frame.task.str.partition("/")[0]
    reporter = species == "mpra"
    out = pd.DataFrame(
        {"set": species, "task": names, **{c: frame[c] for c in ("changes", "harmful", "clusters")}}
    )
    whole = frame[reporter][["changes", "clusters"]].sum()
    text = f"{reporter.sum()} measurements of regulatory elements"
    return pd.concat(
        [out[~reporter], pd.DataFrame([{"set": "mpra", "task": text, **whole}])], ignore_index=True
    )


def variant_values(frame: pd.DataFrame) -> dict[str, str]:
    """Numbers of the variants for the prose: scores (reporter assays: their mean over loci), genes and loci scored."""
    used = read("variants", "sets").set_index("task")
    mean = mpra_summary(frame).assign(split="zero-shot")
    out = quotable(pd.concat([frame[~frame.task.str.startswith("mpra/")], mean], ignore_index=True))
    genes = {
        f"{name}_genes": str(used.clusters[f"{name}/nonsense-vs-synonymous"])
        for name in ("ecoli", "yeast")
    }
    return {**out, **genes, "loci": str(mean.loci.max())}


def design_values(frame: pd.DataFrame, predictor: pd.DataFrame) -> dict[str, str]:
    """Numbers of the designs for the prose: ``<set>_<yardstick>``, and ``predictor`` (its rank correlation)."""
    rows = frame.set_index("set")
    out = {
        f"{name}_{column}".replace("-", "_"): f"{rows.loc[name, column]:.2f}"
        for name in rows.index
        for column in YARDSTICKS
    }
    told = predictor.iloc[0]
    sizes = {"predictor_fitted": f"{told.n_train:,}", "predictor_tested": f"{told.n_test:,}"}
    return {**out, **sizes, "predictor": f"{told.spearman:.2f}", "each": f"{rows.n.max():,}"}


@lru_cache
def _catalogue() -> dict:
    return specs.read_yaml(paths.DATA / "glm_catalogue.yml")


def catalogue() -> pd.DataFrame:
    """Table of published models, newest first; ``paper`` as an address."""
    frame = pd.DataFrame(list(_catalogue()["models"].values())).fillna("")
    frame["paper"] = [
        f"https://arxiv.org/abs/{p[6:]}" if p.startswith("arXiv:") else f"https://doi.org/{p}"
        for p in frame.paper
    ]
    return frame.sort_values("date", ascending=False, kind="stable").reset_index(drop=True)


def counts(frame: pd.DataFrame) -> dict[str, str]:
    """How many models the catalogue has, by objective and tokens, for the prose."""
    return {
        "models": str(len(frame)),
        "masked": str(int(frame.task.str.startswith("MLM").sum())),
        "causal": str(int(frame.task.str.startswith("CLM").sum())),
        "nucleotide": str(int((frame.tokens == "nucleotide").sum())),
        "first": frame.date.min()[:4],
    }


def questions() -> str:
    """What the review asks, as a list, in Markdown: with a link to the page that answers, or that there is none yet."""
    made = {page.page for page in specs.pages()}
    link = {
        q["page"]: f"[{q['page']}]({q['page']})"
        for q in _catalogue()["questions"]
        if q["page"] in made
    }
    none = "*The results are still to be made.*"
    return "\n".join(
        f"- **{q['asks']}** {q['we']} {link.get(q['page'], none)}"
        for q in _catalogue()["questions"]
    )


def genome_table(held: pd.DataFrame, gain: pd.DataFrame) -> pd.DataFrame:
    """Network and best k-mer model outside duplicates, one row a side: bits, and what is saved with its interval."""
    part, rows = held[held["where"] == "outside duplicates"], []
    for sides, words in (("one", "the left alone"), ("two", "both sides")):
        here = part[part.sides == sides]
        best = here[here.order > 0].sort_values("bits").iloc[0]
        row = gain[(gain.sides == sides) & (gain["where"] == "outside duplicates")].iloc[0]
        rows.append(
            {
                "seen": words,
                "best k-mer model": f"{title(best.model)}, order {best.order}",
                "its bits": best.bits,
                "network's bits": here[here.order == 0].bits.iloc[0],
                "saved": row.saved,
                "95 % interval": f"{row.low:.3f} to {row.high:.3f}",
            }
        )
    return pd.DataFrame(rows)


def window_map(frame: pd.DataFrame, *, task: str, names: tuple[str, str]) -> Figure:
    """Windows of a task by two principal components, one panel a model; ``names`` of the labels 0 and 1."""
    part = frame[frame.task == task]
    models = in_order(part.model)
    fig, axes = plt.subplots(1, len(models), figsize=(9.2, 4.4), squeeze=False)
    for ax, model in zip(axes[0], models):
        for value, (name, ink, mark) in enumerate(zip(names, ("#e69f00", "#0072b2"), "^o")):
            rows = part[(part.model == model) & (part.label == value)]
            ax.plot(
                rows.x,
                rows.y,
                mark,
                color=ink,
                markersize=3.6,
                alpha=0.7,
                label=name,
                rasterized=True,
            )
        ax.set(title=title(model), xlabel="component 1", ylabel="component 2", xticks=[], yticks=[])
        ax.grid(False)
    fig.legend(
        *axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=2, markerscale=2
    )
    return fig
