"""Tables and words of Part III, from the tables of the studies of genomic language models.

Computes no score: what is shown stands in ``data/results/glm``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from genebench.core import paths
from genebench.core.errors import BadInput
from genebench.core.yamls import read_yaml

from .figures import minus
from .tables import METRICS, spans

CALIBRATED = "-calibrated"
"""Ending of the name of a model whose scores are less the mean of the three-base context."""

INFORMED = """
    phylop blosum62 codon-usage codon-position exon-distance alphamissense severity
    consequence-share
""".split()
"""Scores of variants that use more than the sequence: other genomes, the protein, the frame."""


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
        How genes of a genome start: ``upstream``, the name of the bases before, and ``words``.
    regions, designs : mapping
        Colours of classes of region, and looks of sets of designed sequences.
    """

    models: Mapping[str, dict]
    tasks: Mapping[str, str]
    starts: Mapping[str, dict]
    regions: Mapping[str, str]
    designs: Mapping[str, dict]

    def look(self, model: str) -> dict:
        """Title, colour and marker of a model, whatever its layer or calibration."""
        base = model.partition(" layer ")[0].removesuffix(CALIBRATED).removesuffix("-left")
        return self.models[base]

    def title(self, model: str) -> str:
        """Title of a model, with its layer or the word calibrated."""
        layer = model.partition(" layer ")[2]
        words = self.look(model)["title"] + f", layer {layer}" * bool(layer)
        return words + ", calibrated" * model.endswith(CALIBRATED)

    def markers(self, names: Iterable[str]) -> dict[str, dict]:
        """Title to colour and marker of each model (``looks`` of ``charts.dots``)."""
        looks = {self.title(m): self.look(m) for m in self.ordered(names)}
        return {t: {"color": e["color"], "marker": e["marker"]} for t, e in looks.items()}

    def styled(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add to rows of a table how their model is drawn (see ``charts.dots`` and ``lines``).

        Parameters
        ----------
        frame : DataFrame
            Column ``model``.

        Returns
        -------
        DataFrame
            With ``row`` (title), ``ink`` (colour) and ``mark``; models in the order of ``ordered``.
        """
        place = {m: i for i, m in enumerate(self.ordered(frame.model))}
        frame = frame.sort_values("model", key=lambda c: c.map(place), kind="stable")
        looks = frame.model.map(self.look)
        mark, ink = looks.str["marker"], looks.str["color"]
        return frame.assign(row=frame.model.map(self.title), ink=ink, mark=mark)

    def ordered(self, names: Iterable[str]) -> list[str]:
        """Sort models as declared; a calibrated one after its own."""
        present = set(names)
        return [m for base in self.models for m in (base, base + CALIBRATED) if m in present]


def looks() -> Looks:
    """Read ``data/glm_models.yml``."""
    return Looks(**read_yaml(paths.GLM_MODELS_SHOWN))


def read(study: str, name: str) -> pd.DataFrame:
    """One table of a study.

    Parameters
    ----------
    study, name : str
        Folder of ``data/results/glm``, and name of the table without ending.

    Returns
    -------
    DataFrame
    """
    path = paths.GLM_RESULTS / study / f"{name}.csv"
    if not path.exists():
        raise BadInput(
            f"{path}: not made yet; run 'genebench notebooks --study {study}' (of a genome: "
            f"'--study genome -P genome={study}')."
        )
    return pd.read_csv(path)


def of_genomes(names: Mapping[str, str], name: str) -> pd.DataFrame:
    """One table of several genomes, one below the other.

    Parameters
    ----------
    names : mapping of str to str
        Name of a genome's folder to how it is called.
    name : str
        Of the table, without ending.

    Returns
    -------
    DataFrame
        With ``genome``, how it is called.
    """
    tables = {title: read(genome, name) for genome, title in names.items()}
    return pd.concat(tables).reset_index(level=0, names="genome")


def scores_of(study: str, tasks: str, shown: Looks, *, table: str = "intervals") -> pd.DataFrame:
    """Main scores of a study with their intervals.

    Parameters
    ----------
    study, tasks : str
        Folder of ``data/results/glm``, and beginnings of names of tasks, joined by commas.
    shown : Looks
    table : str
        ``intervals``, or ``means`` of a study that has several repeats.

    Returns
    -------
    DataFrame
        ``task, title, model, probe, split, metric, score, low, high, n_train, n_test``.
    """
    frame = read(study, table)
    chosen = frame.task.str.startswith(tuple(tasks.split(",")))
    chosen &= frame.metric.isin(["auroc", "spearman"])
    if not chosen.any():
        raise BadInput(
            f"no scores of the tasks '{tasks}' in the study '{study}'; run "
            f"'genebench notebooks --study {study}'."
        )
    frame = frame[chosen].reset_index(drop=True)
    return frame.assign(title=[shown.tasks.get(t, t) for t in frame.task])


def score_table(frame: pd.DataFrame, shown: Looks) -> pd.DataFrame:
    """Scores for readers, the best first within a task.

    Parameters
    ----------
    frame : DataFrame
    shown : Looks

    Returns
    -------
    DataFrame
    """
    rows = frame.sort_values(["task", "score"], ascending=[True, False])
    columns = {
        "task": rows.title,
        "model": rows.model.map(shown.title),
        "split": rows.split,
        "metric": rows.metric.replace(METRICS),
        "score": rows.score.round(3),
        "95 % interval": spans(rows),
        "trained on": rows.n_train.astype(int),
        "tested on": rows.n_test.astype(int),
    }
    return pd.DataFrame(columns).reset_index(drop=True)


def quotable(frame: pd.DataFrame, shown: Looks) -> dict[str, str]:
    """Every score for the prose, as "0.91 (0.90 to 0.92)".

    Parameters
    ----------
    frame : DataFrame
    shown : Looks

    Returns
    -------
    dict of str to str
        Keys ``<task>_<model>``, where there are several splits ``<task>_<split>_<model>``; the
        model ``other`` is the best that is neither a network nor one of ``INFORMED``.
    """
    by = ["task", "split"] if frame.split.nunique() > 1 else ["task"]
    words = frame.score.map("{:.2f}".format).map(minus) + " (" + spans(frame, 2) + ")"
    simple = frame[~frame.model.str.startswith("glm-") & ~frame.model.isin(INFORMED)]
    best = simple.sort_values("score").groupby(by, sort=False).tail(1)
    other = best.model.map(shown.title) + ", " + words[best.index]
    both = pd.concat([frame.assign(words=words), best.assign(model="other", words=other)])
    return {slug(*row[:-1]): row[-1] for row in both[[*by, "model", "words"]].to_numpy()}


def slug(*words: str) -> str:
    """Join words to the name of a number for the prose; slashes and hyphens become underscores."""
    return "_".join(words).replace("/", "_").replace("-", "_")


def catalogue() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Published models, open questions and statements of ``data/glm_catalogue.yml``.

    Returns
    -------
    models : DataFrame
        One row a model, newest first, all text; ``weights`` and ``paper`` are addresses,
        ``status`` is ``catalogued`` or ``runs here``. Empty: not checked.
    questions, statements : DataFrame
        ``asks``, ``we`` (what our numbers say), of questions ``needs``, and ``page``; empty where
        there is none.
    """
    raw = read_yaml(paths.GLM_CATALOGUE)
    frame = pd.DataFrame(list(raw["models"].values())).fillna("")
    at = "https://huggingface.co/" + frame.hub + ("/tree/" + frame.revision) * (frame.revision > "")
    frame["weights"] = frame.weights.where(frame.hub == "", at)
    frame["status"] = (frame.revision > "").map({True: "runs here", False: "catalogued"})
    web = frame.paper.str.replace("arXiv:", "https://arxiv.org/abs/")
    frame["paper"] = web.where(web.str.startswith("https"), "https://doi.org/" + web)
    frame = frame.sort_values("date", ascending=False, kind="stable", ignore_index=True)
    return frame, *(pd.DataFrame(raw[k]).fillna("") for k in ("questions", "statements"))
