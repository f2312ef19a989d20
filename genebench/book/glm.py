"""Tables and words of Part III, from the tables of the studies of genomic language models.

Computes no score: what is shown stands in ``data/results/glm``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..benchmark import summaries
from ..core import paths
from ..core.errors import BadInput, unknown
from ..core.yamls import read_yaml

CALIBRATED = "-calibrated"
"""Ending of the name of a model whose scores are less the mean of the three-base context."""

INFORMED = ("phylop", "blosum62", "codon-usage")
"""Scores of variants that use more than the sequence: other genomes, the protein, the frame."""

YARDSTICKS = {
    "gc": "G+C (share)",
    "kmers": "4-mers: distance",
    "motifs": "motif sites: distance",
    "discriminator": "discriminated (AUROC)",
    "diversity": "diversity (edits a base)",
    "novelty": "novelty (edits a base)",
    "activity": "predicted log expression",
    "bits": "bits a base",
}
"""Columns of the evaluation of designed promoters to axis labels."""


@dataclass(frozen=True)
class Looks:
    """Titles, colours and markers of ``data/glm_models.yml``.

    Attributes
    ----------
    models : mapping of str to dict
        ``title``, ``color`` and ``marker`` of each model.
    tasks : mapping of str to str
        Short titles of tasks.
    starts : mapping of str to dict
        How genes of a genome start.
    regions, designs : mapping
        Colours of classes of region, and looks of sets of designed sequences.
    """

    models: Mapping[str, dict]
    tasks: Mapping[str, str]
    starts: Mapping[str, dict]
    regions: Mapping[str, str]
    designs: Mapping[str, dict]

    def title(self, model: str) -> str:
        """Title of a model, with its layer or the word calibrated.

        Parameters
        ----------
        model : str
            Its name.

        Returns
        -------
        str
        """
        layer = model.partition(" layer ")[2]
        words = self.models[_base(model)]["title"] + f", layer {layer}" * bool(layer)
        return words + ", calibrated" * model.endswith(CALIBRATED)

    def styled(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add to rows of a table how their model is drawn (see ``figures.dots`` and ``lines``).

        Parameters
        ----------
        frame : DataFrame
            Column ``model``.

        Returns
        -------
        DataFrame
            With ``row`` (title), ``ink`` (colour) and ``mark``; models in the order of ``ordered``.
        """
        order = {m: i for i, m in enumerate(self.ordered(frame.model))}
        frame = frame.sort_values("model", key=lambda c: c.map(order), kind="stable")
        entries = [self.models[_base(m)] for m in frame.model]
        looks = {"ink": [e["color"] for e in entries], "mark": [e["marker"] for e in entries]}
        return frame.assign(row=frame.model.map(self.title), **looks)

    def ordered(self, names: Iterable[str]) -> list[str]:
        """Sort models as declared, trained networks first; a calibrated one after its own.

        Parameters
        ----------
        names : iterable of str
            Names of models; duplicates are dropped.

        Returns
        -------
        list of str
        """
        present = set(names)
        known = sorted(self.models, key=lambda name: not name.startswith("glm-"))
        return [m for base in known for m in (base, base + CALIBRATED) if m in present]

    def start(self, genome: str) -> dict[str, str]:
        """How genes of a genome start.

        Parameters
        ----------
        genome : str
            Name of the genome.

        Returns
        -------
        dict
            ``upstream``, the name of the bases before the start codon, and ``words``.

        Raises
        ------
        BadInput
            Nothing is declared of the genome.
        """
        if genome not in self.starts:
            raise unknown("genome", genome, self.starts, where=str(paths.GLM_MODELS_SHOWN))
        return self.starts[genome]


def _base(model: str) -> str:
    return model.partition(" layer ")[0].removesuffix(CALIBRATED).removesuffix("-left")


def looks() -> Looks:
    """Read ``data/glm_models.yml``.

    Returns
    -------
    Looks
    """
    return Looks(**read_yaml(paths.GLM_MODELS_SHOWN))


def read(study: str, name: str) -> pd.DataFrame:
    """One table of a study.

    Parameters
    ----------
    study : str
        Folder of ``data/results/glm``.
    name : str
        Name of the table, without ending.

    Returns
    -------
    DataFrame

    Raises
    ------
    BadInput
        It has not been made yet.
    """
    path = paths.GLM_RESULTS / study / f"{name}.csv"
    if not path.exists():
        raise BadInput(
            f"{path}: not made yet; run 'genebench notebooks --study {study}' (of a genome: "
            f"'--study genome -P genome={study}')."
        )
    return pd.read_csv(path)


