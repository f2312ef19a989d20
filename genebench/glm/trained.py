"""A network trained here as a model: from its folder to conditionals, states and likelihoods."""

import json

import numpy as np
from safetensors.torch import load_model

from ..core import cache
from ..core.errors import BadInput
from . import net
from .token_model import TokenModel
from .tokens import Tokens

VERSION = 2
WEIGHTS, RECIPE = "weights.safetensors", "recipe.json"


class TrainedModel(TokenModel):
    """A network of a recipe; its weights are fresh until others are loaded into ``network``.

    Parameters
    ----------
    recipe : Recipe
        What determines the network.
    merges : str, optional
        Of ``Tokens``, where the recipe has byte pairs.
    device : str

    Attributes
    ----------
    network, tokens : torch.nn.Module, Tokens
    species : int
        Which species every window counts as, where the network has an embedding of species.
    """

    def __init__(self, recipe, merges=None, *, device="cpu"):
        self.recipe, self.name, self.device = recipe, recipe.name, device
        self.tokens = tokens = Tokens(recipe, merges)
        self._tokens = tokens.encode
        single, causal = recipe.tokens == "nucleotide", recipe.objective == "causal"
        self.objective = "causal" if causal else "masked"
        self.context, self.layers = recipe.context, recipe.depth + 1
        self.one_pass = recipe.objective != "masked"
        self.strand_symmetric = recipe.equivariant and not causal
        self.by_likelihood = recipe.tokens == "bpe"
        self.token_length = tokens.k
        if recipe.objective != "blind-spot" and recipe.mixer == "convolution" and single:
            self.receptive_field = recipe.context
        self.incremental = causal and recipe.mixer == "attention" and single
        self.mask, self.ids = tokens.mask, np.arange(recipe.vocabulary)
        self._species = None if recipe.species else 0
        on_cpu = device.startswith("cpu")
        self.bfloat16 = recipe.dtype == "bfloat16" and not on_cpu
        self.room = 1 << 13 if on_cpu else 1 << 16  # the caches of a CPU hold fewer states
        self.network = net.build(recipe).to(device).eval()

    @property
    def species(self):
        """Which species every window counts as; of a network of several one has to be chosen."""
        if self._species is None:
            raise BadInput(
                f"model '{self.name}' knows {self.recipe.species} species (the files that it was "
                f"trained on, in turn); say which, as in 'FOLDER@1'."
            )
        return self._species

    @species.setter
    def species(self, number):
        if not 0 <= number <= self.recipe.species:
            raise BadInput(
                f"model '{self.name}' has no species {number}, but {self.recipe.species or 'one'}."
            )
        self._species = number

    def _tokenized(self, windows):
        ids = self._tokens(windows)
        yield np.arange(len(ids)), ids, ids < self.recipe.vocabulary

    def _places(self, windows, positions):
        if self.tokens.merges is None:
            return super()._places(windows, positions)
        ends = (self.tokens.spans(w)[:, 1] for w in windows)
        return np.array([np.searchsorted(*given, "right") for given in zip(ends, positions)])

    def _logits(self, ids, which=0):
        return self.network(ids, self.species)[which]

    def _hidden(self, ids, layer):
        return self.network.states(ids, self.species)[layer]

    def _read_on(self, ids, start, past):
        from transformers import DynamicCache

        past, tower = past or DynamicCache(), self.network.tower
        ahead = min(len(tower.offsets) - 1, start)
        states = tower(ids[:, start - ahead :], self.species, past, ahead)[-1]
        return self.network.out(states), past

    def states(self, windows):
        """Hidden states of every layer, in which a base itself is seen.

        Parameters
        ----------
        windows : ndarray of shape (n, L), uint8
            Read in one pass.

        Returns
        -------
        list of ndarray of shape (n, L, d), float32
            A token's state stands at each of its bases.
        """
        sizes = [np.diff(self.tokens.spans(w))[:, 0] for w in windows]
        with self._computing():
            layers = self.network.states(self._placed(self._tokens(windows)), self.species)
        return [
            np.stack([np.repeat(h[: len(n)], n, axis=0) for h, n in zip(states, sizes)])
            for states in (layer.float().cpu().numpy() for layer in layers)
        ]


def load(folder, *, device="cpu"):
    """Load a model from the folder that training wrote.

    Parameters
    ----------
    folder : Path
        With ``recipe.json`` and ``weights.safetensors``.
    device : str

    Returns
    -------
    TrainedModel
        Ready to score.

    Raises
    ------
    BadInput
        No trained model, or weights that do not belong to the recipe.
    """
    path, weights, fault = folder / RECIPE, folder / WEIGHTS, ""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        recipe = net.recipe(saved["recipe"], where=str(path))
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise BadInput(
            f"{path}: no readable recipe ({type(err).__name__}); give a folder that "
            "'genebench glm train' made."
        )
    model = TrainedModel(recipe, saved.get("merges"), device=device)
    if not weights.exists():
        fault = f"a recipe but no {WEIGHTS}"
    elif saved.get("sha256") != cache.digest(weights):
        fault = f"another {WEIGHTS} than its recipe names (SHA-256 differs)"
    elif saved.get("version") != VERSION:
        fault = f"a network of version {saved.get('version')}, not {VERSION}"
    else:
        try:
            load_model(model.network, weights)
        except RuntimeError:
            fault = "weights that do not fit its recipe"
    if fault:
        raise BadInput(f"{folder}: has {fault}; train it again with the same command.")
    return model
