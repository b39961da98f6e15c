"""The settings of a run that learns features first."""

from dataclasses import dataclass

from gedi_nesy.augmentation.photographs import PhotographConfig
from gedi_nesy.errors import ConfigError, did_you_mean
from gedi_nesy.objectives.table import TERMS

SELF_SUPERVISED: tuple[str, ...] = tuple(name for name, term in TERMS.items() if term.method is not None)
"""The terms that can train an encoder by themselves."""
CLUSTERS = "inv"
"""L_INV + L_PRIOR of the run itself, by its own augmentations: clusters, whose heads are then trained anew."""
CHOICES: tuple[str, ...] = (CLUSTERS, *SELF_SUPERVISED)
"""What may come first."""


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """Which term trains the encoder, for how long, and how the clusters then begin."""

    term: str = "simclr"
    """one of `CHOICES`; the weights of inv, and of the prior beside it, are the run's own"""
    steps: int = 2000
    """in which the encoder is trained by that term alone"""
    batch_size: int = 256
    """images a step of these"""
    crop: tuple[float, float] = (0.25, 1.0)
    """share of the area that a view shows, uniform; views of inv are the run's own augmentations"""
    flip: float | None = None
    """probability of left and right exchanged in a view; None: 0.5 of images in colour, 0 of grey ones, which may be
    digits or letters"""
    heads: int = 10
    """linear heads that are trained on the embedding side by side; restart 0 begins with the best, restart 1 with the
    second, and so on"""
    head_steps: int = 1000
    """steps of these heads, which cost little"""
    neighbours: bool | None = None
    """whether positive pairs of L_INV are neighbours in the embedding from then on, or augmented images; None: the
    latter after inv"""

    def __post_init__(self) -> None:
        if self.term not in CHOICES:
            raise ConfigError(
                f"pretrain: term {self.term!r} is not one of {', '.join(CHOICES)}"
                + did_you_mean(self.term, CHOICES)
            )
        for name, least in (("steps", 2), ("batch_size", 2), ("heads", 1), ("head_steps", 1)):
            if getattr(self, name) < least:
                raise ConfigError(f"pretrain: {name}={getattr(self, name)} must be at least {least}")
        self.views(1)

    @property
    def pairs_are_neighbours(self) -> bool:
        """As told, or as the term is."""
        return self.term != CLUSTERS if self.neighbours is None else self.neighbours

    def views(self, channels: int) -> PhotographConfig:
        """How views of images with so many channels are made."""
        flip = self.flip if self.flip is not None else 0.5 if channels > 1 else 0.0
        return PhotographConfig(crop=self.crop, flip=flip)
