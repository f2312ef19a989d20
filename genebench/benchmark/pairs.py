"""A model on a task beside the cells of a run: one recipe and one loop for what is measured so."""

from dataclasses import dataclass

from .. import probes
from ..core import workers
from ..core.workers import ArrayStage, Outcome, Progress, Say, quiet
from ..models import inference
from . import run, splits
from .plan import Plan


@dataclass(frozen=True)
class Pair:
    """A model and a task of a plan, by name."""

    model: str
    task: str

    def __str__(self) -> str:
        return f"{self.model} × {self.task}"


def recipe(plan: Plan, pair: Pair, stage: str, version: int) -> dict:
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
    task, profile = plan.tasks[pair.task], plan.profile
    probe = probes.method(task.kind)
    spec = plan.declared.models[pair.model]
    return {
        "stage": [stage, version, splits.VERSION, probes.VERSION],
        "task": [task.name, task.version, task.hash],
        "model": inference.recipe(spec, plan.universe_digest, plan.declared),
        "probe": [probe.name, probe.options],
        "split": ["random", profile.folds, profile.seed],
    }


def measure_all(
    plan: Plan,
    stage: ArrayStage,
    pairs: list[Pair],
    *,
    jobs: int,
    say: Say = print,
    progress: Progress = quiet,
) -> Outcome:
    """Measure every pair that is not cached.

    Parameters
    ----------
    plan : Plan
    stage : ArrayStage
    pairs : list of Pair
    jobs : int
    say, progress : callable, optional

    Returns
    -------
    Outcome

    Raises
    ------
    RunFailed
    """
    report = {"say": say, "progress": progress}
    with workers.pool(jobs, plan) as pool:
        run.embed(plan, dict.fromkeys(pair.model for pair in pairs), pool, **report)
        outcome = workers.execute(stage, plan, pairs, pool, at_once=jobs, **report)
    outcome.check(stage.name)
    return outcome
