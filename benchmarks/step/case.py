"""What is timed: a network, its sizes, and how a step is set."""

from dataclasses import dataclass
from typing import Literal

import torch

from gedi_nesy.models.encoders import ConvNet, ResNet8
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.models.precision import Precision
from gedi_nesy.sampling import sgld
from gedi_nesy.training.config import StepConfig
from gedi_nesy.training.seeds import streams

NetworkName = Literal["convnet", "resnet8"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row: what is timed."""

    network: NetworkName
    width: int
    batch_size: int
    sgld_steps: int
    precision: Precision
    compile: bool
    chains: int | None = None
    """None: as many as images"""
    clusters: int = 10

    @property
    def name(self) -> str:
        """As it stands before its figures in results.json."""
        return f"{self.network}_{self.width}_k{self.sgld_steps}_{self.precision}"

    def model(self, device: torch.device) -> GEDI:
        """The same weights for every row of a network."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(streams(0)[0])
            backbone = {"convnet": ConvNet, "resnet8": ResNet8}[self.network](width=self.width)
            return GEDI(backbone, num_clusters=self.clusters).to(device)

    @property
    def num_chains(self) -> int:
        """Chains that are moved a step."""
        return self.batch_size if self.chains is None else self.chains

    def step_config(self) -> StepConfig:
        """As many images a step as the batch size, and chains."""
        return StepConfig(
            batch_unlabelled=self.batch_size,
            batch_samples=self.num_chains,
            buffer_size=max(1000, self.num_chains),
            sgld=sgld.SGLDConfig(num_steps=self.sgld_steps, step_size=1.0, noise=0.01, bounds=(0.0, 1.0)),
            precision=self.precision,
            compile=self.compile,
        )
