"""`python -m gedi_nesy check`."""

import json

import pytest

from gedi_nesy.__main__ import main
from tests.cli.command_line import error_of


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
    assert report["query"]["route"] == "elimination"
    assert [slot["images"] for slot in report["query"]["images"]] == [["A"], ["B"]]
    assert report["query"]["circuit"]["depth"] >= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nowhere.pl"], "error: nowhere.pl: no such program file\n"),
        (["check", "sum.pl", "--query", ""], "the query is empty"),
        (
            ["check", "sum.pl", "--answer", "N"],
            "--images, --answer and --evidence belong to a query: add --query",
        ),
        (["check", "sum.pl", "--query", "summ(A, B)"], "did you mean 'sum/3'?"),
        (["check", "sum.pl", "--query", "sum(A, B, N)", "--answer", "M"], "is not a variable of the query"),
        (["check", "sum.pl", "--query", "sum(A, B,"], "syntax error"),
    ],
)
def test_errors_are_one_line(programs, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(programs)
    assert message in error_of(capsys, arguments)


def test_answers_are_looked_for_in_the_order_of_the_query(tmp_path, capsys):
    """AN contains N, and comes first."""
    (tmp_path / "a.pl").write_text("nn(d, [X], Y, [0, 1]) :: digit(X, Y). two(AN, N) :- digit(AN, N).")
    assert main(["check", str(tmp_path / "a.pl"), "--query", "two(AN, N)"]) == 0
    assert "N: 2 answers, 0, 1" in capsys.readouterr().out
