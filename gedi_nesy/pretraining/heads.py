"""Linear heads on frozen features, trained side by side: L_INV on pairs of near neighbours, and L_PRIOR."""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from gedi_nesy.features.moments import moments
from gedi_nesy.objectives.entropy import entropy
from gedi_nesy.objectives.inv import loss_inv
from gedi_nesy.objectives.prior import loss_prior
from gedi_nesy.training.network import average_decay, move_average
from gedi_nesy.training.records import Record
from gedi_nesy.training.schedule import annealed, cosine

BATCH = 512
RATE, WARMUP, EMA = 1.0, 50, 0.99
"""By how much a step may change a logit, about; steps of warm-up; decay of the averaged heads."""
WEIGHT_INV, WEIGHT_PRIOR = 1.0, 1.0
ENTROPY_START = 0.0
INITIAL = 0.1
"""Standard deviation of the logits when training begins."""
JUDGED = 16_384
"""Items over which restarts are compared, at the most, and with which of their neighbours."""
JUDGED_NEIGHBOURS = 5


RECORD_EVERY = 10
"""Steps from one entry of the history to the next."""


class Heads(NamedTuple):
    """Weights and biases of one head after another, in one matrix: (feature, head * cluster)."""

    weight: Float[Tensor, "feature output"]
    bias: Float[Tensor, " output"]


class HeadLearner:
    """Heads, Adam's moments, a generator and a count of steps: all that training changes.

    All heads see the same pairs, and begin differently. With a weight of the entropy that rises from `ENTROPY_START` to
    1 they are annealed, as restarts on images are.
    """

    def __init__(
        self,
        features: Float[Tensor, "item feature"],
        neighbours: Int[Tensor, "item neighbour"],
        num_clusters: int,
        heads: int,
        steps: int,
        seed: int,
    ):
        """`features` may have 16 bits; they are standardised batch by batch."""
        self.features, self.neighbours = features, neighbours
        self.num_clusters, self.heads, self.steps = num_clusters, heads, steps
        self.mean, self.std = moments(features)
        self.generator = Generator().manual_seed(seed)
        self.step = 0
        self.history: list[Float[Tensor, "term head"]] = []
        self.rate = RATE / math.sqrt(features.shape[1])
        size = features.shape[1], heads * num_clusters
        self.current = Heads(INITIAL * torch.randn(size, generator=self.generator), torch.zeros(size[1]))
        self.average = Heads(*(each.clone() for each in self.current))
        for each in self.current:
            each.requires_grad_()
        self.optimizer = torch.optim.Adam(self.current, lr=self.rate, betas=(0.9, 0.99))

    def take_step(self) -> tuple[float, float]:
        """One step of all heads on random pairs; L_INV and L_PRIOR, averaged over the heads."""
        items = torch.randint(len(self.features), (BATCH,), generator=self.generator)
        chosen = torch.randint(self.neighbours.shape[1], (BATCH,), generator=self.generator)
        others = self.neighbours[items, chosen].long()
        both = self.log_probs(self.current, torch.cat([items, others]))
        weight = annealed(self.step / self.steps, ENTROPY_START)
        inv, prior, hardness = _terms(*both.split(BATCH, dim=1))
        loss = WEIGHT_INV * (inv - (1 - weight) * hardness) + WEIGHT_PRIOR * prior
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * cosine(self.step, self.steps, WARMUP)
        self.optimizer.zero_grad()
        loss.sum().backward()
        self.optimizer.step()
        self.step += 1
        decay = average_decay(EMA, self.step)
        for average, current in zip(self.average, self.current, strict=True):
            move_average(average, current.detach(), decay)
        if (self.step - 1) % RECORD_EVERY == 0:
            self.history.append(-torch.stack([inv, prior]).detach())
        return -inv.mean().item(), -prior.mean().item()

    def log_probs(self, heads: Heads, items: Int[Tensor, " batch"]) -> Float[Tensor, "head batch cluster"]:
        """log p(y|x) of each head, for these items."""
        inputs = (self.features[items].float() - self.mean) / self.std / math.sqrt(len(self.mean))
        logits = inputs @ heads.weight + heads.bias
        return logits.view(len(items), self.heads, self.num_clusters).transpose(0, 1).log_softmax(dim=2)

    @torch.no_grad()
    def objective(self) -> Float[Tensor, " head"]:
        """w_inv L_INV + w_prior L_PRIOR of the averaged heads, over the same pairs for all; no label is seen."""
        generator = Generator().manual_seed(0)
        items = torch.randperm(len(self.features), generator=generator)[:JUDGED]
        plain = torch.cat([self.log_probs(self.average, part) for part in items.split(1024)], dim=1)
        inv = torch.zeros(self.heads)
        places = torch.linspace(0, self.neighbours.shape[1] - 1, JUDGED_NEIGHBOURS).long().unique()
        for place in places.tolist():
            others = self.neighbours[items, place].long()
            paired = torch.cat([self.log_probs(self.average, part) for part in others.split(1024)], dim=1)
            inv += loss_inv(plain, paired) / len(places)
        return -WEIGHT_INV * inv - WEIGHT_PRIOR * loss_prior(plain)

    def head(self, index: int) -> Heads:
        """One averaged head, for features as they come: standardising is part of it."""
        chosen = slice(index * self.num_clusters, (index + 1) * self.num_clusters)
        weight = self.average.weight[:, chosen] / self.std[:, None] / math.sqrt(len(self.mean))
        return Heads(weight, self.average.bias[chosen] - self.mean @ weight)

    def records(self, index: int) -> list[Record]:
        """The terms of one head, every so many steps."""
        return [
            Record(f"restart {index}", RECORD_EVERY * entry, {"inv": inv, "prior": prior})
            for entry, (inv, prior) in enumerate(terms[:, index].tolist() for terms in self.history)
        ]

    def state(self) -> dict[str, Any]:
        """All that training changes, as a checkpoint takes it."""
        return {
            "step": self.step,
            "current": [each.detach() for each in self.current],
            "average": list(self.average),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "history": self.history,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave, bit for bit."""
        with torch.no_grad():
            for name, own in (("current", self.current), ("average", self.average)):
                for value, saved in zip(own, state[name], strict=True):
                    value.copy_(saved)
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        self.step, self.history = state["step"], state["history"]


def _terms(
    plain: Float[Tensor, "head batch cluster"], paired: Float[Tensor, "head batch cluster"]
) -> tuple[Float[Tensor, " head"], Float[Tensor, " head"], Float[Tensor, " head"]]:
    """-L_INV, -L_PRIOR and the mean entropy; x and x' count alike, for each is a neighbour of the other."""
    inv = (loss_inv(plain, paired) + loss_inv(paired, plain)) / 2
    prior = (loss_prior(plain) + loss_prior(paired)) / 2
    return inv, prior, (entropy(plain) + entropy(paired)) / 2
