"""The presets by name."""

from collections.abc import Callable
from typing import Literal

from benchmarks.images.presets import fast, paper
from benchmarks.images.presets.recipe import Asked, Images, Recipe
from benchmarks.images.rows import Row

Preset = Literal["fast", "paper"]

PRESETS: dict[Preset, Callable[[Row, Images, Asked], Recipe]] = {"fast": fast.recipe, "paper": paper.recipe}
