"""Gene symbols that a spreadsheet turned into dates or numbers: ``SEPT1`` becomes ``1-Sep``.

Source: Ziemann et al. 2016, Genome Biology 17:177. Such names are recognised, never repaired.
"""

import re

import numpy as np

_MONTHS = """\
JAN JANUARY
FEB FEBRUARY
MAR MARCH MARC
APR APRIL
MAY
JUN JUNE
JUL JULY
AUG AUGUST
SEP SEPT SEPTEMBER
OCT OCTOBER
NOV NOVEMBER
DEC DECEMBER"""
"""What a spreadsheet reads as each month; ``MARC1`` becomes ``1-Mar`` as ``MARCH1`` does."""
_NAMES = [line.split() for line in _MONTHS.splitlines()]
_NUMBER = {name: number for number, names in enumerate(_NAMES, start=1) for name in names}
_DATES = [
    re.compile(r"(?P<day>\d{1,2})[-/ ](?P<name>[A-Z]{3,9})([-/ ]\d{2,4})?"),
    re.compile(r"(?P<name>[A-Z]{3,9})[-/ ](?P<day>\d{1,2})"),
    re.compile(r"\d{4}-(?P<month>\d\d)-(?P<day>\d\d)([ T]00:00(:00(\.0+)?)?)?"),
    re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(\d\d|\d{4})"),
    re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(\d\d|\d{4})"),
]
SCIENTIFIC = re.compile(r"\d\.\d+E\+?\d+|\dE\+\d+")
"""A number such as ``2.31E+13``, which a clone name (``2310061E13Rik`` …) was."""


def symbols_of_date(text):
    """
    List the gene symbols that a spreadsheet turns into a date.

    Parameters
    ----------
    text
        A possible date, in upper case.

    Returns
    -------
    The symbols in upper case, with and without a hyphen; empty if the text is no date. A date
    that can be read in two orders (``3/9/23``) gives the symbols of both.
    """
    symbols = []
    for parts in (found.groupdict() for date in _DATES if (found := date.fullmatch(text))):
        month = _NUMBER.get(parts.get("name"), 0) or int(parts.get("month", 0))
        if 1 <= month <= 12:
            day = int(parts["day"])
            symbols += [f"{name}{dash}{day}" for name in _NAMES[month - 1] for dash in ("", "-")]
    return symbols


def spoiled(names):
    """
    Tell which names are dates or numbers that a spreadsheet made of gene symbols.

    Parameters
    ----------
    names
        n names, in any case.

    Returns
    -------
    Boolean mask, shape (n,).
    """
    unique, code = np.unique(np.char.upper(np.asarray(names, dtype=str)), return_inverse=True)
    bad = [bool(symbols_of_date(name) or SCIENTIFIC.fullmatch(name)) for name in unique.tolist()]
    return np.array(bad, dtype=bool)[code]
