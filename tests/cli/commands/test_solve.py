"""`python -m gedi_nesy solve`."""

import json
import os

import pytest
from problog import get_evaluatable
from problog.program import PrologString

from gedi_nesy.__main__ import main
from tests.cli.command_line import error_of

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


def test_solve_needs_no_networks(tmp_path, capsys):
    path = tmp_path / "neural.pl"
    path.write_text("nn(digit_net, [X], Y, [0, 1]) :: digit(X, Y). query(digit(a, 1)).")
    assert main(["solve", str(path)]) == 1
    assert "its queries ask network 'digit_net' to read a; only programs" in capsys.readouterr().err


def fill(folder):
    (folder / "binary").write_bytes(bytes(range(256)))
    (folder / "empty.pl").write_text("")
    (folder / "torn.pl").write_text("0.3::a(1")
    (folder / "locked").mkdir()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.pl", "nowhere.pl: no such program file"),
        ("locked", "is a folder"),
        ("", "is a folder"),
        ("binary", "is not a text file in UTF-8"),
        ("empty.pl", "no query(...) fact"),
        ("torn.pl", "torn.pl:1: syntax error"),
        ("a\udcff\nb.pl", "a\\udcff b.pl: no such program file"),
        ("x" * 5000, "File name too long"),
    ],
)
@pytest.mark.parametrize("command", ["solve", "check"])
def test_what_is_no_program_is_one_line(name, message, command, tmp_path, monkeypatch, capsys):
    fill(tmp_path)
    monkeypatch.chdir(tmp_path)
    if (command, name) == ("check", "empty.pl"):
        return
    assert message in error_of(capsys, [command, name])


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read(tmp_path, capsys):
    (tmp_path / "a.pl").write_text("query(a).")
    (tmp_path / "a.pl").chmod(0)
    assert "Permission denied" in error_of(capsys, ["solve", str(tmp_path / "a.pl")])
