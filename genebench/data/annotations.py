"""Read files of gene annotation and expression: JASPAR, GAF, UniProt, long tables, AnnData.

Importing this module adds its formats to ``readers.READERS``.
"""

import json
import re
import sqlite3
import warnings
from contextlib import closing

import numpy as np
import pandas as pd

from ..core.errors import BadInput, check
from .readers import EXACT, open_unpacked, reader
from .readers import READERS as READERS

_PSEUDOCOUNT = 0.8
"""Added to each position of a count matrix, a fourth to each base."""
_POSITIONS = """
with motif as (
  -- the columns beside max() are those of the latest version
  select M.ID id, M.BASE_ID base, M.NAME symbol, max(M.VERSION),
    (select VAL from MATRIX_ANNOTATION where ID = M.ID and TAG = 'class') class,
    (select VAL from MATRIX_ANNOTATION where ID = M.ID and TAG = 'family') family
  from MATRIX M join MATRIX_SPECIES S on S.ID = M.ID
  where S.TAX_ID = ? and M.COLLECTION = ?
  group by M.BASE_ID
)
select symbol, base, class, family,
  total(val * (row = 'A')) A, total(val * (row = 'C')) C,
  total(val * (row = 'G')) G, total(val * (row = 'T')) T
from motif join MATRIX_DATA D on D.ID = motif.id
group by base, col
order by base, col
"""


def jaspar_counts(path, tax_id, collection="CORE"):
    """Read the profiles of a JASPAR SQLite release, of each the latest version.

    Parameters
    ----------
    path : Path
    tax_id, collection : str
        Species, as a taxon of NCBI, and collection of profiles.

    Returns
    -------
    DataFrame
        A row a position, sorted by profile: ``symbol``, ``base`` (id of the profile), ``class`` and
        ``family`` of the DNA-binding domain, and counts of ``A``, ``C``, ``G``, ``T``.
    """
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return pd.read_sql(_POSITIONS, database, params=(tax_id, collection))


@reader("jaspar")
def read_jaspar(
    path,
    *,
    tax_id="9606",
    collection="CORE",
    without=(),
):
    """Read the monomer transcription factors of a JASPAR SQLite release.

    Factors that only have dimer profiles (``A::B``) are left out: such a motif is not one gene's.

    Parameters
    ----------
    path : Path
    tax_id, collection : str
        Species, as a taxon of NCBI, and collection of profiles.
    without : tuple of str
        Symbols to leave out.

    Returns
    -------
    DataFrame
        A row a factor, sorted: ``symbol``; ``class`` and ``family`` of the DNA-binding domain,
        empty where unknown; means over its profiles of ``gc`` (expected G+C fraction, 0 to 1),
        ``information`` (bits against a uniform background, Schneider et al. 1986), ``width`` (bp)
        and the frequencies of ``A``, ``C``, ``G``, ``T``; ``n_motifs`` (profiles, of each its
        latest version).
    """
    rows = jaspar_counts(path, tax_id, collection)
    rows = rows[~rows.symbol.isin(without) & ~rows.symbol.str.contains("::")]
    rows = rows.assign(width=1.0, n_motifs=1)
    counts = rows[list("ACGT")]
    frequency = counts.add(_PSEUDOCOUNT / 4).div(counts.sum(axis=1) + _PSEUDOCOUNT, axis=0)
    rows[list("ACGT")] = frequency
    rows["gc"] = frequency.C + frequency.G
    rows["information"] = 2 + (frequency * np.log2(frequency)).sum(axis=1)
    first = {"class": "first", "family": "first"}
    mean = first | dict.fromkeys(["gc", "information", "width", *"ACGT"], "mean")
    sums = {"information": "sum", "width": "sum", "n_motifs": "first"}
    profiles = rows.groupby(["symbol", "base"]).agg(mean | sums)
    factors = profiles.groupby("symbol").agg(mean | {"n_motifs": "sum"})
    return factors.fillna({"class": "", "family": ""}).reset_index()


@reader("long")
def read_long(path, *, gene, symbol, column, value):
    """Read a long table of measurements, one row per gene and column, as genes × columns.

    Left out are genes without a symbol of their own (empty, or an Ensembl id), symbols that stand
    for several genes, and genes that were not measured in every column.

    Parameters
    ----------
    path : Path
        Tab-delimited text with a header.
    gene, symbol, column, value : str
        Names of the columns of stable ids, of gene symbols, of what becomes columns (a tissue), and
        of numbers, whose unit stays as it is.

    Returns
    -------
    DataFrame
        Index ``symbol``, sorted; a column each of the values of ``column``, sorted.
    """
    labels = [gene, symbol, column]
    with open_unpacked(path) as stream:
        frame = pd.read_csv(
            stream,
            sep="\t",
            usecols=[*labels, value],
            dtype=dict.fromkeys(labels, "category") | {value: np.float64},
            keep_default_na=False,
            na_values={value: [""]},
            **EXACT,
        )
    unusable = ~np.isfinite(frame[value])
    if unusable.any():
        raise BadInput(f"'{value}' is empty or infinite in {unusable.sum()} rows; fix it.")
    wide = frame.pivot(index=gene, columns=column, values=value)  # raises where a value repeats
    names = frame.drop_duplicates(gene).set_index(gene)[symbol].astype(str)[wide.index]
    clear = ~names.str.contains(r"^$|^ENSG\d{11}") & ~names.duplicated(keep=False)
    wide.index, wide.columns = names.rename("symbol"), wide.columns.astype(str).rename(None)
    return wide[clear.to_numpy()].dropna().sort_index()


