"""A GEDI network: one set of logits that clusters and generates."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from gedi_nesy.data.checks import check_type, shape_hint
from gedi_nesy.data.pixels import to_float
from gedi_nesy.errors import ConfigError
from gedi_nesy.models import hub, store
from gedi_nesy.models.card import write_card
from gedi_nesy.models.encoders import ACTIVATIONS, BACKBONES, Backbone, make_activation
from gedi_nesy.models.precision import Precision, frozen
from gedi_nesy.models.stored_config import FORMAT, ModelError
from gedi_nesy.objectives.energy import energy
from gedi_nesy.sampling import sgld
from gedi_nesy.sampling.chain_init import fit_gaussian, gaussian, uniform
from gedi_nesy.types import AnyInputs, Embeddings, Energies, Inputs, Logits, LogProbs, Permutation


class GEDI(nn.Module):
    """p(y|x) = softmax(f(enc(x)) / tau) and E(x) = -logsumexp_y f_y(enc(x)) / tau, from the same logits (Eq. 6).

    `backbone` is the encoder enc (see `networks.Backbone`); the head f is linear, or with `hidden` an MLP with one
    hidden layer of that many units and `activation`. `start_rank` > 0 keeps a Gaussian of that rank, fitted by
    `fit_start`, where Langevin chains begin; without it they begin at uniform noise. With `standardised` inputs become
    (x - mean) / std before anything else (`standardise_by`). The attribute `precision`, not saved, is that of the
    encoder's arithmetic.
    """

    def __init__(
        self,
        backbone: nn.Module,
        num_clusters: int,
        *,
        tau: float = 1.0,
        hidden: int | None = None,
        activation: str = "silu",
        start_rank: int = 0,
        standardised: bool = False,
    ):
        super().__init__()
        if not isinstance(backbone, Backbone):
            kind = type(backbone).__name__
            raise ConfigError(f"backbone={kind} needs the attributes input_shape, num_features and config")
        if num_clusters < 2:
            raise ConfigError(f"num_clusters={num_clusters} must be at least 2")
        if activation not in ACTIVATIONS:
            raise ConfigError(f"activation={activation!r} is not one of {', '.join(ACTIVATIONS)}")
        if start_rank < 0:
            raise ConfigError(f"start_rank={start_rank} must not be negative")
        if not 0 < tau < float("inf"):
            raise ConfigError(f"tau={tau} must be positive and finite")
        if hidden is not None and hidden < 1:
            raise ConfigError(f"hidden={hidden} must be at least 1")
        self.backbone = backbone
        self.num_clusters = num_clusters
        self.tau = tau
        self.hidden = hidden
        self.activation = activation
        self.input_shape = tuple(backbone.input_shape)
        self.num_features = backbone.num_features
        self.start_rank = start_rank
        self.precision: Precision = "float32"
        self.output = nn.Linear(hidden or backbone.num_features, num_clusters)
        self.projector = (
            nn.Sequential(nn.Linear(backbone.num_features, hidden), make_activation(activation))
            if hidden
            else nn.Identity()
        )
        if start_rank:
            size = int(torch.Size(self.input_shape).numel())
            self.register_buffer("start_mean", torch.zeros(size))
            self.register_buffer("start_factors", torch.zeros(size, start_rank))
        self.standardised = standardised
        if standardised:
            self.register_buffer("input_mean", torch.zeros(self.input_shape, dtype=torch.float64))
            self.register_buffer("input_std", torch.ones(self.input_shape, dtype=torch.float64))

    def standardise_by(self, mean: Float[Tensor, "*shape"], std: Float[Tensor, "*shape"]) -> None:
        """From now on inputs are (x - mean) / std, in double precision, before the encoder; saved with the model.

        For a network that was trained on inputs so standardised, and is now to be given them as they come.
        """
        for name, value in (("mean", mean), ("std", std)):
            if tuple(value.shape) != self.input_shape or not value.isfinite().all():
                raise ConfigError(
                    f"{name} of shape {tuple(value.shape)} must be {self.input_shape} finite numbers"
                )
        if not (std > 0).all():
            raise ConfigError(f"std={std.min().item():g} must be positive: a constant column is left out")
        device = self.output.weight.device
        self.register_buffer("input_mean", mean.detach().to(device, torch.float64))
        self.register_buffer("input_std", std.detach().to(device, torch.float64))
        self.standardised = True

    def standardise(self, x: AnyInputs) -> Inputs:
        """What the encoder sees of inputs: bytes as floats, and standardised where the model does so."""
        if not isinstance(x, Tensor):
            raise ConfigError(f"inputs must be a torch tensor, not {type(x).__name__}: torch.as_tensor(x)")
        x = to_float(x)
        if tuple(x.shape[1:]) != self.input_shape:
            raise ConfigError(
                f"inputs of shape {tuple(x.shape[1:])} do not fit a network for {self.input_shape}"
                + shape_hint(tuple(x.shape), self.input_shape)
            )
        if not self.standardised:
            check_type(x, self.output.weight.dtype)
            return x
        mean, std = cast(Tensor, self.input_mean), cast(Tensor, self.input_std)
        return ((x.double() - mean) / std).to(self.output.weight.dtype)

    def unstandardise(self, x: Inputs) -> Inputs:
        """The inputs of which `standardise` makes these, in double precision where it does anything."""
        if not self.standardised:
            return x
        return x.double() * cast(Tensor, self.input_std) + cast(Tensor, self.input_mean)

    def embed(self, x: AnyInputs) -> Embeddings:
        """enc(x), in `precision`; the result is float32, as is all that follows from it. Bytes are pixels 0..255."""
        x = self.standardise(x)
        if self.precision == "float32":
            return self.backbone(x)
        with torch.autocast(x.device.type, torch.bfloat16):
            return self.backbone(x).float()

    def forward(self, x: AnyInputs) -> Logits:
        """Logits l = f(enc(x)) / tau, from which everything else follows."""
        return self.classify(self.embed(x))

    def classify(self, embeddings: Embeddings) -> Logits:
        """Logits l = f(z) / tau of embeddings z = enc(x)."""
        return self.output(self.projector(embeddings)) / self.tau

    def log_probs(self, x: AnyInputs) -> LogProbs:
        """log p(y|x)."""
        return self(x).log_softmax(dim=1)

    def energy(self, x: AnyInputs) -> Energies:
        """E(x); low where the model finds x likely."""
        return energy(self(x))

    def predicate(self) -> nn.Module:
        """The same network (weights shared) as a module that returns p(y|x), as stock DeepProbLog expects."""
        return _Predicate(self)

    @torch.no_grad()
    def permute_clusters(self, permutation: Permutation) -> None:
        """Rename the clusters: new cluster k is what cluster `permutation[k]` was."""
        for parameter in self.output.parameters():
            parameter.copy_(parameter[permutation])

    @torch.no_grad()
    def fit_start(self, inputs: AnyInputs) -> None:
        """Fit the Gaussian at which Langevin chains begin to some inputs (no labels), with `start_rank` directions."""
        if not self.start_rank:
            raise ConfigError("start_rank=0: chains begin at uniform noise, and there is nothing to fit")
        mean, factors = fit_gaussian(self.standardise(inputs), self.start_rank)
        cast(Tensor, self.start_mean).copy_(mean)
        cast(Tensor, self.start_factors).copy_(factors)

    def start(self, generator: Generator, num: int) -> Inputs:
        """`num` points where new chains begin: in [0, 1], in what the encoder sees."""
        if not self.start_rank:
            return self.unstandardise(uniform(generator, num, self.input_shape))
        mean, factors = cast(Tensor, self.start_mean), cast(Tensor, self.start_factors)
        points = gaussian(generator, num, mean, factors).clamp_(0.0, 1.0).view(num, *self.input_shape)
        return self.unstandardise(points)

    def frozen(self) -> AbstractContextManager[None]:
        """Inside, to move chains: no parameter asks for a gradient, and products have weights of `precision`."""
        return frozen(self, self.backbone, self.precision)

    def sample(
        self,
        num: int,
        generator: Generator,
        config: sgld.SGLDConfig,
        start: Inputs | None = None,
        on_step: Callable[[sgld.SGLDInfo], None] | None = None,
    ) -> Inputs:
        """`num` samples of p(x) by Langevin dynamics from `start` (default: fresh starts); (num, *input_shape).

        The chains move, by steps of `config`, in what the encoder sees.
        """
        state = sgld.init(self.standardise(self.start(generator, num) if start is None else start))
        with self.frozen():
            for _ in range(config.num_steps):
                state, info = sgld.step(
                    generator, state, lambda x: self.energy(self.unstandardise(x)), config
                )
                if on_step is not None:
                    on_step(info)
        return self.unstandardise(state.position)

    @property
    def config(self) -> dict:
        """The arguments that build this network again."""
        return {
            "format": FORMAT,
            "backbone": type(self.backbone).__name__,
            "backbone_config": cast(Backbone, self.backbone).config,
            "num_clusters": self.num_clusters,
            "tau": self.tau,
            "hidden": self.hidden,
            "activation": self.activation,
            "start_rank": self.start_rank,
            "standardised": self.standardised,
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the folder `path`: model.safetensors, config.json, and README.md, a model card, if it has none.

        A model that is there is replaced, and a crash on the way leaves it. ModelError if it cannot be written.
        """
        store.write(Path(path), self.config, self)
        write_card(Path(path), self.config, self.input_shape)

    @classmethod
    def load(cls, path: str | os.PathLike[str], backbone: nn.Module | None = None) -> "GEDI":
        """Read a folder that `save` wrote, in eval mode; nothing is unpickled, and nothing outside the folder is read.

        A backbone of your own is passed in, built alike. ModelError (a ValueError) if the folder holds no model, a
        damaged one, or one whose weights do not fit its config.
        """
        model = store.load(Path(path), cls, BACKBONES, backbone)
        if model.standardised and not (cast(Tensor, model.input_std) > 0).all():
            raise ModelError(f"{path}: it standardises by deviations that are not positive")
        return model

    push_to_hub = hub.push_to_hub
    from_pretrained = classmethod(hub.from_pretrained)


class _Predicate(nn.Module):
    def __init__(self, model: GEDI):
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return self.model.log_probs(x).exp()
