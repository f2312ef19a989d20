"""Read the formats of upstream files as data frames.

Nothing in a file is run, and no archive is unpacked to disk. A fault is ``BadInput`` with the path
of the file.
"""

import csv
import functools
import gzip
import io
import itertools
import re
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, contextmanager

import numpy as np
import pandas as pd

from ..core.errors import BadInput, one_line
from . import limits

READERS: dict[str, Callable[..., pd.DataFrame]] = {}
"""Format, as a source declares it → its reader, a function of a path and the declared options."""


def reader(name):
    """Make a decorator that registers the reader of a format.

    Parameters
    ----------
    name : str
        The format, as a source declares it.

    Returns
    -------
    callable
        Decorator; whatever fails in what it decorates is a sentence with the path of the file.
    """

    def register(function):
        @functools.wraps(function)
        def read(path, **options):
            with limits.faults_of(path, name):
                return function(path, **options)

        READERS[name] = read
        return read

    return register


@contextmanager
def open_unpacked(path):
    """Open a file, the content of a ``.gz``, or the one file inside a ``.zip``.

    Parameters
    ----------
    path : Path
        The file; what is packed is never unpacked to disk. A web page that was saved as data is
        refused.

    Yields
    ------
    binary file object
        Its content, from the beginning.
    """
    limits.check_plain(path)
    with ExitStack() as stack:
        if path.suffix.lower() == ".zip":
            archive = stack.enter_context(zipfile.ZipFile(path))
            beside = re.compile(r"__MACOSX/|.*/$|.*\.DS_Store$").match
            names = [name for name in archive.namelist() if not beside(name)]
            if len(names) != 1 or re.search(r"^[/\\]|(^|[/\\])\.\.[/\\]", names[0]):
                raise BadInput(
                    f"holds {names[:3]} where one plain file belongs; pack it alone, or fetch it "
                    "again."
                )
            limits.check_size(archive.getinfo(names[0]).file_size, "its unpacked content")
            stream = archive.open(names[0])
        else:
            stream = (gzip.open if path.suffix.lower() == ".gz" else open)(path, "rb")
        stack.enter_context(stream)
        head = stream.read(512).lstrip().lower()
        if head.startswith(b"version https://git-lfs"):
            raise BadInput("is a pointer of Git LFS and no data; run 'git lfs pull' beside it.")
        if head.startswith((b"<!doctype html", b"<html")):
            raise BadInput(
                "is a web page (an error or login page, likely) and no data; delete it and fetch "
                "the file itself."
            )
        stream.seek(0)
        yield stream


EXACT = {"float_precision": "round_trip"}
"""Option for every table whose numbers pandas reads: its other two parsers end the process on an
exponent of many digits, such as ``0E5410000085830688`` (pandas 2.3), and are now and then off in
the last digit."""


def numbers(values, *, strict=False):
    """Convert text to numbers; see ``EXACT`` for why not by pandas alone.

    Parameters
    ----------
    values : Series
        Text or numbers.
    strict : bool
        Whether text that is no number is a ``ValueError``.

    Returns
    -------
    Series
        Numbers; NaN where the text is none, or has an exponent of five digits or more.
    """
    if not pd.api.types.is_numeric_dtype(values):
        wild = values.astype(str).str.contains(r"[eE][+-]?\d{5,}")
        if strict and wild.any():
            raise ValueError(f"'{values[wild].iloc[0]}' is no number")
        values = values.where(~wild, None)
    return pd.to_numeric(values, errors="raise" if strict else "coerce")


@reader("tsv")
def read_tsv(path, *, sep="\t", explode=None, **options):
    """Read a delimited table.

    Parameters
    ----------
    path : Path
        Text, or a ``.zip`` or ``.gz`` of it.
    sep : str
        What delimits its cells.
    explode : dict of str to str, optional
        Column → what separates its values, each of which becomes a row.
    **options
        More options of ``pandas.read_csv``.

    Returns
    -------
    DataFrame
        Every value as text, none missing.
    """
    with open_unpacked(path) as stream:
        frame = pd.read_csv(stream, sep=sep, dtype=str, keep_default_na=False, **options)
    for column, separator in (explode or {}).items():
        frame = frame.assign(**{column: frame[column].str.split(separator)}).explode(column)
    return frame


READERS["csv"] = functools.partial(read_tsv, sep=",")
READERS["pairs"] = functools.partial(
    read_tsv, sep=" ", header=None, names=["first", "second"], usecols=[0, 1]
)


@reader("gmt")
def read_gmt(path, *, by_name=False):
    """Read gene sets in GMT: a line a set, with name, id and genes by tabs.

    Parameters
    ----------
    path : Path
        UTF-8 text; blank lines are passed over.
    by_name : bool
        Whether a set is known by its name, which must then be unique (the second column is any
        description), and not by its id, or its name where that is empty.

    Returns
    -------
    DataFrame
        A row a set and gene; columns ``set``, ``name``, ``gene``; ``by_name``: ``name`` is the
        description.
    """
    rows, lines = [], {}
    with open_unpacked(path) as stream:
        text = limits.read_all(stream, path.stat().st_size).decode("utf-8-sig")
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if not line.strip():
            continue
        name, *rest = (one_line(cell) for cell in line.rstrip().split("\t"))
        genes = [gene for gene in rest[1:] if gene]
        faults = {
            "a gene set needs a name, an id or description, and genes, by tabs": not rest,
            f"the set '{name[:60]}' has no name": by_name and not name,
            f"the set '{name[:60]}' is on line {lines.get(name)} too": by_name and name in lines,
            f"the set '{name[:60]}' has no genes": by_name and not genes,
        }
        for fault in (text for text, present in faults.items() if present):
            raise BadInput(f":{number}: {fault}; fix or remove that line.")
        lines[name] = number
        about = (name, rest[0]) if by_name else (rest[0] or name, name)
        rows += [(*about, gene) for gene in genes]
    return pd.DataFrame(rows, columns=["set", "name", "gene"])


