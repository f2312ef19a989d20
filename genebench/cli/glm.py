"""The commands ``genebench glm …``: parse and call, decide nothing."""

import shutil
from pathlib import Path

from ..core import specs
from ..core.errors import BadInput, check
from ..core.progress import Reporter
from .options import note, show_card, split_names


def train(
    fasta: list[Path],
    *,
    out: Path,
    recipe: Path | None = None,
    set_: list[str] | None = None,
    held_out: list[str] | None = None,
    device: str = "cpu",
) -> None:
    """Train a small model on genomes, validate it on other sequences; resumes where it stopped.

    Parameters
    ----------
    fasta : list of Path
        Genomes: FASTA files, plain or gzip; small letters are repeats.
    out : Path
        Folder for weights.safetensors and recipe.json.
    recipe : Path, optional
        YAML or JSON file of the recipe.
    set_ : list of str, optional
        key=value of the recipe; goes before the file. Repeat.
    held_out : list of str, optional
        Sequences to validate on (default: the last one).
    """
    from ..glm import perplexity, trained
    from ..glm import train as training

    settings = training.read_recipe(recipe, set_ or [])
    with Reporter() as report:
        known, validation = training.split(fasta, held_out or [], several=settings.species)
        training.train(known, settings, out, device=device, **report.hooks)
        model = trained.load(out, device=device)
        if model.by_likelihood:
            note("not validated: tokens of several bases give no probability of a single base.")
        else:
            table = perplexity.validate(model, validation, known)
            print(table.round(4).to_string(index=False))
    print(out)


def score(
    model: str,
    *,
    variants: Path,
    fasta: Path,
    out: Path,
    scores: str = "llr",
    window: int = 0,
    strands: str = "both",
    calibrate: bool = False,
    device: str = "cpu",
    download: bool = False,
) -> None:
    """Score variants without training: one row a variant; what cannot be scored says why.

    A run that was interrupted goes on where it stopped.

    Parameters
    ----------
    model : str
        A folder of 'glm train' (of several species: FOLDER@1, @2 …), a Hugging Face folder, or a
        name.
    variants : Path
        VCF, or a table with chrom, pos, ref, alt (tsv, csv, parquet); gzip or not.
    fasta : Path
        The genome that the variants are of.
    out : Path
        Table to write, tab-separated.
    scores : str
        Joined by commas: llr; of single substitutions also influence (how far it moves what is
        expected around it) and embedding (how far the hidden state at its place).
    window : int
        Bases in a window, widened where an allele does not fit; 0: three times the model's context.
    strands : str
        'both' (mean over the strands) or 'given'.
    calibrate : bool
        Also the LLR less its mean over these variants of the same three-base context and new base
        (empty where they are fewer than ten).
    """
    from ..glm import hub
    from ..glm import variants as reader
    from ..glm.score import STRANDS
    from ..glm.tables import scores as scoring

    check(STRANDS, "choice of strands", strands)
    kinds = tuple(dict.fromkeys(split_names([scores])))
    if calibrate and "llr" not in kinds:
        raise BadInput("--calibrate is of the score llr; name it in --scores, or leave it out.")
    genome = reader.genome(fasta)
    frame = reader.check(reader.read(variants), genome)
    for sentence in reader.messages(frame, genome):
        note(sentence)
    if reader.GOOD not in set(frame.status):
        raise BadInput(
            f"{variants}: none of its {len(frame)} variants can be scored on {fasta}; see the "
            "reasons above."
        )
    network = hub.load(model, device=device, download=download)
    partial = out.with_name(f".{out.name}.partial")
    options = {"kinds": kinds, "length": window, "strands": strands, "partial": partial}
    with Reporter() as report:
        table = scoring.score(network, genome, frame, **options, progress=report.step)
    for sentence in reader.messages(table, genome, known=set(frame.status)):
        note(sentence)
    if calibrate:
        table = scoring.with_calibration(table, genome)
    reader.write(table, out)
    shutil.rmtree(partial)
    good = (table.status == reader.GOOD).sum()
    print(f"{good} of {len(table)} variants scored by {network.name}: {out}")


