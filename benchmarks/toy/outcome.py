"""What comes of one seed of a row, and how it is judged."""

from typing import NamedTuple

import numpy as np
import torch

from benchmarks.toy.data import Sets, Task
from benchmarks.toy.trained.swav import Setting
from gedi_nesy.data.manifolds import fidelity
from gedi_nesy.metrics import clustering
from gedi_nesy.models.gedi import GEDI


class Attempt(NamedTuple):
    """What restarts are compared by; no label is in it."""

    objective: float
    inv: float
    """NaN for SwAV, which has no L_INV"""
    setting: Setting | None = None
    """of SwAV, whose restarts are settings"""
    diverged_at: int = 0
    """step by which it had diverged, and was void: its objective is then -inf; 0: it did not"""

    def as_results(self) -> dict[str, float]:
        """As results.json has it."""
        setting = {} if self.setting is None else self.setting._asdict()
        if self.diverged_at:
            return {"diverged_at": self.diverged_at, **setting}
        return {"objective": self.objective, **(setting or {"inv": self.inv})}


class Outcome(NamedTuple):
    """What a trained row gives for one seed; arrays that a method has not are empty."""

    predictions: np.ndarray
    on_grid: np.ndarray
    energies: np.ndarray
    samples: np.ndarray
    clusters_of_samples: np.ndarray
    history: np.ndarray
    seconds: float
    model: GEDI | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def failure(self) -> str | None:
        """Why there is nothing to report: every restart diverged."""
        steps = [each.diverged_at for each in self.attempts]
        if not steps or not all(steps):
            return None
        where = "its only restart" if len(steps) == 1 else f"all of its {len(steps)} restarts"
        return f"training diverged in {where}, by step {', '.join(map(str, steps))}: the loss is not finite"


def without_model(predictions: np.ndarray, on_grid: np.ndarray, seconds: float) -> Outcome:
    nothing = np.empty(0)
    return Outcome(predictions, on_grid, nothing, np.empty((0, 2)), nothing, np.empty((0, 3)), seconds)


def metrics(task: Task, sets: Sets, outcome: Outcome, noise: float) -> dict[str, float]:
    """NMI and accuracy under the best renaming on the test points; how samples keep to the manifolds, where known."""
    found: dict[str, float] = {}
    if task.labelled:
        labels = sets.test.labels.numpy()
        classes = int(max(labels.max(), outcome.predictions.max())) + 1
        found["nmi"] = clustering.nmi(labels, outcome.predictions)
        found["clustering_accuracy"] = clustering.clustering_accuracy(labels, outcome.predictions, classes)
    found["clusters_in_use"] = float(len(np.unique(outcome.predictions)))
    if task.known is not None and len(outcome.samples) and noise > 0:
        kept = fidelity(task.known, torch.from_numpy(outcome.samples), noise, task.num_clusters)
        found["samples_near"] = kept.on_manifold
        for number, share in enumerate(kept.shares):
            found[f"share_{number}"] = share
    found["seconds"] = outcome.seconds
    return found
