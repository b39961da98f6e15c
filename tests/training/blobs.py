"""Images whose answer is known: four blobs, one a quadrant, a rule on pairs of them, and a small learner."""

from dataclasses import replace

import torch

from gedi_nesy.data.queries import QuerySet
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives.table import METHODS, Objective
from gedi_nesy.training.config import StepConfig
from gedi_nesy.training.learner import Learner

CLASSES = 4
STILL = replace(StepConfig().warp, rotate=0.0, translate=1.0)
SMALL = StepConfig(batch_size=16, batch_samples=4, buffer_size=8, warp=STILL, ema=0.9, learning_rate=3e-3)


def objective(**changes: float) -> Objective:
    """GEDI's, with these weights changed."""
    return {**METHODS["GEDI"], **changes}


def blobs(labels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    images = 0.2 * torch.rand(len(labels), 1, 16, 16, generator=generator)
    for image, label in zip(images, labels.tolist(), strict=True):
        row, column = 8 * (label // 2), 8 * (label % 2)
        image[0, row + 1 : row + 7, column + 1 : column + 7] += 0.7
    return images


def pairs(generator: torch.Generator) -> QuerySet:
    """Pairs (a, b) with b = a + 1; from the rule alone the symbols follow: 0 is never second, 3 never first."""
    first = torch.randint(CLASSES - 1, (60,), generator=generator)
    labels = torch.cat([first, first + 1])
    tuples = torch.stack([torch.arange(60), torch.arange(60, 120)], dim=1)
    return QuerySet(blobs(labels, generator), tuples, torch.empty(0, dtype=torch.long))


def successor(blocks: torch.Tensor) -> torch.Tensor:
    """log P(b = a + 1), summed over the three ways."""
    first, second = blocks
    return torch.logsumexp(first[:, :-1] + second[:, 1:], dim=1)


def learner(data: QuerySet, seed: int = 0, config: StepConfig = SMALL) -> Learner:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = GEDI(ConvNet(image_size=16, width=8, num_features=16), CLASSES, start_rank=4)
    model.fit_start(data.images)
    return Learner(model, data, config, torch.Generator().manual_seed(seed))
