"""File formats → data frames. Never runs code from a file, never unpacks an archive to disk."""

from __future__ import annotations

import json
import re
import sqlite3
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from ..core.errors import BadInput, unknown
from . import declared


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, or of the one member of a ``.zip``, never unpacked to disk.

    Raises: BadInput: an archive with several members or one that points outside, or a web page saved as data.
    """
    with ExitStack() as stack:
        try:
            if path.suffix == ".zip":
                archive = stack.enter_context(zipfile.ZipFile(path))
                names = [n for n in archive.namelist() if not n.endswith("/")]
                if (
                    len(names) != 1
                    or names[0].startswith(("/", "\\"))
                    or ".." in Path(names[0]).parts
                ):
                    raise BadInput(
                        f"{path}: holds {names[:3]} where one plain file belongs; fetch the official one."
                    )
                declared.fits(path, archive.getinfo(names[0]).file_size, "its unpacked content")
                stream = stack.enter_context(archive.open(names[0]))
            else:
                stream = stack.enter_context(open(path, "rb"))
            head = stream.read(512)
            if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
                raise BadInput(
                    f"{path}: is a web page (an error page, likely) and no data; delete it and fetch it again."
                )
            stream.seek(0)
            yield stream
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as err:
            told = str(err).splitlines()[0][:90] if str(err) else type(err).__name__
            raise BadInput(
                f"{path}: cannot be unpacked ({told}); copy or download it again."
            ) from None


EXACT = {"float_precision": "round_trip"}
"""For every table whose numbers pandas reads: its other two ways end the process on an exponent of many digits, such as
``0E5410000085830688`` (pandas 2.3), and are off in the last digit now and then."""

_WILD = re.compile(r"[eE][+-]?\d{5,}")


def numbers(values: pd.Series, *, strict: bool = False) -> pd.Series:
    """Text → numbers, NaN where it is none (or a ValueError, if ``strict``); see ``EXACT`` for why not by pandas alone.

    A number whose exponent has five digits or more is none.
    """
    if not pd.api.types.is_numeric_dtype(values):
        wild = values.astype(str).str.contains(_WILD)
        if strict and wild.any():
            raise ValueError(f"'{values[wild].iloc[0]}' is no number")
        values = values.where(~wild, None)
    return pd.to_numeric(values, errors="raise" if strict else "coerce")


def read_tsv(path: Path, *, sep: str = "\t", **options) -> pd.DataFrame:
    """A delimited text table (or a zip of one), every column as text unless pandas is told otherwise."""
    with opened(path) as stream:
        return pd.read_csv(stream, sep=sep, dtype=str, keep_default_na=False, **options)


def read_gmt(path: Path, *, by_name: bool = False) -> pd.DataFrame:
    """Gene sets in GMT (name, id, genes …) as one row per (set, gene): columns ``set, name, gene``.

    A set is known by its id (its name where that is empty), or by its name with ``by_name``: then the second column is
    any description, a name that stands twice is an error, and so is a set without genes. Blank lines are passed over.
    """
    rows, seen = [], {}
    with opened(path) as stream:
        for number, line in enumerate(stream.read().decode("utf-8-sig").splitlines(), start=1):
            name, *rest = (part.strip() for part in line.rstrip().split("\t"))
            if not (name or rest):
                continue
            if not rest:
                raise BadInput(
                    f"{path}:{number}: a gene set needs a name, an id or description, and genes, by tabs."
                )
            held = [gene for gene in rest[1:] if gene]
            if by_name and (not held or not name or name in seen):
                fault = (
                    f"is on line {seen[name]} too"
                    if name in seen
                    else "has no genes"
                    if name
                    else "has no name"
                )
                raise BadInput(
                    f"{path}:{number}: the set '{name[:60]}' {fault}; mend or remove that line."
                )
            seen[name] = number
            rows += [(name if by_name else rest[0] or name, name, gene) for gene in held]
    return pd.DataFrame(rows, columns=["set", "name", "gene"])


def read_pairs(path: Path) -> pd.DataFrame:
    """Gene pairs, one ``A B`` a line: columns ``first, second``."""
    with opened(path) as stream:
        return pd.read_csv(
            stream,
            sep=" ",
            header=None,
            names=["first", "second"],
            usecols=[0, 1],
            dtype=str,
            keep_default_na=False,
        )


def read_plain(path: Path) -> object:
    """What a pickle of lists, dicts, sets, text and numbers holds, opened without running code.

    Raises: BadInput: a pickle that is hostile, or broken; see ``genebench.data.pickles``.
    """
    from . import pickles

    return pickles.read_plain(path)


def read_lists(path: Path) -> pd.DataFrame:
    """A pickled dict of lists (opened without running code) as one row per (list, gene): columns ``set, gene``.

    Raises: BadInput: a pickle that is hostile, broken, or no dict of lists of text.
    """
    held = read_plain(path)
    if not isinstance(held, dict) or not all(
        isinstance(v, list | tuple | set) for v in held.values()
    ):
        raise BadInput(f"{path}: holds no dict of lists; it is not the official file.")
    rows = [(str(name), str(gene)) for name, genes in held.items() for gene in genes]
    return pd.DataFrame(rows, columns=["set", "gene"])


def read_obo(path: Path) -> pd.DataFrame:
    """Terms of an OBO ontology: one row per (term, parent), columns ``id, name, parent``; obsolete terms left out."""
    rows = []
    for block in path.read_text(encoding="utf-8").split("\n[Term]\n")[1:]:
        lines = block.split("\n[", 1)[0].splitlines()
        fields = [tuple(line.split(": ", 1)) for line in lines if ": " in line]
        first = dict(reversed(fields))
        if first.get("is_obsolete") == "true":
            continue
        parents = [value.split(" ", 1)[0] for tag, value in fields if tag == "is_a"] or [""]
        rows += [(first["id"], first["name"], parent) for parent in parents]
    return pd.DataFrame(rows, columns=["id", "name", "parent"])


def read_jaspar(
    path: Path,
    *,
    tax_id: str = "9606",
    collection: str = "CORE",
    pseudocount: float = 0.8,
    without: tuple = (),
) -> pd.DataFrame:
    """Monomer transcription factors of a JASPAR SQLite release, one row per factor.

    Columns: ``symbol``; ``class`` and ``family`` of the DNA-binding domain; ``n_motifs`` (profiles, latest version of
    each); and means over those profiles of ``width`` (bp), ``gc`` (expected G+C fraction, 0 to 1), ``information``
    (total information content in bits against a uniform background, Schneider et al. 1986) and of the frequencies of
    A, C, G, T. Factors that only have dimer profiles (``A::B``) are left out, because such a motif is not one gene's.
    """
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        matrix = pd.read_sql(
            "select M.ID id, M.BASE_ID base, M.VERSION version, M.NAME symbol from MATRIX M "
            "join MATRIX_SPECIES S on S.ID = M.ID where S.TAX_ID = ? and M.COLLECTION = ?",
            db,
            params=(tax_id, collection),
        )
        notes = pd.read_sql(
            "select ID id, TAG tag, VAL val from MATRIX_ANNOTATION where TAG in ('class', 'family')",
            db,
        )
        counts = pd.read_sql("select ID id, row base, col position, val count from MATRIX_DATA", db)
    matrix = matrix.sort_values(["base", "version"]).groupby("base").tail(1)
    matrix = matrix[~matrix.symbol.str.contains("::", regex=False) & ~matrix.symbol.isin(without)]
    wide = counts[counts.id.isin(matrix.id)].pivot_table(
        index=["id", "position"], columns="base", values="count"
    )
    wide = wide.reindex(columns=list("ACGT"), fill_value=0.0).fillna(0.0)
    freq = wide.add(pseudocount / 4).div(wide.sum(axis=1) + pseudocount, axis=0)
    bits = (2 + (freq * np.log2(freq)).sum(axis=1)).rename("information")
    per = freq.groupby("id").mean().assign(gc=(freq.C + freq.G).groupby("id").mean())
    per = per.assign(
        information=bits.groupby("id").sum(), width=bits.groupby("id").size().astype(float)
    )
    one = matrix.merge(per, left_on="id", right_index=True)
    one = one.merge(
        notes.drop_duplicates(["id", "tag"]).pivot(index="id", columns="tag", values="val"),
        on="id",
        how="left",
    )
    numbers = ["gc", "information", "width", *"ACGT"]
    out = one.groupby("symbol").agg(
        {"class": "first", "family": "first", **{c: "mean" for c in numbers}, "base": "size"}
    )
    return (
        out.rename(columns={"base": "n_motifs"})
        .fillna({"class": "", "family": ""})
        .sort_index()
        .reset_index()
    )


def read_expression(path: Path, *, cluster: str) -> pd.DataFrame:
    """Log-normalised expression of an ``.h5ad`` (its ``raw`` layer where there is one), genes × cells.

    The index is the gene symbol (``symbol``); the columns are ``<cluster label>|<cell>`` with ``cluster`` the name of
    the ``obs`` column that holds the cell type. Values are natural-log-normalised counts, ``log(1 + x)``.
    """
    import anndata

    with warnings.catch_warnings():
        for category in (
            FutureWarning,
            PendingDeprecationWarning,
        ):  # old layouts are moved; nothing is lost
            warnings.simplefilter("ignore", category)
        data = anndata.read_h5ad(path)
    held = data.raw if data.raw is not None else data
    dense = np.asarray(held.X.todense() if hasattr(held.X, "todense") else held.X, dtype=np.float64)
    names = [
        f"{label}|{cell}" for label, cell in zip(data.obs[cluster].astype(str), data.obs_names)
    ]
    return pd.DataFrame(
        dense.T, index=pd.Index(held.var_names.astype(str), name="symbol"), columns=names
    )


def read_long(
    path: Path, *, gene: str, symbol: str, column: str, value: str, unnamed: str = r"^ENSG\d{11}"
) -> pd.DataFrame:
    """A long table of measurements (one row per gene and column, a million of them in seconds) as genes × columns.

    ``gene`` names the column of stable ids, ``symbol`` that of gene symbols, ``column`` that of what becomes a column
    (a tissue), ``value`` that of the numbers, whose unit stays as it is. The index is the gene symbol (``symbol``).
    Left out are genes whose symbol matches ``unnamed`` or is empty (they have only an id), symbols that stand for
    several ids (whose is meant cannot be told), and genes that were not measured in every column.

    Raises: BadInput: a column is missing, a value is no number, or a gene has two values in one column.
    """
    wanted = [gene, symbol, column, value]
    with opened(path) as stream:
        head = stream.readline().decode("utf-8").rstrip("\r\n").split("\t")
        if lacking := [name for name in wanted if name not in head]:
            raise BadInput(
                f"{path}: has no column '{lacking[0]}' among {head[:8]}; take the official file."
            )
        try:
            frame = pd.read_csv(
                stream,
                sep="\t",
                header=None,
                names=head,
                usecols=wanted,
                **EXACT,
                keep_default_na=False,
                na_values={value: [""]},
                dtype={name: "category" for name in wanted[:3]} | {value: np.float64},
            )
        except ValueError as err:
            raise BadInput(
                f"{path}: '{value}' holds what is no number ({err}); fetch the file again."
            ) from None
    if not np.isfinite(frame[value]).all():
        raise BadInput(
            f"{path}: '{value}' is empty or infinite in {(~np.isfinite(frame[value])).sum()} rows; mend it."
        )
    row, across = frame[gene].cat.codes.to_numpy(), frame[column].cat.codes.to_numpy()
    ids, columns = frame[gene].cat.categories, frame[column].cat.categories
    if (np.bincount(row.astype(np.int64) * len(columns) + across) > 1).any():
        raise BadInput(
            f"{path}: a '{gene}' stands twice with one '{column}'; fetch the file again."
        )
    wide = np.full((len(ids), len(columns)), np.nan)
    wide[row, across] = frame[value]
    named = pd.Series("", index=range(len(ids)), dtype=object)
    first = ~frame[gene].duplicated().to_numpy()
    named.iloc[row[first]] = frame[symbol][first].astype(str)
    keep = (named != "") & ~named.str.contains(unnamed, regex=True) & ~named.duplicated(keep=False)
    keep &= np.isfinite(wide).all(axis=1)
    index = pd.Index(named[keep].to_numpy(str), name="symbol")
    return pd.DataFrame(
        wide[keep.to_numpy()], index=index, columns=columns.astype(str)
    ).sort_index()


_GAF = [
    "db",
    "object",
    "symbol",
    "qualifier",
    "go_id",
    "reference",
    "evidence",
    "with",
    "aspect",
    "name",
    "synonym",
] + ["type", "taxon", "date", "assigned_by", "extension", "form"]
"""Columns of GAF 2.2: http://geneontology.org/docs/go-annotation-file-gaf-format-2.2"""


