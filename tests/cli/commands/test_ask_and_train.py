"""From an ambiguous rule to a grounded one: what `ask` wants is labelled, and `train` takes it."""

import json

import numpy as np
import pytest

from gedi_nesy.__main__ import main
from tests.cli.pictures import RULE, table, write_halves


@pytest.mark.slow
def test_one_label_that_is_asked_for_settles_a_symmetric_rule(tmp_path, capsys):
    write_halves(tmp_path / "images", 40)
    names = [f"{'left/' if number % 2 == 0 else ''}{number:02d}.png" for number in range(40)]
    truth = {name: "left" if name.startswith("left/") else "right" for name in names}
    pairs = np.random.default_rng(1).choice(names, size=(100, 2))
    facts = [f"same('{a}','{b}',{'yes' if truth[a] == truth[b] else 'no'}).\n" for a, b in pairs]
    (tmp_path / "facts.pl").write_text("".join(facts))
    (tmp_path / "rule.pl").write_text(RULE)
    command = ["train", str(tmp_path / "rule.pl"), "--queries", str(tmp_path / "facts.pl")]
    command += ["--images", str(tmp_path / "images"), "--steps", "200", "--restarts", "1"]

    first = tmp_path / "first"
    assert main([*command, "--out", str(first)]) == 0
    assert json.loads((first / "verdict.json").read_text())["verdict"] == "ambiguous"
    assert main(["ask", str(first)]) == 0
    (asked,) = table(first / "labels.csv")
    labels = tmp_path / "labels.csv"
    labels.write_text(f"image,network,symbol\n{asked['image']},side_net,{truth[asked['image']]}\n")

    second = tmp_path / "second"
    assert main([*command, "--labels", str(labels), "--out", str(second)]) == 0
    assert json.loads((second / "verdict.json").read_text())["verdict"] == "grounded"
    assert {row["image"]: row["symbol"] for row in table(second / "predictions.csv")} == truth
    capsys.readouterr()
    assert main(["ask", str(second)]) == 0
    assert "no image is worth a label" in capsys.readouterr().out
