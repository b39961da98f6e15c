"""`python -m gedi_nesy solve` with --mpe, --sample, --explain and --learn."""

import json
import math

import pytest

from gedi_nesy.__main__ import main
from tests.cli.command_line import error_of

TEXT = "0.3::a. 0.6::b. d :- a. d :- b. evidence(d). query(a). query(b).\n"
LEARN = "t(_, X) :: a(X). t(0.5) :: b. query(b).\n"
EXAMPLES = "evidence(a(1)). evidence(b).\n---\nevidence(a(1), false). evidence(a(2)).\n"


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "task.pl"
    path.write_text(TEXT)
    return str(path)


@pytest.fixture
def to_learn(tmp_path):
    (tmp_path / "task.pl").write_text(LEARN)
    (tmp_path / "task.ev").write_text(EXAMPLES)
    return ["solve", str(tmp_path / "task.pl"), "--learn", str(tmp_path / "task.ev")]


def test_the_most_probable_world(program, capsys):
    assert main(["solve", program, "--mpe"]) == 0
    assert capsys.readouterr().out == "\\+a\nb\n% P(world) = 0.42; given the evidence 0.5833333333\n"


def test_the_choices_where_nothing_is_asked(program, tmp_path, capsys):
    (tmp_path / "task.pl").write_text("0.3::a. 0.6::b. d :- a. d :- b. evidence(d).")
    assert main(["solve", program, "--mpe"]) == 0
    assert sorted(capsys.readouterr().out.splitlines()[:2]) == ["\\+a", "b"]


def test_samples(program, capsys):
    assert main(["solve", program, "--sample", "3", "--seed", "1"]) == 0
    first = capsys.readouterr().out
    assert first.count("----------------\n") == 2
    assert set(first.split()) <= {"a.", "b.", "-" * 16}
    main(["solve", program, "--sample", "3", "--seed", "1"])
    assert capsys.readouterr().out == first


def test_proofs(program, capsys):
    assert main(["solve", program, "--explain"]) == 0
    name, probability = capsys.readouterr().out.splitlines()[0].split(":\t")
    assert name == "a"
    assert float(probability) == pytest.approx(0.3 / 0.72)


def test_learning(to_learn, tmp_path, capsys):
    assert main([*to_learn, "--out", str(tmp_path / "learned.pl")]) == 0
    *rows, last = capsys.readouterr().out.splitlines()
    values = [float(row.split(":\t")[1]) for row in rows]
    assert values == pytest.approx([0.5, 1, 1])
    assert last.startswith("% log P of 2 examples: -1.386294361, after ")
    assert main(["solve", str(tmp_path / "learned.pl")]) == 0
    assert capsys.readouterr().out == "  b:\t1\n"
    assert "learned.pl: exists already" in error_of(
        capsys, [*to_learn, "--out", str(tmp_path / "learned.pl")]
    )


def test_decisions(tmp_path, capsys):
    (tmp_path / "task.pl").write_text(
        "?::a. ?::b. 0.3::c. d :- a, c. utility(d, 10). utility(b, -1). utility(a, -2)."
    )
    assert main(["solve", str(tmp_path / "task.pl"), "--decide"]) == 0
    *rows, last = capsys.readouterr().out.splitlines()
    assert sorted(row.strip() for row in rows) == ["a:\t1", "b:\t0"]
    assert last == "% expected utility: 1"
    assert main(["solve", str(tmp_path / "task.pl"), "--decide", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["decisions"] == {"a": True, "b": False}


def test_as_json(program, to_learn, tmp_path, capsys):
    main([*to_learn, "--json"])
    learned = json.loads(capsys.readouterr().out)
    assert learned["log_likelihood"] == pytest.approx(2 * math.log(0.5))
    assert list(learned["parameters"].values()) == pytest.approx([0.5, 1, 1])
    (tmp_path / "task.pl").write_text(TEXT)
    main(["solve", program, "--mpe", "--json"])
    world = json.loads(capsys.readouterr().out)
    assert world["answers"] == {"a": False, "b": True}
    assert world["log_prob_evidence"] == pytest.approx(math.log(0.72))
    main(["solve", program, "--sample", "2", "--json"])
    assert len(json.loads(capsys.readouterr().out)["samples"]) == 2
    main(["solve", program, "--explain", "--json"])
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert sum(proof["probability"] for proof in answers["b"]["proofs"]) == pytest.approx(0.6 / 0.72)


@pytest.mark.parametrize(
    ("flags", "message", "code"),
    [
        (["--sample", "0"], "'0' is not a number of worlds", 2),
        (["--mpe", "--explain"], "not allowed with argument", 2),
        (["--out", "x.pl"], "--out belongs to --learn", 1),
        (["--learn", "nowhere.ev"], "nowhere.ev: no such program file", 1),
    ],
)
def test_what_is_wrong_is_one_line(flags, message, code, program, capsys):
    assert message in error_of(capsys, ["solve", program, *flags], code)


def test_estimates(program, capsys):
    assert main(["solve", program, "--approximate", "--worlds", "4000", "--seed", "1"]) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    name, probability, error, within = first.split("\t")
    assert name == "  a:"
    assert float(probability) == pytest.approx(0.3 / 0.72, abs=0.05)
    assert float(error.removeprefix("+- ")) == pytest.approx(math.sqrt(0.4167 * 0.5833 / 4000), abs=0.002)
    low, high = map(float, within.split(" to "))
    assert low < float(probability) < high
    assert second.startswith("  b:")
    assert last.startswith("% estimates, their standard errors and intervals of 95% from")


def test_estimates_as_json(program, capsys):
    main(["solve", program, "--approximate", "--worlds", "500", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["approximate"]["confidence"] == 0.95
    assert 500 <= found["approximate"]["worlds"] < found["approximate"]["drawn"]
    assert set(found["answers"]["a"]) == {"probability", "standard_error", "lower", "upper"}


def test_worlds_belong_to_approximate(program, capsys):
    assert "--worlds belongs to --approximate" in error_of(capsys, ["solve", program, "--worlds", "5"])


def test_what_cannot_be_solved_in_time_is_told_of_estimates(tmp_path, capsys):
    size = 8
    nodes = [(i, j) for i in range(size) for j in range(size)]
    edges = [(a, b, a + x, b + y) for a, b in nodes for x, y in ((0, 1), (1, 0)) if (a + x, b + y) in nodes]
    text = "".join(f"0.5::e{edge}. ".replace(" ", "") + "\n" for edge in edges)
    text += "w(A,B,C,D) :- e(A,B,C,D). w(A,B,C,D) :- e(C,D,A,B). p(0,0). p(C,D) :- p(A,B), w(A,B,C,D). query(p(7,7))."
    (tmp_path / "grid.pl").write_text(text)
    message = error_of(capsys, ["solve", str(tmp_path / "grid.pl"), "--timeout", "2"])
    assert message.endswith("--approximate gives estimates with their intervals\n")
    assert (
        main(["solve", str(tmp_path / "grid.pl"), "--approximate", "--timeout", "20", "--worlds", "50"]) == 0
    )
    assert "from 50 worlds" in capsys.readouterr().out


def test_a_recursion_without_end_is_not_told_of_estimates(tmp_path, capsys):
    (tmp_path / "task.pl").write_text("p(N) :- M is N+1, p(M). query(p(0)).")
    assert "--approximate" not in error_of(capsys, ["solve", str(tmp_path / "task.pl"), "--timeout", "0.5"])
