"""A model on a task beside the cells of a run: one recipe and one loop for what is measured so."""

from dataclasses import dataclass

from .. import probes
from ..core import workers
from ..models import inference
from . import run, splits


@dataclass(frozen=True)
class Pair:
    """A model and a task of a plan, by name."""

    model: str
    task: str

    def __str__(self) -> str:
        return f"{self.model} × {self.task}"


def recipe(plan, pair, stage, version):
    """What determines any measurement of a pair under random folds.

    Parameters
    ----------
    plan : Plan
    pair : Pair
    stage : str
    version : int

    Returns
    -------
    dict
    """
    task, declared = plan.tasks[pair.task], plan.declared
    probe = probes.method(task.kind)
    return {
        "stage": [stage, version, splits.VERSION, probes.VERSION],
        "task": [task.name, task.version, task.hash],
        "model": inference.recipe(declared.models[pair.model], plan.universe_digest, declared),
        "probe": [probe.name, probe.options],
        "split": ["random", plan.profile.folds, plan.profile.seed],
    }


def measure_all(plan, stage, pairs, *, jobs, **report):
    """Measure every pair that is not cached.

    Parameters
    ----------
    plan : Plan
    stage : ArrayStage
    pairs : list of Pair
    jobs : int
    **report
        ``say`` and ``progress``, see ``workers.execute``.

    Returns
    -------
    Outcome

    Raises
    ------
    RunFailed
    """
    with workers.pool(jobs, plan) as pool:
        run.embed(plan, dict.fromkeys(pair.model for pair in pairs), pool, **report)
        outcome = workers.execute(stage, plan, pairs, pool, **report)
    outcome.check(stage.name)
    return outcome
