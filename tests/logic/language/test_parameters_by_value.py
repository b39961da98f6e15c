"""t(_, X) has a parameter for each value of X: as if the program had a clause for each."""

import pytest
import torch

from gedi_nesy.logic import Program

TOGETHER = """
person(ann). person('B. o').
t(0.2, X) :: tall(X) :- person(X).
t(0.3, X) :: cat(X, Y); t(_, X) :: dog(X, Y) :- person(X), member(Y, [1, 2]).
pet(X, Y) :- cat(X, Y). pet(X, Y) :- dog(X, Y).
likes(X, Y) :- cat(X, Y), tall(X). likes(X, Y) :- dog(X, Y), \\+ tall(X).
all_like :- likes(ann, 1), likes(ann, 2), likes('B. o', 1).
query(tall(_)). query(cat(_, _)). query(pet(_, _)). query(all_like).
"""


def apart() -> str:
    """The same with a clause for each person."""
    lines = []
    for line in TOGETHER.splitlines():
        if line.startswith("t("):
            for person in ("ann", "'B. o'"):
                lines.append(line.replace(", X) ::", ") ::").replace("(X", f"({person}"))
        else:
            lines.append(line)
    return "\n".join(lines)


def random_logits(program: Program, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in program.parameters():
        with torch.no_grad():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype))


def solved(program: Program) -> dict[str, float]:
    return {str(term): p for term, p in program.solve()}


def gradients(program: Program) -> list[float]:
    query = program.compile("all_like", [])
    found = torch.autograd.grad(query.log_prob().sum(), list(program.parameters()))
    return sorted(value for gradient in found for value in gradient.tolist())


def test_as_a_clause_for_each_value():
    together, separate = (Program.from_string(text, {}) for text in (TOGETHER, apart()))
    assert solved(together) == pytest.approx(solved(separate))
    assert solved(together)["all_like"] == pytest.approx(0.41 * 0.62)
    assert gradients(together) == pytest.approx(gradients(separate))
    assert len(list(together.parameters())) == len(list(separate.parameters())) == 4


def test_a_value_seen_in_many_places_is_one_parameter():
    program = Program.from_string(TOGETHER, {})
    program.solve()
    random_logits(program, 0)
    values = solved(program)
    assert values["cat(ann,1)"] == values["cat(ann,2)"] != values["cat('B. o',1)"]
    assert values["pet(ann,1)"] == pytest.approx(1)
    named = program.learnable.probabilities()
    assert named["cat(X,Y) (<string>:4) for ann"] == pytest.approx(values["cat(ann,1)"])


def test_parameters_are_saved_by_value():
    first, second = (Program.from_string(TOGETHER, {}) for _ in range(2))
    first.solve()
    random_logits(first, 1)
    second.compile("tall(ann)", [])  # it meets them in another order
    second.learnable.load_state_dict(first.learnable.state_dict())
    assert second.solve() == first.solve()


def test_a_parameter_that_an_optimizer_misses_is_said():
    program = Program.from_string(TOGETHER, {})
    program.compile("tall(ann)", [])
    list(program.parameters())
    with pytest.warns(
        UserWarning, match=r"<string>:4: t\(_, ...\) has a new parameter, for ann; an optimizer"
    ):
        program.compile("likes(ann, 1)", [])
