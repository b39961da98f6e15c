"""Parameters from interpretations, against closed forms and `problog lfi`."""

import math
import random
from collections import Counter

import pytest
import torch
from problog import get_evaluatable
from problog.learning.lfi import read_examples as problogs_examples
from problog.learning.lfi import run_lfi
from problog.program import PrologString

from gedi_nesy.logic import Program, ProgramError
from gedi_nesy.logic.inference.examples import read_examples
from gedi_nesy.logic.inference.learn import learn_parameters
from gedi_nesy.logic.inference.learned_program import learned_program

ALARM = """
t(_) :: burglary. 0.2 :: earthquake.
t(_) :: alarm :- burglary, \\+ earthquake.
t(_) :: alarm :- earthquake.
person(ann). person(bob).
t(_, X) :: calls(X) :- alarm, person(X).
"""

WEATHER = """
t(_) :: weather(D, sun); t(_) :: weather(D, rain); 0.2 :: weather(D, snow) :- day(D).
day(1). day(2). day(3).
t(0.4) :: wet(D) :- weather(D, rain).
t(0.9) :: wet(D) :- weather(D, snow).
"""


def write(path, examples):
    blocks = [
        "".join(f"evidence({atom}, {str(value).lower()}).\n" for atom, value in e.items()) for e in examples
    ]
    path.write_text("-----\n".join(blocks))
    return path


def alarms(rng):
    """What happens on a day."""
    burglary, earthquake = rng.random() < 0.4, rng.random() < 0.2
    alarm = (burglary or earthquake) and rng.random() < 0.8
    calls = {f"calls({name})": alarm and rng.random() < p for name, p in (("ann", 0.9), ("bob", 0.4))}
    return {"burglary": burglary, "alarm": alarm, **calls}


def weather(rng):
    found = {}
    for day in (1, 2, 3):
        sky = rng.choice(["sun", "sun", "rain", "snow"])
        found[f"weather({day},sun)"] = sky == "sun"
        found[f"wet({day})"] = sky != "sun" and rng.random() < 0.7
    return found


def drawn(happens, count, seed):
    """Examples of which about half is seen."""
    rng = random.Random(seed)
    every = [
        {atom: value for atom, value in happens(rng).items() if rng.random() < 0.5} for _ in range(count)
    ]
    return [example for example in every if example]


def log_likelihood(text, examples):
    """By stock ProbLog, from a program without parameters."""
    found = Counter(tuple(sorted(example.items())) for example in examples)
    for i, atoms in enumerate(found):
        body = ", ".join(atom if value else f"\\+ {atom}" for atom, value in atoms)
        text += f"\nexample({i}) :- {body}.\nquery(example({i}))."
    values = get_evaluatable().create_from(PrologString(text)).evaluate()
    probability = {str(term): p for term, p in values.items()}
    return sum(n * math.log(probability[f"example({i})"]) for i, n in enumerate(found.values()))


@pytest.mark.parametrize(("text", "happens"), [(ALARM, alarms), (WEATHER, weather)])
def test_as_likely_as_problogs(text, happens, tmp_path):
    examples = drawn(happens, 20, 0)
    path = write(tmp_path / "examples.ev", examples)
    random.seed(0)
    *_, problogs = run_lfi(PrologString(text), list(problogs_examples(path)), normalize=True, max_iter=100)
    program = Program.from_string(text, {})
    learned = learn_parameters(program, read_examples(path), generator=torch.Generator().manual_seed(0))
    assert learned.log_likelihood == pytest.approx(
        log_likelihood(learned_program(program), examples), abs=1e-6
    )
    assert learned.log_likelihood >= log_likelihood(problogs.get_model(), examples) - 1e-4


def test_what_is_seen_is_counted(tmp_path):
    examples = [{"a(1)": True, "a(2)": False}, {"a(1)": True, "b": False}, {"a(1)": False, "b": True}]
    program = Program.from_string("t(_) :: a(X). t(_) :: b. t(0.7) :: c.", {})
    learned = learn_parameters(program, read_examples(write(tmp_path / "e", examples)))
    assert list(program.learnable.probabilities().values()) == pytest.approx([0.5, 0.5, 0.7])
    assert learned.log_likelihood == pytest.approx(6 * math.log(0.5))


