"""Which command a command line names, and what is said of one that names none."""

import json
import subprocess
import sys

import pytest

import gedi_nesy
from gedi_nesy.__main__ import main
from gedi_nesy.cli.parser import Command, command_names, load_command
from gedi_nesy.cli.top_level import USAGE
from tests.cli.command_line import error_of


@pytest.mark.parametrize("name", command_names())
def test_every_file_of_commands_is_a_command(name, capsys):
    command = load_command(name)
    assert isinstance(command, Command)
    assert main([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert command.SUMMARY.split()[-1] in out
    assert "exit codes: 0 done;" in out


def test_help_lists_all_commands(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for name in command_names():
        assert f"  {name} " in out
        assert load_command(name).SUMMARY in out


def test_a_new_file_is_a_new_command(tmp_path, monkeypatch, capsys):
    """Nothing else has to know it."""
    (tmp_path / "hello.py").write_text(
        "SUMMARY = 'says hello'\ndef add_arguments(parser): parser.add_argument('name')\n"
        "def run(arguments):\n    print('hello', arguments.name)\n    return 0\n"
    )
    from gedi_nesy.cli import commands

    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    assert main(["hello", "you"]) == 0
    assert capsys.readouterr().out == "hello you\n"
    assert "hello" in command_names()
    monkeypatch.delitem(sys.modules, "gedi_nesy.cli.commands.hello")


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"gedi_nesy {gedi_nesy.__version__}\n"


def test_versions_as_json(capsys):
    assert main(["version", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["gedi_nesy"] == gedi_nesy.__version__
    assert {"python", "torch", "problog"} <= found.keys()
    assert main(["version"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"gedi_nesy {gedi_nesy.__version__}"


def test_the_version_is_said_without_loading_torch_and_the_logic(root):
    code = (
        "import sys; from gedi_nesy.__main__ import main; main(['--version']);"
        " print([name for name in ('torch', 'problog', 'klay', 'matplotlib', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], f"no command; the commands are {', '.join(command_names())}"),
        (["chekc"], "no command 'chekc'; did you mean 'check'?"),
        (["fly\nhigh"], "no command 'fly\\nhigh'"),
        (["-x"], "-x is not a flag"),
        (["solve"], "the following arguments are required: file"),
        (["solve", "a.pl", "--jsno"], "--jsno is not expected; did you mean '--json'?"),
        (["solve", "a.pl", "--timout=3"], "--timout=3 is not expected; did you mean '--timeout'?"),
        (["solve", "a.pl", "b.pl"], "b.pl is not expected"),
        *(
            (["solve", "a.pl", "--seconds", text], "is not a number of seconds")
            for text in ("-1", "nan", "x")
        ),
        (["check", "a.pl", "--budget", "1e"], "argument --budget: '1e' is not a number of seconds"),
        (["runs", "a", "--sort"], "argument --sort: expected one argument"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments, message, capsys):
    line = error_of(capsys, arguments, USAGE)
    assert message in line
    assert "--help says what there is" in line


@pytest.mark.parametrize("seconds", ["1e300", "inf", "600"])
@pytest.mark.parametrize("flag", ["--timeout", "--seconds", "--budget"])
def test_a_timeout_may_be_as_long_as_one_likes(seconds, flag, programs, capsys):
    assert main(["solve", str(programs / "alarm.pl"), flag, seconds]) == 0
    assert capsys.readouterr().out
