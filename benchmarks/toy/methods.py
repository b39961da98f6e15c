"""The rows of the toy table: what each method trains with, under the paper's preset and under ours.

What the paper does not state, and what is chosen here for its preset: 1,000 training points of noise 0.05; PyTorch's
initialisation; tau = 1; chains begin uniformly in the box around the data, widened by 1; SwAV's temperature 0.1 and
Sinkhorn-Knopp's 0.05 with three iterations.
"""

import math
from dataclasses import replace
from typing import Literal, NamedTuple, get_args

from benchmarks.toy.baselines import BASELINES, Baseline
from gedi_nesy.models.encoders import MLP
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives import table
from gedi_nesy.sampling.sgld import SGLDConfig
from gedi_nesy.training.vectorized.config import VectorizedConfig

Preset = Literal["default", "paper"]
Trained = Literal["JEM", "SwAV", "GEDI no prior", "GEDI no inv", "GEDI no gen", "GEDI"]
Method = Literal[Trained, Baseline]
TRAINED: tuple[Trained, ...] = get_args(Trained)
METHODS: tuple[Method, ...] = (*TRAINED, *BASELINES)


class Triple(NamedTuple):
    """A weight for each term."""

    gen: float
    inv: float
    prior: float


WEIGHTS: dict[Preset, Triple] = {"default": Triple(1.0, 2.0, 8.0), "paper": Triple(1.0, 50.0, 10.0)}

PAPER = VectorizedConfig(
    iterations=20_000,
    batch_size=400,
    batch_samples=400,
    learning_rate=1e-3,
    decay=False,
    betas=(0.9, 0.999),
    ema=0.0,
    entropy_start=1.0,
    both_views=False,
    augmentation=0.03,
    blur=0.0,
    walk=None,
    sgld=SGLDConfig(num_steps=1, step_size=0.01**2 / 2, noise=0.01),
    max_move=math.inf,
    energy_l2=0.0,
    buffer_size=10_000,
    reinit=0.05,
    start="uniform",
)
"""Table 3; JEM's sampler takes ten steps."""

DEFAULT = VectorizedConfig(iterations=4000)


def weights_of(method: Trained, weights: Triple) -> Triple:
    """The weights, with those at 0 that the method leaves out; SwAV has a loss of its own."""
    terms = table.METHODS.get(method, {})
    return weights._replace(**{name: 0.0 for name in Triple._fields if not terms.get(name)})


def config_of(method: Trained, preset: Preset, iterations: int | None = None) -> VectorizedConfig:
    """How the row is trained: `iterations` instead of the preset's, if given."""
    config = PAPER if preset == "paper" else DEFAULT
    if preset == "paper" and method == "JEM":
        config = replace(config, sgld=replace(config.sgld, num_steps=10))
    if method in ("JEM", "GEDI no gen"):
        # walks need an energy, and JEM has no pairs
        config = replace(config, walk=None)
    return config if iterations is None else replace(config, iterations=iterations)


def network(preset: Preset, num_inputs: int, num_clusters: int) -> GEDI:
    """2-100-100-2 with ReLU and a projector of 4 as in the paper; ours is 2-64-64 with SiLU and no projector."""
    if preset == "paper":
        backbone = MLP(num_inputs, hidden=(100, 100), num_features=2, activation="relu")
        return GEDI(backbone, num_clusters, hidden=4, activation="relu")
    backbone = MLP(num_inputs, hidden=(64, 64), num_features=None, activation="silu", input_gain=4.0)
    return GEDI(backbone, num_clusters)
