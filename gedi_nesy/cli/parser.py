"""From a command line to the command that it names: each file of `commands/` is one, found by listing the folder."""

import argparse
import importlib
import pkgutil
import shlex
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, Protocol, cast, runtime_checkable

from gedi_nesy import __version__
from gedi_nesy.cli import commands
from gedi_nesy.cli.top_level import USAGE
from gedi_nesy.errors import did_you_mean, one_line

DESCRIPTION = "Look at a program, solve it, audit its symbols, or tabulate runs, without writing Python."
EXIT_CODES = (
    "exit codes: 0 done; 1 an input that cannot be used, said in one line; 2 a wrong command line; 70 a fault of"
    " gedi_nesy, its traceback kept in a file; 130 Ctrl-C; 141 the reader of the output has gone; 143 SIGTERM"
)


@runtime_checkable
class Command(Protocol):
    """What a file of `commands/` defines."""

    SUMMARY: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with a command line."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"error: {one_line(message)} ({self.prog} --help says what there is)\n")

    def options(self) -> list[str]:
        """The long names of all flags."""
        return [name for action in self._actions for name in action.option_strings if name.startswith("--")]


def command_names() -> list[str]:
    """All commands, in the order of the alphabet."""
    return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))


def load_command(name: str) -> Command:
    """The module of a command; only the one that is asked for is imported."""
    return cast(Command, importlib.import_module(f"{commands.__name__}.{name}"))


def run_command(argv: Sequence[str]) -> int:
    """Run the command that a command line names. SystemExit where it is wrong, or asks for help.

    The command finds all of it, as one would type it, in `command_line` beside its own arguments.
    """
    names = command_names()
    if argv and argv[0] in names:
        command = load_command(argv[0])
        parser = _parser_of(argv[0], command)
        arguments, unknown = parser.parse_known_args(argv[1:])
        if unknown:
            parser.error(f"{unknown[0]} is not expected{_near(unknown[0], parser.options())}")
        arguments.command_line = shlex.join(["gedi-nesy", *argv])
        return command.run(arguments)
    asks = argv[:1] in (["-h"], ["--help"])
    parser = Parser(prog=_program(), description=DESCRIPTION, epilog=_epilog(names) if asks else None)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--version", action="version", version=f"gedi_nesy {__version__}")
    parser.add_argument("command", metavar="COMMAND", nargs="?", help="one of these, each with a --help")
    named, _ = parser.parse_known_args(argv[:1])
    if named.command is None:
        flag = f"{argv[0]} is not a flag" if argv else "no command"
        parser.error(f"{flag}; the commands are {', '.join(names)}")
    parser.error(f"no command {named.command!r}{did_you_mean(named.command, names)}")


def _near(argument: str, options: Sequence[str]) -> str:
    return did_you_mean(argument.partition("=")[0], options) if argument.startswith("-") else ""


def _parser_of(name: str, command: Command) -> Parser:
    summary = f"{command.SUMMARY[0].upper()}{command.SUMMARY[1:]}."
    parser = Parser(prog=f"{_program()} {name}", description=summary, epilog=EXIT_CODES)
    command.add_arguments(parser)
    return parser


def _program() -> str:
    """As it was called: the installed script, or the module."""
    script = Path(sys.argv[0]).name
    return script if script.startswith("gedi-nesy") else "python -m gedi_nesy"


def _epilog(names: Sequence[str]) -> str:
    width = max(map(len, names))
    lines = [f"  {name:{width}}  {load_command(name).SUMMARY}" for name in names]
    return "\n".join(["commands:", *lines, "", *textwrap.wrap(EXIT_CODES, 100)])