def embed(
    model: str,
    windows: Path,
    *,
    out: Path,
    layer: int = -1,
    device: str = "cpu",
    download: bool = False,
) -> None:
    """Embed windows of DNA: the mean hidden state of each.

    Parameters
    ----------
    model : str
        A folder of 'glm train' (of several species: FOLDER@1, @2 …), a Hugging Face folder, or a
        name.
    windows : Path
        FASTA, or a table with a column sequence (tsv, csv, parquet).
    out : Path
        Table to write: parquet, csv or tsv, one row a window.
    layer : int
        Layer of the network; -1: the last.
    """
    from ..glm import hub
    from ..glm.tables import windows as reading

    data = reading.read(windows)
    vectors = reading.embed(hub.load(model, device=device, download=download), data, layer=layer)
    reading.write(data, vectors, out)
    print(f"{len(data)} windows, {vectors.shape[1]} dimensions: {out}")


def probe(
    windows: Path,
    *,
    models: list[str] | None = None,
    label: str = "label",
    out: Path | None = None,
    seeds: int = 3,
    layer: int = -1,
    device: str = "cpu",
    download: bool = False,
    json_: bool = False,
) -> None:
    """Probe your own labelled windows: models beside k-mers and untrained networks, on a card.

    Parameters
    ----------
    windows : Path
        A table with columns sequence and label (tsv, csv, parquet).
    models : list of str, optional
        Folders or names of models (repeat, or join by commas).
    label : str
        Column of the labels: two values, classes, or numbers.
    out : Path, optional
        Folder for the card (default: ./<name>-probe).
    seeds : int
        Untrained networks, and draws of the spectral split.
    layer : int
        Layer of the networks; -1: the last.
    """
    from ..glm.tables import probe as probing

    options = {"label": label, "out": out, "seeds": seeds, "layer": layer, "device": device}
    with Reporter() as report:
        folder, card = probing.probe(
            windows,
            models=split_names(models),
            download=download,
            progress=report.step,
            **options,
        )
    show_card(folder, card, json_)


def place(
    scores: Path, *, score: str | None = None, out: Path | None = None, json_: bool = False
) -> None:
    """Place your own scores of ClinVar variants among published ones of thirteen predictors.

    Parameters
    ----------
    scores : Path
        A table with columns chrom, pos, ref, alt (GRCh38) and the score (tsv, csv, parquet).
    score : str, optional
        Column of the score: 'llr' (the default), where low is harmful; of others, high.
    out : Path, optional
        Folder for the card (default: ./<name>-clinvar).
    """
    from ..glm.tables import clinvar

    source = specs.declared().source("clinvar_predictors")
    show_card(*clinvar.place(scores, source, score=score, out=out), json_)


def interpret(genome: str, *, model: str, out: Path, device: str = "cpu") -> None:
    """Logos of gene starts and certainty by codon position, on a genome's held-out part.

    Parameters
    ----------
    genome : str
        A genome of data/glm_genomes.yml that has annotated genes.
    model : str
        A folder of 'glm train' (of several species: FOLDER@1, @2 …) or a name.
    out : Path
        Folder for logo.csv, logo_agreement.csv, codon.csv.
    """
    from ..glm import genomes, hub
    from ..glm import interpret as interpreting

    data = genomes.load(genome, specs.declared().sources)
    for path in interpreting.write_tables(data, hub.load(model, device=device), out):
        print(path)


def design(
    *,
    out: Path,
    tag: str = "high",
    n: int = 100,
    temperature: float = 1.0,
    without: list[str] | None = None,
    seed: int = 0,
) -> None:
    """Design yeast promoters of 80 bases by the small network with expression tags.

    Parameters
    ----------
    out : Path
        FASTA to write.
    tag : str
        Expression: 'high' or 'low'.
    n : int
        How many.
    temperature : float
        Below 1: the likely becomes likelier.
    without : list of str, optional
        Words that no design may contain (repeat).
    seed : int
        Seed; another one draws others.
    """
    from ..glm import design as designing

    words = [w.upper() for w in without or []]
    options = {"tag": tag, "temperature": temperature, "forbidden": words, "seed": seed}
    print(f"{designing.write_designs(out, n=n, **options)} designs: {out}")


COMMANDS = [train, score, place, embed, probe, interpret, design]
