"""A placed embedding as a submission: what is handed in, and how it is checked.

A submission is a folder below ``submissions/``: card, scores, and ``submission.yml`` with what only
its author knows. The check computes a random part of the scores anew from the vectors.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import BeforeValidator

from ..benchmark import plan as planning
from ..benchmark import results, validation
from ..core import cache, specs
from ..core.errors import BadInput
from ..core.yamls import Spec, build, read_yaml
from .library import fetched
from .place import scores_of
from .read import plan_of, read

FOLDER = Path("submissions")
SHARE, FEWEST = 0.05, 3
"""Part of the tasks of each group and kind that is scored anew, and at least so many of them: where
few tasks make a mean, one changed score weighs most."""
TOLERANCE = 2e-3
"""Largest distance of a score computed anew: other processors round the solver's steps."""
_QUESTIONS = """\
# What only you know. Every field is required; "unknown" is an answer where it is listed.
name: {name}
profile: {profile}
vectors:
  file: {file}  # its name, as it was placed
  sha256: {sha256}
  address: ""                 # https address from which anybody gets this file
contact: ""                   # account of a code-hosting site; no e-mail address
licence: ""                   # of the vectors
trained_on: ""                # data that the model was trained on, in a sentence
leakage:  # was the model trained on these labels, or on text that lists them? yes, no, unknown
{leakage}
scores_sha256: {scores}
"""


class Vectors(Spec):
    """Where the vectors are."""

    file: str
    sha256: str
    address: str


def _word(value):
    """YAML reads yes and no as true and false."""
    return ("no", "yes")[value] if isinstance(value, bool) else value


Answer = Annotated[Literal["yes", "no", "unknown", ""], BeforeValidator(_word)]


class Submission(Spec):
    """What ``submission.yml`` holds."""

    name: str
    profile: str
    vectors: Vectors
    contact: str
    licence: str
    trained_on: str
    leakage: dict[str, Answer]
    scores_sha256: str


def write(card_folder, name, folder=FOLDER):
    """Make a submission of a card; its questions are left for the author.

    Parameters
    ----------
    card_folder : Path
        With ``card.json`` and ``scores.parquet`` of ``place``.
    name : str
        Of the submission's folder.
    folder : Path
        Of all submissions.

    Returns
    -------
    Path

    Raises
    ------
    BadInput
        A submission of that name is there.
    """
    target = folder / name
    if target.exists():
        raise BadInput(f"{target}: is there already; give another --name, or take it away.")
    made = json.loads((card_folder / "card.json").read_bytes())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        whole = Path(temporary, name)
        whole.mkdir()
        for file in ("card.json", "scores.parquet"):
            shutil.copyfile(card_folder / file, whole / file)
        questions = _QUESTIONS.format(
            name=json.dumps(name),
            profile=made["profile"],
            file=json.dumps(made["file"]),
            sha256=made["sha256"],
            leakage=_questions(made),
            scores=cache.digest(whole / "scores.parquet"),
        )
        (whole / "submission.yml").write_text(questions, encoding="utf-8")
        os.replace(whole, target)
    return target


def _questions(made):
    """A question for each source of labels, below what they are and where they are from."""
    declared, labels = specs.declared(), {}
    for source in map(declared.source, declared.profile(made["profile"]).sources):
        for task in source.tasks:
            about = f"{source.title} ({source.homepage})"
            labels.setdefault(_table(task.name), [about]).append(task.title)
    questions = sorted({_table(row["task"]) for row in made["tasks"]})
    text = ""
    for table in questions:
        about, *titles = labels[table]
        text += f'  # {about}: {"; ".join(titles)}\n  {table}: ""\n'
    return text.rstrip()


def _table(task):
    """The source of labels, with which the name of a task begins."""
    return task.partition("/")[0]


