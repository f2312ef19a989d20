"""The command ``genebench place``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .options import AllJobs, Json, Profile, Tasks, split_names


def place(
    vectors: Annotated[
        Path,
        typer.Argument(help="Your vectors: csv, tsv, npz, npy, parquet, h5ad, safetensors, text."),
    ],
    profile: Profile = "demo",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the card (default: ./<name>-card).")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What to call the vectors (default: the file's name).")
    ] = None,
    ids: Annotated[
        str | None,
        typer.Option(help="Column of the ids; of npy or safetensors the text file of its ids."),
    ] = None,
    array: Annotated[
        str | None,
        typer.Option(help="Which array of several: a key, or obsm/<key>, varm/<key>, X, X.T."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="Kind of id: symbol, ensembl, entrez, uniprot, hgnc (default: guessed)."),
    ] = None,
    tasks: Tasks = None,
    jobs: AllJobs = None,
    as_json: Json = False,
) -> None:
    """Place your own vectors among the models of a profile; write card and scores."""
    from ..core.progress import Reporter
    from ..place import place as module

    with Reporter() as report:
        folder, card = module.place(
            vectors,
            profile=profile,
            out=out,
            name=name,
            reading={"ids": ids, "array": array, "kind": kind},
            tasks=split_names(tasks),
            jobs=jobs,
            say=report.say,
            progress=report.step,
        )
    text = (folder / "card.json").read_text(encoding="utf-8")
    print(text if as_json else "\n".join(card["sentences"]))
    print(folder / "card.html", file=sys.stderr if as_json else sys.stdout)


COMMANDS = [place]
