"""The fields of a YAML file, each of the kind that is asked for, or one line that says what is there instead."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from gedi_nesy.errors import ConfigError, did_you_mean
from gedi_nesy.extras import needs

MOST_BYTES = 1_000_000


def load(path: str | os.PathLike[str]) -> "Fields":
    """The fields of a file; ConfigError, with the line where YAML itself is broken."""
    with needs("rsbench"):
        import yaml  # noqa: PLC0415 - programs are audited without it

    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such task file") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if len(raw) > MOST_BYTES:
        raise ConfigError(f"{path}: has {len(raw):,} bytes; a task file has at most {MOST_BYTES:,}")
    try:
        found = yaml.safe_load(raw)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{path}{line}: is no YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: is no YAML: {error or type(error).__name__}") from None
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: expected fields such as n_digits: 3, found {_kind(found)}")
    return Fields(str(path), found)


def _kind(value: object) -> str:
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false", list: "a list"}
    return "nothing" if value is None else names.get(type(value), f"a {type(value).__name__}")


class Fields:
    """Every method raises ConfigError that names file, field and value."""

    def __init__(self, file: str, values: dict[Any, Any]):
        self.file = file
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def _get(self, name: str, kind: type, wanted: str) -> Any:
        if name not in self._values:
            known = [key for key in self._values if isinstance(key, str)]
            raise ConfigError(f"{self.file}: has no field '{name}'{did_you_mean(name, known)}")
        value = self._values[name]
        if type(value) is not kind:
            raise ConfigError(f"{self.file}: {name}: expected {wanted}, found {_kind(value)}")
        return value

    def _fail(self, name: str, what: str) -> ConfigError:
        return ConfigError(f"{self.file}: {name}: {what}")

    def whole(self, name: str, least: int) -> int:
        """A whole number, of at least so much."""
        value = self._get(name, int, "a whole number")
        if not least <= value <= 100:
            raise self._fail(name, f"expected {least} to 100, found {value}")
        return value

    def wholes(self, name: str, least: int, most: int) -> list[int]:
        """Distinct whole numbers in this range."""
        values = self._get(name, list, "a list")
        for value in values:
            if type(value) is not int or not least <= value <= most:
                raise self._fail(name, f"expected whole numbers from {least} to {most}, found {value!r}")
        if not values or len(set(values)) < len(values):
            raise self._fail(name, f"expected distinct numbers, found {values}")
        return values

    def flag(self, name: str) -> bool:
        """True or false; false if it is not there."""
        return self._get(name, bool, "true or false") if name in self else False

    def share(self, name: str) -> float:
        """A number from 0 to 1; 1 if it is not there."""
        value = self._values.get(name, 1)
        if type(value) not in (int, float) or not 0 <= value <= 1:
            raise self._fail(name, f"expected a number from 0 to 1, found {value!r}")
        return float(value)

    def text(self, name: str) -> str:
        """Text, or the one text of a list."""
        value = self._values.get(name)
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
            return value[0]
        return self._get(name, str, "text")

    def texts(self, name: str) -> list[tuple[str, str]]:
        """One text or several, each with what errors call it."""
        value = self._values.get(name)
        if not isinstance(value, list):
            return [(name, self._get(name, str, "text or a list of texts"))]
        for each in value:
            if not isinstance(each, str):
                raise self._fail(name, f"expected texts, found {_kind(each)}")
        if not value:
            raise self._fail(name, "expected at least one text, found an empty list")
        return [(name if len(value) == 1 else f"{name}[{i}]", each) for i, each in enumerate(value)]

    def names(self, name: str, most: int | None, known: Collection[str] = ()) -> list[str]:
        """Distinct identifiers, at most so many, of those that are known if any are."""
        values = self._get(name, list, "a list of names")
        for value in values:
            if not isinstance(value, str) or not value.isidentifier() or not value.isascii():
                raise self._fail(name, f"{value!r} is no name")
            if known and value not in known:
                raise self._fail(name, f"'{value}' is unknown{did_you_mean(value, known)}")
        if not values or len(set(values)) < len(values):
            raise self._fail(name, f"expected distinct names, found {values}")
        if most is not None and len(values) > most:
            raise self._fail(name, f"has {len(values)} names, more than the {most} that there are places for")
        return values

    def rows(self, name: str, width: int, what: str) -> list[list]:
        """Lists of this length, at least one."""
        values = self._get(name, list, "a list")
        if not values:
            raise self._fail(name, "expected at least one combination, found an empty list")
        for value in values:
            if not isinstance(value, list) or len(value) != width:
                raise self._fail(name, f"{str(value)[:60]!r} is no list of {width} {what}")
        return values

    def digit_rows(self, name: str, width: int, digits: Sequence[str]) -> list[tuple[str, ...]]:
        """Texts of so many digits, of those that are known."""
        values = self._get(name, list, "a list")
        if not values:
            raise self._fail(name, "expected at least one combination, found an empty list")
        for value in values:
            if not isinstance(value, str):
                hint = "; put quotes around its digits" if type(value) is int else ""
                raise self._fail(name, f"expected texts of digits, found {value!r}{hint}")
            if len(value) != width or any(digit not in digits for digit in value):
                raise self._fail(
                    name, f"'{value[:60]}' is no row of {width} digits out of {', '.join(digits)}"
                )
        return [tuple(value) for value in values]