def read_gaf(
    path: Path, *, taxon: str = "taxon:9606", without: tuple[str, ...] = ("ND",)
) -> pd.DataFrame:
    """Gene Ontology annotations (GAF 2.1 or 2.2): columns ``symbol, go_id, aspect, evidence, qualifier, date``.

    Left out are annotations that say what a gene does *not* do (a qualifier with ``NOT``), those of other species (the
    first taxon counts), and those whose evidence code is among ``without`` (``ND``: no data; ``IEA``: not seen by a
    curator). ``aspect`` is ``P`` (process), ``F`` (function) or ``C`` (component). Terms stay as they were annotated:
    what a term is part of is not filled in, for that is said by the ontology and not by this file.

    Raises: BadInput: the file does not say that it is a GAF, or a line does not have its 17 columns.
    """
    rows = []
    with opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            if number == 1 and not re.match(rb"!\s*gaf-version:\s*2", line):
                raise BadInput(
                    f"{path}:1: does not begin with '!gaf-version: 2…'; take the official annotation file."
                )
            if line.startswith(b"!") or not line.strip():
                continue
            fields = line.decode("utf-8").rstrip("\r\n").split("\t")
            if len(fields) != len(_GAF):
                raise BadInput(
                    f"{path}:{number}: has {len(fields)} of the 17 columns of GAF 2; fetch the file again."
                )
            rows.append(fields)
    if not rows:
        raise BadInput(f"{path}: holds nothing that is annotated; fetch the file again.")
    frame = pd.DataFrame(rows, columns=_GAF, dtype=str)
    keep = ~frame.qualifier.str.split("|").map(lambda held: "NOT" in held).astype(bool)
    keep &= (frame.taxon.str.split("|").str[0] == taxon) & ~frame.evidence.isin(without)
    return frame.loc[
        keep, ["symbol", "go_id", "aspect", "evidence", "qualifier", "date"]
    ].reset_index(drop=True)


