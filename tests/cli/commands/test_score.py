"""`score`: agreement with labels, against scikit-learn and against what predictions say."""

import json
from collections import Counter

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from gedi_nesy.__main__ import main
from tests.cli.command_line import error_of
from tests.cli.pictures import table

NAMES = [f"{'left/' if number % 2 == 0 else ''}{number:02d}.png" for number in range(12)]


@pytest.fixture
def labels(tmp_path):
    """Wrong for two images, and with a name that the run does not know for one."""
    symbols = {name: "left" if name.startswith("left/") else "right" for name in NAMES}
    symbols |= {"01.png": "left", "left/02.png": "right", "03.png": "both"}
    lines = [f"{name},{symbols[name]}" for name in NAMES[:10]]
    (tmp_path / "truth.csv").write_text("\n".join(["image,label", *lines]) + "\n")
    return tmp_path / "truth.csv"


def test_numbers_are_those_of_the_predictions(trained, place, labels, capsys):
    assert main(["score", str(trained), str(place / "images"), "--labels", str(labels), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["side_net"]
    truth = {row["image"]: row["label"] for row in table(labels)}
    read = {row["image"]: row["symbol"] for row in table(trained / "predictions.csv")}
    pairs = [(truth[name], read[name]) for name in truth]
    assert found["images"] == 10
    assert found["accuracy"] == pytest.approx(np.mean([a == b for a, b in pairs]))
    true, own = zip(*pairs, strict=True)
    assert found["nmi"] == pytest.approx(normalized_mutual_info_score(true, own))
    assert found["ari"] == pytest.approx(adjusted_rand_score(true, own))
    assert found["names"] == ["left", "right", "both"]
    counts = Counter(pairs)
    expected = [[counts[a, b] for b in found["names"]] for a in found["names"]]
    assert found["confusion"] == expected


def test_it_prints_a_block_a_network(trained, place, labels, capsys):
    assert main(["score", str(trained), str(place / "images"), "--labels", str(labels)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "side_net: 10 images with a label"
    assert [line.split()[0] for line in lines[1:5]] == ["accuracy", "renamed", "NMI", "ARI"]
    assert [line.split()[0] for line in lines[6:]] == ["label", "left", "right", "both"]


def test_clusters_without_names_have_no_accuracy_of_their_own(clustered, place, capsys):
    command = ["score", str(clustered), str(place / "images" / "left"), "--labels"]
    (clustered.parent / "l.csv").write_text("image,symbol\n00.png,a\n02.png,a\n")
    assert main([*command, str(clustered.parent / "l.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["clusters"]
    assert found["accuracy"] is None
    assert found["names"] == ["0", "1", "a"]


def test_folders_may_be_labels(trained, place, capsys):
    assert main(["score", str(trained), str(place / "images"), "--folders-are-labels", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["side_net"]
    read = [row["symbol"] for row in table(trained / "predictions.csv") if row["image"].startswith("left/")]
    assert found["images"] == len(read) == 6
    assert found["accuracy"] == pytest.approx(read.count("left") / 6)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "--labels FILE.csv or --folders-are-labels: one of them"),
        (["--labels", "nowhere.csv"], "nowhere.csv: no such file of labels"),
    ],
)
def test_wrong_arguments_are_one_line(trained, place, capsys, more, said):
    assert said in error_of(capsys, ["score", str(trained), str(place / "images"), *more])


def test_labels_of_other_images_have_file_and_line(trained, place, tmp_path, capsys):
    (tmp_path / "l.csv").write_text("image,symbol\n00.png,left\n")
    said = error_of(
        capsys, ["score", str(trained), str(place / "images"), "--labels", str(tmp_path / "l.csv")]
    )
    assert "l.csv:2: no image '00.png' in" in said
    (tmp_path / "l.csv").write_text("image,symbol\n01.png,\n")
    said = error_of(
        capsys, ["score", str(trained), str(place / "images"), "--labels", str(tmp_path / "l.csv")]
    )
    assert "no image has a label" in said
