"""Cache key and path of the embeddings of a model: all that determines its vectors."""

from ..core import cache, paths
from ..core.errors import BadInput
from ..data import sources
from ..data.families import STEM_VERSION
from . import recipes

VERSION = 1
"""Bump when inference gives other vectors of the same model: all are made anew."""


def recipe(spec, digest, declared):
    """Gather everything that determines a model's vectors.

    Parameters
    ----------
    spec : ModelSpec
    digest : str
        Of the gene universe, by ``cache.of_names``.
    declared : Declarations

    Returns
    -------
    dict
        Encoder, options, weights, files, genes; plain values for ``cache.key``.
    """
    name, labels_of = spec.options.get("source"), spec.options.get("labels_of")
    files = declared.source(name).files if name else {}
    # what no declaration fixes, by the SHA-256 that it has now
    read = {source: declared.source(source).files for source in spec.reads}
    if not all(file.sha256 for file in files.values()):
        read[name] = [spec.options["file"]] if "file" in spec.options else files
    inputs = {
        source: {file: sources.digest_of(declared.source(source), file) for file in names}
        for source, names in read.items()
    }
    if labels_of:
        inputs["masked"] = cache.of_names(recipes.label_words(labels_of, declared))
    network = {"hub", "revision", "files", "pooling", "context"}
    if not spec.revision:  # which pins all files
        network.add("sha256")
    optional = {
        "inputs": inputs,
        "network": spec.model_dump(include=network, exclude_defaults=True),
        "of": [recipe(part, digest, declared) for part in parts(spec, declared)],
    }
    return {
        "stage": ["embed", VERSION],
        "encoder": spec.encoder,
        "options": spec.options,
        "weights": [spec.weights, sources.package_version(spec.weights)] if spec.weights else None,
        "files": {name: file.sha256 for name, file in files.items()},
        "stem": STEM_VERSION if spec.encoder == "stem" else None,
        "genes": digest,
        "dtype": spec.dtype,
        **{name: value for name, value in optional.items() if value},
    }


def parts(spec, declared):
    """Look up the models that one is made of, which its option ``of`` names; none for most.

    Parameters
    ----------
    spec, declared : ModelSpec, Declarations

    Returns
    -------
    list of ModelSpec
    """
    named = [declared.model(name) for name in spec.options.get("of", [])]
    for part in named:
        if part.options.get("of") or part.encoder == "oracle":
            raise BadInput(
                f"model '{spec.name}': it cannot be made of '{part.name}'; "
                f"name models with own vectors."
            )
    return named


def path(spec, genes, declared):
    """Name the file that caches a model's vectors.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
        The universe, sorted.
    declared : Declarations

    Returns
    -------
    Path
    """
    key = cache.key(recipe(spec, cache.of_names(genes.tolist()), declared))
    return paths.EMBEDDINGS / f"{spec.encoder}-{key}.npz"
