"""The same circuits on KLay's own layers and torch modules: a second opinion, and a measure for our
evaluation.

KLay's layers see only the layer before, so that deep circuits carry their leaves up through every one of
them; and its gradients are NaN where a leaf is -inf, so that leaves must be finite here.
"""

import klay
import torch
from jaxtyping import Float
from klay.torch.circuit_modules import CircuitModule
from torch import Tensor, nn

from gedi_nesy.logic.circuits.evaluate import log_floor
from gedi_nesy.logic.circuits.layers import FALSE_ROW, LayeredCircuit


class KlayEvaluator(nn.Module):
    """Takes the place of `Evaluator`."""

    def __init__(self, circuit: LayeredCircuit):
        super().__init__()
        self.circuit = circuit
        rows = [root for root in circuit.roots if not isinstance(root, bool)]
        self.positions = {row: position for position, row in enumerate(dict.fromkeys(rows))}
        self.module = (
            CircuitModule(*_indices(circuit, list(self.positions)), semiring="log") if rows else None
        )

    def forward(self, leaves: Float[Tensor, "leaf batch"]) -> Float[Tensor, "batch root"]:
        """Root log-probabilities from finite leaf log-probabilities."""
        values = leaves.new_zeros(leaves.shape[1], 0)
        if self.module is not None:
            # No node refers to the complement of a leaf, so that its weight does not matter.
            values = self.module.to(leaves.device)(leaves.T, leaves.T)
        constants = {
            True: leaves.new_zeros(leaves.shape[1]),
            False: leaves.new_full((leaves.shape[1],), log_floor(leaves.dtype)),
        }
        columns = [
            constants[r] if isinstance(r, bool) else values[:, self.positions[r]] for r in self.circuit.roots
        ]
        return torch.stack(columns, dim=1)


def _indices(layered: LayeredCircuit, roots: list[int]) -> tuple[list, list]:
    circuit = klay.Circuit()
    nodes: dict[int, klay.NodePtr] = {
        1 + leaf: circuit.literal_node(1 + leaf) for leaf in range(len(layered.leaves))
    }
    for layer in layered.layers:
        bags = [layer.bags[layer.offsets[i] : layer.offsets[i + 1]].tolist() for i in range(layer.products)]
        products = [
            circuit.and_node([nodes[row] for row in bag]) if bag != [FALSE_ROW] else None for bag in bags
        ]
        row, product = layer.first_row, 0
        for count, length in [*((block.count, block.length) for block in layer.blocks), (layer.plain, 1)]:
            for _ in range(count):
                branches = [branch for branch in products[product : product + length] if branch is not None]
                nodes[row] = branches[0] if len(branches) == 1 else circuit.or_node(branches)
                row, product = row + 1, product + length
    for root in roots:
        circuit.set_root(nodes[root])
    return circuit._get_indices()
