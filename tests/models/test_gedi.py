import json

import pytest
import torch
from torch import nn

from gedi_nesy import GEDI
from gedi_nesy.models.encoders import MLP, ConvNet
from gedi_nesy.sampling.sgld import SGLDConfig


@pytest.fixture
def model() -> GEDI:
    return GEDI(ConvNet(width=8, num_features=16), num_clusters=5, tau=0.5, start_rank=4)


def test_everything_follows_from_the_logits(model, generator):
    x = torch.rand(6, 1, 28, 28, generator=generator)
    logits = model(x)
    assert torch.allclose(model.log_probs(x).exp(), logits.softmax(dim=1), atol=1e-6)
    assert torch.allclose(model.energy(x), -logits.exp().sum(dim=1).log(), atol=1e-5)
    assert torch.allclose(model.predicate()(x), logits.softmax(dim=1), atol=1e-6)
    assert torch.allclose(model.output(model.embed(x)) / 0.5, logits)


def test_tau_divides_the_logits(generator):
    x = torch.rand(3, 2, generator=generator)
    cold = GEDI(MLP(), 3, tau=0.1)
    warm = GEDI(MLP(), 3, tau=1.0)
    warm.load_state_dict(cold.state_dict())
    assert torch.allclose(cold(x), 10 * warm(x), rtol=1e-4)


def test_permuted_clusters_are_renamed(model, generator):
    x = torch.rand(6, 1, 28, 28, generator=generator)
    before = model.log_probs(x)
    permutation = torch.tensor([2, 0, 1, 4, 3])
    model.permute_clusters(permutation)
    assert torch.allclose(model.log_probs(x), before[:, permutation], atol=1e-6)


@pytest.mark.parametrize("hidden", [None, 7])
def test_save_and_load(tmp_path, generator, hidden):
    model = GEDI(ConvNet(width=8, num_features=16), 5, tau=0.5, hidden=hidden, start_rank=4)
    model.fit_start(torch.rand(10, 1, 28, 28, generator=generator))
    model.save(tmp_path / "model")
    again = GEDI.load(tmp_path / "model")
    x = torch.rand(6, 1, 28, 28, generator=generator)
    assert torch.equal(again(x), model(x))
    starts = [m.start(torch.Generator().manual_seed(1), 3) for m in (model, again)]
    assert torch.equal(*starts)
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert names == {"model.safetensors", "config.json", "README.md"}


class Own(nn.Module):
    input_shape, num_features, config = (4,), 4, {"of": "mine"}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def test_a_backbone_of_ones_own_is_passed_to_load(tmp_path):
    GEDI(Own(), 2).save(tmp_path)
    with pytest.raises(ValueError, match="backbone 'Own' is not ours; pass it as backbone="):
        GEDI.load(tmp_path)
    assert isinstance(GEDI.load(tmp_path, backbone=Own()).backbone, Own)


def test_damaged_models_are_named(model, tmp_path):
    with pytest.raises(ValueError, match="no GEDI model here"):
        GEDI.load(tmp_path)
    model.save(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ValueError, match="no weights of this model"):
        GEDI.load(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="damaged, line 1"):
        GEDI.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"format": "another"}))
    with pytest.raises(ValueError, match="not a model of this version"):
        GEDI.load(tmp_path)


def test_samples_lower_the_energy(model, generator):
    start = torch.rand(4, 1, 28, 28, generator=generator)
    config = SGLDConfig(num_steps=30, step_size=0.5, noise=0.0)
    seen = []
    samples = model.sample(4, generator, config, start=start, on_step=lambda info: seen.append(info.energy))
    assert samples.shape == start.shape
    assert len(seen) == 30
    assert (model.energy(samples) < model.energy(start)).all()


def test_samples_without_a_start_begin_at_the_fitted_gaussian(model, generator):
    data = torch.full((10, 1, 28, 28), 0.25)
    model.fit_start(data)
    assert torch.allclose(model.start(generator, 3), torch.full((3, 1, 28, 28), 0.25))
    assert GEDI(MLP(), 2).start(generator, 3).shape == (3, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_clusters": 1}, "num_clusters=1"),
        ({"num_clusters": 3, "tau": 0.0}, "tau=0.0 must be positive"),
        ({"num_clusters": 3, "start_rank": -1}, "start_rank=-1"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        GEDI(MLP(), **arguments)


def test_wrong_inputs_and_backbones_are_named(model):
    with pytest.raises(ValueError, match=r"shape \(3, 28, 28\) do not fit a network for \(1, 28, 28\)"):
        model(torch.rand(2, 3, 28, 28))
    with pytest.raises(ValueError, match="backbone=Linear needs the attributes input_shape"):
        GEDI(nn.Linear(2, 2), 2)
