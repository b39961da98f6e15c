"""L_NESY: what the program says of the images is likely."""

from collections.abc import Mapping

from torch import Tensor

from gedi_nesy.objectives.term import Seen, Term
from gedi_nesy.types import Scalar


def _loss(seen: Seen) -> Scalar:
    """-L_NESY = -mean log P(query), on both views.

    A query whose images are augmented still holds, and this is what keeps a network from memorising few queries. Known
    labels are a part with a mean of its own, so that few of them count beside many queries.
    """
    loss = -0.5 * (seen.query_log_probs.mean() + seen.query_log_probs_augmented.mean())
    for each in seen.networks:
        if each.labelled is not None:
            loss = loss - 0.5 * (
                each.labelled(each.log_probs).mean() + each.labelled(each.log_probs_augmented).mean()
            )
    return loss


def _satisfaction(seen: Seen) -> Mapping[str, Tensor]:
    """mean P(query) over the batch, without augmentation: not optimised, but what people understand."""
    return {"satisfaction": -seen.query_log_probs.detach().exp().mean()}


TERM = Term(name="nesy", loss=_loss, needs=("queries",), report=_satisfaction, comparable=True)
