import pytest
import torch
from torch import nn

from gedi_nesy.models.encoders import BACKBONES, MLP, Backbone, ConvNet, ResNet8


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("backbone", [MLP(), ConvNet(), ConvNet(channels=3, image_size=32), ResNet8(width=8)])
def test_shapes_and_config(backbone, generator):
    assert isinstance(backbone, Backbone)
    x = torch.rand(3, *backbone.input_shape, generator=generator)
    assert backbone(x).shape == (3, backbone.num_features)
    again = BACKBONES[type(backbone).__name__](**backbone.config)
    again.load_state_dict(backbone.state_dict())
    assert torch.equal(again(x), backbone(x))


@pytest.mark.parametrize("backbone", [MLP(), ConvNet(), ResNet8(width=8)])
def test_inputs_do_not_see_each_other(backbone, generator):
    """Data, augmented data and samples share one forward pass, so it must equal separate ones."""
    x = torch.rand(4, *backbone.input_shape, generator=generator)
    assert torch.allclose(backbone(x)[:1], backbone(x[:1]), atol=1e-6)


def test_mlp_is_the_papers():
    layers = [layer for layer in MLP().layers if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in layers] == [(2, 100), (100, 100), (100, 2)]


@pytest.mark.parametrize(("width", "millions"), [(128, 1.0), (256, 4.1)])
def test_resnet8_has_the_parameters_of_the_papers_table(width, millions):
    model = ResNet8(width=width)
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert sorted(m.kernel_size for m in convolutions) == [(1, 1)] + [(3, 3)] * 8
    assert round(parameters(model) / 1e6, 1) == millions


def test_unknown_activation_is_named():
    with pytest.raises(ValueError, match="activation='gelu' is not one of relu, silu"):
        MLP(activation="gelu")
