"""Imports point one way; this reads them and holds it."""

import ast
from pathlib import Path

import pytest

LEAVES = ("objectives", "sampling", "augmentation", "types", "metrics", "data", "report")


def imported(file: Path) -> set[str]:
    """Modules of this project that a file imports, outside `if TYPE_CHECKING`."""
    tree = ast.parse(file.read_text())
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] in ("gedi_nesy", "benchmarks")}


def files(root: Path, *parts: str) -> list[Path]:
    place = root.joinpath(*parts)
    return [place.with_suffix(".py")] if place.with_suffix(".py").exists() else sorted(place.rglob("*.py"))


def test_the_library_never_imports_the_benchmarks(root):
    for file in files(root, "gedi_nesy"):
        assert not any(name.startswith("benchmarks") for name in imported(file)), file


@pytest.mark.parametrize("leaf", LEAVES)
def test_leaves_import_no_model_logic_or_training(root, leaf):
    for file in files(root, "gedi_nesy", leaf):
        for name in imported(file):
            assert not name.startswith(("gedi_nesy.models.gedi", "gedi_nesy.logic", "gedi_nesy.training")), (
                file
            )


def test_logic_knows_no_model_and_no_training(root):
    for file in files(root, "gedi_nesy", "logic"):
        assert not any(
            name.startswith(("gedi_nesy.models.gedi", "gedi_nesy.training")) for name in imported(file)
        ), file


def test_the_package_imports_torch_alone(root):
    """Logic, data and reports are loaded when they are used: `import gedi_nesy` stays quick."""
    import subprocess
    import sys

    heavy = "'problog', 'deepproblog', 'klay', 'sklearn', 'matplotlib', 'torchvision', 'mlxtend'"
    code = f"import sys, gedi_nesy; print([name for name in ({heavy}) if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
