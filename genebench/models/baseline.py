"""Shortcuts: what can be known of a gene without any model of biology."""

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer

from ..data import sources
from ..data.families import families
from . import Embedding
from .ids import rows_of
from .table import truncated_svd

_CHROMOSOMES = np.array([*map(str, range(1, 23)), "X", "Y", "MT"])


def ngrams(spec, genes, *, longest, dim, declared=None):
    """Weigh the character n-grams of the gene symbol by TF-IDF and reduce them by truncated SVD.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    longest : int
        n-grams of 1 to ``longest`` characters.
    dim : int
        Number of axes.
    declared : Declarations, optional
        Not read.

    Returns
    -------
    Embedding
        Every gene.
    """
    tfidf = TfidfVectorizer(analyzer="char", ngram_range=(1, longest), lowercase=False)
    return Embedding(genes, truncated_svd(tfidf.fit_transform(genes), dim))


def stem(spec, genes, *, declared, by="stem"):
    """Mark the family of each gene: one indicator column per family with two or more genes.

    A linear probe on it predicts the (shrunk) mean label of the gene's training relatives: the
    family mean. A gene without a relative in the universe is all zeros, so that it gets the mean
    of such genes.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations
    by : str
        Rule of ``families.families``: symbol stems, or HGNC gene groups.

    Returns
    -------
    Embedding
        Every gene.
    """
    names = pd.Series(families(genes, declared.sources, by=by))
    shared = names.where(names.duplicated(keep=False))
    return Embedding(genes, pd.get_dummies(shared, dtype=np.float32).to_numpy())


def constant(spec, genes, *, declared=None):
    """Give every gene the same vector.

    A probe can predict the class prior of its training genes and nothing else.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations, optional
        Not read.

    Returns
    -------
    Embedding
        Every gene, one dimension.
    """
    return Embedding(genes, np.zeros((len(genes), 1), dtype=np.float32))


def annotation_count(spec, genes, *, declared, source, file, gene_column, counted):
    """Count how studied a gene is: log(1 + number of distinct values) of some columns.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations
    source, file : str
        Source and its file.
    gene_column : str
        Column of gene symbols.
    counted : list of str
        Columns whose distinct values are counted.

    Returns
    -------
    Embedding
        Every gene; zero is a real count.
    """
    table = sources.table(declared.source(source), file)
    number = table.groupby(gene_column)[counted].nunique().reindex(genes, fill_value=0)
    return Embedding(genes, np.log1p(number.to_numpy(np.float32)))


def coordinates(spec, genes, *, declared, source, file, gene_column, biotypes=10):
    """Describe where a gene lies and how long it is.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations
    source, file : str
        Ensembl's table with the columns ``chr, start, end, strand, biotype``; of a gene's rows the
        first is taken.
    gene_column : str
        Column of Ensembl gene ids.
    biotypes : int
        How many of the commonest biotypes of the table have an indicator.

    Returns
    -------
    Embedding
        log10 of the length in bp (start to end, with introns), strand (1 or −1), one indicator for
        each of 25 chromosomes and for each biotype. Genes on other contigs have no vector.
    """
    table = sources.table(declared.source(source), file)
    table = table[table.chr.isin(_CHROMOSOMES) & ~table[gene_column].duplicated()]
    common = sorted(table.biotype.value_counts().index[:biotypes])
    length = np.log10(table.end.astype(float) - table.start.astype(float) + 1).to_numpy()
    on_chromosome = table.chr.to_numpy()[:, None] == _CHROMOSOMES
    of_biotype = table.biotype.to_numpy()[:, None] == np.array(common)
    parts = [length, table.strand.to_numpy(float), on_chromosome, of_biotype]
    return rows_of(genes, table[gene_column], np.column_stack(parts), declared, kind="ensembl")
