"""How well a model tells unseen images of its own kind from others, by several scores; none has seen the others."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmarks.images.others import Other, some
from gedi_nesy.data.pixels import num_at_once, to_float
from gedi_nesy.metrics import ood
from gedi_nesy.metrics.compression import compressed_bits
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.sampling.sgld import frozen

Scores = Float[np.ndarray, " image"]


class Seen(NamedTuple):
    """What a model says of images, and what any program says of them."""

    energies: Scores
    gradient_norms: Scores
    """|dE/dx|"""
    confidences: Scores
    """max p(y|x)"""
    bits: Scores
    """bits a number when compressed"""


def energy_and_gradient(seen: Seen, training: Seen) -> Scores:
    """E(x) and log |dE/dx|, each in deviations from training images, added: far from data one of both is large."""
    logs = (np.log(each.gradient_norms + 1e-9) for each in (seen, training))
    return ood.standardised(seen.energies, training.energies) + ood.standardised(*logs)


SCORES: dict[str, Callable[[Seen, Seen], Scores]] = {
    "energy": lambda seen, training: -seen.energies,
    "gradient norm": lambda seen, training: -seen.gradient_norms,
    "energy and gradient": lambda seen, training: -energy_and_gradient(seen, training),
    "typicality": lambda seen, training: ood.typicality(seen.energies, training.energies),
    "max probability": lambda seen, training: seen.confidences,
    "compression": lambda seen, training: ood.typicality(seen.bits, training.bits),
}
"""From what is seen of images, and of training images, to scores that are high inside; compression needs no model."""

MEASURES: dict[str, Callable[[Scores, Scores], float]] = {
    "auroc": ood.auroc,
    "aupr": ood.average_precision,
    "fpr95": ood.false_positive_rate,
}

Figures = dict[str, dict[str, dict[str, float]]]
"""By set, score and measure."""


class Outside(NamedTuple):
    """The figures, and the scores that they are made of: by score, unseen images first, then each other set."""

    figures: Figures
    scores: Mapping[str, Mapping[str, Scores]]


def look(model: GEDI, images: Tensor, device: torch.device) -> Seen:
    """One pass forward and backward over all images."""
    parts = []
    with frozen(model):
        for part in images.split(num_at_once(images)):
            inputs = to_float(part).to(device).requires_grad_(True)
            logits = model(inputs)
            energies = -logits.logsumexp(dim=1)
            (gradient,) = torch.autograd.grad(energies.sum(), inputs)
            found = energies, gradient.flatten(1).norm(dim=1), logits.softmax(dim=1).amax(dim=1)
            parts.append(torch.stack([each.detach().double().cpu() for each in found]))
    pixels = (255 * to_float(images)).round().byte().numpy()
    energies, norms, confidences = torch.cat(parts, dim=1).numpy()
    return Seen(energies, norms, confidences, compressed_bits(pixels))


def told_apart(
    model: GEDI, training: Tensor, unseen: Tensor, others: Sequence[Other], device: torch.device
) -> Outside:
    """Every score against every other set; training images only say what is usual."""
    reference = look(model, some(training), device)
    seen = {"": look(model, some(unseen), device)}
    seen |= {other.name: look(model, other.images, device) for other in others}
    scores = {
        name: {place: score(each, reference) for place, each in seen.items()}
        for name, score in SCORES.items()
    }
    figures = {
        other.name: {
            name: {measure: function(found[""], found[other.name]) for measure, function in MEASURES.items()}
            for name, found in scores.items()
        }
        for other in others
    }
    return Outside(figures, scores)


def medians(figures: Figures) -> dict[str, float]:
    """AUROC of each score, the median over the sets."""
    if not figures:
        return {}
    return {
        f"ood_{name.replace(' ', '_')}": float(
            np.median([found[name]["auroc"] for found in figures.values()])
        )
        for name in SCORES
    }
