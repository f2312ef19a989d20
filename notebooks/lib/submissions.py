"""Submissions that were accepted, as their cards describe them."""

import json
from pathlib import Path

import pandas as pd

from genebench.core.yamls import read_yaml

FOLDER = Path("submissions")
_WORDS = {True: "yes", False: "no"}  # what YAML makes of the answers


def accepted(folder: Path = FOLDER) -> pd.DataFrame:
    """List the submissions, as their cards describe them.

    Parameters
    ----------
    folder : Path
        Its files were checked when they were handed in.

    Returns
    -------
    DataFrame
        A row a submission: model, profile, dimensions, genes, standing, leakage, contact.
    """
    found = []
    for path in sorted(folder.glob("*/submission.yml")):
        given = read_yaml(path)
        made = json.loads(path.with_name("card.json").read_text(encoding="utf-8"))
        answers = {table: _WORDS.get(a, a) for table, a in given["leakage"].items()}
        leaks = [f"{table}: {answer}" for table, answer in answers.items() if answer != "no"]
        found.append(
            {
                "model": given["name"],
                "profile": given["profile"],
                "dimensions": made["dimension"],
                "genes": made["ids"]["covered"],
                "standing": made["tier"]["sentence"],
                "trained on the labels": ", ".join(leaks) or "no",
                "contact": given["contact"],
            }
        )
    return pd.DataFrame(found)
