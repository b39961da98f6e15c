"""The config of a stored model, which anybody may have written: read as JSON, and believed only where it fits."""

import inspect
import json
import math
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gedi_nesy.errors import GediNesyError

FORMAT = "gedi_nesy.GEDI/1"
LONGEST_CONFIG, LARGEST = 65_536, 2**24
"""Characters of a config, and its largest number, that are believed."""


class ModelError(GediNesyError, ValueError):
    """A folder that holds no model, a damaged one, or one whose weights do not fit its config."""


def read_text(file: Path) -> str:
    if not file.is_file():
        raise ModelError(f"{file}: is not a file")
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(LONGEST_CONFIG + 1)
    except UnicodeDecodeError as error:
        raise ModelError(f"{file}: damaged: not UTF-8 text") from error
    except OSError as error:
        raise ModelError(f"{file}: {error.strerror}") from error


def parse_config(file: Path, text: str) -> dict[str, Any]:
    if len(text) > LONGEST_CONFIG:
        raise ModelError(f"{file}: no config of a model: more than {LONGEST_CONFIG:,} characters")
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        raise ModelError(f"{file}: damaged, line {error.lineno}: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; brackets without end
        raise ModelError(f"{file}: damaged: {error}") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ModelError(f"{file}: not a model of this version (format is not {FORMAT!r})")
    return config


def arguments_of(file: Path, kind: Callable[..., Any], config: object, where: str) -> dict[str, Any]:
    """The arguments that a config has for a class. ModelError for one that the class does not take as it is."""
    if not isinstance(config, dict):
        raise ModelError(f"{file}: {where} holds no arguments: {json.dumps(config)[:60]}")
    hints = typing.get_type_hints(kind.__init__)  # pyright: ignore[reportFunctionMemberAccess]
    parameters = inspect.signature(kind).parameters
    for name, value in config.items():
        if name not in parameters:
            raise ModelError(f"{file}: {where} has {name[:60]!r}, which nothing takes")
        if not _fits(value, hints[name]):
            raise ModelError(f"{file}: {where}: {name}={json.dumps(value)[:60]} cannot be used")
    return {name: float(value) if hints[name] is float else value for name, value in config.items()}


def _fits(value: object, hint: Any) -> bool:
    """Whether a value from JSON is of this type, and of a size that is believed."""
    origin, parameters = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, each) for each in parameters)
    if origin in (list, tuple):
        return isinstance(value, list) and all(_fits(each, parameters[0]) for each in value)
    if hint is bool or isinstance(value, bool):
        return hint is bool and isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and abs(value) <= LARGEST
    if hint is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return (hint is str and isinstance(value, str)) or (hint is types.NoneType and value is None)
