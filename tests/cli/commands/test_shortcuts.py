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
    assert report["maps_bounds"] == report["one_to_one_bounds"] == [1, 1]
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


def test_repairs(programs, tmp_path, capsys):
    assert main(["shortcuts", str(programs / "half.pl"), "--repair"]) == 0
    out = capsys.readouterr().out
    assert "Repairs that leave one map:\n  more queries: 1 query: sum(0,2,2); or " in out
    assert (
        "one more rule: the rule less_digit(A, B) :- digit(A, X), digit(B, Y), X < Y. and 1 query of it"
        in out
    )
    (tmp_path / "pairs.yml").write_text(PAIRS)
    assert main(["shortcuts", str(tmp_path / "pairs.yml"), "--repair", "--json"]) == 0
    repairs = json.loads(capsys.readouterr().out)["repairs"]
    assert [each["kind"] for each in repairs["found"]] == ["queries", "labels", "rule"]
    assert all(each["proven"] for each in repairs["found"])
    assert repairs["found"][0]["queries"] == ["label([0, 2],2)"]
    (tmp_path / "wrong.queries").write_text("sum(1, 2, 4).\n")
    wrong = ["shortcuts", str(programs / "sum.pl"), "--queries", str(tmp_path / "wrong.queries"), "--repair"]
    assert "nothing repairs it: the true symbols do not satisfy" in error_of(capsys, wrong)


PAIRS = """
num_digits: 2
digit_values: [0, 1, 2, 3, 4]
symbols: [a, b]
logic: a + b
combinations_in_distribution: ["00", "01", "23", "24"]
"""


def test_a_task_file_of_rsbench_is_half(programs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.yml").write_text(PAIRS)
    assert main(["shortcuts", "pairs.yml", "--out", "new"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("pairs.yml: 4 queries, 5 symbols of digit_net, 3,125 maps in all\n")
    assert out.endswith("Written: new/pairs.pl and new/pairs.queries\n")
    reports = []
    for file in (str(programs / "half.pl"), "new/pairs.pl", "pairs.yml"):
        assert main(["shortcuts", file, "--json"]) == 0
        reports.append(json.loads(capsys.readouterr().out))
    for name in ("maps", "one_to_one", "listed", "labels", "readings", "ambiguous"):
        assert reports[0][name] == reports[1][name] == reports[2][name]


def test_a_task_file_with_a_network_per_place(tmp_path, capsys):
    (tmp_path / "parity.yml").write_text("n_digits: 3\nxor_rule: true\nprop_in_distribution: 0.5\n")
    assert main(["shortcuts", str(tmp_path / "parity.yml"), "--network-per-place", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["maps"], report["one_to_one"]) == (4, 4)
    assert "all of them count as shown" in report["notes"][0]


def test_errors_about_task_files(programs, tmp_path, capsys):
    (tmp_path / "bad.yml").write_text("n_digits: [1\n")
    (tmp_path / "pairs.yml").write_text(PAIRS)
    pairs, half = str(tmp_path / "pairs.yml"), str(programs / "half.pl")
    for arguments, message in (
        ([str(tmp_path / "bad.yml")], "bad.yml:2: is no YAML"),
        ([pairs, "--queries", "mine"], "--queries mine: the queries of"),
        ([pairs, "--assume-correct", "digits"], "has no network 'digits'; did you mean 'digit_net'"),
        ([half, "--out", "new"], "--out: is for task files of rsbench"),
        ([half, "--network-per-place"], "--network-per-place: is for task files of rsbench"),
    ):
        assert message in error_of(capsys, ["shortcuts", *arguments])


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
