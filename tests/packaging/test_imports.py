"""What is imported is declared, by the package itself or by the extra that the import names."""

import ast
import importlib
import os
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

import gedi_nesy

OURS = {"gedi_nesy", "benchmarks", "tests", "examples"}
CORE = ""


class Import(NamedTuple):
    """A package that a file imports, and the extra of the `with needs(...)` around it."""

    package: str
    extra: str
    line: int


def imports(source: str) -> list[Import]:
    """All imports of other people's packages, late ones included, those for types alone left out."""
    found: list[Import] = []

    def look(node: ast.AST, extra: str) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return
        if isinstance(node, ast.With):
            for item in node.items:
                call = item.context_expr
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "needs":
                    extra = ast.literal_eval(call.args[0])
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            package = name.split(".")[0]
            if package not in OURS and package not in sys.stdlib_module_names:
                found.append(Import(package, extra, node.lineno))
        for child in ast.iter_child_nodes(node):
            look(child, extra)

    look(ast.parse(source), CORE)
    return found


@pytest.fixture(scope="module")
def declared() -> dict[str, set[str]]:
    """Distributions by extra, those of extras it asks for and of the package itself included; names in lower case."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    raw = {CORE: project["dependencies"], **project["optional-dependencies"]}

    def expand(extra: str) -> set[str]:
        names = set()
        for requirement in raw[extra]:
            inner = re.match(r"gedi_nesy\[(.*)\]", requirement)
            if inner:
                names |= {name for each in inner[1].split(",") for name in expand(each.strip())}
            else:
                names.add(re.split(r"[\[><=!~ ;]", requirement)[0].lower())
        return names

    return {extra: expand(CORE) | expand(extra) for extra in raw}


@cache
def installed() -> Mapping[str, list[str]]:
    """Which distributions each importable package comes from; seconds, so once."""
    return packages_distributions()


def undeclared(source: str, declared: dict[str, set[str]], default: str = CORE) -> list[str]:
    """Imports of packages that their extra, or `default` without one, does not declare."""
    distributions = installed()
    found = []
    for each in imports(source):
        names = {name.lower() for name in distributions.get(each.package, [each.package])}
        if not names & declared[each.extra or default]:
            found.append(
                f"{each.package} (line {each.line}) is not in [{each.extra or default or 'dependencies'}]"
            )
    return found


@pytest.mark.parametrize(
    ("top", "extra"), [("gedi_nesy", CORE), ("benchmarks", "benchmarks"), ("tests", "dev")]
)
def test_every_import_is_declared(root, declared, top, extra):
    found = {
        str(file.relative_to(root)): missing
        for file in (root / top).rglob("*.py")
        if (missing := undeclared(file.read_text(), declared, extra))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import sklearn", ["sklearn (line 1) is not in [dependencies]"]),
        ("def late():\n    import scipy.optimize", ["scipy (line 2) is not in [dependencies]"]),
        ("with needs('tensorboard'):\n    import rich", ["rich (line 2) is not in [tensorboard]"]),
        ("with needs('report'):\n    from rich import box", []),
        ("import torch, json\nfrom gedi_nesy import GEDI\nfrom . import x", []),
        ("if TYPE_CHECKING:\n    import rich", []),
    ],
)
def test_a_planted_import_is_found(declared, source, found):
    assert undeclared(source, declared) == found


CORE_ONLY = """
import sys
from importlib.machinery import PathFinder

class Finder(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        absent = name.split(".")[0] in {absent!r}
        return None if absent else super().find_spec(name, path, target)

sys.meta_path = [Finder if finder is PathFinder else finder for finder in sys.meta_path]
"""


@pytest.fixture
def with_core_only(root, declared, tmp_path):
    """Runs Python where only the packages of the dependencies are there, and what they bring."""
    brought = {"torchvision", "cython", "sympy"}  # by deepproblog, by PySDD, by torch
    optional = set().union(*declared.values()) - declared[CORE] - brought
    absent = {
        package
        for package, distributions in installed().items()
        if {name.lower() for name in distributions} & optional
    }
    assert {"sklearn", "scipy", "matplotlib", "rich", "tyro", "mlxtend"} <= absent

    def run(code: str) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "script.py"
        script.write_text(CORE_ONLY.format(absent=absent) + textwrap.dedent(code))
        environment = {
            "PYTHONPATH": str(root),
            "GEDI_NESY_CACHE": "",
            "OMP_NUM_THREADS": "1",
            "PATH": os.defpath,
        }
        return subprocess.run(
            [sys.executable, str(script)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            check=False,
        )

    return run


def test_the_core_alone_solves_and_trains(with_core_only, programs):
    """`--version`, `solve`, and a few steps of training on two kinds of images, bright and dark."""
    done = with_core_only(f"""
        import torch
        from gedi_nesy.__main__ import main
        from gedi_nesy.data.queries import with_extra_images
        from gedi_nesy.learn import learn, query_log_prob
        from gedi_nesy.models.encoders import ConvNet
        from gedi_nesy.training.config import TrainConfig

        assert main(["--version"]) == 0
        assert main(["solve", {str(programs / "alarm.pl")!r}]) == 0
        generator = torch.Generator().manual_seed(0)
        brightness = (0.25 + 0.5 * (torch.arange(40) % 2))[:, None, None, None]
        images = brightness + 0.1 * torch.rand(40, 1, 28, 28, generator=generator)
        data = with_extra_images(generator, images, torch.arange(40).view(20, 2), num=0)
        log_prob = query_log_prob({str(programs / "differ.pl")!r}, "differ(A, B)", ("A", "B"), num_clusters=10)
        config = TrainConfig(attempts=1, explore=3, refine=2, reconsider=0)
        outcome = learn(data, log_prob, 10, config, lambda: ConvNet(width=8))
        outcome.model.save("model")
        log_probs = outcome.model.log_probs(images)
        print(tuple(log_probs.shape), bool(log_probs.isfinite().all()))
    """)
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(r"\d+\.\d+\.\d+", done.stdout.splitlines()[0])
    assert "alarm:" in done.stdout
    assert done.stdout.endswith("(40, 10) True\n")


def test_what_is_missing_is_named_with_what_mends_it(with_core_only):
    done = with_core_only("""
        from gedi_nesy.errors import MissingPackageError
        for module in ("metrics.ood", "report.plots", "report.tables"):
            try:
                __import__(f"gedi_nesy.{module}")
            except MissingPackageError as error:
                print(error)
    """)
    assert done.stdout.splitlines() == [
        f"this needs {package}, which is not installed: pip install 'gedi_nesy[{extra}]'"
        for package, extra in (("sklearn", "metrics"), ("matplotlib", "report"), ("rich", "report"))
    ]


def test_a_benchmark_without_its_packages_is_one_line(with_core_only):
    done = with_core_only("import benchmarks.toy")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: benchmarks need matplotlib, rich, scipy, sklearn, tyro, not installed here:"
        " pip install 'gedi_nesy[benchmarks]'\n"
    )


def test_an_empty_search_path_does_not_keep_problog_from_being_imported(monkeypatch):
    from problog.setup import set_environment

    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TypeError):
        set_environment()  # what ProbLog does when it is imported
    importlib.reload(gedi_nesy)
    set_environment()
