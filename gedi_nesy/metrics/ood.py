"""Telling inputs of the training distribution from others by a score."""

import math

import numpy as np
from jaxtyping import Float

from gedi_nesy.extras import needs

with needs("metrics"):
    from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

Scores = Float[np.ndarray, " item"]


def auroc(inside: Scores, outside: Float[np.ndarray, " other"]) -> float:
    """Area under the ROC curve: the probability that an item inside scores higher than one outside (ties half)."""
    truth = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    return float(roc_auc_score(truth, np.concatenate([inside, outside])))


def roc(inside: Scores, outside: Float[np.ndarray, " other"]) -> tuple[np.ndarray, np.ndarray]:
    """The ROC curve: for falling thresholds, the shares of those outside and of those inside that pass them."""
    truth = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    false, true, _ = roc_curve(truth, np.concatenate([inside, outside]))
    return false, true


def average_precision(inside: Scores, outside: Float[np.ndarray, " other"]) -> float:
    """Area under precision against recall, those inside being what is looked for; it depends on the shares of both."""
    truth = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    return float(average_precision_score(truth, np.concatenate([inside, outside])))


def false_positive_rate(inside: Scores, outside: Float[np.ndarray, " other"], recall: float = 0.95) -> float:
    """FPR95: the share of those outside that pass the highest threshold which `recall` of those inside pass."""
    place = math.ceil(recall * len(inside) - 1e-9)
    threshold = np.sort(inside)[::-1][place - 1]
    return float((outside >= threshold).mean())


def typicality(energies: Scores, reference: Float[np.ndarray, " training"]) -> Scores:
    """-|E(x) - mean E|, the mean over training inputs: a model's likeliest inputs are not its typical ones.

    The test of Nalisnick et al. (2019), for a batch of one.
    """
    return -np.abs(energies - reference.mean())


def standardised(values: Scores, reference: Float[np.ndarray, " training"]) -> Scores:
    """(value - mean) / deviation over training inputs; where all of these are alike, it is only shifted."""
    return (values - reference.mean()) / (reference.std() or 1.0)
