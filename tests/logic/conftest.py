from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parents[2] / "programs"


@pytest.fixture
def programs() -> Path:
    """The folder of the programs that come with the project."""
    return PROGRAMS
