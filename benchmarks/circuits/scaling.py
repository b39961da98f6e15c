"""How grounding, compiling, evaluating and the circuit grow with the size of a program, by family."""

import itertools
import time

import torch

from benchmarks.circuits.families import FAMILIES
from gedi_nesy.logic import Budget, Program
from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.circuits.compile import compile_graph
from gedi_nesy.logic.circuits.evaluate import Evaluator
from gedi_nesy.logic.circuits.layers import layer_graph
from gedi_nesy.logic.circuits.leaves import LeafWeights
from gedi_nesy.logic.grounding.ground import Request, ground

Row = dict[str, float | str]


def grow(family: str, size: int, seconds: float) -> Row:
    """CPU seconds of this process for each step of one program; TooLargeError beyond the budget of seconds."""
    clock = [time.process_time()]
    program = Program.from_string(FAMILIES[family][0](size), {}, name=f"{family} {size}")
    ends = program.front_end
    request = Request(
        "query(...)", tuple(ends.own_queries()), tuple(ends.own_evidence()), (), merge=False, keep_false=True
    )
    with Watch(program.source.name, request.text, Budget(seconds=seconds).running()) as watch:
        grounding = ground(ends, request, program.neural_predicates, watch)
        clock.append(time.process_time())
        graph = grounding.graph
        roots = [graph.conjunction([node, grounding.evidence]) for _, node in grounding.roots]
        compiled = compile_graph(graph, [*roots, grounding.evidence], watch)
        circuit = layer_graph(compiled.graph, compiled.roots)
        clock.append(time.process_time())
    like = torch.zeros(1, 1, dtype=torch.float64)
    leaves = LeafWeights(graph.variables, circuit.leaves)([], program.learnable().to(like), 1, like)
    *joint, evidence = Evaluator(circuit)(leaves)[0].tolist()
    clock.append(time.process_time())
    steps = [later - earlier for earlier, later in itertools.pairwise(clock)]
    return {
        "family": family,
        "N": size,
        "nodes": len(graph),
        **dict(zip(("ground s", "compile s", "evaluate s"), steps, strict=True)),
        "edges": circuit.edges,
        "depth": len(circuit.layers),
        "log P": joint[0] - evidence,
        "by": compiled.strategy or compiled.route,
    }
