"""The images benchmark, very small, as a user would type it; and what it says to bad input."""

import json
from functools import partial

import pytest
import torch

from benchmarks.images.data import from_folder
from benchmarks.images.presets import fast
from benchmarks.images.report.page import finding_of
from benchmarks.images.rows import OF_PIXELS, ROWS, self_supervised
from gedi_nesy import GEDI
from gedi_nesy.data.dataset import DataError
from gedi_nesy.objectives.table import METHODS
from gedi_nesy.pretraining.config import PretrainConfig
from tests.benchmarks.images.small import CLASSES, EACH, SMALL, made_small, run, write_classes

CHOSEN = ("k-means on pixels", "SimCLR + L_GEN", "GEDI")


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    return write_classes(tmp_path_factory.mktemp("classes"))


@pytest.fixture(scope="module")
def made(classes, tmp_path_factory):
    """What one run of three rows leaves."""
    out = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as patch:
        made_small(patch)
        arguments = [*SMALL, "--data-root", classes, "--methods", *CHOSEN, "--seeds", 0, "--out", out]
        assert run(patch, *arguments) == 0
    return out


def test_every_row_is_measured_alike(made):
    results = json.loads((made / "results.json").read_text())
    assert [each["row"] for each in results["runs"]] == list(CHOSEN)
    for each in results["runs"]:
        assert {"nmi", "clustering_accuracy", "ari", "linear_probe", "knn", "seconds"} <= set(each["metrics"])
    pixels, contrastive, gedi = results["runs"]
    for each in (contrastive, gedi):
        assert {"fd", "fd_halves", "precision", "recall", "ood_energy"} <= set(each["metrics"])
        assert set(each["ood"]) == {"noise", "interpolations"}
    assert "ece" in gedi["metrics"]
    assert "ece" not in contrastive["metrics"], "its p(y|x) is not trained"
    assert not {"fd", "ood_energy"} & set(pixels["metrics"]), "it has no network"
    assert pixels["metrics"]["linear_probe"] == 1
    assert pixels["metrics"]["nmi"] == 1, "three bars are three clusters of pixels"
    assert pixels["clusters_by"] == contrastive["clusters_by"] == "k-means on embeddings"
    assert gedi["clusters_by"] == "p(y|x)"
    assert results["summary"] == results["rows"]["GEDI"]


def test_the_models_are_kept(made):
    model = GEDI.load(made / "GEDI" / "seed-0" / "model")
    assert model.num_clusters == CLASSES
    assert not (made / "k-means-on-pixels" / "seed-0" / "model").exists()
    assert not list(made.rglob("checkpoint-*")), "what is finished needs none"


def test_pictures_and_a_page_that_holds_them(made):
    for name in ("samples.png", "chains.png", "nearest.png", "embeddings.png", "roc.png", "energies.png"):
        assert (made / name).stat().st_size > 0
    assert (made / "GEDI" / "seed-0" / "clusters.png").stat().st_size > 0
    text = (made / "page.html").read_text()
    assert text.count("data:image/png;base64,") == 6 + len(CHOSEN)
    assert "One seed says nothing of the spread" in text
    assert "python -m benchmarks.images --dataset folder" in text


@pytest.mark.parametrize(
    ("seconds", "word"), [((0.80, 0.01), "GEDI clusters best"), ((0.88, 0.03), "near each other")]
)
def test_no_row_is_better_by_less_than_the_spread_of_seeds(seconds, word):
    rows = {
        name: {"nmi": {"median": median, "std": std}}
        for name, (median, std) in {"GEDI": (0.90, 0.02), "SimCLR": seconds}.items()
    }
    assert finding_of(rows, seeds=3).word == word
    assert finding_of(rows, seeds=1).word == "one seed"


def test_rows_on_features(classes, tmp_path, monkeypatch):
    """Four corners show the first bar and the last: heads and k-means read these, and no network is trained."""
    made_small(monkeypatch)
    rows = ("k-means on features", "GEDI on features")
    few = [*SMALL, "--iterations", 20, "--data-root", classes, "--methods", *rows, "--seeds", 0]
    assert run(monkeypatch, *few, "--out", tmp_path) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    kmeans, gedi = results["runs"]
    assert (kmeans["clusters_by"], gedi["clusters_by"]) == ("k-means on embeddings", "p(y|x)")
    assert kmeans["metrics"]["knn"] == gedi["metrics"]["knn"], "the same features"
    assert not any(tmp_path.rglob("model.safetensors"))
    assert run(monkeypatch, *few, "--iterations", 4, "--out", tmp_path / "b") == 2, "ten heads need more"