def scores_of(
    study: str, tasks: str, shown: Looks, *, repeats: tuple[int, ...] | None = None
) -> pd.DataFrame:
    """Main scores of a study with their intervals, averaged over repeats.

    Parameters
    ----------
    study : str
        Folder of ``data/results/glm``.
    tasks : str
        Beginnings of names of tasks, joined by commas.
    shown : Looks
        Titles of tasks.
    repeats : tuple of int, optional
        Only these repeats.

    Returns
    -------
    DataFrame
        ``task, title, model, probe, split, metric, score, low, high, n_train, n_test``.

    Raises
    ------
    BadInput
        The study has no such scores.
    """
    frame = read(study, "intervals")
    chosen = frame.task.str.startswith(tuple(tasks.split(",")))
    chosen &= frame.metric.isin(["auroc", "spearman"])
    if repeats is not None:
        chosen &= frame["repeat"].isin(repeats)
    if not chosen.any():
        raise BadInput(
            f"no scores of the tasks '{tasks}' in the study '{study}'; run "
            f"'genebench notebooks --study {study}'."
        )
    frame = summaries.over_repeats(frame[chosen])
    return frame.assign(title=[shown.tasks.get(t, t) for t in frame.task])


def score_table(frame: pd.DataFrame, shown: Looks) -> pd.DataFrame:
    """Scores for readers, the best first within a task.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``scores_of``.
    shown : Looks
        Titles of models.

    Returns
    -------
    DataFrame
    """
    rows = frame.sort_values(["task", "score"], ascending=[True, False])
    return pd.DataFrame(
        {
            "task": rows.title,
            "model": rows.model.map(shown.title),
            "split": rows.split,
            "metric": rows.metric,
            "score": rows.score.round(3),
            "95 % interval": [f"{a:.3f} to {b:.3f}" for a, b in zip(rows.low, rows.high)],
            "trained on": rows.n_train.astype(int),
            "tested on": rows.n_test.astype(int),
        }
    ).reset_index(drop=True)


def quotable(frame: pd.DataFrame, shown: Looks) -> dict[str, str]:
    """Every score for the prose, as "0.91 (0.90 to 0.92)".

    Parameters
    ----------
    frame : DataFrame
        Rows of ``scores_of``.
    shown : Looks
        Titles of models.

    Returns
    -------
    dict
        Keys ``<task>_<model>``, where there are several splits ``<task>_<split>_<model>``; the
        model ``other`` is the best that is neither a network nor one of ``INFORMED``.
    """
    by = ["task", "split"] if frame.split.nunique() > 1 else ["task"]
    out = {}
    for key, rows in frame.groupby(by, sort=False):
        spans = {r.model: f"{r.score:.2f} ({r.low:.2f} to {r.high:.2f})" for r in rows.itertuples()}
        simple = rows[~rows.model.str.startswith("glm-") & ~rows.model.isin(INFORMED)]
        best = simple.sort_values("score").model.iloc[-1]
        spans["other"] = f"{shown.title(best)}, {spans[best]}"
        out |= {slug(*key, model): words for model, words in spans.items()}
    return out


def slug(*words: str) -> str:
    """Name of a number for the prose.

    Parameters
    ----------
    *words : str
        Its parts; slashes and hyphens become underscores.

    Returns
    -------
    str
    """
    return "_".join(words).replace("/", "_").replace("-", "_")


def genome_table(bits: pd.DataFrame, gain: pd.DataFrame, shown: Looks) -> pd.DataFrame:
    """Network and best k-mer model outside duplicates, one row a side of context.

    Parameters
    ----------
    bits, gain : DataFrame
        ``held_out.csv`` and ``gain.csv`` of a genome.
    shown : Looks
        Titles of models.

    Returns
    -------
    DataFrame
        Bits per base (lower is better), and what the network saves with its 95 % interval.
    """
    bits, gain = (f[f["where"] == "outside duplicates"] for f in (bits, gain))
    rows = []
    for sides, words in (("one", "the left alone"), ("two", "both sides")):
        here = bits[bits.sides == sides].sort_values("bits")
        best, row = here[here.order > 0].iloc[0], gain[gain.sides == sides].iloc[0]
        rows.append(
            {
                "seen": words,
                "best k-mer model": f"{shown.title(best.model)}, order {best.order}",
                "its bits": best.bits,
                "network's bits": here[here.order == 0].bits.iloc[0],
                "saved": row.saved,
                "95 % interval": f"{row.low:.3f} to {row.high:.3f}",
            }
        )
    return pd.DataFrame(rows)


