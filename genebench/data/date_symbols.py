"""What spreadsheets do to gene symbols: ``SEPT1`` becomes ``1-Sep`` (Ziemann et al. 2016). Told apart, never mended."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

_MONTHS = [
    *(
        ["JAN", "JANUARY"],
        ["FEB", "FEBRUARY"],
        ["MAR", "MARCH", "MARC"],
        ["APR", "APRIL"],
        ["MAY"],
        ["JUN", "JUNE"],
    ),
    *(
        ["JUL", "JULY"],
        ["AUG", "AUGUST"],
        ["SEP", "SEPT", "SEPTEMBER"],
        ["OCT", "OCTOBER"],
        ["NOV", "NOVEMBER"],
    ),
    ["DEC", "DECEMBER"],
]
"""The letters that a spreadsheet reads as each month; ``MARC1`` becomes ``1-Mar`` as ``MARCH1`` does."""
_MONTH = {name: number for number, names in enumerate(_MONTHS) for name in names}
_DATES = [
    re.compile(r"(?P<day>\d{1,2})[-/ ](?P<name>[A-Z]{3,9})([-/ ]\d{2,4})?"),
    re.compile(r"(?P<name>[A-Z]{3,9})[-/ ](?P<day>\d{1,2})"),
    re.compile(r"\d{4}-(?P<month>\d\d)-(?P<day>\d\d)([ T]00:00(:00(\.0+)?)?)?"),
    re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(\d\d|\d{4})"),
    re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(\d\d|\d{4})"),
]
SCIENTIFIC = re.compile(r"\d\.\d+E\+?\d+|\dE\+\d+")
"""A number such as ``2.31E+13``, which a clone name (``2310061E13Rik`` …) was."""


def before(text: str) -> list[str]:
    """The symbols that a spreadsheet turns into this date, in upper case; none if it is no date."""
    out = []
    for found in (date.fullmatch(text) for date in _DATES):
        held = found.groupdict() if found else {}
        month = _MONTH.get(held["name"], -1) if "name" in held else int(held.get("month", 0)) - 1
        if 0 <= month < 12:
            out += [
                f"{name}{dash}{int(held['day'])}" for name in _MONTHS[month] for dash in ("", "-")
            ]
    return out


def spoiled(names: Iterable[str]) -> np.ndarray:
    """Whether each name is a date or a number that a spreadsheet made of a symbol, ``(n,)``."""
    code, unique = pd.factorize(np.asarray(names, dtype=str).astype(object))
    found = [
        bool(before(text) or SCIENTIFIC.fullmatch(text))
        for text in (name.upper() for name in unique)
    ]
    return np.array(found, dtype=bool)[code]
