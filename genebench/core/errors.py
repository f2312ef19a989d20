"""Errors that a person reads: one sentence saying what, where and what to do next."""

import difflib

LONGEST = 1400
"""Letters of a sentence; what is longer loses its middle."""


def one_line(text: object) -> str:
    """Text as one printable line: nothing in it steers a terminal, and blanks stand alone."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())


class GenebenchError(Exception):
    """An error that a person reads in one line.

    What a file contains may stand in it, but not steer the reader's terminal: it is one printable
    line of at most ``LONGEST`` letters.

    Parameters
    ----------
    text : str
        What, where, and what to do next.
    """

    def __init__(self, text: str = ""):
        line = one_line(text)
        half = LONGEST // 2
        super().__init__(line if len(line) <= LONGEST else f"{line[:half]} … {line[-half:]}")


class BadInput(GenebenchError):  # noqa: N818
    """What the user gave cannot be used (exit status 2)."""


class RunFailed(GenebenchError):  # noqa: N818
    """A computation failed; the message names its cell (exit status 1)."""


def unknown(what, name, known, *, where=""):
    """Word the error of a name that is not in a list.

    Parameters
    ----------
    what : str
        Kind of thing, such as "model".
    name : str
    known : iterable of str
        Names that are in the list; the nearest is suggested.
    where : str, optional
        File and line, or profile.

    Returns
    -------
    BadInput
    """
    names = sorted(map(str, known))
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    near = near or [n for n in names if str(name).lower() in n.lower()][:1]
    if near:
        hint = f"did you mean '{near[0]}'?"
    elif len(names) < 30:
        hint = f"known: {', '.join(names)}."
    else:
        hint = f"there are {len(names)} to choose from."
    return BadInput(f"{where + ': ' if where else ''}unknown {what} '{name}'; {hint}")


def check(known, what, name, *, where=""):
    """Raise the error of ``unknown`` for a name that is not in a list.

    Parameters
    ----------
    known : iterable of str
    what, name, where : str
        See ``unknown``.
    """
    if name not in known:
        raise unknown(what, name, known, where=where)


def pick(known, what, name, *, where=""):
    """Look a name up; an unknown one is an error that suggests the nearest.

    Parameters
    ----------
    known : mapping of str to object
    what, name, where : str
        See ``unknown``.

    Returns
    -------
    object
    """
    check(known, what, name, where=where)
    return known[name]
