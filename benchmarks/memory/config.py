"""The flags of the memory benchmark."""

from dataclasses import dataclass
from typing import Literal

from benchmarks.runner.config import PlaceConfig
from gedi_nesy.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class MemoryConfig(PlaceConfig):
    """Train on random images in a process of its own, and report its peak resident memory, stage by stage."""

    images: int = 50_000
    """how many there are"""
    channels: int = 3
    """of each image"""
    image_size: int = 32
    """pixels of a side"""
    stored: Literal["uint8", "float32"] = "uint8"
    """how the images are kept: as bytes, or as floats, for comparison"""
    queries: int = 1000
    """triples of images for the addition program; all images are trained on"""
    steps: int = 20
    """training steps of each phase: a restart, its verification, the refinement"""
    threads: int = 1
    """CPU threads of torch (0: as torch likes)"""

    def check(self) -> None:
        """ConfigError names what does not fit."""
        for name in ("images", "channels", "image_size", "queries", "steps"):
            if getattr(self, name) < 1:
                raise ConfigError(f"--{name.replace('_', '-')} {getattr(self, name)} must be at least 1")
        if self.images < 3:
            raise ConfigError(f"--images {self.images} must be at least 3, one query's")
