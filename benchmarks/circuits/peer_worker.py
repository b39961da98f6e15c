"""Times DeepLog and compiled circuits in one process, for `--peers`: python peer_worker.py PROGRAM BATCH REPEATS.

Runs as a script in an environment in which both can be imported, which needs no more of this project than
`gedi_nesy.logic`. One line of JSON. The text is the same for both, since ProbLog also reads operators as functors.
"""

import importlib
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

DIGITS = ", ".join(map(str, range(10)))
READER = f"nn(reader, [X], Y, [{DIGITS}]) :: digit(X, Y).\n"
OPERATORS = ("+", "-", "*")
"""By their number: what reads a digit reads them too, and other numbers are no operator."""


class Peer(NamedTuple):
    """A program whose query is `answer(I1, ..., In, Value)`, or `answer(I1, ..., In)` of one known value."""

    name: str
    text: str
    images: int
    free: bool


def sums(digits: int) -> Peer:
    """Written flat, every sum an answer."""
    names = [f"{number}{place}" for number in "AB" for place in range(digits)]
    goals = ", ".join(f"digit(I{name}, {name})" for name in names)
    numbers = []
    for number in "AB":
        value = f"{number}0"
        for place in range(1, digits):
            value = f"+(*(10, {value}), {number}{place})"
        numbers.append(value)
    heads = ", ".join(f"I{name}" for name in names)
    rule = f"answer({heads}, V) :- {goals}, is(V, +({', '.join(numbers)}))."
    title = "one digit" if digits == 1 else f"{digits} digits"
    return Peer(f"{title}, all sums", f"{READER}{rule}\n", len(names), True)


def known_sum(digits: int) -> Peer:
    """With a carry, of one sum, whose digits are 1, 2, 3, ... from the last one on."""
    rules, heads = ["carry0(0)."], ""
    for place in range(digits):
        heads += f"{', ' if heads else ''}IA{place}, IB{place}"
        before = "" if place == 0 else f"{heads.rsplit(', ', 2)[0]}, "
        rules.append(
            f"carry{place + 1}({heads}, D) :- carry{place}({before}C), digit(IA{place}, X), digit(IB{place}, Y),"
            f" is(T, +(+(X, Y), C)), is({place + 1}, mod(T, 10)), is(D, div(T, 10))."
        )
    rules.append(f"answer({heads}) :- carry{digits}({heads}, 1).")
    return Peer(f"{digits} digits, one sum", READER + "\n".join(rules) + "\n", 2 * digits, False)


