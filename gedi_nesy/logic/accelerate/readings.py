"""What the networks of a DeepProbLog model say of all distinct inputs of a batch: one call each."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from problog.logic import Term
from torch import Tensor

from gedi_nesy.logic.accelerate.best_values import best_values
from gedi_nesy.logic.accelerate.grouping import Group, bound
from gedi_nesy.logic.batch import check_outputs
from gedi_nesy.logic.circuits.evaluate import log_floor
from gedi_nesy.logic.grounding.slots import Slot
from gedi_nesy.logic.language.deepproblog_api import Network
from gedi_nesy.logic.language.neural import log_of_probabilities


class Reading(NamedTuple):
    """Log-probabilities of one network, a row an input; `best` has those alone that count where it has `k` set."""

    rows: dict[tuple[Term, ...], int]
    all: Float[Tensor, "input value"]
    best: Float[Tensor, "input value"]


class Readings(NamedTuple):
    """By the name of the network."""

    networks: dict[str, Reading]
    inputs: dict[int, list[list[tuple[Term, ...]]]]
    """of each group, by its id: what each of its slots reads, a query after the other"""

    def columns(self, group: Group) -> list[Float[Tensor, "query value"]]:
        """What the slots of a group's circuit read."""
        found = []
        for slot, inputs in zip(group.template.slots, self.inputs[id(group)], strict=True):
            reading = self.networks[slot.network]
            rows = torch.tensor([reading.rows[terms] for terms in inputs], device=reading.all.device)
            found.append((reading.best if slot.domain else reading.all).index_select(0, rows))
        return found


def read_networks(networks: Mapping[str, Network], groups: Sequence[Group]) -> Readings:
    """Call every network that the groups ask for once; ProgramError for outputs that are no distribution."""
    rows: dict[str, dict[tuple[Term, ...], int]] = {}
    slots: dict[str, dict[tuple, Slot]] = {}
    inputs: dict[int, list[list[tuple[Term, ...]]]] = {}
    for group in groups:
        inputs[id(group)] = []
        for place, slot in enumerate(group.template.slots):
            known = rows.setdefault(slot.network, {})
            terms = [bound(member.template.slots[place].inputs, member.images) for member in group.members]
            for each in terms:
                known.setdefault(each, len(known))
            inputs[id(group)].append(terms)
            slots.setdefault(slot.network, {}).setdefault(slot.domain, slot)
    read = {name: _read(networks[name], known, list(slots[name].values())) for name, known in rows.items()}
    return Readings(read, inputs)


def _read(network: Network, rows: dict[tuple[Term, ...], int], slots: Sequence[Slot]) -> Reading:
    outputs = network([list(terms) for terms in rows])
    together = outputs if isinstance(outputs, Tensor) else torch.stack(list(outputs))
    together = together.reshape(len(rows), -1)
    logs = log_of_probabilities(together, slots[0].network, slots[0].predicate)
    for slot in slots:
        check_outputs([slot], [logs])
    kept = best_values(together, network)
    return Reading(rows, logs, logs if kept is None else torch.where(kept, logs, log_floor(logs.dtype)))
