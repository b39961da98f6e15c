"""Other images: where they are found, that they are shown like our own, and what the scores say of known energies."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmarks.images.others import Other, alike, others_of
from benchmarks.images.outside import SCORES, look, medians, told_apart
from gedi_nesy.metrics.ood import auroc
from gedi_nesy.models.gedi import GEDI

CPU = torch.device("cpu")


class Sums(nn.Module):
    """Features of an image: its sum of pixels, and nothing."""

    def __init__(self):
        super().__init__()
        self.input_shape, self.num_features, self.config = (1, 4, 4), 2, {}

    def forward(self, x: Tensor) -> Tensor:
        total = x.flatten(1).sum(dim=1, keepdim=True)
        return torch.cat([total, torch.zeros_like(total)], dim=1)


@pytest.fixture
def by_brightness() -> GEDI:
    """E(x) = -log(exp(s) + 1), s the sum of the pixels: bright images are likely."""
    model = GEDI(Sums(), 2)
    with torch.no_grad():
        model.output.weight.copy_(torch.eye(2))
        model.output.bias.zero_()
    return model.eval()


def grey(value: float, count: int) -> Tensor:
    return torch.full((count, 1, 4, 4), value) + torch.linspace(0, 0.01, count).view(-1, 1, 1, 1)


def test_what_is_seen_is_what_is_known(by_brightness):
    images = grey(0.25, 3)
    sums = images.flatten(1).sum(dim=1).double().numpy()
    seen = look(by_brightness, images, CPU)
    assert seen.energies == pytest.approx(-np.logaddexp(sums, 0), rel=1e-5)
    # dE/dx is -p(y=0|x) for each of 16 pixels
    share = 1 / (1 + np.exp(-sums))
    assert seen.gradient_norms == pytest.approx(4 * share, rel=1e-5)
    assert seen.confidences == pytest.approx(share, rel=1e-5)


def test_each_score_is_told_apart_by_its_own_meaning(by_brightness):
    ours, brighter, darker = grey(0.5, 10), grey(0.9, 10), grey(0.1, 10)
    found = told_apart(by_brightness, ours, ours, [Other("brighter", brighter), Other("darker", darker)], CPU)
    assert found.figures["darker"]["energy"] == pytest.approx({"auroc": 1.0, "aupr": 1.0, "fpr95": 0.0})
    assert found.figures["brighter"]["energy"]["auroc"] == 0.0, "likelier than our own"
    assert found.figures["brighter"]["typicality"]["auroc"] == 1.0, "and not typical"
    assert set(found.figures["darker"]) == set(SCORES)
    for name, scores in found.scores.items():
        assert found.figures["darker"][name]["auroc"] == auroc(scores[""], scores["darker"])
    assert medians(found.figures)["ood_energy"] == 0.5


def test_sets_are_found_by_name_and_the_missing_said(tmp_path):
    unseen = torch.rand(6, 1, 8, 8)
    np.save(tmp_path / "letters.npy", np.zeros((5, 16, 16), np.uint8))
    np.save(tmp_path / "mine.npy", np.zeros((4, 8, 8), np.uint8))
    found = others_of(
        ("noise", "interpolations", "letters", "mine", "svhn", "digits"), tmp_path, "digits", unseen
    )
    assert [(each.name, len(each.images)) for each in found.found] == [
        ("noise", 6),
        ("interpolations", 6),
        ("letters", 5),
        ("mine", 4),
    ]
    assert all(each.images.shape[1:] == (1, 8, 8) for each in found.found)
    assert found.left_out == (f"svhn: left out, not below --others-root {tmp_path}",)
    (missing,) = others_of(("omniglot",), None, "digits", unseen).left_out
    assert missing == "omniglot: left out, --others-root DIR says where it is"


def test_other_images_are_shown_like_ours():
    dark = torch.zeros(4, 1, 8, 8)
    paper = torch.full((2, 3, 20, 20), 255, dtype=torch.uint8)
    paper[:, :, 8:12, 8:12] = 0
    shown = alike(paper, dark)
    assert shown.shape == (2, 1, 8, 8)
    assert shown[:, :, 0].max() == 0, "ink on paper has become light on dark"
    assert shown.max() > 0.5, "paler, for it is smaller"
    assert alike(dark, torch.zeros(1, 3, 8, 8)).shape == (4, 3, 8, 8)


def test_interpolations_are_means_of_two_unseen_images():
    unseen = torch.eye(6).view(6, 1, 1, 6)
    (found,) = others_of(("interpolations",), None, "digits", unseen).found
    assert torch.allclose(found.images.sum(dim=(1, 2, 3)), torch.ones(6))
    assert set(found.images.unique().tolist()) <= {0.0, 0.5, 1.0}
