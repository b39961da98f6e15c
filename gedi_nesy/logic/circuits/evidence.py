"""Evidence that is impossible by its probabilities is refused: there is nothing to condition on."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gedi_nesy.logic.circuits.evaluate import log_floor
from gedi_nesy.logic.errors import ProgramError

_IMPOSSIBLE = -1e9
"""A log-probability in float64 beside which the logarithm of any number of branches is nothing."""


class ImpossibleEvidenceError(ProgramError):
    """Evidence of probability 0; `rows` are those of the batch in which it is, `where` says so in words."""

    def __init__(self, evidence: str, rows: Sequence[int], where: str):
        super().__init__(f"the evidence {evidence} is impossible: its probability is 0{where}")
        self.evidence, self.rows, self.where = evidence, tuple(rows), where

    def __reduce__(self):
        """Pickled by its arguments: it may cross from one process to another."""
        return type(self), (self.evidence, self.rows, self.where)


def check_possible(
    evidence: str,
    evaluate: Callable[[Tensor], Tensor],
    leaves: Float[Tensor, "leaf batch"],
    log_evidence: Float[Tensor, " batch"],
) -> None:
    """ImpossibleEvidenceError naming the evidence and the rows in which its probability is 0.

    A probability of 0 has a floor in the place of its logarithm, and evidence may truly be as improbable as
    that, so the number alone decides nothing. Where it is that small, the same circuit says whether every
    branch of the evidence has a leaf of probability 0.
    """
    suspicious = (log_evidence < 0.9 * log_smallest(leaves.dtype)).nonzero()[:, 0]
    if len(suspicious) == 0:
        return
    zero = is_zero(leaves.detach()[:, suspicious])
    possible = evaluate(torch.where(zero, _IMPOSSIBLE, 0.0).double())[:, -1] > _IMPOSSIBLE / 2
    rows = suspicious[~possible].tolist()
    if rows:
        where = f" in rows {listed(rows)} of the batch of {leaves.shape[1]}" if leaves.shape[1] > 1 else ""
        raise ImpossibleEvidenceError(evidence, rows, where)


def listed(numbers: Sequence[int]) -> str:
    """The first eight of them."""
    return ", ".join(map(str, numbers[:8])) + (", ..." if len(numbers) > 8 else "")


def is_zero(leaves: Float[Tensor, "leaf batch"]) -> Bool[Tensor, "leaf batch"]:
    """Leaves whose log-probability stands for a probability of 0: either floor of `leaves.py`."""
    smallest = log_smallest(leaves.dtype)
    near = 16 * torch.finfo(leaves.dtype).eps * abs(smallest)
    return (leaves <= log_floor(leaves.dtype)) | ((leaves - smallest).abs() <= near)


def log_smallest(dtype: torch.dtype) -> float:
    """The logarithm of the smallest normal number, for which a network's probability of 0 counts."""
    return log_floor(dtype) / 16
