"""The wheel, built from the tracked files alone and tried in an environment that knows no checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TRAINING = """
import torch
import gedi_nesy
from importlib.resources import files
from gedi_nesy.data.queries import with_extra_images
from gedi_nesy.learn import learn, query_log_prob
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.training.config import TrainConfig

generator = torch.Generator().manual_seed(0)
images = torch.rand(40, 1, 28, 28, generator=generator)
data = with_extra_images(generator, images, torch.arange(40).view(20, 2), num=0)
program = str(files("gedi_nesy.programs") / "differ.pl")
log_prob = query_log_prob(program, "differ(A, B)", ("A", "B"), num_clusters=10)
config = TrainConfig(attempts=1, explore=3, refine=2, reconsider=0)
outcome = learn(data, log_prob, 10, config, lambda: ConvNet(width=8))
print(gedi_nesy.__file__, bool(outcome.model.log_probs(images).isfinite().all()))
"""


def _run(*command: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=environment | {"GEDI_NESY_CACHE": "", "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-1000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built through the source distribution, as it would be published."""
    root, place = Path(__file__).parents[2], tmp_path_factory.mktemp("wheel")
    clone = place / "clone"
    for name in _run("git", "ls-files", cwd=root).splitlines():
        if (root / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, clone / name)
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", place / "dist", cwd=clone)
    (built,) = (place / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """The wheel alone, beside the packages of this environment; paths of editable installs are not followed."""
    place = tmp_path_factory.mktemp("installed") / "env"
    venv.create(place, with_pip=False, symlinks=True)
    (site,) = (place / "lib").glob("python*/site-packages")
    (site / "packages.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    pip = (sys.executable, "-m", "pip", "--python", place / "bin" / "python")
    _run(*pip, "install", "--no-deps", "--no-index", "--ignore-installed", "--quiet", wheel, cwd=place)
    return place


def test_the_wheel_holds_the_library_and_the_programs(wheel, programs):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"gedi_nesy/programs/{file.name}" for file in programs.iterdir() if file.is_file()} <= names
    assert "gedi_nesy/py.typed" in names
    templates = programs.parent / "gedi_nesy" / "report" / "page" / "templates"
    page = {file.relative_to(programs.parent).as_posix() for file in templates.rglob("*.*")}
    assert len(page) > 8
    assert page <= names
    modules = {name for name in names if name.endswith(".py")}
    here = {
        file.relative_to(programs.parent).as_posix() for file in (programs.parent / "gedi_nesy").rglob("*.py")
    }
    assert modules == here
    assert {name.split("/")[0].split("-")[0] for name in names} == {"gedi_nesy"}


def test_the_console_script(environment, tmp_path):
    script = environment / "bin" / "gedi-nesy"
    assert "0.1.0" in _run(script, "--version", cwd=tmp_path)
    where = "from importlib.resources import files; print(files('gedi_nesy.programs') / 'alarm.pl')"
    program = _run(environment / "bin" / "python", "-c", where, cwd=tmp_path).strip()
    assert Path(program).is_relative_to(environment)
    assert "alarm:" in _run(script, "solve", program, cwd=tmp_path)


def test_a_page(environment, tmp_path):
    code = (
        "from pathlib import Path; from gedi_nesy.report.page.content import Finding, Page;"
        " from gedi_nesy.report.page.write import write_page;"
        " finding = Finding(word='good', tone='good', sentence='It is.');"
        " write_page(Path('page.html'), Page(title='A page', finding=finding))"
    )
    _run(environment / "bin" / "python", "-c", code, cwd=tmp_path)
    assert "<h1>A page</h1>" in (tmp_path / "page.html").read_text()


def test_a_short_training(environment, tmp_path):
    (tmp_path / "train.py").write_text(TRAINING)
    file, finite = _run(environment / "bin" / "python", "train.py", cwd=tmp_path).split()
    assert Path(file).is_relative_to(environment)
    assert finite == "True"
