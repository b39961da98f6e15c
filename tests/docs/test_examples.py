"""What pages show is what files in examples/ say, and these run; commands print what pages say they print."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gedi_nesy.__main__ import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = re.compile(
    r"<!-- example: (?P<file>[^\s,]+)(, (?P<part>[\w ]+))? -->\n```\w+\n(?P<code>.*?)```", re.DOTALL
)
MARK = re.compile(r"^# --8<-- \[.*\]\n", re.MULTILINE)
TRANSCRIPT = re.compile(r"```\n\$ python -m gedi_nesy (?P<command>.*?)\n(?P<output>.*?)```", re.DOTALL)


def region(file: Path, part: str = "text") -> str:
    """The marked lines of a file, with a blank line where others are left out; all of a file that has no mark."""
    text = file.read_text()
    begin, end = (rf"^# --8<-- \[{edge}:{part}\]\n" for edge in ("start", "end"))
    found = re.findall(f"{begin}(.*?){end}", text, re.DOTALL | re.MULTILINE)
    assert found or not MARK.search(text), f"{file.name} has no part {part!r}"
    return MARK.sub("", "\n".join(found) or text)


def run(*command: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False, timeout=1500
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder that looks like the root to an example; what it writes stays here."""
    for name in ("programs", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_its_examples_as_they_are(page):
    for found in SHOWN.finditer(page.read_text()):
        assert found["code"] == region(ROOT / found["file"], found["part"] or "text"), (
            f"{page.name}: {found['file']}"
        )


def test_every_example_is_shown_somewhere():
    shown = {found["file"] for page in PAGES for found in SHOWN.finditer(page.read_text())}
    files = (ROOT / "examples").iterdir()
    assert shown == {str(file.relative_to(ROOT)) for file in files if file.suffix in (".py", ".pl")}


def test_python_blocks_of_the_readme_are_all_from_files():
    text = (ROOT / "README.md").read_text()
    assert len(re.findall(r"^```(?:python|prolog)$", text, re.MULTILINE)) == len(SHOWN.findall(text))


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().split()) <= 900


def test_the_parts_run(folder):
    assert "(8, 19) probabilities" in run("examples/parts.py", folder=folder)


def test_a_deepproblog_model_is_accelerated(folder):
    """A linear map has 0.9 with labels of single digits; chance is 0.1."""
    output = run("-W", "ignore", "examples/accelerate_deepproblog.py", folder=folder)
    assert float(output.split()[-1]) > 0.8


@pytest.mark.slow
def test_digits_are_learned_from_their_successors(folder):
    output = run("examples/next_digit.py", folder=folder)
    assert float(output.split()[0]) > 0.95
    assert (folder / "next-model").is_dir()


TRANSCRIPTS: dict[str, list[tuple[str, str]]] = {}
"""Pages and what they show, by command: several pages show the same one, which is run once."""
for page in PAGES:
    for found in TRANSCRIPT.finditer(page.read_text()):
        TRANSCRIPTS.setdefault(found["command"], []).append((page.name, found["output"]))


@pytest.mark.parametrize("command", TRANSCRIPTS)
def test_a_command_prints_what_pages_say(command, folder, monkeypatch, capsys):
    """All lines of a page, in their order; the page may leave some out."""
    monkeypatch.chdir(folder)
    assert main(shlex.split(command)) == 0
    lines = capsys.readouterr().out.splitlines()
    for page, output in TRANSCRIPTS[command]:
        printed = iter(lines)
        missing = [line for line in output.splitlines() if line not in printed]
        assert missing == [], page


def test_commands_are_found():
    assert sum(map(len, TRANSCRIPTS.values())) >= 2


@pytest.mark.slow
def test_one_label_settles_an_ambiguous_rule(folder):
    """Without one, both readings are as good; with it, only the right one is left."""
    output = run("-W", "ignore", "examples/few_labels.py", folder=folder).splitlines()
    accuracies = {line.split(":")[0]: float(line.split()[-8]) for line in output if "seed" in line}
    assert len(accuracies) == 4
    for name, accuracy in accuracies.items():
        assert accuracy > 0.9 or (name.startswith("no label") and accuracy < 0.1), output


@pytest.mark.slow
def test_the_commands_of_the_tutorial_on_own_images_run(folder):
    """In their order, with a short training: a network of no worth, and all files that the page names."""
    page = (ROOT / "docs" / "tutorials" / "own-images.md").read_text()
    commands = re.findall(r"^\$ (.*)$", page, re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        program, *words = shlex.split(command)
        short = ["--steps", "60", "--restarts", "1"] if words[0] == "train" else []
        run(*(["-m", "gedi_nesy"] if program == "gedi-nesy" else []), *words, *short, folder=folder)
    assert {"verdict.json", "predictions.csv", "page.html"} <= {
        path.name for path in (folder / "larger").iterdir()
    }
    assert len((folder / "read.csv").read_text().splitlines()) == 1798


@pytest.mark.slow
def test_points_are_clustered_likely_and_named(folder):
    """Each figure that the tutorial gives, with some room."""
    output = run("-W", "ignore", "examples/points.py", folder=folder).splitlines()
    assert float(output[0].split()[2]) > 0.95
    seen, gap = map(float, re.findall(r"-?\d+\.\d", output[1]))
    assert seen > gap + 5
    assert int(output[2].split("%")[0]) >= 95
    assert output[3].startswith("Grounded: 20 of 20 held-out queries hold")
    assert float(output[4].split()[0]) > 0.98
