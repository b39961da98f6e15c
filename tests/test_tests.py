"""Habits of the tests themselves."""

import ast
from pathlib import Path

import pytest
import torch
from jaxtyping import TypeCheckError

from gedi_nesy.objectives.prior import loss_prior

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "tests").rglob("*.py"))

CLOCKS = {"perf_counter", "monotonic", "process_time", "perf_counter_ns", "monotonic_ns", "timeit"}

WAITING = {
    "tests/benchmarks/runner/kills.py",  # a process is killed a while after it began
    "tests/logic/fuzz/__main__.py",  # runs for as long as it is told
    "tests/benchmarks/runner/test_ranks.py",  # and is waited for, minutes if need be
}
"""Files that read a clock to wait, and assert nothing of it."""

OWN_FOLDERS = {"docs", "packaging", "cases", "logic/fuzz"}
"""Folders of tests that mirror no folder of the code."""


def names(source: str) -> set[str]:
    """Every name and attribute that a file uses or imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                found.add(name)
    return found


def test_no_test_depends_on_how_fast_the_machine_is():
    timed = [
        str(file.relative_to(ROOT))
        for file in FILES
        if names(file.read_text()) & CLOCKS and str(file.relative_to(ROOT)) not in WAITING
    ]
    assert timed == [], "count nodes, calls or evaluations instead"


def test_helpers_are_imported_and_not_reached_through_the_path():
    reached = [
        str(file.relative_to(ROOT))
        for file in FILES
        if any(
            isinstance(node, ast.Call) and ast.unparse(node.func) in ("sys.path.append", "sys.path.insert")
            for node in ast.walk(ast.parse(file.read_text()))
        )
    ]
    assert reached == []


def test_folders_mirror_the_code():
    folders = {file.parent.relative_to(ROOT / "tests") for file in FILES} - {Path()}
    strange = [
        str(folder)
        for folder in folders
        if not {folder.parts[0], folder.as_posix()} & OWN_FOLDERS
        and not (ROOT / "gedi_nesy" / folder).is_dir()
        and not (ROOT / "gedi_nesy" / folder).with_suffix(".py").exists()
        and not (ROOT / folder).is_dir()
    ]
    assert strange == []


@pytest.mark.parametrize(
    ("source", "found"), [("from time import perf_counter", True), ("import time", False)]
)
def test_a_clock_is_found(source, found):
    assert bool(names(source) & CLOCKS) == found


def test_shapes_are_checked_while_testing():
    with pytest.raises(TypeCheckError):
        loss_prior(torch.zeros(3))
