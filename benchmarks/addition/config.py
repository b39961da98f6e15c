"""What the addition benchmark is asked: its flags, and the rows of its ablation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Literal

from benchmarks.runner.config import DataRootFlag, DatasetFlag, FirstStageConfig, RecordedConfig
from benchmarks.runner.flags import OPTIONS, OUTPUT, SAVED, Flag
from gedi_nesy.errors import ConfigError
from gedi_nesy.training.config import TrainConfig

Engine = Literal["circuit", "deepproblog"]
PROGRAM = Path(__file__).parents[2] / "programs" / "addition.pl"

ABLATION = {
    "rule alone": ("gen", "inv", "prior"),
    "prior + rule": ("gen", "inv"),
    "inv + prior + rule": ("gen",),
    "all four": (),
    "gen + inv + prior": ("nesy",),
}
"""Which terms each row of the ablation leaves out."""

STEP, WARP, SGLD = "train.step", "train.step.warp", "train.step.sgld"


@dataclass(frozen=True, kw_only=True)
class AdditionConfig(RecordedConfig, FirstStageConfig):
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
    explore: int | None = None
    """steps of a restart (default: 350, and 700 where extra images help to form clusters)"""
    width: int = 32
    """channels of the ConvNet's first layer (then 2 and 4 times as many)"""
    start_rank: int = 60
    """directions of the Gaussian, fitted to the images, at which chains are initialised (0: uniform noise)"""
    engine: Engine = "circuit"
    """circuit: compiled and batched; deepproblog: the stock ExactEngine, the slow reference"""
    ablation: bool = False
    """run five sets of terms, each with the same search, and tabulate what each adds"""
    train: TrainConfig = field(default_factory=TrainConfig)

    GROUPS: ClassVar[Mapping[str, tuple[Flag | str, ...]]] = {
        OPTIONS: (
            "triples",
            Flag("unlabelled", name="extra-images"),
            "dataset",
            "data_root",
            "seeds",
            "out",
            "resume",
            "device",
            "pretrain",
            "pretrain_steps",
            "ablation",
        ),
        "program": ("program", "query", "engine"),
        "objective": (
            Flag(
                "train.objective.gen",
                "weight_gen",
                help="weight of L_GEN, data more likely than samples; 0 leaves a term out",
            ),
            Flag(
                "train.objective.inv",
                "weight_inv",
                help="weight of L_INV, the same confident prediction for an image and its augmentation",
            ),
            Flag("train.objective.prior", "weight_prior", help="weight of L_PRIOR, all clusters used alike"),
            Flag(
                "train.objective.nesy", "weight_nesy", help="weight of L_NESY, log P(query) under the program"
            ),
            Flag(
                "train.objective.energy_l2",
                "weight_magnitude",
                "weight-energy-l2",
                "weight, times that of L_GEN, of the L2 penalty on E(x) that keeps energies near 0",
            ),
        ),
        "restarts and permutation": (
            Flag("train.attempts", name="max-restarts"),
            Flag("explore", name="restart-steps"),
            Flag("train.refine", "iterations", "refine-steps"),
            Flag("train.hold", name="accept-prob"),
            Flag("train.accept", name="accept-objective"),
            Flag("train.entropy_start"),
            Flag("train.naming_every", name="permute-every"),
            Flag("train.reconsider", name="verify-steps"),
        ),
        "network and optimisation": (
            "width",
            Flag(f"{STEP}.batch_size"),
            Flag(f"{STEP}.batch_unlabelled", name="extra-batch-size"),
            Flag(f"{STEP}.learning_rate"),
            Flag(f"{STEP}.ema", name="ema-decay"),
            Flag(f"{STEP}.precision"),
            Flag(f"{STEP}.compile"),
        ),
        "sampler": (
            Flag(f"{SGLD}.num_steps", "sgld_steps"),
            Flag(f"{SGLD}.step_size", "sgld_step_size"),
            Flag(f"{SGLD}.noise", "sgld_noise", "sgld-std"),
            Flag(f"{STEP}.batch_samples", name="sgld-batch-size"),
            Flag(f"{STEP}.buffer_size"),
            Flag(f"{STEP}.reinit", name="reinit-freq"),
            Flag("start_rank", name="init-rank"),
        ),
        "augmentation": tuple(
            Flag(f"{WARP}.{name}", name=f"aug-{name}")
            for name in ("rotate", "scale", "shear", "translate", "elastic")
        ),
        OUTPUT: SAVED,
    }

    def variant(self, row: str) -> "AdditionConfig":
        """A row of the ablation: other weights, and the same search."""
        off = dict.fromkeys(ABLATION[row] if row else (), 0.0)
        return replace(self, train=replace(self.train, objective={**self.train.objective, **off}))

    def settings(self) -> TrainConfig:
        """What training is given; ConfigError names what does not fit."""
        explore = self.explore if self.explore is not None else 350 if self.unlabelled == "0" else 700
        return replace(self.train, explore=explore)

    def rows(self) -> Iterator[str]:
        """Those of the ablation, or the one without a name."""
        yield from ABLATION if self.ablation else ("",)

    def num_unlabelled(self) -> int | None:
        """None for all."""
        if self.unlabelled == "all":
            return None
        if not self.unlabelled.isdecimal():
            raise ConfigError(f"--unlabelled {self.unlabelled}: neither a number nor `all`")
        return int(self.unlabelled)
