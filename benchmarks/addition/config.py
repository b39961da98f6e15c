"""What the addition benchmark is asked: its flags, and the rows of its ablation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.runner.config import DataRootFlag, DatasetFlag, RecordedConfig
from gedi_nesy.augmentation.warp import WarpConfig
from gedi_nesy.models.gedi import Precision
from gedi_nesy.sampling.sgld import SGLDConfig
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.learner import StepConfig
from gedi_nesy.training.step import Weights

Engine = Literal["circuit", "deepproblog"]
PROGRAM = Path(__file__).parents[2] / "programs" / "addition.pl"


@dataclass(frozen=True, kw_only=True)
class AdditionConfig(RecordedConfig):
    """Learn what digits mean from a + b = c alone, without labels."""

    dataset: DatasetFlag = "mnist5k"
    data_root: DataRootFlag = None
    program: Path = PROGRAM
    """ProbLog program with a neural predicate on `digit_net`"""
    query: str = "addition(A, B, C)"
    """what holds of every triple; its variables are the three images"""
    triples: int = 1000
    """triples of training images, the pair of summands uniform over the 55 with a sum of at most 9"""
    unlabelled: str = "0"
    """further training images that are in no triple, a number or `all`, for the three GEDI terms"""

    weight_gen: float = 0.1
    """weight of L_GEN, data more likely than samples; 0 leaves a term out"""
    weight_inv: float = 1.0
    """weight of L_INV, the same confident answer for an image and its augmentation"""
    weight_prior: float = 2.0
    """weight of L_PRIOR, all clusters used alike"""
    weight_nesy: float = 1.0
    """weight of L_NESY, log P(query) under the program"""
    weight_magnitude: float = 0.1
    """weight, times that of L_GEN, of the penalty on E(x)^2 that keeps energies near 0"""

    iterations: int = 1000
    """steps of the refinement, after the attempts"""
    attempts: int = 8
    """short annealed attempts at the most; the best by the training objective is refined"""
    explore: int | None = None
    """steps of an attempt (default: 350, and 700 where unlabelled images help to form clusters)"""
    hold: float = 0.85
    """mean P(query) from which on names that held without the rule convince, and no further attempt is made"""
    accept: float = -1.0
    """and the L_INV + L_NESY over the training data (both at most 0) that must be reached as well"""
    entropy_start: float = -1.0
    """weight of the entropy in L_INV when an attempt begins; it rises to 1 (1: no annealing)"""
    naming_every: int = 50
    """steps of an attempt between two searches for better names of the clusters (0: none)"""
    reconsider: int = 100
    """steps without the rule by which the names of an attempt are tested, and with it under better ones (0: none)"""

    batch_size: int = 32
    """triples a step"""
    batch_unlabelled: int = 128
    """further images a step, if there are unlabelled ones"""
    batch_samples: int = 32
    """Langevin chains moved a step"""
    learning_rate: float = 1e-3
    """of AdamW; warmed up, then a cosine to 0, in every attempt and in the refinement"""
    ema: float = 0.998
    """decay of the averaged weights, which are what is evaluated and saved"""
    width: int = 32
    """channels of the ConvNet's first layer (then 2 and 4 times as many)"""
    rotate: float = 15.0
    """augmentation: degrees"""
    scale: float = 0.15
    """augmentation: log of the stretch along each axis"""
    shear: float = 10.0
    """augmentation: degrees"""
    translate: float = 2.0
    """augmentation: pixels"""
    elastic: float = 1.0
    """augmentation: pixels, standard deviation of a smooth displacement"""
    sgld_steps: int = 5
    """Langevin steps a training step"""
    sgld_step_size: float = 1.0
    """of the Langevin steps, in pixels squared"""
    sgld_noise: float = 0.01
    """standard deviation added by a Langevin step"""
    buffer_size: int = 2000
    """persistent chains"""
    reinit: float = 0.05
    """probability that a chain begins anew when it is drawn"""
    start_rank: int = 60
    """directions of the Gaussian, fitted to the images, at which chains begin (0: uniform noise)"""

    precision: Precision = "float32"
    """of the encoder's arithmetic while training; bfloat16 is faster where the processor has it (docs/speed.md)"""
    compile: bool = False
    """train under torch.compile: worth a trial on a GPU, slower on the CPUs measured (docs/speed.md)"""
    engine: Engine = "circuit"
    """circuit: compiled and batched; deepproblog: the stock ExactEngine, the slow reference"""
    ablation: bool = False
    """run five sets of terms and tabulate what each adds"""

    def train_config(self) -> TrainConfig:
        """The library's configuration; ValueError names what does not fit."""
        return TrainConfig(
            weights=Weights(
                gen=self.weight_gen,
                inv=self.weight_inv,
                prior=self.weight_prior,
                nesy=self.weight_nesy,
                magnitude=self.weight_magnitude,
            ),
            step=StepConfig(
                batch_size=self.batch_size,
                batch_unlabelled=self.batch_unlabelled,
                batch_samples=self.batch_samples,
                learning_rate=self.learning_rate,
                ema=self.ema,
                warp=WarpConfig(
                    rotate=self.rotate,
                    scale=self.scale,
                    shear=self.shear,
                    translate=self.translate,
                    elastic=self.elastic,
                ),
                sgld=SGLDConfig(
                    num_steps=self.sgld_steps,
                    step_size=self.sgld_step_size,
                    noise=self.sgld_noise,
                    bounds=(0.0, 1.0),
                ),
                buffer_size=self.buffer_size,
                reinit=self.reinit,
                precision=self.precision,
                compile=self.compile,
            ),
            attempts=self.attempts,
            explore=self.num_explore(),
            refine=self.iterations,
            hold=self.hold,
            accept=self.accept,
            entropy_start=self.entropy_start,
            naming_every=self.naming_every,
            reconsider=self.reconsider,
        )

    def num_explore(self) -> int:
        if self.explore is not None:
            return self.explore
        return 350 if self.unlabelled == "0" else 700

    def num_unlabelled(self) -> int | None:
        """None for all."""
        if self.unlabelled == "all":
            return None
        if not self.unlabelled.isdecimal():
            raise ValueError(f"--unlabelled {self.unlabelled}: neither a number nor `all`")
        return int(self.unlabelled)


ABLATION = {
    "rule alone": {"weight_gen": 0.0, "weight_inv": 0.0, "weight_prior": 0.0},
    "prior + rule": {"weight_gen": 0.0, "weight_inv": 0.0},
    "inv + prior + rule": {"weight_gen": 0.0},
    "all four": {},
    "gen + inv + prior": {"weight_nesy": 0.0},
}
"""Which weights each row of the ablation sets to 0."""
