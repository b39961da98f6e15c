"""The study of entropy and reconstruction: what is tracked is the bound, and every cell is trained once."""

import json
import math

import pytest
import torch
import torch.nn.functional as F

from benchmarks.images.config import ImagesConfig
from benchmarks.images.study import run as study
from benchmarks.images.study.cells import PARENTS, Cell, cells, methods, steps_of
from benchmarks.images.study.measure import Projected, bound_of, measured, projected
from gedi_nesy import GEDI
from gedi_nesy.models.encoders import MLP
from gedi_nesy.objectives import table
from gedi_nesy.objectives.self_supervised.er import KAPPA, log_normaliser
from gedi_nesy.objectives.table import METHODS
from tests.benchmarks.images.small import SMALL, made_small, run, write_classes


def test_one_point_has_the_entropy_of_the_kernel_and_tells_nothing():
    """All rows alike: H = -log q(z|z), E log q = log q(z|z), so the bound is 0."""
    same = torch.ones(5, 8)
    found = bound_of(Projected(same, same), Projected(same, same))
    own = KAPPA - log_normaliser(8, KAPPA)
    assert found.entropy == pytest.approx(-own, abs=1e-4)
    assert found.reconstruction == pytest.approx(own, abs=1e-4)


def test_orthogonal_images_in_equal_views_tell_nearly_all():
    """n orthogonal rows: densities are (e^kappa + n - 1) / n, so the bound is log n - log(1 + (n - 1) e^-kappa)."""
    num = 6
    axes = torch.eye(num)
    found = bound_of(Projected(axes, axes), Projected(axes, axes))
    expected = math.log(num) - math.log1p((num - 1) * math.exp(-KAPPA))
    assert sum(found) == pytest.approx(expected, abs=1e-4)
    swapped = bound_of(Projected(axes, axes), Projected(axes.roll(1, 0), axes.roll(1, 0)))
    assert swapped.entropy == pytest.approx(found.entropy, abs=1e-5)
    assert found.reconstruction - swapped.reconstruction == pytest.approx(KAPPA, abs=1e-4)


def test_predictions_are_compared_with_the_other_views_target(generator):
    """A prediction and a target that differ: both directions by hand."""
    a, b, c, d = (F.normalize(torch.randn(7, 5, generator=generator), dim=1) for _ in range(4))
    found = bound_of(Projected(a, b), Projected(c, d))
    cosines = 0.5 * ((a * d).sum(dim=1).mean() + (c * b).sum(dim=1).mean())
    assert found.reconstruction == pytest.approx(float(KAPPA * cosines) - log_normaliser(5, KAPPA), abs=1e-4)


@pytest.mark.parametrize("name", [name for name, row in METHODS.items() if "nesy" not in row])
def test_every_method_has_projections(name, generator):
    """A teacher that is still the student projects as it does; the same views at every call."""
    network = GEDI(MLP(num_inputs=4, hidden=(6,), num_features=6), 3)
    (head,) = table.modules(METHODS[name], network, generator).values() or (None,)
    images = torch.randn(20, 4, generator=generator)
    with torch.no_grad():
        found = projected(network, head, images)
    assert found.predicted.shape == found.target.shape == (20, 6 if head is None else 128)
    assert torch.equal(found.predicted, found.target) == (name not in ("BYOL", "ER BYOL"))

    def noised(drawn: torch.Generator, x: torch.Tensor) -> torch.Tensor:
        return x + 0.1 * torch.randn(x.shape, generator=drawn)

    first, again = (measured(network, head, images, noised, seed=3) for _ in range(2))
    assert first == again
    assert sum(first) <= math.log(20) + 1e-4


def test_cells_are_each_trained_once_and_show_as_many_images():
    found = cells(ImagesConfig())
    assert len(found) == len(set(found))
    assert (
        {cell.row for cell in found} == set(methods(ImagesConfig())) >= {*PARENTS, *PARENTS.values(), "GEDI"}
    )
    assert {cell.batch_size for cell in found if cell.row == "SimCLR"} == {16, 32, 64, 128, 256}
    momenta = {cell.momentum for cell in found if cell.row == "ER BYOL"}
    assert momenta == {None, 0.5, 0.9, 0.99, 0.999}, "0.996 is the usual one"
    assert {cell.momentum for cell in found if cell.row in ("SimCLR", "ER", "GEDI")} == {None}
    assert {steps_of(Cell("ER", size), 500) * size for size in (16, 128, 256)} == {64_000}
    assert methods(ImagesConfig(methods=("k-means on pixels", "ER + L_GEN"))) == ("ER + L_GEN",)


def test_a_run_leaves_tables_and_curves_and_is_resumed(tmp_path, monkeypatch, capsys):
    made_small(monkeypatch)
    monkeypatch.setattr("benchmarks.images.study.cells.BATCH_SIZES", (8,))
    monkeypatch.setattr("benchmarks.images.study.cells.MOMENTA", (0.5,))
    monkeypatch.setattr("benchmarks.images.study.report.BATCH_SIZES", (8,))
    monkeypatch.setattr("benchmarks.images.study.report.MOMENTA", (0.5,))
    monkeypatch.setattr(study, "POINTS", 2)
    flags = [*SMALL, "--study", "entropy-reconstruction", "--data-root", write_classes(tmp_path / "classes")]
    flags += ["--methods", "BYOL", "ER BYOL", "GEDI", "--seeds", 0, "--out", tmp_path / "out"]
    assert run(monkeypatch, *flags) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    names = [(each["row"], each["batch_size"], each["momentum"]) for each in results["runs"]]
    assert ("ER BYOL", 128, 0.5) in names
    assert ("BYOL", 8, None) in names
    assert len(names) == 7
    for each in results["runs"]:
        first, last = each["curve"][0], each["curve"][-1]
        assert first["step"] == 0 < last["step"]
        assert each["metrics"]["bound"] == last["entropy"] + last["reconstruction"]
        assert each["metrics"]["entropy_raised"] == last["entropy"] - first["entropy"]
    assert (tmp_path / "out" / "bound.png").stat().st_size > 0
    printed = capsys.readouterr().out
    by_size, by_momentum = printed.split("20-NN by images a step")[1].split("20-NN by momentum")
    assert by_size.index("BYOL") < by_size.index("ER BYOL")
    assert "GEDI" not in by_size + by_momentum
    assert run(monkeypatch, *flags, "--resume") == 0
    assert json.loads((tmp_path / "out" / "results.json").read_text())["runs"] == results["runs"]


def test_a_study_without_methods_is_refused(tmp_path, monkeypatch, capsys):
    flags = ["--dataset", "digits", "--study", "entropy-reconstruction", "--out", tmp_path / "out"]
    assert run(monkeypatch, *flags, "--methods", "k-means on pixels") == 2
    assert "none of --methods k-means on pixels is trained" in capsys.readouterr().err
    assert run(monkeypatch, *flags, "--preset", "paper") == 2
    assert "leave out --preset paper" in capsys.readouterr().err
