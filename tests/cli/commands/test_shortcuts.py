"""`python -m gedi_nesy shortcuts`."""

import json

import pytest
from matplotlib.image import imread

from gedi_nesy.__main__ import main
from tests.cli.command_line import error_of


def test_the_shipped_queries_of_half(programs, capsys):
    assert main(["shortcuts", str(programs / "half.pl")]) == 0
    out = capsys.readouterr().out
    assert "4 queries, 5 symbols of digit_net, 3,125 maps in all" in out
    assert "3 maps satisfy all queries; only the identity is one-to-one" in out
    assert "2 (or 3, 4), 3 (or 1, 2), 4 (or 2, 3)" in out
    assert "To leave one map, label 1 symbol: 2, or 3, or 4." in out


def test_queries_from_a_file_as_json(programs, tmp_path, capsys):
    file = tmp_path / "mine.queries"
    file.write_text("% two of them\nsum(0, 0, 0).\nsum(0, 1, 1). sum(0, 1, 1).\n")
    assert main(["shortcuts", str(programs / "even_odd.pl"), "--queries", str(file), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {name: report[name] for name in ("queries", "maps", "one_to_one", "identity")} == {
        "queries": 2,
        "maps": 1,
        "one_to_one": 1,
        "identity": True,
    }
    assert report["listed"][0]["map"] == {"digit_net": {"0": "0", "1": "1"}}
    assert report["labels"] == [[]]


def test_even_odd_as_json(programs, capsys):
    assert main(["shortcuts", str(programs / "even_odd.pl"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["maps"], report["one_to_one"], report["keeps_frequencies"]) == (36, 2, 2)
    assert len(report["labels"]) == 25
    assert report["labels_one_to_one"][0] == [["digit_net", "0"]]


TWO_NETWORKS = """
nn(a_net, [X], Y, [0, 1, 2]) :: a(X, Y).
nn(b_net, [X], Y, [low, high]) :: b(X, Y).
ok(A, B) :- a(A, X), b(B, low), X < 2.
ok(A, B) :- a(A, 2), b(B, high).
"""


def test_a_map_for_each_network(tmp_path, capsys):
    (tmp_path / "two.pl").write_text(TWO_NETWORKS)
    (tmp_path / "two.queries").write_text("ok(0, low).\nok(2, high).\n")
    assert main(["shortcuts", str(tmp_path / "two.pl"), "--picture", str(tmp_path / "two.png")]) == 0
    out = capsys.readouterr().out
    assert "4 symbols of a_net and b_net, 36 maps in all" in out
    assert "9 maps satisfy all queries; 4 of them are one-to-one" in out
    assert "label 2 symbols: 0 of a_net and 2 of a_net, or" in out
    assert "To leave one map with L_PRIOR, label 1 symbol: 0 of a_net." in out
    assert imread(tmp_path / "two.png").size > 0


def test_the_picture(programs, tmp_path, capsys):
    path = tmp_path / "new" / "xor.png"
    assert main(["shortcuts", str(programs / "xor.pl"), "--picture", str(path)]) == 0
    assert imread(path).size > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.pl"], "nowhere.pl: no such program file"),
        (["maze.pl"], "has no maze.queries beside it; name a file of training queries"),
        (["sum.pl", "--queries", "nowhere"], "nowhere: no such file of queries"),
        (["sum.pl", "--queries", "EMPTY"], "holds no query; expected lines such as sum(2, 3, 5)."),
        (["sum.pl", "--queries", "BAD"], "BAD:2: sum(2,3,N) has the variable N"),
        (["sum.pl", "--queries", "TORN"], "syntax error"),
        (["xor.pl", "--picture", "matrix.gif"], "expected a name of a file that ends in .png"),
        (["xor.pl", "--picture", "EMPTY/matrix.png"], "--picture"),
        (["sum.pl", "--budget", "0"], "sum.pl: reading it takes more than 0 seconds"),
    ],
)
def test_errors_are_one_line(programs, tmp_path, capsys, monkeypatch, arguments, message):
    texts = {"EMPTY": "", "BAD": "sum(2, 3, 5).\nsum(2, 3, N).\n", "TORN": "sum(2, 3, 5"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(programs)
    for name in texts:
        arguments = [argument.replace(name, str(tmp_path / name)) for argument in arguments]
    assert message in error_of(capsys, ["shortcuts", *arguments])
