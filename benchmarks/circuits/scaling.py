"""How grounding, compiling, evaluating and the circuit grow with the size of a program, by family."""

import itertools
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.circuits.families import FAMILIES
from gedi_nesy.logic import Budget, Program
from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.circuits.compile import compile_graph
from gedi_nesy.logic.circuits.evaluate import Evaluator
from gedi_nesy.logic.circuits.layers import layer_graph
from gedi_nesy.logic.circuits.leaves import LeafWeights
from gedi_nesy.logic.errors import TooLargeError
from gedi_nesy.logic.grounding.ground import Request, ground

Row = dict[str, float | str]


def measure(family: str, size: int, seconds: float, stock: bool) -> Row:
    """A row of the table: what `grow` says, or that it was too much; stock ProbLog's seconds beside it, if asked."""
    try:
        row = grow(family, size, seconds)
    except TooLargeError:
        row = {"family": family, "N": size, "by": f"more than {seconds:g} s"}
    return row | {"ProbLog s": stock_seconds(FAMILIES[family][0](size), seconds)} if stock else row


def grow(family: str, size: int, seconds: float) -> Row:
    """CPU seconds for each step of one program, in this process and those it starts.

    TooLargeError beyond the budget of seconds, which are those of a clock on the wall.
    """
    clock = [_cpu()]
    program = Program.from_string(FAMILIES[family][0](size), {}, name=f"{family} {size}")
    ends = program.front_end
    request = Request(
        "query(...)", tuple(ends.own_queries()), tuple(ends.own_evidence()), (), merge=False, keep_false=True
    )
    with Watch(program.source.name, request.text, Budget(seconds=seconds).running()) as watch:
        grounding = ground(ends, request, program.neural_predicates, watch)
        clock.append(_cpu())
        graph = grounding.graph
        roots = [graph.conjunction([node, grounding.evidence]) for _, node in grounding.roots]
        compiled = compile_graph(graph, [*roots, grounding.evidence], watch)
        circuit = layer_graph(compiled.graph, compiled.roots)
        clock.append(_cpu())
    like = torch.zeros(1, 1, dtype=torch.float64)
    leaves = LeafWeights(graph.variables, circuit.leaves)([], program.learnable().to(like), 1, like)
    *joint, evidence = Evaluator(circuit)(leaves)[0].tolist()
    clock.append(_cpu())
    steps = [later - earlier for earlier, later in itertools.pairwise(clock)]
    return {
        "family": family,
        "N": size,
        "nodes": len(graph),
        **dict(zip(("ground s", "compile s", "evaluate s"), steps, strict=True)),
        "edges": circuit.edges,
        "depth": len(circuit.layers),
        "query": str(grounding.roots[0][0]),
        "log P": joint[0] - evidence,
        "by": compiled.strategy or compiled.route,
    }


def stock_seconds(text: str, seconds: float) -> float | str:
    """CPU seconds of `problog FILE`, without those of a program of one fact; or in a word why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        taken = []
        for program in ("a. query(a).", text):
            file = Path(folder) / "program.pl"
            file.write_text(program)
            found = _stock(file, seconds)
            if isinstance(found, str):
                return found
            taken.append(found)
    return max(0.0, taken[1] - taken[0])


def _stock(file: Path, seconds: float) -> float | str:
    before = _cpu()
    command = [sys.executable, "-m", "problog", str(file), "--timeout", str(max(1, round(seconds)))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if ":\t" not in done.stdout:
        words = (done.stdout + done.stderr).split()
        if "Timeout" in words:
            return f"more than {seconds:g} s"
        names = [word.strip(":") for word in words]
        errors = [name for name in names if name.endswith("Error")]
        return (errors or names[:1] or ["no answer"])[-1]
    return _cpu() - before


def _cpu() -> float:
    """CPU seconds so far of this process and of those it started that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
