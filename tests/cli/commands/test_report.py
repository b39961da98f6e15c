"""`report`: the page that `cluster` writes, made again with names and labels, and what can be wrong."""

import json
import shutil

import numpy as np
import pytest

from gedi_nesy.__main__ import main
from gedi_nesy.cli import run_folder
from tests.cli.command_line import error_of
from tests.cli.pictures import table, write_halves
from tests.report.page.pages import Reader


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with `images`, and `run`, clustered with L_GEN."""
    place = tmp_path_factory.mktemp("finished")
    write_halves(place / "images")
    (place / "images" / "torn <b>.png").write_bytes(b"no image")
    arguments = ["cluster", str(place / "images"), "--clusters", "2", "--out", str(place / "run")]
    assert main([*arguments, "--steps", "8", "--weight-gen", "0.1"]) == 0
    return place


@pytest.fixture
def run(finished, tmp_path):
    shutil.copytree(finished / "run", tmp_path / "run")
    return tmp_path / "run"


def test_cluster_leaves_a_page_of_what_it_did(finished):
    reader = Reader((finished / "run" / "page.html").read_text())
    assert reader.titles() == [
        "Verdict:",
        "What was learned",
        "Doubtful",
        "Unlikely",
        "Samples, and how they evolve",
        "Training",
        "Settings",
        "Versions",
        "How to repeat it",
    ]
    words = [text for _, text in reader.texts]
    assert "2 clusters of images" in words
    assert any("torn <b>.png" in text for text in words)
    assert f"gedi-nesy cluster {finished / 'images'} --clusters 2 --out {finished / 'run'}" in " ".join(words)
    rows = table(finished / "run" / "clusters.csv")
    sizes = [sum(row["cluster"] == str(cluster) for row in rows) for cluster in range(2)]
    assert {f"{size} images" for size in sizes} <= set(words)
    # images of both rows, doubtful and unlikely ones; chains of eight at six times
    assert len(reader.all("img")) == 3 * 12 + 8 * 6


def test_the_model_has_a_card_that_says_what_it_is(finished):
    card = (finished / "run" / "model" / "README.md").read_text()
    assert "# 2 clusters of images" in card
    assert "| clusters in use |" in card
    assert f"    gedi-nesy cluster {finished / 'images'} --clusters 2" in card


def test_the_history_is_that_of_the_training(finished):
    history = run_folder.read_history(finished / "run" / "history.jsonl")
    assert len(history) == 8
    assert {record.phase for record in history} == {"features", "attempt 1", "refine"}
    assert all(record.terms["inv"] is not None for record in history)


def test_made_again_it_is_the_same_and_carries_names(finished, run, tmp_path, capsys):
    assert main(["report", str(run)]) == 0
    assert capsys.readouterr().out == f"written: {run / 'page.html'}\n"
    assert (run / "page.html").read_text() == (finished / "run" / "page.html").read_text()
    assert main(["name", str(run), "0=<i>left</i>"]) == 0
    assert main(["report", str(run), "--out", str(tmp_path / "named.html")]) == 0
    reader = Reader((tmp_path / "named.html").read_text())
    assert ("h3", "<i>left</i>") in reader.texts
    assert reader.all("i") == []


def test_labels_of_a_file_and_of_folders(finished, run, tmp_path):
    rows = table(finished / "run" / "clusters.csv")
    file = tmp_path / "labels.csv"
    lines = [f"{row['image']},{'left' if 'left' in row['image'] else 'right'}" for row in rows]
    file.write_text("\n".join(["image,label", *lines]))
    assert main(["report", str(run), "--labels", str(file)]) == 0
    reader = Reader((run / "page.html").read_text())
    assert "Against the labels" in reader.titles()
    pairs = [(row["cluster"], "left" in row["image"]) for row in rows]
    purity = sum(max(pairs.count((cluster, left)) for left in (True, False)) for cluster in ("0", "1"))
    note = f"Labels from labels.csv. {purity / 12:.1%} have the most frequent label"
    assert any(text.startswith(note) for _, text in reader.texts)
    assert main(["report", str(run), "--folders-are-labels"]) == 0
    words = [text for _, text in Reader((run / "page.html").read_text()).texts]
    assert any("Of 12 inputs 6 have one." in text for text in words)


def test_moved_images_are_found_by_source(finished, run, tmp_path, capsys):
    settings = json.loads((run / "run.json").read_text()) | {"source": str(tmp_path / "gone")}
    (run / "run.json").write_text(json.dumps(settings))
    assert "no such file or folder; --source says where" in error_of(capsys, ["report", str(run)])
    assert main(["report", str(run), "--source", str(finished / "images")]) == 0


def test_points_have_a_cloud_and_samples(tmp_path):
    np.save(tmp_path / "points.npy", np.random.default_rng(0).normal(size=(40, 3)))
    run = tmp_path / "run"
    arguments = ["cluster", str(tmp_path / "points.npy"), "--clusters", "2", "--out", str(run)]
    assert main([*arguments, "--steps", "8", "--restarts", "2"]) == 0
    text = (run / "page.html").read_text()
    reader = Reader(text)
    assert {"Where the clusters lie", "Samples, and how they evolve"} <= set(reader.titles())
    assert "principal components" in text
    assert "weight_gen" not in text
    (history,) = run_folder.read_history(run / "history.jsonl")
    assert history.terms.keys() == {"gen", "inv", "prior"}
    assert main(["report", str(run)]) == 0
    assert (run / "page.html").read_text() == text


def test_the_command_that_makes_the_run_again_does_not_resume():
    found = run_folder.without_resume("gedi-nesy cluster 'my images' --resume --out run")
    assert found == "gedi-nesy cluster 'my images' --out run"


def test_what_is_wrong_is_one_line(run, tmp_path, capsys):
    def said(*more: str) -> str:
        return error_of(capsys, ["report", str(run), *more])

    assert "no run of `gedi-nesy cluster` or `train` here" in error_of(capsys, ["report", str(tmp_path)])
    assert "give one of them" in said("--labels", "x.csv", "--folders-are-labels")
    assert "no such file" in said("--labels", str(tmp_path / "x.csv"))
    (run / "history.jsonl").write_text("[]\n")
    assert "holds no history of a run" in said()
