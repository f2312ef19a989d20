"""The command ``genebench place``."""

from pathlib import Path

from ..core.progress import Reporter
from .options import note, show_card, split_names


def place(
    vectors: Path,
    *,
    profile: str | None = None,
    out: Path | None = None,
    name: str | None = None,
    ids: str | None = None,
    array: str | None = None,
    kind: str | None = None,
    max_cells: int | None = None,
    tasks: list[str] | None = None,
    jobs: int | None = None,
    submit=False,
    json_=False,
):
    """Place your own vectors among the models of a profile; write card and scores.

    Parameters
    ----------
    vectors : Path
        Your vectors: csv, tsv, npz, npy, parquet, h5ad, safetensors, text.
    profile : str, optional
        Which profile (default: paper, that of the leaderboard, if its data is here; else demo).
    out : Path, optional
        Folder for the card (default: ./<name>-<digest of the file>-card).
    name : str, optional
        What to call the vectors (default: the file's name).
    ids : str, optional
        Column of the ids; of npy or safetensors the text file of its ids.
    array : str, optional
        Which array of several: a key, or obsm/<key>, varm/<key>, X, X.T.
    kind : str, optional
        Kind of id: symbol, ensembl, entrez, uniprot, hgnc (default: guessed).
    max_cells : int, optional
        Most rows × columns (default: 500,000,000; 200,000 rows, 50,000 columns).
    submit : bool
        Also write submissions/<name>/, to be completed and handed in.
    """
    from ..data import limits
    from ..place import place as module

    if profile is None:
        profile, sentence = module.chosen()
        note(sentence)
    options = {"profile": profile, "out": out, "name": name, "jobs": jobs}
    options |= {"ids": ids, "array": array, "kind": kind}
    with Reporter() as report, limits.allowing(max_cells):
        folder, card = module.place(vectors, tasks=split_names(tasks), **options, **report.hooks)
    show_card(folder, card, json_)
    if submit:
        from ..place import submission

        target = submission.write(folder, card["model"])
        file = target / "submission.yml"
        then = f"genebench check-submission {target} --vectors {vectors}"
        print(f"answer the questions in {file}, then run '{then}'")


def check_submission(
    folder: Path,
    *,
    vectors: Path | None = None,
    seed: int | None = None,
    jobs: int | None = None,
):
    """Check a submission: answers, rows, and a random part of its scores computed anew.

    Parameters
    ----------
    folder : Path
        submissions/<name>.
    vectors : Path, optional
        The file of vectors (default: fetched from the submission's address).
    seed : int, optional
        Of the choice of tasks (default: another at every call).
    """
    from ..place import submission

    with Reporter() as report:
        checks = submission.check(folder, vectors=vectors, seed=seed, jobs=jobs, **report.hooks)
    print(checks.to_string(index=False, header=False))


COMMANDS = [place, check_submission]
