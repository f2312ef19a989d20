"""What pages read beside scores: the catalogue of tasks, and measurements."""

from collections.abc import Mapping

import pandas as pd

from genebench.benchmark import results
from genebench.core import paths
from genebench.core.errors import BadInput, pick
from genebench.core.specs import ModelSpec
from genebench.data.readers import EXACT

RELIABILITY = {
    "faults": "pytest tests --record",
    "fuzz": "python -m benchmarks.fuzz",
    "guided": "python -m benchmarks.fuzz_guided",
    "cluster": "python -m benchmarks.cluster",
    **dict.fromkeys(("separation", "errors"), "python -m benchmarks.separation"),
}
"""Tables of ``data/results/reliability`` (and ``simulation``) -> what makes them."""

_NUMBERS = {
    **dict.fromkeys(("genes", "families"), "Int64"),
    **dict.fromkeys(("prior", "largest family", "smallest difference"), "Float64"),
}


def scored() -> set[str]:
    """Models that have scores in some committed profile."""
    files = paths.RESULTS.glob("*/scores.parquet")
    return {m for f in files for m in pd.read_parquet(f, columns=["model"]).model.unique()}


def reliability(name: str) -> pd.DataFrame:
    """Read a table of ``RELIABILITY``; where it was not made yet, one row says how it is made."""
    made_by = pick(RELIABILITY, "table", name)
    folder = "simulation" if name in ("separation", "errors") else "reliability"
    path = results.beside_path(folder, f"{name}.csv")
    if not path.exists():
        return pd.DataFrame({"not measured yet": [f"made by: {made_by}"]})
    return pd.read_csv(path, **EXACT)


def read_tasks(profile: str) -> pd.DataFrame:
    """Read a profile's catalogue of tasks, as ``genebench tasks --write`` saw it.

    Parameters
    ----------
    profile : str

    Returns
    -------
    DataFrame, numbers missing and texts empty where there are none
    """
    path, fault = results.beside_path(profile, "tasks.csv"), "no catalogue yet"
    if path.exists():
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        if {*_NUMBERS, "underpowered", "description"} <= set(frame.columns):
            numbers = {name: pd.to_numeric(frame[name].replace("", None)) for name in _NUMBERS}
            return frame.assign(**numbers).astype(_NUMBERS)
        fault = "an older catalogue"
    raise BadInput(f"{path}: {fault}; run 'genebench tasks --profile {profile} --write'.")


def task_titles(*profiles: str) -> dict[str, str]:
    """Titles of the tasks in the catalogues of some profiles.

    Parameters
    ----------
    *profiles : str

    Returns
    -------
    dict of str to str
        Names of tasks -> titles.
    """
    return pd.concat(map(read_tasks, profiles)).set_index("task").title.to_dict()


def quoted(profile: str, listed: Mapping[str, ModelSpec]) -> pd.DataFrame:
    """Models of which the paper publishes scores, with their mean in words, the best first.

    Parameters
    ----------
    profile : str
        Whose results are shown.
    listed : mapping of str to ModelSpec
        ``Declarations.published``.

    Returns
    -------
    DataFrame
        ``title, model, family, size`` (empty) and ``standing``; no rows of a profile that the
        paper's scores are not compared with.
    """
    columns = ["title", "model", "family", "size", "standing"]
    if not results.beside_path(profile, "published_groups.csv").exists():
        return pd.DataFrame(columns=columns)
    groups = results.read_beside(profile, "published_groups.csv")
    rows = groups[(groups.group == "all") & groups.model.isin(listed) & (groups.family != "ours")]
    rows = rows.sort_values("score", ascending=False)
    mean = rows.score.map("{:.2f}".format) + " over " + rows.tasks.astype(str) + " tasks"
    standing = "published: plain mean AUROC " + mean + ", on the paper's genes and folds"
    return rows.assign(title=[listed[m].title for m in rows.model], standing=standing).reindex(
        columns=columns
    )
