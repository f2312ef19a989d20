"""Speed in the words of a reader. Measures nothing."""

import pandas as pd
from matplotlib.figure import Figure

from genebench.core import paths
from genebench.core.yamls import read_yaml

from .charts import lines


def words(**more: str) -> dict[str, str]:
    """How columns of measurements are headed (``data/columns.yml``).

    Parameters
    ----------
    **more : str
        Columns that one table heads in another way.

    Returns
    -------
    dict of str to str
    """
    return read_yaml(paths.DATA / "columns.yml") | more


def rate_words(speeds: pd.DataFrame) -> str:
    """What a table of rates beside a plain loop says, case by case, lowest ratio first.

    Parameters
    ----------
    speeds : DataFrame
        Columns ``case`` and ``ratio``; where there are several devices or numbers of threads,
        ``device`` and ``threads`` give a sentence each.

    Returns
    -------
    str
        Markdown; empty where nothing was measured.
    """
    rows = speeds[speeds.ratio.notna()].sort_values("ratio")
    by = [c for c in ("device", "threads") if c in rows and rows[c].nunique() > 1]
    if rows.empty:
        return ""
    sentences = []
    for values, part in rows.groupby(by) if by else [((), rows)]:
        where = [
            f"{v} thread{'s' * int(v > 1)}" if c == "threads" else v for c, v in zip(by, values)
        ]
        place = f" with {', '.join(where)}" * bool(by)
        rates = "; ".join(f"{row.case} {row.ratio:,.3g}" for row in part.itertuples())
        sentences.append(f"**Times as fast as the plain loop{place}: {rates}.**")
    return "\n\n".join(sentences)


def apart(speeds: pd.DataFrame, digits: int) -> pd.DataFrame:
    """Lowest cosines, which were saved with some digits, as text of how far they are from 1."""
    least = 10.0**-digits
    far = (1 - speeds.lowest_cosine).map(f"{{:.{digits}f}}".format)
    far = far.mask(1 - speeds.lowest_cosine < least / 2, f"< {least:.{digits}f}")
    return speeds.assign(lowest_cosine=far).rename(columns={"lowest_cosine": "1 − lowest cosine"})


def log_lines(table: pd.DataFrame, *, x: str, panel: str, label: str) -> Figure:
    """CPU seconds against a size, both logarithmic.

    Parameters
    ----------
    table : DataFrame
        Columns ``who``, ``seconds``, those named, and ``case`` where there are several.
    x, panel : str
        Columns of the size and of the panel.
    label : str

    Returns
    -------
    Figure
    """
    case = table.get("case", pd.Series("", index=table.index))
    inks = dict(zip(table.who.unique(), ("#0072b2", "#d55e00", "#56b4e9", "#555555")))
    marks = dict(zip(case.unique(), "osD^v"))
    names = (table.who + ": " + case).str.removesuffix(": ")
    frame = table.assign(row=names, ink=table.who.map(inks), mark=case.map(marks))
    axes = {"x": x, "y": "seconds", "log": {"x": 10, "y": 10}}
    return lines(frame, **axes, panel=panel, xlabel=label, ylabel="CPU seconds")
