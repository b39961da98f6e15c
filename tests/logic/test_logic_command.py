"""`python -m gedi_nesy solve` and `check`."""

import json

import pytest
from problog import get_evaluatable
from problog.program import PrologString

from gedi_nesy.__main__ import main

PURE = """
0.3 :: a(1). 0.4 :: a(10). 0.5 :: a(9).
b(X) :- a(X), \\+ c.
0.2 :: c.
d :- a(1). d :- a(9).
evidence(d).
query(b(X)). query(never). query(a(1)).
never :- fail.
"""


def test_solve_gives_problogs_answers_in_order(tmp_path, capsys):
    path = tmp_path / "pure.pl"
    path.write_text(PURE)
    assert main(["solve", str(path)]) == 0
    rows = [line.split(":\t") for line in capsys.readouterr().out.splitlines()]
    stock = get_evaluatable().create_from(PrologString(PURE)).evaluate()
    assert {name.strip(): float(p) for name, p in rows} == pytest.approx(
        {str(k): v for k, v in stock.items()}, rel=1e-7
    )
    assert [name.strip() for name, _ in rows] == ["a(1)", "b(1)", "b(9)", "b(10)", "never"]


def test_solve_as_json(tmp_path, capsys):
    path = tmp_path / "pure.pl"
    path.write_text(PURE)
    assert main(["solve", str(path), "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert answers["never"] == 0
    assert answers["a(1)"] == pytest.approx(0.3 / (1 - 0.7 * 0.5))


def test_check_without_a_query(programs, capsys):
    assert main(["check", str(programs / "slips.pl")]) == 0
    out = capsys.readouterr().out
    assert "digit/2: network digit_net, one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9" in out
    assert "slip (" in out
    assert "starts at 0.1" in out


def test_check_finds_images_and_answer(programs, capsys):
    assert main(["check", str(programs / "sum.pl"), "--query", "sum(A, B, N)"]) == 0
    out = capsys.readouterr().out
    assert "A: read by digit_net for digit, 10 outputs" in out
    assert "N: 19 answers, 0, 1, 2" in out
    assert "the ground program is a circuit as it stands" in out


def test_check_as_json(programs, capsys):
    arguments = ["check", str(programs / "differ.pl"), "--query", "differ(A, B)", "--json"]
    assert main(arguments) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["neural_predicates"][0]["network"] == "digit_net"
    assert report["query"]["route"] == "sdd"
    assert [slot["images"] for slot in report["query"]["images"]] == [["A"], ["B"]]
    assert report["query"]["circuit"]["depth"] >= 1


def test_solve_needs_no_networks(tmp_path, capsys):
    path = tmp_path / "neural.pl"
    path.write_text("nn(digit_net, [X], Y, [0, 1]) :: digit(X, Y). query(digit(a, 1)).")
    assert main(["solve", str(path)]) == 1
    assert "its queries ask network 'digit_net' to read a; only programs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nowhere.pl"], "error: nowhere.pl: no such program file\n"),
        (["solve", "sum.pl"], "no query(...) fact"),
        (["check", "sum.pl", "--query", "summ(A, B)"], "did you mean 'sum/3'?"),
        (["check", "sum.pl", "--query", "sum(A, B, N)", "--answer", "M"], "is not a variable of the query"),
        (["check", "sum.pl", "--query", "sum(A, B,"], "syntax error"),
    ],
)
def test_errors_are_one_line_and_exit_code_1(programs, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(programs)
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
