"""Flags that pages name are flags of a command of ours, and modules that they import from are there."""

import importlib
import io
import re
import runpy
import sys
import warnings
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

import pytest

from gedi_nesy.cli.parser import command_names

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")

OTHERS = {"--constraint", "--editable", "--index-url", "--nproc-per-node", "--nthreads", "--nworkers"}
"""Flags of pip, torchrun and dask."""


@cache
def flags(module: str, *arguments: str) -> set[str]:
    """What `python -m MODULE ... --help` knows."""
    with (
        warnings.catch_warnings(),
        redirect_stdout(io.StringIO()) as printed,
        pytest.MonkeyPatch.context() as patch,
    ):
        warnings.simplefilter("ignore")  # runpy's, where a test has imported the module already
        patch.setenv("COLUMNS", "200")
        patch.setattr(sys, "argv", [module, *arguments, "--help"])
        with pytest.raises(SystemExit):
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    return set(FLAG.findall(printed.getvalue()))


@cache
def known() -> set[str]:
    benchmarks = [file.parent.name for file in (ROOT / "benchmarks").glob("*/__main__.py")]
    found = [flags(f"benchmarks.{name}") for name in benchmarks]
    found += [flags("gedi_nesy", name) for name in command_names()] + [flags("tests.logic.fuzz")]
    return {"--version", *OTHERS}.union(*found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_flags_of_a_page_exist(page):
    assert set(FLAG.findall(page.read_text())) - known() == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_imports_exists(page):
    found = re.findall(r"from (gedi_nesy[\w.]*) import ([\w, ]+)", page.read_text())
    for module, names in found:
        for name in names.split(","):
            there = importlib.import_module(module)
            if not hasattr(there, name.strip()):
                importlib.import_module(f"{module}.{name.strip()}")
