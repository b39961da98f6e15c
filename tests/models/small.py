"""A model of a few numbers, and folders that are none."""

from pathlib import Path

import pytest

from gedi_nesy import GEDI
from gedi_nesy.errors import GediNesyError
from gedi_nesy.models.encoders import MLP
from gedi_nesy.models.stored_config import FORMAT, ModelError

HEAD = {"num_clusters": 3, "tau": 1.0, "hidden": None, "activation": "silu", "start_rank": 0}
BACKBONE = {"backbone": "MLP", "backbone_config": {"hidden": [3, 3], "num_features": 3}}
GOOD = {"format": FORMAT, **HEAD, **BACKBONE}
"""The config of `small()`."""


def small(**options) -> GEDI:
    return GEDI(MLP(hidden=(3, 3), num_features=3), 3, **options)


def refused(folder: Path, **options) -> str:
    """Why the folder is no model: one line."""
    with pytest.raises(ModelError) as caught:
        GEDI.load(folder, **options)
    assert isinstance(caught.value, GediNesyError)
    assert "\n" not in str(caught.value)
    return str(caught.value)
