"""The flags of the step benchmark, and the cases that they ask for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from benchmarks.runner.config import PlaceConfig
from benchmarks.runner.flags import OPTIONS, Flag
from gedi_nesy.errors import ConfigError
from gedi_nesy.models.encoders import ConvNet, ResNet8
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.models.precision import Precision, PrecisionChoice, resolved
from gedi_nesy.sampling import sgld
from gedi_nesy.training.config import StepConfig
from gedi_nesy.training.seeds import streams

NetworkName = Literal["convnet", "resnet8"]
Clock = Literal["wall", "cpu"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row: what is timed."""

    network: NetworkName
    width: int
    batch_size: int
    sgld_steps: int
    precision: Precision
    compile: bool

    @property
    def name(self) -> str:
        """As it stands before its figures in results.json."""
        return f"{self.network}_{self.width}_k{self.sgld_steps}_{self.precision}"

    def model(self, device: torch.device) -> GEDI:
        """The same weights for every row of a network."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(streams(0)[0])
            backbone = {"convnet": ConvNet, "resnet8": ResNet8}[self.network](width=self.width)
            return GEDI(backbone, num_clusters=10).to(device)

    def step_config(self) -> StepConfig:
        """As many images and chains a step as the batch size."""
        return StepConfig(
            batch_unlabelled=self.batch_size,
            batch_samples=self.batch_size,
            buffer_size=max(1000, self.batch_size),
            sgld=sgld.SGLDConfig(num_steps=self.sgld_steps, step_size=1.0, noise=0.01, bounds=(0.0, 1.0)),
            precision=self.precision,
            compile=self.compile,
        )


@dataclass(frozen=True, kw_only=True)
class StepBenchmarkConfig(PlaceConfig):
    """Time a training step against its arithmetic floor and against the plain way of writing it."""

    networks: tuple[NetworkName, ...] = ("convnet", "resnet8")
    """convnet: 28x28x1; resnet8: the paper's, 32x32x3"""
    sgld_steps: tuple[int, ...] = (5, 20)
    """Langevin steps a training step"""
    batch_size: int = 32
    """images, and as many chains, a step"""
    width_convnet: int = 32
    """channels of the ConvNet's first layer"""
    width_resnet8: int = 128
    """F, the channels of every layer of ResNet-8"""
    precisions: tuple[PrecisionChoice, ...] = ("float32", "auto")
    """of the encoder in our step and in its floor; the plain step is float32. auto: bfloat16 where the processor has
    instructions for it, else no second row"""
    compile: bool = False
    """our step and its floor under torch.compile"""
    repeat: int = 7
    """turns; medians are reported"""
    clock: Clock = "wall"
    """wall; or cpu, the processor time of this process, which other work on the machine disturbs less"""
    threads: int = 1
    """CPU threads of torch (0: as torch likes)"""

    GROUPS: ClassVar = {OPTIONS: ("networks", "sgld_steps", Flag("repeat", name="repeats"))}

    def cases(self, device: torch.device) -> Iterator[Case]:
        """Every row on this device; ConfigError names what does not fit."""
        for name in ("networks", "sgld_steps", "precisions"):
            if len(set(getattr(self, name))) < max(1, len(getattr(self, name))):
                raise ConfigError(f"--{name.replace('_', '-')}: each once, and at least one")
        if self.repeat < 1:
            raise ConfigError(f"--repeats {self.repeat} must be at least 1")
        precisions: list[Precision] = [resolved(each, device) for each in self.precisions]
        for network in self.networks:
            for steps in self.sgld_steps:
                for precision in dict.fromkeys(precisions):
                    case = Case(
                        network=network,
                        width=self.width_convnet if network == "convnet" else self.width_resnet8,
                        batch_size=self.batch_size,
                        sgld_steps=steps,
                        precision=precision,
                        compile=self.compile,
                    )
                    case.step_config()
                    yield case
