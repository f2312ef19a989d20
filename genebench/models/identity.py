"""What determines the vectors of a model, and the file that caches them."""

from ..core import cache, paths
from ..core.errors import BadInput
from ..data import sources
from ..data.families import STEM_VERSION
from . import recipes

VERSION = 1


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
    source = spec.options.get("source")
    files = declared.source(source).files if source else {}
    network = {"hub", "revision", "files", "pooling", "context"}
    if not spec.revision:  # which pins all files
        network.add("sha256")
    optional = {
        "inputs": _inputs(spec, declared),
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


def _inputs(spec, declared):
    """What a model reads that no declaration fixes: source → file → SHA-256, and masked words.

    Sources are those under ``reads``, and the one of the option ``source`` where a file of it has
    no declared SHA-256.
    """
    chosen = {name: declared.source(name).files for name in spec.reads}
    own, file = spec.options.get("source"), spec.options.get("file")
    if own and not all(known.sha256 for known in declared.source(own).files.values()):
        chosen[own] = [file] if file else declared.source(own).files
    out = {
        name: {file: sources.digest_of(declared.source(name), file) for file in files}
        for name, files in chosen.items()
    }
    if spec.options.get("labels_of"):
        out["masked"] = cache.of_names(recipes.label_words(spec.options["labels_of"], declared))
    return out


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
