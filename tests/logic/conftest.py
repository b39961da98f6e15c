import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

# The oracles are shared by the files of this folder, which pytest's importlib mode does not put on the path.
sys.path.append(str(HERE))


@pytest.fixture
def programs() -> Path:
    """The folder of the programs that come with the project."""
    return HERE.parents[1] / "programs"
