"""Odd programs and odd training queries: an audit of them ends, with an answer or with one line."""

import pytest

from gedi_nesy.__main__ import main
from tests.cli.command_line import error_of

DIGIT = "nn(d, [X], Y, [0, 1]) :: digit(X, Y). "
OK = DIGIT + "ok(A) :- digit(A, 1)."


def write(folder, program: str, queries: str) -> str:
    (folder / "odd.pl").write_text(program + "\n")
    (folder / "odd.queries").write_text(queries + "\n")
    return str(folder / "odd.pl")


@pytest.mark.parametrize(
    ("program", "queries", "answer"),
    [
        (DIGIT + r"ok(A) :- \+ digit(A, 1).", "ok(0).", "1 map satisfies all queries, the identity"),
        (DIGIT + "ok :- digit(0, 1).", "ok.", "1 query, 1 symbol of d, 2 maps"),
        (DIGIT, "digit(0, 1).", "1 map satisfies all queries, and it is not the identity"),
        (OK, "ok(1). ok(1).", "1 query, 1 symbol"),
        (OK, "ok(1.0). ok(1).", "1.0 is no output of d"),
        (OK, 'ok("x").', '"x" is no output of d'),
        (OK, "ok('é ü'). ok('a b').", "'a b', 'é ü' is no output of d"),
        (OK + " evidence(ok(1)).", "ok(0).", "2 symbols of d"),
        (OK + " evidence(b). b :- fail.", "ok(0).", "No map satisfies all queries"),
        (DIGIT + "0.0::c. ok(A) :- digit(A, 1), c.", "ok(0).", "No map satisfies all queries"),
        (DIGIT + "ok([]). ok([H | T]) :- digit(H, 1), ok(T).", "ok([0, 1]).", "2 symbols of d"),
        ("nn(d, [X, Z], Y, [0, 1]) :: digit(X, Z, Y). ok(A, B) :- digit(A, B, 1).", "ok(0, 1).", "0,1 is no output"),
    ],
)  # fmt: skip
def test_an_answer(tmp_path, capsys, program, queries, answer):
    assert main(["shortcuts", write(tmp_path, program, queries)]) == 0
    shown = capsys.readouterr()
    assert answer in shown.out
    assert shown.err == ""


@pytest.mark.parametrize(
    ("program", "queries", "line"),
    [
        (OK, "ok(0) :- ok(1).", "expected a query such as sum(2, 3, 5)"),
        (OK, "ok(0), ok(1).", "expected a query such as sum(2, 3, 5)"),
        (OK, r"\+ ok(0).", "expected a query such as sum(2, 3, 5)"),
        (OK, "0.3::ok(0).", "expected a query such as sum(2, 3, 5)"),
        (OK, "3.", "expected a query such as sum(2, 3, 5)"),
        (OK, "ok(_).", "has the variable _"),
        (OK, "1 > 0.", "nothing defines >/2"),
        (OK, "foo(0).", "nothing defines foo/1"),
        (OK, "ok(0", "syntax error"),
        ("a(1).", "a(1).", "no network reads anything"),
        (DIGIT + "ok(A) :- ok(A).", "ok(0).", "ok(0) has no proof"),
        (DIGIT + "ok(A) :- digit(A, X), Y is X + a, Y > 0.", "ok(0).", "odd.pl:1"),
        (DIGIT + "ok(A) :- digit(A, X), Y is 1 / X, Y > 0.", "ok(0).", "odd.pl:1"),
        (DIGIT + "ok(A) :- digit(A, X), blah(X).", "ok(0).", "nothing defines blah/1"),
        (DIGIT + "ok(A) :- ok(f(A)).", "ok(0).", "takes more than 1 seconds"),
    ],
)  # fmt: skip
def test_one_line(tmp_path, capsys, program, queries, line):
    assert line in error_of(capsys, ["shortcuts", write(tmp_path, program, queries), "--timeout", "1"])