def test_resume_keeps_what_is_there(made, classes, monkeypatch):
    before = json.loads((made / "results.json").read_text())["runs"]
    again = [*SMALL, "--data-root", classes, "--methods", *CHOSEN, "--seeds", 0, "--out", made, "--resume"]
    assert run(monkeypatch, *again) == 0
    assert json.loads((made / "results.json").read_text())["runs"] == before


def test_rows_follow_from_the_table_of_methods():
    assert "SimCLR" in self_supervised()
    for name in self_supervised():
        assert ROWS[name].objective == METHODS[name]
        added = ROWS[f"{name} + L_GEN"].objective
        assert added == {
            **METHODS[name],
            "gen": METHODS["GEDI"]["gen"],
            "energy_l2": METHODS["GEDI"]["energy_l2"],
        }
        assert not ROWS[name].clusters
        assert ROWS[f"{name} + L_GEN"].generates
    assert ROWS["GEDI"].clusters
    assert ROWS["GEDI"].generates
    assert not ROWS["GEDI no gen"].generates
    assert not ROWS["JEM"].clusters


def test_a_row_that_learns_features_first_takes_as_many_steps(classes, tmp_path, monkeypatch):
    made_small(monkeypatch)
    monkeypatch.setattr(fast, "PretrainConfig", partial(PretrainConfig, head_steps=5))
    row = "SimCLR, then GEDI no gen"
    assert row not in OF_PIXELS, "the default table is that of one stage"
    arguments = ("--data-root", classes, "--methods", row, "--seeds", 0, "--out", tmp_path / "run")
    assert run(monkeypatch, *SMALL, *arguments) == 0
    (found,) = json.loads((tmp_path / "run" / "results.json").read_text())["runs"]
    assert found["clusters_by"] == "p(y|x)"
    (history,) = (tmp_path / "run").rglob("history.jsonl")
    phases = [json.loads(line)["phase"] for line in history.read_text().splitlines()]
    assert phases == ["features", "features", "attempt 1", "refine"]


def test_images_in_colour_have_views_of_photographs(generator):
    view = fast.augment((3, 8, 8))
    assert view is not None
    images = torch.rand(200, 3, 8, 8, generator=generator)
    grey = view(generator, images)
    assert 20 < (grey - grey.mean(dim=1, keepdim=True)).abs().amax(dim=(1, 2, 3)).lt(1e-5).sum() < 65, (
        "a fifth"
    )
    assert fast.augment((1, 8, 8)) is None, "digits keep their sides"


def test_a_folder_with_parts_of_its_own(tmp_path):
    write_classes(tmp_path / "train")
    write_classes(tmp_path / "test", each=2)
    found = from_folder(tmp_path)
    assert len(found.train.images) == CLASSES * EACH
    assert len(found.test.images) == CLASSES * 2
    assert found.num_classes == CLASSES
    assert found.test.labels.bincount().tolist() == [2] * CLASSES


def test_a_fifth_of_each_class_is_unseen(classes):
    found = from_folder(classes)
    assert found.test.labels.bincount().tolist() == [EACH // 5] * CLASSES
    again = from_folder(classes)
    assert torch.equal(found.test.images, again.test.images)
    rows = {tuple(image.flatten().tolist()) for image in found.train.images}
    assert not any(tuple(image.flatten().tolist()) in rows for image in found.test.images)


def test_a_folder_of_one_class_is_refused(tmp_path, classes):
    with pytest.raises(DataError, match="at least two classes"):
        from_folder(write_one(tmp_path))


def write_one(root):
    write_classes(root)
    for number in range(1, CLASSES):
        for file in (root / f"bar-{number}").iterdir():
            file.unlink()
    return root


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "folder"], "--dataset folder needs --data-root DIR"),
        (["--dataset", "mnist"], "needs --data-root"),
        (["--methods", "SimClr"], "SimClr"),
        (["--methods", "GEDI", "GEDI"], "one is given twice"),
        (["--methods"], "--methods: at least one is needed"),
        (["--iterations", 1], "--iterations 1 must be at least 2"),
        (["--dataset", "digits", "--width", 12], "width=12 must be a multiple of 8"),
        (["--dataset", "digits", "--width", 0], "--width 0 must be at least 1"),
        (["--dataset", "digits", "--sgld-batch-size", 0], "--sgld-batch-size 0 must be at least 1"),
        (
            ["--dataset", "digits", "--preset", "paper", "--methods", "SimCLR, then GEDI"],
            "--preset paper has no rows in two stages",
        ),
        (["--seeds"], "--seeds: at least one is needed"),
    ],
)
def test_bad_input_is_one_line_and_no_traceback(monkeypatch, tmp_path, capsys, arguments, message):
    assert run(monkeypatch, *arguments, "--device", "cpu", "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "out" / "results.json").exists()