@reader("expression")
def read_expression(path, *, cluster):
    """Read the expression of single cells as genes × cells.

    Parameters
    ----------
    path : Path
        An ``.h5ad`` of natural-log-normalised counts, ``log(1 + x)``; its ``raw`` layer is taken
        where there is one.
    cluster : str
        Column of ``obs`` that holds the cell type.

    Returns
    -------
    DataFrame
        Index ``symbol``; columns ``<cell type>|<cell>``.
    """
    import anndata

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old layouts are moved
        data = anndata.read_h5ad(path)
    layer = data.raw or data
    values = layer.X.toarray() if hasattr(layer.X, "toarray") else layer.X
    cells = data.obs[cluster].astype(str) + "|" + data.obs_names
    index = pd.Index(layer.var_names.astype(str), name="symbol")
    return pd.DataFrame(np.asarray(values, np.float64).T, index=index, columns=list(cells))


_GAF = (
    "db object symbol qualifier go_id reference evidence with aspect name synonym type taxon date "
    "assigned_by extension form"
).split()
"""Columns of GAF 2.2: http://geneontology.org/docs/go-annotation-file-gaf-format-2.2"""


@reader("gaf")
def read_gaf(path, *, without=("ND",)):
    """Read Gene Ontology annotations (GAF 2.1 or 2.2) of human genes.

    Where a row has two species, the first counts. Left out are annotations that say what a gene
    does *not* do (a qualifier with ``NOT``). Terms stay as they were annotated: that a term is part
    of another is said by the ontology.

    Parameters
    ----------
    path : Path
    without : tuple of str
        Evidence codes to leave out (``ND``: no data; ``IEA``: not seen by a curator).

    Returns
    -------
    DataFrame
        Columns ``symbol``, ``go_id``, ``aspect`` (``P`` process, ``F`` function, ``C``
        component), ``evidence``, ``qualifier`` and ``date``.
    """
    with open_unpacked(path) as stream:
        lines = stream.read().decode().replace("\r\n", "\n").split("\n")
    if not re.match(r"!\s*gaf-version:\s*2", "".join(lines[:1])):
        raise BadInput(
            ":1: does not begin with '!gaf-version: 2…'; take the official annotation file."
        )
    rows = [line.split("\t") for line in lines if line.strip() and not line.startswith("!")]
    if {len(row) for row in rows} != {len(_GAF)}:
        raise BadInput("is empty, or a line has not the 17 columns of GAF 2; fetch the file again.")
    frame = pd.DataFrame(rows, columns=_GAF, dtype=str)
    keep = ~frame.qualifier.str.contains(r"(?:^|\|)NOT(?:\||$)") & ~frame.evidence.isin(without)
    keep &= frame.taxon.str.split("|").str[0] == "taxon:9606"
    columns = ["symbol", "go_id", "aspect", "evidence", "qualifier", "date"]
    return frame.loc[keep, columns].reset_index(drop=True)


@reader("uniprot")
def read_uniprot(path, *, give="proteins"):
    """Read the JSON stream of UniProtKB as one of the tables that the site gives as TSV.

    Parameters
    ----------
    path : Path
    give : {"proteins", "keywords"}
        A row a protein, or each keyword that a protein has, once.

    Returns
    -------
    DataFrame
        Text. Of ``proteins``: ``Entry``, ``Gene Names (primary)`` (several joined by ``; ``) and
        ``Keywords`` (joined by ``;``). Of ``keywords``: ``keyword``, ``accession``, ``category``.
    """
    check(("proteins", "keywords"), "choice for 'give'", give)
    with open_unpacked(path) as stream:
        entries = json.load(stream)["results"]
    if give == "keywords":
        words = pd.DataFrame([word for entry in entries for word in entry.get("keywords", ())])
        words = words.rename(columns={"name": "keyword", "id": "accession"})
        words = words[["keyword", "accession", "category"]].drop_duplicates()
        return words.sort_values("keyword", ignore_index=True)
    rows = [
        (
            entry["primaryAccession"],
            "; ".join(g["geneName"]["value"] for g in entry.get("genes", ()) if "geneName" in g),
            ";".join(word["name"] for word in entry.get("keywords", ())),
        )
        for entry in entries
    ]
    return pd.DataFrame(rows, columns=["Entry", "Gene Names (primary)", "Keywords"], dtype=str)
