"""`paper`: Tables 4 and 5 of Sansone & Manhaeve (2025), and the text of their Appendices F and G, to the letter.

What these leave open is said in docs/images.md, beside what was taken.
"""

from functools import partial
from typing import NamedTuple

from benchmarks.images.presets.recipe import Asked, Images, Recipe
from benchmarks.images.rows import Row
from gedi_nesy.augmentation import photographs
from gedi_nesy.augmentation.photographs import PhotographConfig
from gedi_nesy.errors import ConfigError
from gedi_nesy.models.encoders import ResNet8
from gedi_nesy.objectives.table import Objective
from gedi_nesy.sampling.sgld import SGLDConfig
from gedi_nesy.training.config import StepConfig, TrainConfig


class Column(NamedTuple):
    """What differs between the data sets."""

    width: int
    """F, of ResNet8 and of the head"""
    epochs: int
    flip: bool
    prior: float
    """weight of L_PRIOR"""


COLUMNS = {
    "svhn": Column(width=128, epochs=20, flip=False, prior=25.0),
    "cifar10": Column(width=128, epochs=200, flip=True, prior=25.0),
    "cifar100": Column(width=256, epochs=200, flip=True, prior=50.0),
}
OTHERS = COLUMNS["cifar10"]
"""For sets that the paper does not have."""

GEN, INV = 1.0, 50.0
BATCH_SIZE, LEARNING_RATE, BETAS = 64, 1e-4, (0.9, 0.999)
SGLD = SGLDConfig(num_steps=20, step_size=1.0, noise=0.01, bounds=None)
BUFFER_SIZE, REINIT, DATA_NOISE = 10_000, 0.05, 0.03
JITTER = GREY = 0.1


def recipe(row: Row, images: Images, asked: Asked) -> Recipe:
    """All terms from the beginning, at a constant rate; ConfigError for a row in two stages: the paper has none."""
    assert row.objective is not None
    if row.first is not None:
        raise ConfigError("--preset paper has no rows in two stages: leave out '..., then ...' of --methods")
    column = COLUMNS.get(images.dataset, OTHERS)
    width, grey = asked.width or column.width, images.shape[0] == 1
    steps = asked.steps or column.epochs * max(1, images.num // BATCH_SIZE)
    views = PhotographConfig(flip=0.5 if column.flip and not grey else 0.0, jitter=JITTER, grey=GREY)
    return Recipe(
        train=TrainConfig(
            objective=objective(row.objective, column.prior),
            step=StepConfig(
                batch_unlabelled=BATCH_SIZE,
                batch_samples=asked.chains or BATCH_SIZE,
                learning_rate=LEARNING_RATE,
                betas=BETAS,
                ema=0.0,
                sgld=SGLD,
                buffer_size=BUFFER_SIZE,
                reinit=REINIT,
                data_noise_std=DATA_NOISE,
                both_views=False,
                precision=asked.precision or "float32",
            ),
            schedule="constant",
            entropy_start=1.0,
            explore=1,  # the one step without L_GEN: training always begins with a restart
            refine=steps - 1,
        ),
        make_backbone=partial(ResNet8, images.shape[0], list(images.shape[1:]), width=width),
        num_clusters=width,
        augment=partial(photographs.augment, config=views),
        hidden=2 * width,
        start_rank=0,
    )


def objective(of_row: Objective, prior: float) -> Objective:
    """The row's terms with the paper's weights, and nothing that holds energies near 0."""
    weights = {"gen": GEN, "inv": INV, "prior": prior}
    return {
        name: weights.get(name, weight) if weight > 0 else weight
        for name, weight in of_row.items()
        if name not in ("energy_l2", "nesy")
    }
