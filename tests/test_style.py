"""Pages speak plain field English: phrases that readers did not understand stay out."""

import re
from functools import cache

import jupytext
from helpers import rows

from genebench.core import paths

INSTEAD = dict(
    rows(r"""
cannot be told from the best | not significantly different from the best
worth \S+ unrelated | effective number of tasks
held against these scores | compared with these scores
read (the|part of the|part of a task's) answers | was trained on the labels (leakage)
by more than chance allows | significantly (95 %)
could not be compared | excluded (leakage or low coverage)
picking the best is paid for | corrected for selecting the best
\b[Dd]ear models?\b | computationally expensive
chance directions | random projections
numbers a gene | dimensions
the rest guessed | missing ones get the class prior
put on a side | unit of splitting
by all signs | computed from hard 0/1 predictions
means harm | corrupted or malicious input
[Ee]verybody's distance | solver accuracy
single precision cannot | fits that do not converge in float32
hold all of them to | are checked against
without any fit | zero-shot
several yardsticks | evaluating designed promoters
\balike proteins | similar proteins
understands? nothing | family baseline, or shortcut
\bstandings\b | leaderboard
\brungs?\b | splits
""")
)
"""What a reader stumbled over -> what is written instead."""


@cache
def prose():
    """Text of every page, by file: Markdown, and what notebooks say or caption."""
    files = [paths.ROOT / "README.md", *paths.BOOK.glob("*.md")]
    texts = {p.name: p.read_text(encoding="utf-8") for p in files if p.name != "changelog.md"}
    for path in paths.NOTEBOOKS.glob("*.py"):
        texts[path.name] = "\n".join(cell.source for cell in jupytext.read(path).cells)
    for path in (paths.NOTEBOOKS / "lib").glob("*.py"):
        texts[f"lib/{path.name}"] = path.read_text(encoding="utf-8")
    return texts


def test_no_page_has_a_phrase_that_readers_did_not_understand():
    for name, text in prose().items():
        words = " ".join(text.split())
        found = {phrase: new for phrase, new in INSTEAD.items() if re.search(phrase, words)}
        assert not found, name


def test_no_line_of_prose_is_taken_for_a_comment_or_for_html():
    lines = [(n, line) for n, text in prose().items() for line in text.splitlines()]
    lost = [(n, line) for n, line in lines if re.match(r"(# )?% [^%]|<[A-Z]", line)]
    assert not lost, "Markdown takes such a line for a comment, or for HTML; break it elsewhere"
