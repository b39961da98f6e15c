"""The flags of the step benchmark, and the cases that they ask for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from benchmarks.runner.config import PlaceConfig
from benchmarks.runner.flags import OPTIONS, Flag
from benchmarks.step.case import Case, NetworkName
from benchmarks.step.growth import Quantity
from gedi_nesy.errors import ConfigError
from gedi_nesy.models.precision import Precision, PrecisionChoice, resolved

Clock = Literal["wall", "cpu"]


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
    against: tuple[Quantity, ...] = ()
    """measure instead how a step's time grows with each of these, all else as the flags say: images and chains a step,
    width, clusters"""
    repeat: int = 7
    """turns; medians are reported"""
    clock: Clock = "wall"
    """wall; or cpu, the processor time of this process, which other work on the machine disturbs less"""
    threads: int = 1
    """CPU threads of torch (0: as torch likes)"""

    GROUPS: ClassVar = {OPTIONS: ("networks", "sgld_steps", "against", Flag("repeat", name="repeats"))}

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
