"""The most probable world, samples and proofs, against all worlds one by one, and against ProbLog."""

import itertools
import math
from collections import Counter

import pytest
import torch
from problog.formula import LogicDAG
from problog.program import PrologFile
from problog.tasks.mpe import mpe_maxsat

from gedi_nesy.logic import Program, ProgramError
from gedi_nesy.logic.inference.worlds import Worlds

TEXT = """
0.3::a. 0.6::b. 0.2::c(1); 0.5::c(2). 0.9::idle.
d :- a, \\+ b.
d :- b, \\+ c(2).
both :- a, c(1).
evidence(d).
query(a). query(b). query(c(_)). query(both).
"""
CHOICES = [{"a": 0.3, "": 0.7}, {"b": 0.6, "": 0.4}, {"c(1)": 0.2, "c(2)": 0.5, "": 0.3}]
QUERIES = ["a", "b", "both", "c(1)", "c(2)"]


def truth(world: tuple[str, ...]) -> set[str]:
    holds = set(world)
    if ("a" in holds and "b" not in holds) or ("b" in holds and "c(2)" not in holds):
        holds.add("d")
    return holds | ({"both"} if {"a", "c(1)"} <= holds else set())


def worlds_with_evidence() -> dict[tuple[str, ...], float]:
    found = {}
    for world in itertools.product(*CHOICES):
        if "d" in truth(world):
            found[world] = math.prod(choice[value] for choice, value in zip(CHOICES, world, strict=True))
    return found


def answers(world: tuple[str, ...]) -> dict[str, bool]:
    return {query: query in truth(world) for query in QUERIES}


def named(found) -> dict[str, bool]:
    return {str(term): holds for term, holds in found.items()}


def test_the_most_probable_world():
    every = worlds_with_evidence()
    best = max(every, key=every.__getitem__)
    found = Worlds(Program.from_string(TEXT, {}))
    world = found.most_probable()
    assert named(world.answers) == answers(best)
    assert math.exp(world.log_prob) == pytest.approx(every[best])
    assert math.exp(found.log_evidence) == pytest.approx(sum(every.values()))
    assert {choice for choice in world.choices if not choice.startswith("\\+")} == set(best) - {""}


def test_the_most_probable_world_as_problog_finds_it(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # its solver writes files where it stands
    path = root / "programs" / "alarm.pl"
    dag = LogicDAG.createFrom(
        PrologFile(str(path)), avoid_name_clash=True, label_all=True, labels=[("output", 1)]
    )
    probability, facts = mpe_maxsat(dag)
    world = Worlds(Program.from_file(path, {})).most_probable()
    assert math.exp(world.log_prob) == pytest.approx(probability)
    assert {str(term if holds else -term) for term, holds in world.answers.items()} == set(
        map(str, facts or ())
    )


def test_samples_have_the_frequencies_of_the_worlds():
    every = worlds_with_evidence()
    total, count = sum(every.values()), 1500
    sampled = list(Worlds(Program.from_string(TEXT, {})).sample(count, torch.Generator().manual_seed(0)))
    seen = Counter(tuple(named(world.answers).items()) for world in sampled)
    expected: dict[tuple, float] = {}
    for world, probability in every.items():
        key = tuple(answers(world).items())
        expected[key] = expected.get(key, 0.0) + probability / total
    assert set(seen) == set(expected)
    for key, probability in expected.items():
        error = math.sqrt(probability * (1 - probability) / count)
        assert abs(seen[key] / count - probability) < 4 * error


def test_samples_are_those_of_their_generator():
    worlds = Worlds(Program.from_string(TEXT, {}))
    first, again, other = (list(worlds.sample(50, torch.Generator().manual_seed(seed))) for seed in (1, 1, 2))
    assert first == again != other


def test_samples_of_a_chain_given_its_end():
    """Every state is fair, and equal to its neighbour with probability 0.9: a posterior in closed form."""
    text = "0.5::s(0). 0.9::same(1). 0.9::same(2). " + "".join(
        f"s({i}) :- s({i - 1}), same({i}). s({i}) :- \\+ s({i - 1}), \\+ same({i}). " for i in (1, 2)
    )
    worlds = Worlds(Program.from_string(text + "evidence(s(2)). query(s(0)). query(s(1)).", {}))
    count = 1000
    sampled = list(worlds.sample(count, torch.Generator().manual_seed(0)))
    for name, probability in (("s(0)", 0.82), ("s(1)", 0.9)):
        share = sum(named(world.answers)[name] for world in sampled) / count
        assert abs(share - probability) < 4 * math.sqrt(probability * (1 - probability) / count)


def test_proofs_exclude_one_another_and_add_up():
    program = Program.from_string(TEXT, {})
    every = worlds_with_evidence()
    total = sum(every.values())
    for term, probability, proofs in Worlds(program).proofs(100):
        assert sum(proof.probability for proof in proofs) == pytest.approx(probability)
        assert [proof.probability for proof in proofs] == sorted(
            (p.probability for p in proofs), reverse=True
        )
        for world, weight in every.items():
            behind = [proof for proof in proofs if follows(proof.choices, world)]
            assert len(behind) == (str(term) in truth(world)), (term, world, weight / total)


def follows(choices: tuple[str, ...], world: tuple[str, ...]) -> bool:
    return all(choice[2:] not in world if choice.startswith("\\+") else choice in world for choice in choices)


def test_fewer_proofs_are_the_best():
    worlds = Worlds(Program.from_string(TEXT, {}))
    for (_, _, every), (_, _, two) in zip(worlds.proofs(100), worlds.proofs(2), strict=True):
        assert two == every[:2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.5::a.", "neither a query\\(...\\) with an answer nor evidence"),
        ("0.0::a. evidence(a). query(a).", "the evidence a is impossible"),
        ("nn(net, [X]) :: a(X). query(a(i)).", "its queries ask network 'net' to read i"),
    ],
)
def test_what_has_no_worlds(text, message):
    with pytest.raises(ProgramError, match=message):
        Worlds(Program.from_string(text, {"net": lambda x: x}))


def test_what_is_certain_has_worlds_too():
    worlds = Worlds(Program.from_string("a. b :- fail. query(a). query(b).", {}))
    assert named(worlds.most_probable().answers) == {"a": True, "b": False}
    assert [named(world.answers) for world in worlds.sample(2, torch.Generator())] == [
        {"a": True, "b": False}
    ] * 2
    assert [(str(term), p, len(proofs)) for term, p, proofs in worlds.proofs(3)] == [("a", 1, 1), ("b", 0, 0)]
