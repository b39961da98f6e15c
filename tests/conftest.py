import signal
import warnings
from pathlib import Path

import pytest
import torch
from jaxtyping import install_import_hook

PACKAGE = Path(__file__).parents[1] / "gedi_nesy"


def shaped(package: Path) -> list[str]:
    """Modules that annotate the shapes of arrays; the others have none to check, and checked calls are slow."""
    files = [file for file in sorted(package.rglob("*.py")) if "jaxtyping" in file.read_text()]
    return [".".join(file.relative_to(package.parent).with_suffix("").parts) for file in files]


install_import_hook(shaped(PACKAGE), "beartype.beartype")

with warnings.catch_warnings():
    # ProbLog's docstrings contain "\\+", which is a warning when Python first compiles them.
    warnings.simplefilter("ignore")
    import deepproblog.model  # noqa: F401

torch.set_num_threads(1)

# A shell that starts the tests in the background has them ignore Ctrl-C, and all that they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_cache_on_disk(monkeypatch):
    """Nothing the tests compile is stored, or found, in the user's cache folder."""
    monkeypatch.setenv("GEDI_NESY_CACHE", "")


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def root() -> Path:
    return Path(__file__).parent.parent


@pytest.fixture
def programs(root) -> Path:
    """The folder of the programs that come with the project."""
    return root / "programs"
