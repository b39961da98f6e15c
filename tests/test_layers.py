"""Imports go down only; the checker is `tests/layers.py`, and what it must find is planted here."""

import subprocess
import sys

import pytest

from tests.layers import FLOORS, faults, floor

SMALL = {
    "gedi_nesy/types.py": "import torch",
    "gedi_nesy/objectives/inv.py": "from gedi_nesy.types import Logits",
    "gedi_nesy/training/step.py": "from gedi_nesy.objectives.inv import loss_inv",
    "benchmarks/runner/record.py": "import json",
    "benchmarks/toy/config.py": "from gedi_nesy.training.step import StepConfig\nfrom benchmarks.toy import flags",
    "benchmarks/toy/flags.py": "",
    "benchmarks/toy/run.py": "from benchmarks.runner import record",
}
"""A project in order."""


def test_the_project_is_in_order(root):
    sources = {
        file.relative_to(root).as_posix(): file.read_text()
        for top in ("gedi_nesy", "benchmarks")
        for file in (root / top).rglob("*.py")
    }
    assert len(sources) > 100
    assert faults(sources) == []


def test_a_project_in_order_has_no_faults():
    assert faults(SMALL) == []


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("gedi_nesy/objectives/new.py", "from gedi_nesy.training.step import step", "upward: gedi_nesy.objectives.new"),
        ("gedi_nesy/objectives/new.py", "from gedi_nesy.training import step", "upward: gedi_nesy.objectives.new"),
        ("gedi_nesy/objectives/new.py", "import gedi_nesy.training.step", "upward: gedi_nesy.objectives.new"),
        ("gedi_nesy/objectives/new.py", "from ..training import step", "upward: gedi_nesy.objectives.new"),
        ("gedi_nesy/training/new.py", "from benchmarks.toy import run", "upward: gedi_nesy.training.new"),
        (
            "gedi_nesy/objectives/new.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from gedi_nesy.training.step import Step",
            "upward: gedi_nesy.objectives.new",
        ),
        (
            "gedi_nesy/objectives/new.py",
            "def late():\n    from gedi_nesy.training.step import step",
            "upward: gedi_nesy.objectives.new",
        ),
        (
            "gedi_nesy/logic/language/new.py",
            "from gedi_nesy.logic.engines import klay",
            None,  # no such file: nothing to say
        ),
        ("gedi_nesy/leaf.py", "", "no floor: gedi_nesy.leaf"),
        ("gedi_nesy/logic/renamed.py", "", "no floor: gedi_nesy.logic.renamed"),
        ("gedi_nesy/utils/new.py", "", "no floor: gedi_nesy.utils.new"),
        ("benchmarks/step/run.py", "from benchmarks.toy.run import train", "between benchmarks: benchmarks.step.run"),
        ("benchmarks/runner/new.py", "from benchmarks.toy import run", "shared code imports a benchmark"),
        ("benchmarks/toy/flags.py", "from benchmarks.toy import run", "config imports what runs"),
        ("gedi_nesy/training/new.py", "pass\n" * 251, "long: gedi_nesy/training/new.py has 251 lines"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(path, source, fault):
    found = faults({**SMALL, path: source})
    if fault is None:
        assert found == []
    else:
        assert len(found) == 1
        assert found[0].startswith(fault)


@pytest.mark.parametrize(
    "late",
    ["{}", "def late():\n    {}", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {}"],
    ids=["plain", "late", "type"],
)
def test_a_planted_circle_is_found(late):
    sources = {
        **SMALL,
        "gedi_nesy/training/a.py": "from gedi_nesy.training.b import f",
        "gedi_nesy/training/b.py": "from gedi_nesy.training import c",
        "gedi_nesy/training/c.py": late.format("from gedi_nesy.training.a import g"),
    }
    circle = "circle: gedi_nesy.training.a, gedi_nesy.training.b, gedi_nesy.training.c"
    assert faults(sources) == [circle]


def test_a_full_folder_is_found():
    crowd = {f"gedi_nesy/training/file{number}.py": "" for number in range(14)}
    assert faults({**SMALL, **crowd}) == ["full: gedi_nesy/training has 15 files, more than 14"]


def test_every_floor_has_files(root):
    """A floor whose folder was renamed away would hold nothing."""
    for prefixes in FLOORS:
        for prefix in prefixes:
            place = root.joinpath(*prefix.split("."))
            assert place.is_dir() or place.with_suffix(".py").exists(), prefix


def test_the_longest_prefix_decides():
    assert floor("gedi_nesy.logic.errors") < floor("gedi_nesy.logic.language.source")
    assert floor("gedi_nesy.logic") is None


def test_the_package_imports_torch_alone(root):
    """Logic, data and reports are loaded when they are used: `import gedi_nesy` stays quick."""
    heavy = "'problog', 'deepproblog', 'klay', 'sklearn', 'matplotlib', 'torchvision', 'mlxtend'"
    code = f"import sys, gedi_nesy; print([name for name in ({heavy}) if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
