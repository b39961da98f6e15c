"""Telling inputs of the training distribution from others by a score."""

import numpy as np
from jaxtyping import Float

from gedi_nesy.extras import needs

with needs("metrics"):
    from sklearn.metrics import roc_auc_score

Scores = Float[np.ndarray, " item"]


def auroc(inside: Scores, outside: Float[np.ndarray, " other"]) -> float:
    """Area under the ROC curve: the probability that an item inside scores higher than one outside (ties half)."""
    truth = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    return float(roc_auc_score(truth, np.concatenate([inside, outside])))
