"""The flags of the circuits benchmark."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.circuits.repository import check_repository
from benchmarks.runner.config import PlaceConfig
from gedi_nesy.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class CircuitsConfig(PlaceConfig):
    """Time compiled circuits against DeepProbLog's ExactEngine."""

    digits: tuple[int, ...] = (1, 2, 4, 8, 15, 32, 64)
    """numbers of digits of the carry adder"""
    batches: tuple[int, ...] = (1, 4, 16, 64, 256, 1024, 4096)
    """batch sizes for the one-digit sum"""
    batch_size: int = 128
    """batch of everything else"""
    reference_queries: int = 16
    """queries in a batch of the reference at two digits, each of which costs the same; at one digit,
    --batch-size
    """
    repeats: int = 10
    """timed runs of each; the fastest counts"""
    klay_digits: int = 32
    """digits up to which the same circuits are also timed on KLay's own layers"""
    lenet: bool = True
    """also time with DeepProbLog's LeNet in front"""
    scaling: bool = False
    """measure instead how families of programs grow with their size: chains, hidden Markov models, networks, trees,
    grids, smokers, adders, formulas, shortest paths, a grammar
    """
    stock: bool = False
    """with --scaling: also time `problog FILE` on each program, in a process of its own"""
    timeout: float = 60.0
    """seconds that one program of --scaling may take; of a longer one the table says just that"""
    repository: Path | None = None
    """measure instead the models of DeepProbLog's repository, a checkout of it, on its own engine and accelerated"""
    peers: bool = False
    """measure instead DeepLog in the same process, forward + backward, in an environment with a Python that it likes"""
    peers_environment: Path = Path.home() / ".cache" / "gedi_nesy" / "peers"
    """that environment; made, of more than a gigabyte, if it is not there"""
    threads: int = 1
    """CPU threads of torch (0: as torch likes); the reference always runs on the CPU"""

    def check(self) -> None:
        """ConfigError names what does not fit."""
        if self.repository is not None:
            check_repository(self.repository)
        for name in ("digits", "batches"):
            given = getattr(self, name)
            if len(set(given)) < max(1, len(given)):
                raise ConfigError(f"--{name}: each once, and at least one")
        smallest = {name: min(getattr(self, name)) for name in ("digits", "batches")}
        smallest |= {name: getattr(self, name) for name in ("batch_size", "reference_queries", "repeats")}
        for name, value in smallest.items():
            if value < 1:
                raise ConfigError(f"--{name.replace('_', '-')} {value} must be at least 1")
