"""`train` with two networks that read images of different folders and sizes, one of them a fact; and with Python."""

import json

import numpy as np
import pytest
from PIL import Image

from gedi_nesy.__main__ import main
from tests.cli.command_line import error_of
from tests.cli.pictures import table, write_halves

RULE = """
nn(side_net, [X], Y, [left,right]) :: side(X, Y).
nn(light_net, [X]) :: light(X).
nn(unused_net, [X], Y, [a,b,c]) :: unused(X, Y).
allowed(A, L, yes) :- side(A, left), light(L).
allowed(A, L, yes) :- side(A, right), \\+ light(L).
allowed(A, L, no) :- side(A, left), \\+ light(L).
allowed(A, L, no) :- side(A, right), light(L).
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short run, with its inputs beside it."""
    place = tmp_path_factory.mktemp("two")
    write_halves(place / "sides")
    (place / "lights").mkdir()
    for number in range(8):
        pixels = np.full((6, 5), 30 + 200 * (number % 2), dtype=np.uint8)
        Image.fromarray(pixels).save(place / "lights" / f"{number}.png")
    (place / "rule.pl").write_text(RULE)
    (place / "facts.pl").write_text(
        "".join(
            f"allowed('{'left/' if a % 2 == 0 else ''}{a:02d}.png','{b}.png',{'yes' if (a + b) % 2 else 'no'}).\n"
            for a in range(6)
            for b in range(4)
        )
    )
    (place / "labels.csv").write_text("image,symbol,network\n01.png,right,side_net\n0.png,false,light_net\n")
    command = ["train", str(place / "rule.pl"), "--queries", str(place / "facts.pl"), "--steps", "8"]
    images = ["--images", str(place / "sides"), "--images", f"light_net={place / 'lights'}"]
    more = ["--restarts", "1", "--labels", str(place / "labels.csv"), "--out", str(place / "run")]
    assert main([*command, *images, *more]) == 0
    return place / "run"


def test_each_network_reads_its_own_images(run):
    settings = json.loads((run / "settings.json").read_text())
    assert settings["networks"]["side_net"]["input_shape"] == [1, 8, 8]
    assert settings["networks"]["light_net"]["input_shape"] == [1, 6, 5]
    assert settings["networks"]["light_net"]["symbols"] == ["true", "false"]
    rows = table(run / "predictions.csv")
    assert [row["network"] for row in rows] == ["side_net"] * 12 + ["light_net"] * 8
    assert {row["symbol"] for row in rows[12:]} <= {"true", "false"}


def test_queries_and_images_are_predicted(run, tmp_path):
    facts = tmp_path / "q.pl"
    facts.write_text("allowed('01.png','0.png',X).\n")
    assert main(["predict", str(run), str(facts), "--out", str(tmp_path / "a.csv")]) == 0
    (row,) = table(tmp_path / "a.csv")
    assert row["answer"] in ("yes", "no")
    assert "side(01.png," in row["reading"]
    assert "light(0.png" in row["reading"]
    images = str(run.parent / "lights")
    command = ["predict", str(run), images, "--network", "light_net", "--out", str(tmp_path / "p.csv")]
    assert main(command) == 0
    own = [row for row in table(run / "predictions.csv") if row["network"] == "light_net"]
    assert table(tmp_path / "p.csv") == own


def test_a_network_has_to_be_chosen(run, tmp_path, capsys):
    said = error_of(capsys, ["export", str(run), "--out", str(tmp_path / "n.pt2")])
    assert "several networks, side_net, light_net: --network says which" in said


def test_python_runs_where_it_is_allowed(run, tmp_path, capsys):
    (tmp_path / "own.py").write_text(
        "from problog.extern import problog_export\n\n\n"
        "@problog_export('+int', '+int', '-int')\ndef joined(a, b):\n    return a + b\n"
    )
    (tmp_path / "rule.pl").write_text(
        ":- use_module('own.py').\nnn(side_net, [X], Y, [0,1]) :: side(X, Y).\n"
        "sum(A, B, N) :- side(A, X), side(B, Y), joined(X, Y, N).\n"
    )
    (tmp_path / "q.csv").write_text(
        "A,B,N\n" + "".join(f"{a:02d}.png,{b:02d}.png,2\n" for a in (1, 3, 5) for b in (7, 9))
    )
    command = ["train", str(tmp_path / "rule.pl"), "--queries", str(tmp_path / "q.csv"), "--steps", "4"]
    command += ["--restarts", "1", "--images", str(run.parent / "sides"), "--out", str(tmp_path / "run")]
    assert "would run the Python file" in error_of(capsys, command)
    assert main([*command, "--allow-python"]) == 0
    capsys.readouterr()
    queries = ["predict", str(tmp_path / "run"), str(tmp_path / "q.csv"), "--out", str(tmp_path / "a.csv")]
    assert "own.py" in error_of(capsys, queries)