def variant_sets(shown: Looks) -> pd.DataFrame:
    """What was scored: variants, harmful ones and clusters of each task; reporters added up.

    Parameters
    ----------
    shown : Looks
        Titles of tasks.

    Returns
    -------
    DataFrame
    """
    frame = read("variants", "sets")
    reporter = frame.task.str.startswith("mpra/")
    out = pd.DataFrame(
        {
            "set": frame.task.str.partition("/")[0],
            "task": [shown.tasks.get(t, t) for t in frame.task],
            **{c: frame[c] for c in ("changes", "harmful", "clusters")},
        }
    )
    whole = {"set": "mpra", "task": f"{reporter.sum()} measurements of regulatory elements"}
    whole |= frame[reporter][["changes", "clusters"]].sum().to_dict()
    return pd.concat([out[~reporter], pd.DataFrame([whole])], ignore_index=True)


def variant_values(frame: pd.DataFrame, shown: Looks) -> dict[str, str]:
    """Numbers of the variants for the prose: scores, genes and loci scored.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``scores_of`` of all tasks; those of reporter assays are averaged over loci.
    shown : Looks
        Titles of models.

    Returns
    -------
    dict
    """
    clusters = read("variants", "sets").set_index("task").clusters
    loci = summaries.over_loci(frame).assign(split="zero-shot")
    frame = pd.concat([frame[~frame.task.str.startswith("mpra/")], loci], ignore_index=True)
    genes = {
        f"{genome}_genes": str(clusters[f"{genome}/nonsense-vs-synonymous"])
        for genome in ("ecoli", "yeast")
    }
    return {**quotable(frame, shown), **genes, "loci": str(loci.loci.max())}


def design_values(frame: pd.DataFrame, predictor: pd.DataFrame) -> dict[str, str]:
    """Numbers of the designs for the prose.

    Parameters
    ----------
    frame, predictor : DataFrame
        ``yardsticks.csv`` and ``predictor.csv``.

    Returns
    -------
    dict
        ``<set>_<column>``, and of the ``predictor`` its rank correlation and sizes.
    """
    rows = frame.set_index("set")[list(YARDSTICKS)].stack()
    out = {slug(*key): f"{value:.2f}" for key, value in rows.items()}
    row = predictor.iloc[0]
    sizes = {"predictor_fitted": f"{row.n_train:,}", "predictor_tested": f"{row.n_test:,}"}
    return {**out, **sizes, "predictor": f"{row.spearman:.2f}"}


def catalogue() -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """Published models and open questions of ``data/glm_catalogue.yml``.

    Returns
    -------
    models : DataFrame
        One row a model, newest first; ``paper`` as an address.
    questions : list of dict
        ``asks``, ``we`` (what our numbers say) and ``page``.
    """
    raw = read_yaml(paths.DATA / "glm_catalogue.yml")
    frame = pd.DataFrame(list(raw["models"].values())).fillna("")
    arxiv = frame.paper.str.startswith("arXiv:")
    arxiv_at = "https://arxiv.org/abs/" + frame.paper.str.removeprefix("arXiv:")
    frame["paper"] = np.where(arxiv, arxiv_at, "https://doi.org/" + frame.paper)
    frame = frame.sort_values("date", ascending=False, kind="stable")
    return frame.reset_index(drop=True), raw["questions"]


def catalogue_values(frame: pd.DataFrame) -> dict[str, str]:
    """How many models the catalogue has, by objective and tokens, for the prose.

    Parameters
    ----------
    frame : DataFrame
        Models of ``catalogue``.

    Returns
    -------
    dict
    """
    return {
        "models": str(len(frame)),
        "masked": str(int(frame.task.str.startswith("MLM").sum())),
        "causal": str(int(frame.task.str.startswith("CLM").sum())),
        "nucleotide": str(int((frame.tokens == "nucleotide").sum())),
        "first": frame.date.min()[:4],
    }


def question_list(questions: list[dict[str, str]], pages: Iterable[str]) -> str:
    """What the review asks, with a link to the page that answers, in Markdown.

    Parameters
    ----------
    questions : list of dict
        ``asks``, ``we`` and ``page``.
    pages : iterable of str
        Pages of the book; of others it is said that the results are still to come.

    Returns
    -------
    str
    """
    known = set(pages)
    none = "*The results are still to come.*"
    return "\n".join(
        f"- **{q['asks']}** {q['we']} "
        + (f"[{q['page']}]({q['page']})" if q["page"] in known else none)
        for q in questions
    )
