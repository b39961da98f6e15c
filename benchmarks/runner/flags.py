"""The command line of a config: its own fields, and those of nested library configs, in groups, flat.

A config class may have `GROUPS`, by title the flags of a group, first things first; a flag is a field's name, or a
`Flag` with the path to a field of a nested config. Types, defaults and help are those of the field; nothing is retyped.
A field of the config that is in no group joins `options`, one of the runner's own `run and output`; a field of a nested
config that is in no group is no flag.
"""

import ast
import contextlib
import inspect
import io
import re
import shlex
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import field, fields, is_dataclass, make_dataclass, replace
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

import tyro

from benchmarks.runner.config import PlaceConfig, RecordedConfig, RunConfig
from benchmarks.runner.results import portable

Config = TypeVar("Config", bound=PlaceConfig)
OPTIONS, OUTPUT = "options", "run and output"
ARG = type(tyro.conf.arg())
MARKERS = (tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes)


class Flag(NamedTuple):
    """A field that is a flag. Where it was renamed, --key goes on to work."""

    path: str
    """from the config, with dots: train.step.sgld.num_steps"""
    key: str = ""
    """in results.json; by default the last part of the path"""
    name: str = ""
    """of the flag, without hyphens in front; by default that of the key"""
    help: str = ""
    """by default the docstring of the field"""


PLACE = ("dataset", "data_root", "seeds", "out", "resume", "device")
"""The last of the options of benchmarks over data sets: which images, which seeds, and where to."""

SAVED = ("overwrite", Flag("save_every", name="checkpoint-seconds"))
"""The group `run and output` of benchmarks whose runs are saved."""

TRAINING = (
    Flag("attempts", name="max-restarts"),
    Flag("explore", name="restart-steps"),
    Flag("iterations", name="refine-steps"),
    "weight_gen",
)
"""The group `training` of benchmarks that train tasks."""


class _Leaf(NamedTuple):
    path: str
    key: str
    annotated: Any
    default: Any


def parse(config: type[Config], prog: str, arguments: Sequence[str] | None = None) -> Config:
    """The config that a command line asks for; SystemExit where it cannot be read, ValueError for a bad value."""
    groups = _groups(config)
    made = {title: _group(leaves) for title, leaves in groups.items()}
    members = [
        (
            f"group_{number}",
            Annotated[group, tyro.conf.arg(name=_prefix(title))],
            field(default_factory=group),
        )
        for number, (title, group) in enumerate(made.items())
    ]
    everything = make_dataclass("Everything", members, namespace={"__doc__": config.__doc__})
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            read = tyro.cli(everything, prog=prog, args=arguments, config=MARKERS)
    except SystemExit as stop:
        if stop.code:
            print(
                f"error: {_in_one_line(said.getvalue())} ({prog} --help says what there is)", file=sys.stderr
            )
        raise
    values = {
        leaf.path: getattr(getattr(read, f"group_{number}"), leaf.key)
        for number, leaves in enumerate(groups.values())
        for leaf in leaves
    }
    return _rebuilt(config(), values)


def _in_one_line(said: str) -> str:
    """What tyro frames or rules off in many lines: the first paragraph below its title, and a flag that is similar."""
    rows = [row.strip(" │\n") for row in said.splitlines() if not row.startswith(("╭", "╰"))]
    paragraphs: list[list[str]] = [[]]
    for row in rows:
        if row and set(row) <= set("─-"):
            paragraphs.append([])
        else:
            paragraphs[-1].append(row)
    first, *others = paragraphs if said.startswith("╭") else paragraphs[1:]
    named = [row.split()[0].rstrip(",") for part in others for row in part if re.match(r"--\w", row)]
    return " ".join(first) + (f"; did you mean '{named[0]}'?" if named and "Unrecognized" in said else "")


def flat(config: PlaceConfig) -> dict[str, Any]:
    """All settings by key, as results.json has them."""
    return {
        leaf.key: portable(_value(config, leaf.path.split(".")))
        for leaves in _groups(type(config)).values()
        for leaf in leaves
    }


