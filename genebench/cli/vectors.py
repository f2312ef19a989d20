"""The commands ``genebench vectors …``: take embeddings away, fetch them, compare them."""

import functools
from pathlib import Path

import typer

from ..core import specs
from ..core.progress import Reporter
from .options import make_plan, show

FOLDER = Path("vectors")


def list_(*, profile="demo", folder: Path = FOLDER, json_=False):
    """List a profile's models: licence, and whether their vectors are cached or exported.

    Parameters
    ----------
    folder : Path
        Where exported files are.
    """
    from ..place import library

    frame = library.catalogue(make_plan(profile), folder)
    show(frame, json_, ["model", "family", "dim", "share", "state", "licence"])


def export(
    model: list[str],
    *,
    profile="demo",
    folder: Path = FOLDER,
    format_="parquet",
    dtype="float16",
    device="auto",
    download=False,
):
    """Write the vectors of models for all genes of a profile, each with a card.

    Parameters
    ----------
    model : list of str
        Models of data/models.yml.
    folder : Path
        Where the files are written.
    format_ : str
        parquet, safetensors or h5ad.
    dtype : str
        float16 or float32.
    """
    from ..models import inference
    from ..place import library

    plan = make_plan(profile)
    for spec in map(plan.declared.model, model):
        with Reporter() as report:
            options = {"device": device, "download": download, "say": report.say}
            embedding = inference.embed(spec, plan.universe, plan.declared, **options)
        options = {"ending": format_, "dtype": dtype}
        print(library.export(spec, embedding, plan.declared.sources, folder, **options))


def get(model: str, *, origin: str, folder: Path = FOLDER):
    """Fetch exported vectors and check them against their card.

    Parameters
    ----------
    model : str
        Which model.
    origin : str
        A folder, or the https address of a release's files.
    folder : Path
        Where they are put.
    """
    from ..place import library

    print(library.get(model, origin, folder))


def compare(
    one: str,
    other: str,
    *,
    profile="demo",
    same=False,
    json_=False,
):
    """Compare the vectors of two files or models: coverage, cosine, CKA, neighbours.

    Parameters
    ----------
    one : str
        A file of vectors by gene symbol, or a model of data/models.yml.
    other : str
        Likewise.
    same : bool
        End with status 1 unless the cosine of every gene is at least 0.9999: the same model on two
        devices or in two number formats.
    """
    import pandas as pd

    from ..models import inference
    from ..place import library

    planned = functools.cache(make_plan)  # once for two models

    def load(text):
        path = Path(text)
        if path.exists() or (path.suffix and text not in specs.declared().models):
            return library.read(path)
        plan = planned(profile)
        return inference.embed(plan.declared.model(text), plan.universe, plan.declared)

    found = library.compare(load(one), load(other))
    show(pd.DataFrame([{"vectors": one, "other": other, **found}]).round(5), json_, list(found))
    if same and not found["lowest_cosine"] >= library.SAME:
        raise typer.Exit(1)


COMMANDS = [list_, export, get, compare]
