"""What `solve` can print beside probabilities: the likeliest world, samples, proofs, parameters, decisions."""

import argparse
import json
import math
from collections.abc import Sequence

import torch

from gedi_nesy.logic import Program, ProgramError
from gedi_nesy.logic.inference.approximate import approximate
from gedi_nesy.logic.inference.bounds import bounds_of
from gedi_nesy.logic.inference.decide import best_strategy
from gedi_nesy.logic.inference.examples import read_examples
from gedi_nesy.logic.inference.interval import CONFIDENCE
from gedi_nesy.logic.inference.learn import learn_parameters
from gedi_nesy.logic.inference.learned_program import learned_program
from gedi_nesy.logic.inference.worlds import World, Worlds

MOST_PROOFS = 5
"""How many proofs of an answer are shown."""

WORLDS = 10_000
"""How many worlds with the evidence `--approximate` draws: intervals are then at most 0.01 to either side."""


def print_most_probable(program: Program, arguments: argparse.Namespace) -> None:
    """`solve --mpe`: which answers hold in the most probable world, or its choices where nothing is asked."""
    worlds = Worlds(program, arguments.budget)
    world = worlds.most_probable()
    if arguments.json:
        evidence = {"log_prob_evidence": worlds.log_evidence}
        print(json.dumps({"file": arguments.file, **_plain(world), **evidence}, indent=2))
        return
    print("\n".join(_literals(world) or world.choices))
    print(
        f"% P(world) = {_power(world.log_prob)}; given the evidence {_power(world.log_prob - worlds.log_evidence)}"
    )


def print_samples(program: Program, arguments: argparse.Namespace) -> None:
    """`solve --sample N`: which answers hold in worlds drawn given the evidence."""
    generator = torch.Generator().manual_seed(arguments.seed)
    samples = Worlds(program, arguments.budget).sample(arguments.sample, generator)
    if arguments.json:
        print(json.dumps({"file": arguments.file, "samples": [_plain(world) for world in samples]}, indent=2))
        return
    for number, world in enumerate(samples):
        if number:
            print("----------------")
        true = [str(term) for term, holds in world.answers.items() if holds]
        for literal in true if world.answers else world.choices:
            print(f"{literal}.")


def print_proofs(program: Program, arguments: argparse.Namespace) -> None:
    """`solve --explain`: every answer with its probability and its most probable proofs."""
    found = Worlds(program, arguments.budget).proofs(MOST_PROOFS)
    if arguments.json:
        answers = {
            str(term): {
                "probability": probability,
                "proofs": [{"choices": proof.choices, "probability": proof.probability} for proof in proofs],
            }
            for term, probability, proofs in found
        }
        print(json.dumps({"file": arguments.file, "answers": answers}, indent=2))
        return
    for term, probability, proofs in found:
        print(f"{term}:\t{probability:.8g}")
        for proof in proofs:
            print(f"    {proof.probability:.8g}\t{', '.join(proof.choices) or 'certain'}")
        rest = probability - sum(proof.probability for proof in proofs)
        if len(proofs) == MOST_PROOFS and rest > 1e-12:
            print(f"    {rest:.8g}\tother proofs")


def print_approximate(program: Program, arguments: argparse.Namespace) -> None:
    """`solve --approximate`: an estimate of every answer, its standard error, and the interval of 95%."""
    generator = torch.Generator().manual_seed(arguments.seed)
    found = approximate(program, arguments.worlds or WORLDS, generator, arguments.budget)
    if arguments.json:
        answers = {str(term): estimate._asdict() for term, estimate in found.answers}
        of = {"worlds": found.kept, "drawn": found.drawn, "confidence": CONFIDENCE}
        print(json.dumps({"file": arguments.file, "approximate": of, "answers": answers}, indent=2))
        return
    check_answers(found.answers, arguments)
    width = max(len(str(term)) for term, _ in found.answers)
    for term, (probability, error, lower, upper) in found.answers:
        print(f"{term!s:>{width + 2}}:\t{probability:.5g}\t+- {error:.2g}\t{lower:.5g} to {upper:.5g}")
    print(
        f"% estimates, their standard errors and intervals of {CONFIDENCE:.0%} from {found.kept:,} worlds with the"
        f" evidence, of {found.drawn:,} drawn"
    )


