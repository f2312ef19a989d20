"""Classical encoders and shortcuts: what can be had without any model of biology."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from ..core import specs
from ..core.specs import ModelSpec
from ..data import sources
from ..data.families import families
from . import Embedding
from .ids import match

_CHROMOSOMES = np.array([*map(str, range(1, 23)), "X", "Y", "MT"])


def ngrams(
    spec: ModelSpec, genes: np.ndarray, *, longest: int, dim: int, seed: int = 0
) -> Embedding:
    """TF-IDF of the character 1- to ``longest``-grams of the gene symbol, reduced to ``dim`` axes by truncated SVD."""
    counts = TfidfVectorizer(
        analyzer="char", ngram_range=(1, longest), lowercase=False
    ).fit_transform(genes)
    return Embedding(genes, _svd(counts, dim, seed))


def stem(spec: ModelSpec, genes: np.ndarray, *, by: str = "stem") -> Embedding:
    """One indicator column per family with two or more genes, by a rule of ``families.families`` (symbol stems).

    A linear probe on it predicts the (shrunk) mean label of the gene's training relatives: the family mean. A gene
    without a relative in the universe is all zeros, so that it gets the mean of such genes.
    """
    code, names = pd.factorize(np.asarray(families(genes, specs.sources(), by=by)), sort=True)
    shared = np.bincount(code, minlength=len(names)) > 1
    related = np.flatnonzero(shared[code])
    column = np.cumsum(shared) - 1
    vectors = np.zeros((len(genes), shared.sum()), dtype=np.float32)
    vectors[related, column[code[related]]] = 1
    return Embedding(genes, vectors)


def constant(spec: ModelSpec, genes: np.ndarray) -> Embedding:
    """The same vector for every gene: a probe can predict the class prior of its training genes and nothing else."""
    return Embedding(genes, np.zeros((len(genes), 1), dtype=np.float32))


def profile_svd(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    source: str,
    file: str,
    set_column: str,
    gene_column: str,
    dim: int,
    seed: int = 0,
) -> Embedding:
    """Truncated SVD of the gene × annotation table, each annotation weighted by its inverse document frequency."""
    frame = sources.table(specs.source(source), file)
    frame = frame[frame[gene_column].isin(set(genes))]
    row, names = pd.factorize(frame[gene_column], sort=True)
    col, sets = pd.factorize(frame[set_column], sort=True)
    table = sparse.csr_matrix((np.ones(len(row)), (row, col)), shape=(len(names), len(sets)))
    table.data[:] = 1  # a pair may stand twice
    idf = np.log((1 + len(names)) / (1 + np.asarray(table.sum(axis=0)).ravel())) + 1
    return Embedding(names.to_numpy(str), _svd(table @ sparse.diags(idf), dim, seed))


def annotation_count(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    source: str,
    file: str,
    gene_column: str,
    counted: list[str],
) -> Embedding:
    """How studied a gene is: log(1 + number of distinct values) of each column in ``counted``; zero is a real count."""
    frame = sources.table(specs.source(source), file)
    number = frame.groupby(gene_column)[counted].nunique().reindex(genes, fill_value=0)
    return Embedding(genes, np.log1p(number.to_numpy(np.float32)))


def columns(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    source: str,
    file: str,
    gene_column: str,
    columns: list[str],
) -> Embedding:
    """Numeric columns of a table with one row per gene, as they are."""
    frame = sources.table(specs.source(source), file).set_index(gene_column).sort_index()
    frame = frame[frame.index.isin(genes)]
    return Embedding(frame.index.to_numpy(str), frame[columns].to_numpy(np.float32))


def coordinates(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    source: str,
    file: str,
    gene_column: str,
    biotypes: int = 10,
) -> Embedding:
    """Where a gene lies and how long it is: log10 of its length in bp, strand, chromosome and biotype.

    Reads the columns ``chr, start, end, strand, biotype`` of Ensembl's table. Columns: log length (from start to end,
    with introns), strand (1 or −1), one indicator for each of 25 chromosomes, and one for each of the ``biotypes``
    commonest biotypes of the table. Genes on other contigs have no vector; of a gene's rows the first is taken.
    """
    frame = sources.table(specs.source(source), file)
    frame = frame[frame.chr.isin(_CHROMOSOMES) & ~frame[gene_column].duplicated()]
    common = sorted(frame.biotype.value_counts().index[:biotypes])
    has, row = match(genes, frame[gene_column], kind="ensembl")
    held = frame.iloc[row]
    length = np.log10(held.end.astype(float) - held.start.astype(float) + 1).to_numpy()
    marks = [
        (held.chr.to_numpy()[:, None] == _CHROMOSOMES),
        (held.biotype.to_numpy()[:, None] == np.array(common)),
    ]
    vectors = np.column_stack([length, held.strand.to_numpy(float), *marks])
    return Embedding(genes[has], vectors.astype(np.float32))


def _svd(table, dim: int, seed: int) -> np.ndarray:
    dim = min(dim, min(table.shape) - 1)
    return TruncatedSVD(dim, n_iter=4, random_state=seed).fit_transform(table).astype(np.float32)


ENCODERS = {
    "ngrams": ngrams,
    "stem": stem,
    "constant": constant,
    "profile_svd": profile_svd,
    "annotation_count": annotation_count,
    "columns": columns,
    "coordinates": coordinates,
}