@reader("lists")
def read_lists(path):
    """Read a pickled dict of lists, without running code.

    Parameters
    ----------
    path : Path

    Returns
    -------
    DataFrame
        A row a list and item; columns ``set``, ``gene``.
    """
    lists = limits.read_pickle(path)
    if not isinstance(lists, dict) or not all(isinstance(v, list | set) for v in lists.values()):
        raise BadInput("holds no dict of lists; it is not the official file.")
    rows = [(str(name), str(gene)) for name, genes in lists.items() for gene in genes]
    return pd.DataFrame(rows, columns=["set", "gene"])


@reader("obo")
def read_obo(path):
    """Read the terms of an OBO ontology; obsolete ones are left out.

    Parameters
    ----------
    path : Path

    Returns
    -------
    DataFrame
        A row a term and parent (``is_a``); columns ``id``, ``name``, ``parent``, which is empty
        for a root.
    """
    rows = []
    for block in path.read_text(encoding="utf-8").split("\n[Term]\n")[1:]:
        fields = re.findall("^(.+?): (.*)$", block.split("\n[", 1)[0], re.MULTILINE)
        first = dict(reversed(fields))
        if first.get("is_obsolete") != "true":
            parents = [value.split(" ", 1)[0] for tag, value in fields if tag == "is_a"]
            rows += [(first["id"], first["name"], parent) for parent in parents or [""]]
    return pd.DataFrame(rows, columns=["id", "name", "parent"])


@reader("parquet")
def read_parquet(path, *, columns):
    """Read columns of a Parquet data set in the types that they have.

    Parameters
    ----------
    path : Path
        A file, or a folder of parts (``*.parquet``).
    columns : list of str

    Returns
    -------
    DataFrame
        The columns, parts in the order of their names.
    """
    from pyarrow import parquet

    parts = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    for part in parts:
        limits.check_parquet(part, columns)
    return parquet.read_table(parts, columns=columns).to_pandas()


@reader("fasta")
def read_fasta(path):
    """Read sequences in FASTA.

    Parameters
    ----------
    path : Path
        Text, or a ``.zip`` or ``.gz`` of it.

    Returns
    -------
    DataFrame
        Columns ``id`` (first word of the header), ``header`` and ``sequence``, in upper case and
        without the closing ``*`` of a stop codon; no id and no sequence is empty.
    """
    frame = pd.DataFrame(_records(path), columns=["id", "header", "sequence"])
    frame["sequence"] = frame.sequence.str.removesuffix("*")
    for lacking in ("id", "sequence"):
        for header in frame.header[frame[lacking] == ""]:
            raise BadInput(f"the header '>{header[:40]}' has no {lacking}; fix it.")
    return frame


def fasta_records(path):
    """Iterate over the records of a large FASTA file.

    Parameters
    ----------
    path : Path
        Text, or a ``.zip`` or ``.gz`` of it.

    Yields
    ------
    tuple of str
        First word of the header, and the sequence in upper case.
    """
    with limits.faults_of(path, "fasta"):
        for name, _, sequence in _records(path):
            yield name, sequence


def _records(path):
    """Id, header, and sequence in upper case, of each record of a FASTA file."""
    from Bio.SeqIO.FastaIO import SimpleFastaParser

    with open_unpacked(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace")
        first = next(filter(None, map(str.strip, text)), "")
        if not first.startswith(">"):
            raise BadInput("does not begin with a header line '>id'; it is no FASTA file.")
        for header, sequence in SimpleFastaParser(itertools.chain([first + "\n"], text)):
            if not sequence.isascii():
                raise BadInput(
                    f"the record '{header[:40]}' holds other letters than ASCII; fix it."
                )
            yield "".join(header.split()[:1]), header.strip(), sequence.upper()


_GTF = "seqname source feature start end score strand frame attributes".split()


@reader("gtf")
def read_gtf(path):
    """Read the rows of genes and of coding parts of a GTF file, in the order of the file.

    Parameters
    ----------
    path : Path
        The file; lines that begin with ``#`` are comments.

    Returns
    -------
    DataFrame
        Columns ``seqname``, ``feature``, ``start``, ``end`` (1-based, both inside), ``strand``,
        ``gene_id``, ``gene_name`` (the id where a gene has no name), ``transcript_id`` and
        ``canonical`` (whether Ensembl marks the transcript as the gene's own).
    """
    with open_unpacked(path) as stream:
        chunks = pd.read_csv(
            stream,
            sep="\t",
            comment="#",
            header=None,
            names=_GTF,
            dtype=str,
            quoting=csv.QUOTE_NONE,
            chunksize=400_000,
            keep_default_na=False,
            usecols=range(9),
        )
        frame = pd.concat([c[c.feature.isin(("gene", "CDS"))] for c in chunks], ignore_index=True)
    for name in ("gene_id", "gene_name", "transcript_id"):
        found = frame.attributes.str.extract(rf'(?:^|[; ]){name} "([^"]*)"', expand=False)
        frame[name] = found.fillna("")
    nameless = frame.attributes[frame.gene_id == ""]
    if len(nameless):
        raise BadInput(f"a row has no gene_id ('{nameless.iloc[0][:60]}'); fix it.")
    frame["gene_name"] = frame.gene_name.where(frame.gene_name != "", frame.gene_id)
    frame["canonical"] = frame.attributes.str.contains('tag "Ensembl_canonical"', regex=False)
    frame = frame.astype({"start": np.int64, "end": np.int64})
    return frame.drop(columns=["source", "score", "frame", "attributes"])