def check(folder, *, vectors=None, seed=None, **options):
    """Check a submission, and compute a random part of its scores anew.

    Parameters
    ----------
    folder : Path
    vectors : Path, optional
        The file of vectors; None: it is fetched from the submission's address.
    seed : int, optional
        Of the choice of tasks; None: another at every call, so that nobody knows it beforehand.
    **options
        ``jobs``, ``say`` and ``progress`` of ``run``.

    Returns
    -------
    DataFrame
        A row a check: ``check``, ``finding``.

    Raises
    ------
    BadInput
        The first check that fails, with the file, question or cell.
    """
    path, scores = folder / "submission.yml", folder / "scores.parquet"
    given = build(Submission, read_yaml(path), path)
    questions = {} if vectors else {"vectors.address": given.vectors.address}
    questions |= given.model_dump(include={"contact", "licence", "trained_on"})
    questions |= {f"leakage.{table}": answer for table, answer in given.leakage.items()}
    if blank := [question for question, answer in questions.items() if not answer.strip()]:
        raise BadInput(f"{path}: not answered: {', '.join(blank)}; answer all and check again.")
    if "@" in given.contact:
        raise BadInput(f"{path}: 'contact' is an e-mail address; give an account instead.")
    if not scores.is_file() or cache.digest(scores) != given.scores_sha256:
        raise BadInput(f"{scores}: not the file of 'scores_sha256'; place the vectors again.")
    rows = results.texts(results.read(scores))
    if faults := validation.validate(rows, str(scores)):
        raise BadInput(faults[0])
    if lines := sorted({*map(_table, rows.task)} - {*given.leakage}):
        raise BadInput(f"{path}: lacks a line below 'leakage' for: {', '.join(lines)}; add it.")
    _check_folds(rows, results.load(given.profile), scores)
    base, address = planning.make(given.profile), given.vectors.address
    with tempfile.TemporaryDirectory() as temporary:
        if vectors is None and not address.startswith("https://"):
            raise BadInput(f"{path}: 'vectors.address' is no https address; give it, or --vectors.")
        target = Path(temporary, Path(given.vectors.file).name)
        file = vectors or fetched(address, target, "give --vectors")
        if cache.digest(file) != given.vectors.sha256:
            raise BadInput(f"{file}: not the vectors of {path} (another SHA-256).")
        spec, _ = read(file, base, given.name)
    tasks = _chosen(rows, np.random.default_rng(seed))
    again, *_ = scores_of(plan_of(base, spec, names=tasks), **options)
    distance = _distances(rows, again, scores)
    leaks, unknown = (
        ", ".join(t for t, a in given.leakage.items() if a == answer) or "none"
        for answer in ("yes", "unknown")
    )
    state = "complete" if address else "complete but for vectors.address"
    findings = {
        "answers": f"{state}; trained on the labels of: {leaks}; unknown: {unknown}",
        "rows": f"{len(rows):,} sound rows on the folds of profile '{given.profile}'",
        "computed anew": f"{len(tasks)} of {rows.task.nunique()} tasks, {len(distance):,} scores, "
        f"largest distance {distance.max():.1e}",
    }
    return pd.DataFrame(findings.items(), columns=["check", "finding"])


_FOLD = ["task", "split", "repeat", "fold"]


def _check_folds(rows, table, path):
    """Check that every row is about a fold of the profile, by its number of test genes."""
    whole = "genes == 'all' or genes == 'own' and coverage == 1"
    theirs, mine = (
        results.texts(frame.query(whole)).set_index(_FOLD).n_test for frame in (table, rows)
    )
    known = theirs.groupby(level=_FOLD).first()
    wrong = mine[(known.reindex(mine.index) != mine).to_numpy()]
    for at, n in wrong.items():
        raise BadInput(
            f"{path}: {_cell(at)}: {n} test genes, which is no fold of the profile; place the "
            "vectors with this version of genebench."
        )


def _cell(at):
    return ", ".join(f"{name} {value}" for name, value in zip(_FOLD, at))


def _chosen(rows, rng):
    """A random part of the tasks of each group and kind."""
    chosen = []
    for _, names in rows.groupby(["group", "kind"], observed=True).task.unique().items():
        n = min(len(names), max(FEWEST, round(SHARE * len(names))))
        chosen += rng.choice(np.sort(names.astype(str)), n, replace=False).tolist()
    return sorted(chosen)


def _distances(rows, again, path):
    """Distance of each score that was computed anew; too large a one is a fault of its cell."""
    by = [*_FOLD, "probe", "metric", "genes"]
    again = again.set_index(by).score
    given = rows.set_index(by).score.reindex(again.index)
    distance = (given - again).abs().fillna(np.inf)
    distance[given.isna() & again.isna()] = 0
    if distance.max() > TOLERANCE:
        at = distance.idxmax()
        raise BadInput(
            f"{path}: cell '{_cell(at)}', {at[-2]} on {at[-1]} genes: {given[at]:.4f} was handed "
            f"in, {again[at]:.4f} comes out."
        )
    return distance
