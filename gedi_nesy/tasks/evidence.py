"""What a verdict is made of, measured on trained networks and on the queries that they were and were not trained on."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from gedi_nesy.audit.evidence import Evidence, symbols_in_use
from gedi_nesy.data.queries import TaskData
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.tasks.agreement import Restarts
from gedi_nesy.tasks.chance import chance, chance_if_misread
from gedi_nesy.tasks.hold_out import Split
from gedi_nesy.tasks.programs import TaskLogProb
from gedi_nesy.tasks.readings import Readings, likeliest_temperature, log_probs_of, read
from gedi_nesy.tasks.rivals import Rivals, rivals

SUREST = 0.99
"""How sure of a reading a network counts as being, at the most: what it claims beyond that is no ground to doubt it."""


class Doubtful(NamedTuple):
    """A query that does not hold of what is read: its number among those of its template, and P(query)."""

    template: int
    query: int
    probability: float


class Judged(NamedTuple):
    """The numbers, and what they were counted from; readings stand template by template."""

    evidence: Evidence
    held_out: tuple[Readings, ...]
    training: tuple[Readings, ...]
    rivals: Rivals
    split: Split
    """which queries were held out"""

    @property
    def doubtful(self) -> list["Doubtful"]:
        """All queries that do not hold of what is read, the least probable first: the wrong ones are among them."""
        sides = ((self.training, self.split.kept), (self.held_out, self.split.left_out))
        found = [
            Doubtful(place, number, probability)
            for readings, numbers in sides
            for place, (each, rows) in enumerate(zip(readings, numbers, strict=True))
            for number, probability in zip(
                rows[~each.held.to(rows.device)].tolist(), each.probability[~each.held].tolist(), strict=True
            )
        ]
        return sorted(found, key=lambda each: each.probability)

    def held_out_accuracy(self, labels: Mapping[str, Int[Tensor, " image"]]) -> float:
        """Of the images in held-out queries, the share that is read as labelled; `labels` of each network's pool.

        It is what the estimated accuracy estimates. Training has seen these images: of others a little less is right.
        """
        right = [
            symbols == labels[reading.network].to(symbols.device)[template.indices[:, reading.argument]]
            for template, each in zip(self.split.held_out.templates, self.held_out, strict=True)
            for reading, symbols in zip(template.readings, each.symbols, strict=True)
        ]
        return _mean([each.float() for each in right])


def evidence_of(
    split: Split,
    log_prob: TaskLogProb,
    networks: Mapping[str, GEDI],
    restarts: Restarts | None = None,
    audited: bool = True,
) -> Judged:
    """Read all queries, and count; `restarts` are those of the run. The audit, which counts readings, takes longest."""
    held_out = read(split.held_out, log_prob, networks)
    training = read(split.training, log_prob, networks)
    temperature = likeliest_temperature(split.held_out, log_prob, networks)
    calibrated = read(split.held_out, log_prob, networks, temperature)
    clusters = {name: network.num_clusters for name, network in networks.items()}
    by_chance = chance(Generator().manual_seed(0), split.held_out, log_prob, held_out, clusters)
    misread = chance_if_misread(Generator().manual_seed(0), split.held_out, log_prob, held_out, clusters)
    unnoticed = max(by_chance, misread)
    labels = {name: _labels(split.training, name, network) for name, network in networks.items()}
    known = {(name, label) for name, pairs in labels.items() for label, read in pairs if label == read}
    found = rivals(split.training, log_prob, training, known) if audited else Rivals(None, None, {})
    evidence = Evidence(
        held=_total(held_out),
        held_out=split.held_out.num_queries,
        training_held=_total(training),
        training=split.training.num_queries,
        chance=by_chance,
        chance_if_misread=misread,
        expected=_expected(held_out, unnoticed, SUREST),
        temperature=temperature,
        posterior=_mean([each.posterior.flatten() for each in calibrated]),
        posterior_of_held=_mean([each.posterior[:, each.held].flatten() for each in calibrated]),
        readings_per_query=_readings_per_query(split.held_out),
        training_expected=_expected(training, unnoticed),
        symbols_in_use={
            name: symbols_in_use(_counts(split.training, name, network)) for name, network in networks.items()
        },
        symbols=clusters,
        labels=sum(len(pairs) for pairs in labels.values()),
        labels_misread=sum(label != read for pairs in labels.values() for label, read in pairs),
        readings=found.readings,
        agreement=restarts.agreement if restarts is not None else None,
        clusters_agreement=restarts.clusters_agreement if restarts is not None else None,
    )
    return Judged(evidence, held_out, training, found, split)


def _total(readings: Sequence[Readings]) -> int:
    return sum(int(each.held.sum()) for each in readings)


def _readings_per_query(data: TaskData) -> float:
    total = sum(len(each.indices) * len(each.readings) for each in data.templates)
    return total / max(data.num_queries, 1)


def _mean(parts: Sequence[Tensor]) -> float:
    joint = torch.cat(list(parts))
    return float(joint.mean()) if len(joint) else 0.0


def _expected(readings: Sequence[Readings], unnoticed: float, surest: float = 1.0) -> float:
    """If readings were right as often as networks are sure: all of a query are, or else it may hold all the same."""
    right = _mean([each.sureness.clamp(max=surest).prod(dim=0) for each in readings])
    return right + (1.0 - right) * unnoticed


@torch.no_grad()
def _labels(data: TaskData, name: str, network: GEDI) -> list[tuple[int, int]]:
    """Of each labelled image of a network, the label and what is read."""
    shown = data.networks[name]
    read = log_probs_of(network, shown, shown.labelled).argmax(dim=1)
    return list(zip(shown.labels.tolist(), read.tolist(), strict=True))


@torch.no_grad()
def _counts(data: TaskData, name: str, network: GEDI) -> list[int]:
    """How many images are read as each symbol, of all that the network was shown, up to 4096 of them."""
    indices: Int[Tensor, " image"] = data.train_indices(name)
    shown = indices[:: 1 + len(indices) // 4096]
    symbols = log_probs_of(network, data.networks[name], shown).argmax(dim=1)
    return torch.bincount(symbols, minlength=network.num_clusters).tolist()