def formulas(symbols: int) -> Peer:
    """Digits and operators in turn, every value an answer; * goes before + and -."""
    heads = ", ".join(f"I{place}" for place in range(symbols))
    goals = [f"digit(I{place}, S{place})" for place in range(symbols)]
    inner = ", ".join(f"S{place}" for place in range(symbols))
    rules = [f"answer({heads}, V) :- {', '.join(goals)}, value({inner}, V)."]
    for codes in itertools.product(range(3), repeat=symbols // 2):
        arguments = [str(codes[place // 2]) if place % 2 else f"S{place}" for place in range(symbols)]
        rules.append(f"value({', '.join(arguments)}, V) :- is(V, {_parsed(arguments)}).")
    return Peer(f"formulas of {symbols} symbols, all values", READER + "\n".join(rules) + "\n", symbols, True)


def _parsed(symbols: list[str]) -> str:
    """The expression, its operators as functors."""
    total, term, sign = "", symbols[0], ""
    for name, digit in zip(symbols[1::2], symbols[2::2], strict=True):
        if OPERATORS[int(name)] == "*":
            term = f"*({term}, {digit})"
            continue
        total, sign, term = (f"{sign}({total}, {term})" if total else term), OPERATORS[int(name)], digit
    return f"{sign}({total}, {term})" if total else term


PEERS: dict[str, Callable[[], Peer]] = {
    "one": partial(sums, 1),
    "two": partial(sums, 2),
    "three": partial(known_sum, 3),
    "four": partial(known_sum, 4),
    "formula-3": partial(formulas, 3),
    "formula-5": partial(formulas, 5),
}


class Given(nn.Module):
    """Probabilities that are handed in as images."""

    def forward(self, x: Tensor) -> Tensor:
        """A row each."""
        return x.flatten(1)


def deeplog_module(peer: Peer) -> tuple[Callable[..., Tensor], list[str]]:
    """DeepLog's module of all answers, and their values."""
    deeplog, prolog, system = (
        importlib.import_module(name)
        for name in ("deeplog", "deeplog.grounding.prolog", "deeplog.systems.deepproblog")
    )
    images = ", ".join(f"i{index}" for index in range(peer.images))
    query = f"?- answer({images}{', V' if peer.free else ''}).\n"
    solver = system.Solver(prolog.SimpleGrounder())
    result = solver.get_query_result(tuple(prolog.str_to_rules(peer.text + query)))
    builders = {("reader", 2, "probability"): partial(deeplog.NetworkPredicate, module=Given())}
    module = system.compile_to_module(result, deeplog.Compiler(atom_builders=builders))
    symbols: Any = module.get_output_shape()
    names = [deeplog.symbol_to_str(deeplog.without_structure(symbol)) for symbol in symbols]
    return module, [name[:-1].rsplit(",", 1)[1].strip() if peer.free else "true" for name in names]


def circuit_module(peer: Peer) -> tuple[Callable[..., Tensor], list[str], int]:
    """Ours: log-probabilities of all answers, their values, and the circuit's edges."""
    logic = importlib.import_module("gedi_nesy.logic")
    program = logic.Program.from_string(peer.text, {"reader": Given()})
    program.store = None
    images = [f"I{index}" for index in range(peer.images)]
    query = program.compile(
        f"answer({', '.join(images)}{', V' if peer.free else ''})", images, "V" if peer.free else None
    )

    def module(*xs: Tensor) -> Tensor:
        given = dict(zip(images, xs, strict=True))
        return query.log_distribution(**given) if peer.free else query.log_prob(**given)[:, None]

    answers = [str(answer) for answer in query.answers] if peer.free else ["true"]
    return module, answers, query.template.circuit.edges


def measure(name: str, batch: int, repeats: int) -> dict[str, Any]:
    """CPU microseconds a query, forward and backward, in turns; and how far the two are apart."""
    peer = PEERS[name]()
    started = time.process_time()
    theirs, their_answers = deeplog_module(peer)
    compiled = time.process_time()
    ours, answers, edges = circuit_module(peer)
    row: dict[str, Any] = {"program": peer.name, "answers": len(answers), "edges": edges}
    row |= {"DeepLog compiles s": compiled - started, "compiles s": time.process_time() - compiled}
    generator = torch.Generator().manual_seed(0)
    xs = [
        torch.softmax(torch.randn(batch, 1, 10, generator=generator), 2).requires_grad_()
        for _ in range(peer.images)
    ]
    place = [their_answers.index(answer) for answer in answers]
    row["apart"] = float((theirs(*xs)[:, place] - ours(*xs).exp()).detach().abs().max())

    def their_step() -> None:
        torch.log(theirs(*xs) + 1e-30).mean().backward()

    def our_step() -> None:
        ours(*xs).mean().backward()

    seconds: dict[str, list[float]] = {"DeepLog": [], "ours": []}
    for step in (their_step, our_step) * 3:
        step()
    for _ in range(repeats):
        for label, step in (("DeepLog", their_step), ("ours", our_step)):
            started = time.process_time()
            step()
            seconds[label].append(time.process_time() - started)
    for label, found in seconds.items():
        row[f"{label} us"] = 1e6 * statistics.median(found) / batch
    return row | {"times": row["DeepLog us"] / row["ours us"]}


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
