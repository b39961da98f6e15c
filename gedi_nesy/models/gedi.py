"""A GEDI network: one set of logits that clusters and generates."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Generator, Tensor, nn

from gedi_nesy.data.checks import shape_hint
from gedi_nesy.data.pixels import to_float
from gedi_nesy.models.encoders import BACKBONES, Backbone, make_activation
from gedi_nesy.objectives import terms as objectives
from gedi_nesy.sampling import sgld
from gedi_nesy.sampling.chain_init import fit_gaussian, gaussian, uniform
from gedi_nesy.types import AnyInputs, Embeddings, Energies, Inputs, Logits, LogProbs, Permutation

Precision = Literal["float32", "bfloat16"]

WEIGHTS_FILE, CONFIG_FILE, FORMAT = "model.safetensors", "config.json", "gedi_nesy.GEDI/1"


class GEDI(nn.Module):
    """p(y|x) = softmax(f(enc(x)) / tau) and E(x) = -logsumexp_y f_y(enc(x)) / tau, from the same logits (Eq. 6).

    `backbone` is the encoder enc (see `networks.Backbone`); the head f is linear, or with `hidden` an MLP with one
    hidden layer of that many units and `activation`. `start_rank` > 0 keeps a Gaussian of that rank, fitted by
    `fit_start`, where Langevin chains begin; without it they begin at uniform noise. The attribute `precision`, not
    saved, is that of the encoder's arithmetic.
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
    ):
        super().__init__()
        if not isinstance(backbone, Backbone):
            raise ValueError(
                f"backbone={type(backbone).__name__} needs the attributes input_shape, num_features and config"
            )
        if num_clusters < 2:
            raise ValueError(f"num_clusters={num_clusters} must be at least 2")
        if start_rank < 0:
            raise ValueError(f"start_rank={start_rank} must not be negative")
        if tau <= 0:
            raise ValueError(f"tau={tau} must be positive")
        self.backbone = backbone
        self.num_clusters = num_clusters
        self.tau = tau
        self.hidden = hidden
        self.activation = activation
        self.input_shape = tuple(backbone.input_shape)
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

    def embed(self, x: AnyInputs) -> Embeddings:
        """enc(x), in `precision`; the result is float32, as is all that follows from it. Bytes are pixels 0..255."""
        x = to_float(x)
        if tuple(x.shape[1:]) != self.input_shape:
            raise ValueError(
                f"inputs of shape {tuple(x.shape[1:])} do not fit a network for {self.input_shape}"
                + shape_hint(tuple(x.shape), self.input_shape)
            )
        if x.dtype != self.output.weight.dtype:
            pixels = "" if x.is_floating_point() else ", or of whole pixels 0 to 255: x.to(torch.uint8)"
            raise ValueError(
                f"inputs of {x.dtype} do not fit a network of {self.output.weight.dtype}: "
                f"x.to({self.output.weight.dtype}){pixels}"
            )
        if self.precision == "float32":
            return self.backbone(x)
        with torch.autocast(x.device.type, torch.bfloat16):
            return self.backbone(x).float()

    def forward(self, x: AnyInputs) -> Logits:
        """Logits l = f(enc(x)) / tau, from which everything else follows."""
        return self.output(self.projector(self.embed(x))) / self.tau

    def log_probs(self, x: AnyInputs) -> LogProbs:
        """log p(y|x)."""
        return self(x).log_softmax(dim=1)

    def energy(self, x: AnyInputs) -> Energies:
        """E(x); low where the model finds x likely."""
        return objectives.energy(self(x))

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
            raise ValueError(
                "start_rank=0: this network begins its chains at uniform noise and has nothing to fit"
            )
        mean, factors = fit_gaussian(to_float(inputs), self.start_rank)
        cast(Tensor, self.start_mean).copy_(mean)
        cast(Tensor, self.start_factors).copy_(factors)

    def start(self, generator: Generator, num: int) -> Inputs:
        """`num` points in [0, 1] where new chains begin."""
        if not self.start_rank:
            return uniform(generator, num, self.input_shape)
        mean, factors = cast(Tensor, self.start_mean), cast(Tensor, self.start_factors)
        return gaussian(generator, num, mean, factors).clamp(0.0, 1.0).view(num, *self.input_shape)

    def sample(
        self,
        num: int,
        generator: Generator,
        config: sgld.SGLDConfig,
        start: Inputs | None = None,
        on_step: Callable[[sgld.SGLDInfo], None] | None = None,
    ) -> Inputs:
        """`num` samples of p(x) by Langevin dynamics from `start` (default: fresh starts); (num, *input_shape)."""
        state = sgld.init(self.start(generator, num) if start is None else start)
        with sgld.frozen(self):
            for _ in range(config.num_steps):
                state, info = sgld.step(generator, state, self.energy, config)
                if on_step is not None:
                    on_step(info)
        return state.position

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
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the folder `path` with model.safetensors and config.json; an existing model there is replaced."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        state = {name: value.detach().contiguous().cpu() for name, value in self.state_dict().items()}
        (folder / WEIGHTS_FILE).write_bytes(to_bytes(state))
        (folder / CONFIG_FILE).write_text(json.dumps(self.config, indent=2) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str], backbone: nn.Module | None = None) -> "GEDI":
        """Read a folder that `save` wrote; nothing is unpickled. A backbone of your own is passed in, built alike.

        ValueError if the folder holds no model, a damaged one, or one whose weights do not fit its config.
        """
        folder = Path(path)
        config = _read_config(folder)
        if backbone is None:
            if config["backbone"] not in BACKBONES:
                raise ValueError(
                    f"{folder}: backbone {config['backbone']!r} is not ours; pass it as backbone="
                )
            backbone = BACKBONES[config["backbone"]](**config["backbone_config"])
        arguments = {key: config[key] for key in ("num_clusters", "tau", "hidden", "start_rank")}
        # models saved before the head's activation could be chosen have none in their config
        arguments["activation"] = config.get("activation", "silu")
        model = cls(backbone, **arguments)
        try:
            model.load_state_dict(load_file(folder / WEIGHTS_FILE))
        except (OSError, SafetensorError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ValueError(f"{folder / WEIGHTS_FILE}: no weights of this model: {reason}") from error
        return model


def _read_config(folder: Path) -> dict:
    try:
        config = json.loads((folder / CONFIG_FILE).read_text())
    except FileNotFoundError as error:
        raise ValueError(f"{folder}: no GEDI model here ({CONFIG_FILE} is missing)") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{folder / CONFIG_FILE}: damaged, line {error.lineno}: {error.msg}") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ValueError(f"{folder / CONFIG_FILE}: not a model of this version (format is not {FORMAT!r})")
    return config


class _Predicate(nn.Module):
    def __init__(self, model: GEDI):
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return self.model.log_probs(x).exp()
