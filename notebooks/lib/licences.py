"""Packages and their licences."""

import re
from importlib import metadata

import pandas as pd


def packages() -> pd.DataFrame:
    """The packages that this one asks for by name, as they are installed.

    Returns
    -------
    DataFrame
        Columns ``package``, ``version`` and ``licence``.
    """
    rows = []
    for text in metadata.requires("genebench-companion") or []:
        name = re.match(r"[\w.-]+", text).group()
        try:
            facts = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        classifiers = facts.get_all("Classifier", [])
        named = [c.split(" :: ")[-1] for c in classifiers if c.startswith("License ::")]
        licence = facts.get("License-Expression") or next(iter(named), "")
        licence = licence or " ".join((facts.get("License") or "").split())[:40]
        rows.append((name, facts["Version"].split("+")[0], licence))
    frame = pd.DataFrame(rows, columns=["package", "version", "licence"])
    return frame.drop_duplicates(ignore_index=True)
