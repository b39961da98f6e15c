"""Parts of a page that runs of `cluster` and of `train` share: curves of their terms, and chains of their networks."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from gedi_nesy.cli.run_folder import prepared
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.report.page.content import Chains, Curves
from gedi_nesy.sampling.sgld import OF_IMAGES, OF_POINTS, SGLDConfig
from gedi_nesy.training.records import Record

SHOWN_AFTER = (0, 5, 20, 50, 100, 200)
"""Langevin steps after which samples are shown."""
IMAGE_CHAINS, POINT_CHAINS = 8, 200
CHAINS = "Langevin chains on the energy, from a Gaussian fitted to the images: what the network finds likely."


def curves_of(history: Sequence[Record]) -> Curves:
    """The terms of all steps in a row, and where a phase begins."""
    names = dict.fromkeys(name for record in history for name in record.terms)
    every = max(1, history[1].step - history[0].step) if len(history) > 1 else 1
    terms = {
        name: [math.nan if (value := record.terms.get(name)) is None else value for record in history]
        for name in names
    }
    begins = {
        every * index: record.phase.replace("attempt", "restart")
        for index, record in enumerate(history)
        if index == 0 or history[index - 1].phase != record.phase
    }
    return Curves(terms=terms, phases=begins, every=every)


def image_chains(model: GEDI, seed: int, inverted: bool) -> Chains:
    """As L_GEN's sampler moves them, from where it begins; as the person has images, not as the network does."""
    generator = Generator().manual_seed(seed)
    states = _evolved(model, model.start(generator, IMAGE_CHAINS), generator, OF_IMAGES)
    shown = [prepared((255 * x).round().to(torch.uint8), inverted).numpy() for x in states]
    rows = [[state[chain] for state in shown] for chain in range(IMAGE_CHAINS)]
    return Chains(steps=SHOWN_AFTER, rows=rows, note=CHAINS)


def point_chains(model: GEDI, seed: int) -> dict[int, Float[np.ndarray, "chain dim"]]:
    """By the number of steps, from normal noise in standardised columns."""
    generator = Generator().manual_seed(seed)
    normal = torch.randn(POINT_CHAINS, *model.input_shape, generator=generator, dtype=torch.float64)
    states = _evolved(model, model.unstandardise(normal), generator, OF_POINTS)
    return {step: state.double().numpy() for step, state in zip(SHOWN_AFTER, states, strict=True)}


def _evolved(model: GEDI, start: Tensor, generator: Generator, config: SGLDConfig) -> list[Tensor]:
    """The same chains after as many steps as `SHOWN_AFTER` says."""
    states = [start]
    for before, after in pairwise(SHOWN_AFTER):
        steps = replace(config, num_steps=after - before)
        states.append(model.sample(len(start), generator, steps, states[-1]))
    return states
