"""docs/command-line.md: its examples print what it says, and it leaves out no command and no exit code."""

import doctest
import re
import shlex
import time

import pytest

from gedi_nesy.__main__ import main
from gedi_nesy.cli import top_level
from gedi_nesy.cli.parser import command_names
from tests.cli.commands.test_runs import NOW, write
from tests.cli.pictures import write_task


@pytest.fixture
def page(root) -> str:
    return (root / "docs" / "command-line.md").read_text()


@pytest.mark.parametrize(("name", "examples"), [("command-line", 26), ("cluster-a-folder", 4)])
def test_examples_print_what_the_page_says(name, examples, root, programs, tmp_path, monkeypatch, capsys):
    page = (root / "docs" / f"{name}.md").read_text()
    write_task(tmp_path)
    (tmp_path / "programs").symlink_to(programs)
    write(tmp_path / "runs" / "many", hours=50, triples=1000, accuracy=0.95)
    write(tmp_path / "runs" / "few", hours=3, triples=100, accuracy=0.8)
    for file, text in re.findall(r"^`([\w.]+)`:\n```prolog\n(.*?)```", page, re.DOTALL | re.MULTILINE):
        (tmp_path / file).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "time", lambda: NOW)
    found = 0
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for command, expected in re.findall(r"^\$ gedi-nesy (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            main(shlex.split(command))
            shown = "".join(capsys.readouterr())
            assert doctest.OutputChecker().check_output(
                expected, shown, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            ), f"{command}\n{shown}"
            found += 1
    assert found == examples


def test_every_command_has_a_section_with_an_example(page):
    for name in command_names():
        assert f"\n## {name}\n" in page
        assert f"$ gedi-nesy {name}" in page
        assert f"(#{name})" in page


def test_every_exit_code_is_explained(page):
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    named = (
        top_level.FAILED,
        top_level.USAGE,
        top_level.INTERNAL,
        top_level.INTERRUPTED,
        top_level.CLOSED_PIPE,
    )
    assert codes == {0, 143, *named}
