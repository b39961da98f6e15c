import shutil
from pathlib import Path

import pytest

from gedi_nesy.__main__ import main
from tests.cli.commands.runs_of_train import arguments
from tests.cli.pictures import write_task


@pytest.fixture(scope="package")
def place(tmp_path_factory) -> Path:
    """A rule, images, queries and labels; nothing here is written to."""
    place = tmp_path_factory.mktemp("inputs")
    write_task(place)
    return place


@pytest.fixture(scope="package")
def trained(place, tmp_path_factory) -> Path:
    """A finished run of `train`; nothing here is written to."""
    out = tmp_path_factory.mktemp("trained") / "run"
    assert main(arguments(place, out, "--labels", str(place / "labels.csv"))) == 0
    return out


@pytest.fixture(scope="package")
def clustered(place, tmp_path_factory) -> Path:
    """A finished run of `cluster`; nothing here is written to."""
    out = tmp_path_factory.mktemp("clustered") / "run"
    command = ["cluster", str(place / "images"), "--clusters", "2", "--steps", "8", "--out", str(out)]
    assert main(command) == 0
    return out


@pytest.fixture
def copied(trained, tmp_path) -> Path:
    """A run that may be written to."""
    return Path(shutil.copytree(trained, tmp_path / "copied"))