def print_bounds(program: Program, arguments: argparse.Namespace) -> None:
    """`solve --bounds WIDTH`: between which numbers the probability of every answer lies."""
    found = bounds_of(program, arguments.bounds, arguments.budget)
    if arguments.json:
        answers = {str(term): bounds._asdict() for term, bounds in found.answers.items()}
        plain = {"answers": answers, "cases": found.cases, "reached": found.reached}
        print(json.dumps({"file": arguments.file, **plain}, indent=2))
        return
    check_answers(list(found.answers), arguments)
    size = max(len(str(term)) for term in found.answers)
    for term, bounds in found.answers.items():
        print(f"{term!s:>{size + 2}}:\t{bounds.lower:.8g} to {bounds.upper:.8g}")
    reached = "" if found.reached else f"; not within {arguments.bounds:g} in {arguments.budget.seconds:g} s"
    print(f"% guaranteed bounds, from {found.cases} cases{reached}")


def check_answers(answers: Sequence[object], arguments: argparse.Namespace) -> None:
    """ProgramError where there is nothing to print."""
    if not answers:
        raise ProgramError(
            f"{arguments.file}: the program has no query(...) fact, or none of its queries has an answer"
        )


def print_learned(program: Program, arguments: argparse.Namespace) -> None:
    """`solve --learn EXAMPLES`: the program's parameters, and the program with them in a file if that is asked for."""
    examples = read_examples(arguments.learn)
    generator = torch.Generator().manual_seed(arguments.seed)
    learned = learn_parameters(program, examples, generator=generator, budget=arguments.budget)
    parameters = program.learnable.probabilities()
    if arguments.out:
        _write_new(arguments.out, learned_program(program))
    if arguments.json:
        plain = {"file": arguments.file, "examples": len(examples), **learned._asdict()}
        print(json.dumps({**plain, "parameters": parameters}, indent=2))
        return
    width = max(map(len, parameters))
    for name, value in parameters.items():
        print(f"{name:>{width + 2}}:\t{value:.8g}")
    print(
        f"% log P of {len(examples)} examples: {learned.log_likelihood:.10g}, after {learned.iterations} iterations"
    )


def print_strategy(program: Program, arguments: argparse.Namespace) -> None:
    """`solve --decide`: every decision, 1 where it is taken, and the expected utility of all together."""
    strategy = best_strategy(program, arguments.budget)
    if arguments.json:
        plain = {"decisions": strategy.decisions, "utility": strategy.utility}
        print(json.dumps({"file": arguments.file, **plain}, indent=2))
        return
    width = max(map(len, strategy.decisions), default=0)
    for name, taken in strategy.decisions.items():
        print(f"{name:>{width + 2}}:\t{int(taken)}")
    print(f"% expected utility: {strategy.utility:.10g}")


def _write_new(path: str, text: str) -> None:
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ProgramError(f"{path}: exists already, and is left as it is") from None
    except OSError as error:
        raise ProgramError(f"{path}: cannot be written: {error.strerror}") from None


def _plain(world: World) -> dict:
    answers = {str(term): holds for term, holds in world.answers.items()}
    return {"answers": answers, "choices": world.choices, "log_prob": world.log_prob}


def _literals(world: World) -> list[str]:
    return [f"{'' if holds else chr(92) + '+'}{term}" for term, holds in world.answers.items()]


def _power(log_prob: float) -> str:
    """A probability from its logarithm, however small."""
    return f"{math.exp(log_prob):.10g}" if log_prob > -700 else f"exp({log_prob:.6g})"
