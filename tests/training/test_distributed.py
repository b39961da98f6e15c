"""Two ranks against one process with the whole batch; ranks that die; runs that go on with another number of them."""

from pathlib import Path

import pytest
import torch

from gedi_nesy.data.queries import ONLY
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives import table
from gedi_nesy.objectives.term import Seen
from gedi_nesy.training import distributed
from tests.training.blobs import CLASSES, objective, successor
from tests.training.ranks import launch, nonlinear


@pytest.fixture(scope="module")
def ranks(tmp_path_factory) -> tuple[Path, list[dict]]:
    """What each of two ranks found in one step."""
    folder = tmp_path_factory.mktemp("ranks")
    for code, output in launch(2, "step", folder):
        assert code == 0, output
    return folder, [torch.load(folder / f"rank-{rank}.pt", weights_only=False) for rank in (0, 1)]


def test_the_gradient_is_that_of_one_process_with_the_whole_batch(ranks):
    """31 images and 5 chains, which two ranks cannot share evenly; all terms, the nonlinear ones included."""
    _, found = ranks
    model = GEDI(ConvNet(image_size=16, width=8, num_features=16), CLASSES, start_rank=4)
    model.load_state_dict(found[0]["before"])
    shares = [(15, 15, 2), (16, 16, 3)]
    parts = [each["inputs"].split(sizes) for each, sizes in zip(found, shares, strict=True)]
    plain, augmented, samples = (model(torch.cat(pieces)) for pieces in zip(*parts, strict=True))
    weights = objective(gen=1.0, entropy=0.5)  # 31 of 31 images stand in queries or have labels

    def constraint(log_probs):
        return successor(log_probs[:30].unflatten(0, (2, 15)))

    def labelled(log_probs):
        return log_probs[30:, 1]

    seen = Seen(plain=plain, augmented=augmented, samples=samples, constraint=constraint, labelled=labelled)
    losses = table.losses(weights, seen)
    losses.total.backward()
    terms = table.numbers(weights, losses.reported)
    for each in found:
        assert each["terms"] == pytest.approx(terms, abs=1e-6)
        for gradient, parameter in zip(each["gradients"], model.parameters(), strict=True):
            assert torch.allclose(gradient, parameter.grad, rtol=1e-5, atol=1e-6)


def test_in_double_precision_the_gradient_of_nonlinear_terms_is_exact(ranks):
    folder, _ = ranks
    generator = torch.Generator().manual_seed(0)
    rows, weight, bias = (
        torch.randn(*shape, dtype=torch.float64, generator=generator) for shape in ((7, 3), (4, 3), (4,))
    )
    weight.requires_grad_(True)
    bias.requires_grad_(True)
    loss = nonlinear(rows @ weight.T + bias)
    loss.backward()
    for rank in (0, 1):
        value, by_weight, by_bias = torch.load(folder / f"double-{rank}.pt")
        assert value == pytest.approx(loss.item(), abs=1e-12)
        assert torch.allclose(by_weight, weight.grad, atol=1e-12)
        assert torch.allclose(by_bias, bias.grad, atol=1e-12)


def test_ranks_agree_to_the_last_bit_and_have_chains_of_their_own(ranks):
    _, (first, second) = ranks
    assert first["again"] == second["again"]
    assert first["evaluated"] == second["evaluated"]
    assert torch.equal(first["permutation"], second["permutation"])
    for name, value in first["after"].items():
        assert torch.equal(value, second["after"][name])
    assert (len(first["chains"]), len(second["chains"])) == (4, 5)
    assert not torch.equal(first["chains"], second["chains"][:4])


def test_one_process_is_the_whole_job():
    generator = torch.Generator()
    rows = torch.rand(3, 2)
    assert (distributed.rank(), distributed.size(), distributed.first()) == (0, 1, True)
    assert distributed.share(5) == slice(0, 5)
    assert distributed.own_generator(generator) is generator
    assert distributed.gathered(rows, 3) is rows
    assert distributed.states(generator) == []
    assert distributed.agreed_document({"a": [1]}) == {"a": [1]}
    assert distributed.largest(-2) == -2


def test_shares_are_as_even_as_can_be_and_none_is_empty(monkeypatch):
    monkeypatch.setattr(distributed, "size", lambda: 3)
    assert distributed.counts(8) == [2, 3, 3]
    monkeypatch.setattr(distributed, "rank", lambda: 2)
    assert distributed.share(8) == slice(5, 8)
    with pytest.raises(ValueError, match="2 cannot be shared by 3 ranks: each needs at least one"):
        distributed.share(2)


def finish(folder: Path, ranks: int) -> tuple:
    for code, output in launch(ranks, "run", folder, 0, "all"):
        assert code == 0, output
    return torch.load(folder / "end.pt", weights_only=False)


def die(folder: Path, ranks: int, stop: int, how: str = "all") -> None:
    """The job ends with an error, and does not hang."""
    for code, output in launch(ranks, "run", folder, stop, how, seconds=60):
        assert code != 0, output


@pytest.mark.slow
def test_a_rank_that_dies_ends_the_job_and_two_ranks_resume_bit_for_bit(tmp_path):
    undisturbed, history = finish(tmp_path / "one", 2)
    die(tmp_path / "other", 2, 9, "rank 1 alone")
    resumed, resumed_history = finish(tmp_path / "other", 2)
    assert [record[:2] for record in resumed_history] == [record[:2] for record in history]
    assert [record[2] for record in resumed_history] == [record[2] for record in history]
    for name, value in undisturbed["networks"][ONLY]["model"].items():
        assert torch.equal(value, resumed["networks"][ONLY]["model"][name])
    assert torch.equal(undisturbed["networks"][ONLY]["chains"], resumed["networks"][ONLY]["chains"])


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_ranks(tmp_path):
    """2, 1, 2 and 3: each takes up the run where the one before left it."""
    for ranks, stop in ((2, 4), (1, 4), (2, 4)):
        die(tmp_path, ranks, stop)
    tree, history = finish(tmp_path, 3)
    assert len(tree["networks"][ONLY]["chains"]) == 8
    assert len(tree["chain_generators"]) == 3
    undisturbed = finish(tmp_path / "alone", 1)[1]
    assert [record[:2] for record in history if record[0] == "refine"] == [
        record[:2] for record in undisturbed if record[0] == "refine"
    ]
    # without L_GEN, attempts are what they are on one process but for rounding, however many ranks there were
    first = [record for record in history if record[0] == "attempt 1"][:6]
    for mine, other in zip(first, undisturbed, strict=False):
        assert mine[2]["inv"] == pytest.approx(other[2]["inv"], abs=1e-4)
