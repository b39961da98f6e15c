import sys
import warnings
from pathlib import Path

import pytest

HERE = Path(__file__).parent

# The oracles are shared by the files of this folder, which pytest's importlib mode does not put on the path.
sys.path.append(str(HERE))

with warnings.catch_warnings():
    # ProbLog's docstrings contain "\+", which is a warning when Python first compiles them.
    warnings.simplefilter("ignore")
    import deepproblog.model  # noqa: F401


@pytest.fixture
def programs() -> Path:
    """The folder of the programs that come with the project."""
    return HERE.parents[1] / "programs"


@pytest.fixture(autouse=True)
def _no_cache_on_disk(monkeypatch):
    """Nothing the tests compile is stored, or found, in the user's cache folder."""
    monkeypatch.setenv("GEDI_NESY_CACHE", "")
