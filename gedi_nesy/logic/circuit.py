"""Batched evaluation of a compiled graph in log space, laid out in layers by KLay."""

from dataclasses import dataclass

import klay
import torch
from jaxtyping import Float
from torch import Tensor, nn

from gedi_nesy.logic.graph import FALSE, TRUE, Graph

Leaf = tuple[int, int]
"""(variable, value): the event that a choice takes one value."""


@dataclass
class Layout:
    """A graph as KLay's layers: `leaves[i]` feeds column i; `columns[r]` is root r's output, or its constant truth value."""

    leaves: list[Leaf]
    children: list[Tensor]
    offsets: list[Tensor]
    columns: list[int | bool]
    nodes: int


def lay_out(graph: Graph, roots: list[int]) -> Layout:
    """Hand a graph without negations to KLay; constant roots never reach it."""
    circuit = klay.Circuit()
    leaves: dict[Leaf, int] = {}
    built: dict[int, klay.NodePtr] = {}
    columns: list[int | bool] = []
    positions: dict[int, int] = {}
    proper = [root for root in dict.fromkeys(roots) if root not in (FALSE, TRUE)]
    for index in graph.reachable(proper):
        node = graph.nodes[index]
        if node[0] == "lit":
            values = [
                value for value in range(len(graph.variables[node[1]].weights) + 1) if node[2] >> value & 1
            ]
            inputs = [_leaf(circuit, leaves, (node[1], value)) for value in values]
            built[index] = inputs[0] if len(inputs) == 1 else circuit.or_node(inputs)
        elif node[0] == "and":
            built[index] = circuit.and_node([built[child] for child in node[1]])
        elif node[0] == "or":
            built[index] = circuit.or_node([built[child] for child in node[1]])
    for root in proper:
        positions[root] = len(positions)
        circuit.set_root(built[root])
    columns = [positions.get(root, root == TRUE) for root in roots]
    children, offsets = circuit._get_indices() if proper else ([], [])
    as_tensors = [torch.as_tensor(part, dtype=torch.long) for part in (*children, *offsets)]
    return Layout(
        list(leaves), as_tensors[: len(children)], as_tensors[len(children) :], columns, circuit.nb_nodes()
    )


def _leaf(circuit: klay.Circuit, leaves: dict[Leaf, int], leaf: Leaf) -> klay.NodePtr:
    # KLay orders its inputs as +1, -1, +2, -2, ...: two leaves share a KLay variable, since here no leaf has a complement.
    position = leaves.setdefault(leaf, len(leaves))
    sign = 1 if position % 2 == 0 else -1
    return circuit.literal_node(sign * (position // 2 + 1))


class Circuit(nn.Module):
    """Root log-probabilities from leaf log-probabilities, which must be finite."""

    def __init__(self, layout: Layout):
        super().__init__()
        self.columns = layout.columns
        self.layers = None
        if layout.children:
            from klay.torch.circuit_modules import CircuitModule

            self.layers = CircuitModule(layout.children, layout.offsets, semiring="log").layers

    def forward(self, leaves: Float[Tensor, "leaf batch"]) -> Float[Tensor, "batch root"]:
        """Constant roots give 0 and the log of the smallest normal number, the floor of all probabilities here."""
        floor = torch.log(
            torch.tensor(torch.finfo(leaves.dtype).tiny, dtype=leaves.dtype, device=leaves.device)
        )
        constants = {True: leaves.new_zeros(leaves.shape[1]), False: floor.expand(leaves.shape[1])}
        outputs = leaves.new_zeros(0, leaves.shape[1])
        if self.layers is not None:
            # The first two rows are KLay's constants false and true, which no node here refers to.
            outputs = self.layers(torch.cat([leaves.new_zeros(2, leaves.shape[1]), leaves]))
        rows = [constants[c] if isinstance(c, bool) else outputs[c] for c in self.columns]
        return torch.stack(rows, dim=1)