def command_line(config: PlaceConfig, prog: str) -> str:
    """What one would type for these settings: flags whose value is not their default."""
    words = prog.split()
    for leaves in _groups(type(config)).values():
        for leaf in leaves:
            value = _value(config, leaf.path.split("."))
            if value != leaf.default and value is not None:
                words += [f"--{leaf.key.replace('_', '-')}", *_typed(value)]
    return shlex.join(words)


def _typed(value: Any) -> list[str]:
    """The words behind a flag: none where it is only switched on."""
    if value is True:
        return []
    return [str(each) for each in value] if isinstance(value, tuple | list) else [str(value)]


def _group(leaves: Sequence[_Leaf]) -> type:
    """A dataclass with a field for each flag, for tyro to read."""
    members = [(leaf.key, leaf.annotated, field(default=leaf.default)) for leaf in leaves]
    return make_dataclass("Group", members, namespace={"__doc__": ""})


def _prefix(title: str) -> str:
    """tyro writes `options` behind each title itself."""
    return "" if title == OPTIONS else title


@cache
def _groups(config: type[PlaceConfig]) -> dict[str, list[_Leaf]]:
    """The flags by group, in their order."""
    default = config()
    chosen: Mapping[str, Sequence[Flag | str]] = getattr(config, "GROUPS", {})
    found = {
        title: [_leaf(default, flag if isinstance(flag, Flag) else Flag(flag)) for flag in flags]
        for title, flags in chosen.items()
    }
    paths = {leaf.path for leaves in found.values() for leaf in leaves}
    shared = {each.name for owner in (PlaceConfig, RunConfig, RecordedConfig) for each in fields(owner)}
    for each in fields(config):
        if each.name not in paths and not is_dataclass(getattr(default, each.name)):
            title = OUTPUT if each.name in shared else OPTIONS
            found.setdefault(title, []).append(_leaf(default, Flag(each.name)))
    return {
        title: found[title] for title in sorted(found, key=lambda title: (title != OPTIONS, title == OUTPUT))
    }


def _leaf(default: PlaceConfig, flag: Flag) -> _Leaf:
    *parents, name = flag.path.split(".")
    owner = _value(default, parents)
    hint, text, metavar = type(_value(owner, [name])), flag.help, None
    if not isinstance(owner, Mapping):
        hint = get_type_hints(type(owner), include_extras=True)[name]
        text = text or _docs(type(owner)).get(name, "")
    key, new, others = flag.key or name, flag.name, ()
    if get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
        for mark in (mark for mark in marks if isinstance(mark, ARG)):
            given = vars(mark)
            text, metavar = given["help"] or text, given["metavar"]
            new, others = new or given["name"], given["aliases"] or ()
    old = key.replace("_", "-")
    # tyro shows aliases first: the new name is one, so that it leads
    aliases = [f"--{new}"] if new and new != old else []
    aliases += [other for other in others if other not in (*aliases, f"--{old}")]
    arg = tyro.conf.arg(name=old, aliases=aliases or None, help=text, metavar=metavar)
    return _Leaf(flag.path, key, Annotated[hint, arg], _value(owner, [name]))


@cache
def _docs(owner: type) -> dict[str, str]:
    """The docstrings of a dataclass's fields, those of its bases included."""
    found: dict[str, str] = {}
    for each in reversed(owner.__mro__):
        if not is_dataclass(each):
            continue
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        assert isinstance(tree, ast.ClassDef)
        for statement, text in zip(tree.body, tree.body[1:], strict=False):
            match statement, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(doc))):
                    found[name] = " ".join(doc.split())
    return found


def _value(config: Any, path: Sequence[str]) -> Any:
    for name in path:
        config = config[name] if isinstance(config, Mapping) else getattr(config, name)
    return config


def _rebuilt(config: Any, values: Mapping[str, Any]) -> Any:
    """The config with these values at their paths, everything checked once it is all there."""
    new: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        name, _, rest = path.partition(".")
        if rest:
            nested.setdefault(name, {})[rest] = value
        else:
            new[name] = value
    new |= {name: _rebuilt(_value(config, [name]), part) for name, part in nested.items()}
    return {**config, **new} if isinstance(config, Mapping) else replace(config, **new)