def read_uniprot(path: Path, *, give: str = "proteins") -> pd.DataFrame:
    """The JSON stream of UniProtKB, as one of the tables that the site gives as TSV.

    ``proteins``: columns ``Entry``, ``Gene Names (primary)`` (several joined by ``; ``, none is empty) and ``Keywords``
    (joined by ``;``), one row per protein. ``keywords``: columns ``keyword``, ``accession`` and ``category`` of every
    keyword that a protein has, each once.

    Raises: BadInput: no JSON, or not of that form; another choice for ``give``.
    """
    try:
        with opened(path) as stream:
            held = json.load(stream)["results"]
        proteins = [
            (
                entry["primaryAccession"],
                "; ".join(
                    gene["geneName"]["value"]
                    for gene in entry.get("genes", ())
                    if "geneName" in gene
                ),
                [
                    (word["name"], word["id"], word["category"])
                    for word in entry.get("keywords", ())
                ],
            )
            for entry in held
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise BadInput(
            f"{path}: is no JSON stream of UniProtKB ({type(err).__name__}: {str(err)[:80]}); fetch it again."
        ) from None
    if give == "proteins":
        rows = [
            (accession, genes, ";".join(word for word, *_ in words))
            for accession, genes, words in proteins
        ]
        return pd.DataFrame(rows, columns=["Entry", "Gene Names (primary)", "Keywords"], dtype=str)
    if give == "keywords":
        rows = sorted({word for *_, words in proteins for word in words})
        return pd.DataFrame(rows, columns=["keyword", "accession", "category"], dtype=str)
    raise unknown("choice for 'give'", give, ("proteins", "keywords"), where=str(path))


def read_parquet(path: Path, *, columns: list[str]) -> pd.DataFrame:
    """Columns of a Parquet file, or of a folder of its parts (``part-*.parquet``), in the types that they have.

    Raises: BadInput: no Parquet, a folder without parts, or a column is missing.
    """
    import pyarrow
    from pyarrow import parquet

    parts = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not parts:
        raise BadInput(
            f"{path}: is a folder without '.parquet' files; fetch all parts of the data set into it."
        )
    tables = []
    for part in parts:
        try:
            held = parquet.read_metadata(part)
            found = held.schema.to_arrow_schema().names
            declared.fits(part, 8.0 * held.num_rows * len(columns))
            if lacking := [name for name in columns if name not in found]:
                raise BadInput(
                    f"{part}: has no column '{lacking[0]}' among {found[:8]}; take the official file."
                )
            tables.append(parquet.read_table(part, columns=columns))
        except (pyarrow.ArrowException, OSError) as err:
            told = str(err).splitlines()[0][:120]
            raise BadInput(
                f"{part}: cannot be read as Parquet ({told}); delete it and fetch it again."
            ) from None
    return pyarrow.concat_tables(tables).to_pandas()


def read_fasta(path: Path) -> pd.DataFrame:
    """Sequences in FASTA (plain or in a ``.zip``): columns ``id`` (first word of the header), ``header``, ``sequence``.

    Sequences are in upper case, without blanks and the closing ``*`` of a stop codon.

    Raises: BadInput: text before the first header, a header without an id or without a sequence.
    """
    with opened(path) as stream:
        text = stream.read().decode("utf-8")
    before, *blocks = ("\n" + text.replace("\r", "")).split("\n>")
    if before.strip() or not blocks:
        raise BadInput(f"{path}: does not begin with a header line '>id'; it is no FASTA file.")
    rows = []
    for block in blocks:
        header, _, lines = block.partition("\n")
        sequence = "".join(lines.split()).upper().removesuffix("*")
        if not header.split() or not sequence:
            raise BadInput(
                f"{path}: the header '>{header[:40]}' has no {'sequence' if header.split() else 'id'}; mend it."
            )
        rows.append((header.split()[0], header, sequence))
    return pd.DataFrame(rows, columns=["id", "header", "sequence"])


_GTF = ["seqname", "source", "feature", "start", "end", "score", "strand", "frame", "attributes"]


def read_gtf(path: Path, *, features: tuple[str, ...] = ("gene", "CDS")) -> pd.DataFrame:
    """Rows of a GTF file with one of ``features``, in the order of the file.

    Columns: ``seqname, feature, start, end`` (1-based, both inside), ``strand, gene_id, gene_name`` (the id where a
    gene has no name), ``transcript_id``, ``canonical`` (whether Ensembl marks the transcript as the gene's own).
    Raises: BadInput: a line without nine columns, or a row without a gene id.
    """
    parts = []
    with opened(path) as stream:
        chunks = pd.read_csv(
            stream,
            sep="\t",
            comment="#",
            header=None,
            names=_GTF,
            dtype=str,
            quoting=3,
            chunksize=400_000,
            keep_default_na=False,
            usecols=range(9),
        )
        for chunk in chunks:
            parts.append(chunk[chunk.feature.isin(features)])
    frame = pd.concat(parts, ignore_index=True)
    for name in ("gene_id", "gene_name", "transcript_id"):
        frame[name] = frame.attributes.str.extract(rf'(?:^|[; ]){name} "([^"]*)"')[0].fillna("")
    if (frame.gene_id == "").any():
        raise BadInput(
            f"{path}: a row has no gene_id ('{frame.attributes[frame.gene_id == ''].iloc[0][:60]}'); mend it."
        )
    frame["gene_name"] = frame.gene_name.where(frame.gene_name != "", frame.gene_id)
    frame["canonical"] = frame.attributes.str.contains('tag "Ensembl_canonical"', regex=False)
    frame = frame.astype({"start": np.int64, "end": np.int64})
    return frame[
        [
            "seqname",
            "feature",
            "start",
            "end",
            "strand",
            "gene_id",
            "gene_name",
            "transcript_id",
            "canonical",
        ]
    ]


def fasta_records(path: Path) -> Iterator[tuple[str, str]]:
    """The records of a large FASTA file one by one: first word of the header, sequence in upper case."""
    name, lines = None, []
    with opened(path) as stream:
        try:
            for line in stream:
                if line.startswith(b">"):
                    if name is not None:
                        yield name, b"".join(lines).decode("ascii").upper()
                    name, lines = (line[1:].split() or [b""])[0].decode("utf-8"), []
                elif name is not None:
                    lines.append(line.strip())
                elif line.strip():
                    raise BadInput(
                        f"{path}: does not begin with a header line '>id'; it is no FASTA file."
                    )
            if name is not None:
                yield name, b"".join(lines).decode("ascii").upper()
        except UnicodeDecodeError as err:
            raise BadInput(
                f"{path}: the record after '{name}' holds other letters than ASCII ({err.reason}); mend it."
            )


READERS = {
    "tsv": read_tsv,
    "csv": lambda path, **options: read_tsv(path, sep=",", **options),
    "obo": read_obo,
    "gmt": read_gmt,
    "pairs": read_pairs,
    "lists": read_lists,
    "jaspar": read_jaspar,
    "expression": read_expression,
    "long": read_long,
    "gaf": read_gaf,
    "uniprot": read_uniprot,
    "parquet": read_parquet,
    "fasta": read_fasta,
    "gtf": read_gtf,
}