def test_a_disjunction_is_counted_together(tmp_path):
    """Nothing shows that neither head holds, so the likeliest is that one of them always does."""
    examples = [{"c(1)": True}] * 3 + [{"c(1)": False}] * 2 + [{"c(2)": True}]
    program = Program.from_string("t(0.1) :: c(1); t(0.3) :: c(2). query(c(_)).", {})
    learn_parameters(program, read_examples(write(tmp_path / "e", examples)))
    assert [p for _, p in program.solve()] == pytest.approx([0.5, 0.5], abs=1e-3)


def test_log_likelihood_grows_with_every_step(tmp_path):
    path = write(tmp_path / "e", drawn(weather, 12, 3))
    reached = []
    for steps in (1, 2, 5, 20):
        program = Program.from_string(WEATHER, {})
        generator = torch.Generator().manual_seed(3)
        reached.append(
            learn_parameters(program, read_examples(path), generator=generator, iterations=steps)[0]
        )
    assert reached == sorted(reached)
    assert reached[-1] > reached[0]


def test_a_parameter_for_each_value(tmp_path):
    examples = [
        {"calls(ann)": True, "calls(bob)": value, "alarm": True} for value in (True, False, False, False)
    ]
    program = Program.from_string(ALARM, {})
    learn_parameters(program, read_examples(write(tmp_path / "e", examples)))
    values = program.learnable.probabilities()
    assert values["calls(X) (<string>:6) for ann"] == pytest.approx(1)
    assert values["calls(X) (<string>:6) for bob"] == pytest.approx(0.25)
    assert "0.25::calls(bob) :- alarm, person(bob)." in learned_program(program)


@pytest.mark.parametrize(
    ("text", "examples", "message"),
    [
        ("t(_) :: a.", "evidence(b).", "nothing defines b/0"),
        ("0.3 :: a.", "evidence(a).", "has no t\\(...\\) that the examples depend on"),
        (
            "t(_) :: a. b :- a.",
            "evidence(a).\n---\nevidence(a).\nevidence(b, false).",
            "e:3: the example .* whatever",
        ),
        (
            "t(0.0) :: a.",
            "evidence(a).",
            "e:1: the example a is impossible, with the parameters it starts from",
        ),
        ("t(_) :: a. evidence(a).", "evidence(a).", "has evidence\\(...\\) of its own"),
        ("t(_) :: a(X).", "evidence(a(X)).", "e:1: evidence\\(a\\(X\\)\\) has a variable"),
        ("t(_) :: a.", "evidence(a, maybe).", "e:1: evidence\\(a, maybe\\) must be true, false or none"),
        ("t(_) :: a.", "\nevidence(a) :- b.", "e:2: an example is made of facts"),
        ("t(_) :: a.", ":- use_module('evil.py').", "e:1: an example is made of facts"),
        ("t(_) :: a.", "evidence(a, none).", "holds no evidence"),
        ("t(_) :: a.", "---\n", "holds no evidence"),
        ("t(_) :: a.", "evidence(a", "e:2: syntax error"),
        ("t(_) :: a.", "evidence(1).", "e:1: evidence\\(1\\) is about no atom"),
        ("nn(net, [X]) :: a(X). t(_) :: b.", "evidence(a(i)).", "the examples ask network 'net'"),
    ],
)
def test_what_cannot_be_learned(text, examples, message, tmp_path):
    path = tmp_path / "e"
    path.write_text(examples)
    with pytest.raises(ProgramError, match=message) as raised:
        learn_parameters(Program.from_string(text, {"net": lambda x: x}), read_examples(path))
    assert "\n" not in str(raised.value)


def test_a_learned_program_is_the_program_with_numbers(tmp_path):
    text = """
:- use_module(library(lists)).
t(0.25) :: a. t(_, X, f(Y)) :: b(X, Y) :- member(X, [1, 'B. c']), Y = z.
t(0.5) :: c(1); 0.25 :: c(2) :- a, \\+ b(1, z).
t(0.125) :: d(X) :- member(X, [1, 2]), a.
t(_, X) :: unmet(X).
query(a). query(b(_, _)). query(c(_)). query(d(_)).
"""
    program = Program.from_string(text, {})
    truth = program.solve()
    again = Program.from_string(learned_program(program), {})
    assert [(str(term), p) for term, p in again.solve()] == [(str(term), p) for term, p in truth]
    assert [fact.head for fact in again.learnable.facts] == ["unmet(X)"]
