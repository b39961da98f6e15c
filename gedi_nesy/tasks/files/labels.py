"""The few symbols that are known, from a table: which image has which."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gedi_nesy.data.dataset import DataError
from gedi_nesy.errors import did_you_mean
from gedi_nesy.files import read_text
from gedi_nesy.tasks.files.assemble import Pools
from gedi_nesy.tasks.files.query_files import cell_term
from gedi_nesy.tasks.programs import Domain, value_key


class Known(NamedTuple):
    """The symbol of an image, as a line of a file has it."""

    image: str
    symbol: Any
    network: str | None
    where: str


def read_labels(path: Path) -> tuple[list[Known], int]:
    """The symbols of a table with the columns image and symbol (or label), and how many of its lines have none yet."""
    try:
        lines = csv.reader(io.StringIO(read_text(path), newline=""), skipinitialspace=True)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file of labels") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not text in UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    found, unfilled = [], 0
    try:
        header = [name.strip().casefold() for name in next(lines, [])]
        header = ["symbol" if name == "label" and "symbol" not in header else name for name in header]
        for name in ("image", "symbol"):
            if name not in header:
                raise DataError(f"{path}:1: no column {name!r} in {', '.join(header) or 'an empty line'}")
        for row in lines:
            where = f"{path}:{lines.line_num}"
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise DataError(f"{where}: {len(row)} cells, and {len(header)} columns: {', '.join(header)}")
            cells = dict(zip(header, (cell.strip() for cell in row), strict=True))
            if not cells["symbol"]:
                unfilled += 1
                continue
            symbol = cell_term(cells["symbol"], where)
            found.append(Known(cells["image"], symbol, cells.get("network") or None, where))
    except csv.Error as error:
        raise DataError(f"{path}:{lines.line_num}: no table: {error}") from None
    return found, unfilled


def labels_of(
    known: Sequence[Known], domains: Mapping[str, Domain], pools: Pools
) -> dict[str, dict[int, object]]:
    """The symbols by network and index in its pool; DataError with FILE:LINE for what is not there."""
    found: dict[str, dict[int, object]] = {name: {} for name in domains}
    indices: dict[str, dict[str, int]] = {}
    for each in known:
        network = each.network or next(iter(domains))
        if network not in domains:
            raise DataError(f"{each.where}: no network '{network}'{did_you_mean(network, domains)}")
        if each.network is None and len(domains) > 1:
            raise DataError(
                f"{each.where}: which network has this symbol? A column network says it: {', '.join(domains)}"
            )
        pool = pools.of(network)
        names = indices.setdefault(
            pool, {name: index for index, name in enumerate(pools.collections[pool].names)}
        )
        if each.image not in names:
            hint = did_you_mean(each.image, names)
            raise DataError(f"{each.where}: no image {each.image!r} in {pools.sources[pool]}{hint}")
        values = {value_key(value): value for value in domains[network].values}
        if value_key(each.symbol) not in values:
            hint = did_you_mean(str(each.symbol), [str(value) for value in values.values()])
            raise DataError(f"{each.where}: {each.symbol} is no symbol of network '{network}'{hint}")
        value = values[value_key(each.symbol)]
        before = found[network].setdefault(names[each.image], value)
        if before is not value:
            raise DataError(f"{each.where}: {each.image} is {before} in another line, and {value} here")
    return found
