"""Submissions that were accepted, as their cards describe them."""

import json
from pathlib import Path

import pandas as pd

from genebench.core.yamls import build, read_yaml

FOLDER = Path("submissions")


def accepted(folder: Path = FOLDER) -> pd.DataFrame:
    """List the submissions, as their cards describe them.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    DataFrame
        A row a submission: model, profile, dimensions, genes, standing, leakage, contact.
    """
    from genebench.place.submission import Submission

    found = []
    for path in sorted(folder.glob("*/submission.yml")):
        given = build(Submission, read_yaml(path), path)
        made = json.loads(path.with_name("card.json").read_text(encoding="utf-8"))
        leaks = [f"{table}: {answer}" for table, answer in given.leakage.items() if answer != "no"]
        found.append(
            {
                "model": given.name,
                "profile": given.profile,
                "dimensions": made["dimension"],
                "genes": made["ids"]["covered"],
                "standing": made["tier"]["sentence"],
                "trained on the labels": ", ".join(leaks) or "no",
                "contact": given.contact,
            }
        )
    return pd.DataFrame(found)
