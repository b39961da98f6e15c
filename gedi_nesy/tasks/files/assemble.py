"""A task from what a person's files say: queries that name their images, and the symbols that are known."""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gedi_nesy.data.dataset import Collection, DataError
from gedi_nesy.errors import did_you_mean
from gedi_nesy.tasks.files.stated_queries import Row, StatedTemplate
from gedi_nesy.tasks.programs import readings_of
from gedi_nesy.tasks.task import NetworkSpec, Queries, Task

SHARED = "images"
"""The pool of all networks that have none of their own."""


class Pools(NamedTuple):
    """Images by pool: one that is shared, and those of single networks, under their names; and where they are from."""

    collections: Mapping[str, Collection]
    sources: Mapping[str, str]

    def of(self, network: str) -> str:
        """The pool that a network reads."""
        name = network if network in self.collections else SHARED
        if name not in self.collections:
            raise DataError(
                f"no images are given for network '{network}': --images DIR, or --images {network}=DIR"
            )
        return name


def assemble(
    program: str | os.PathLike[str],
    templates: Sequence[StatedTemplate],
    pools: Pools,
    labels: Mapping[str, Mapping[int, object]],
    allow_python: bool = False,
) -> Task:
    """The task; DataError names the first image that is missing, and says how many are."""
    indices = {
        name: {image: index for index, image in enumerate(collection.names)}
        for name, collection in pools.collections.items()
    }
    missing: list[tuple[Row, str, str]] = []
    queries, networks = (
        [],
        dict.fromkeys(network for each in templates for network, _ in readings_of(each.query)),
    )
    for each in templates:
        columns = {}
        for place, image in enumerate(each.query.images):
            pool = _pool_read(each, image, pools)
            found = [indices[pool].get(row.images[place]) for row in each.rows]
            missing += [
                (row, row.images[place], pool)
                for row, index in zip(each.rows, found, strict=True)
                if index is None
            ]
            columns[image] = found
        answers = [row.answer for row in each.rows]
        answer = (each.query.answer, answers) if each.query.answer else None
        queries.append(Queries(program, each.query.text, columns, answer))
    if missing:
        raise DataError(_missing(missing, pools, sum(len(each.rows) for each in templates)))
    specs = {name: NetworkSpec(pool=pools.of(name), labels=labels.get(name, {})) for name in networks}
    used = dict.fromkeys(spec.pool for spec in specs.values() if spec.pool is not None)
    return Task(
        pools={name: pools.collections[name].inputs for name in used},
        queries=queries,
        networks=specs,
        allow_python=allow_python,
    )


def _pool_read(template: StatedTemplate, image: str, pools: Pools) -> str:
    """What an image of a template is from; one that no network reads may be from anywhere."""
    read = [pools.of(network) for network, each in readings_of(template.query) if each == image]
    return read[0] if read else next(iter(pools.collections))


def _missing(missing: Sequence[tuple[Row, str, str]], pools: Pools, queries: int) -> str:
    row, name, pool = min(missing, key=lambda each: each[0].number)
    collection, source = pools.collections[pool], pools.sources[pool]
    concerned = len({each.number for each, _, _ in missing})
    counted = f"; so it is in {concerned:,} of {queries:,} queries" if concerned > 1 else ""
    unread = dict(collection.left_out).get(name)
    if unread is not None:
        return f"{row.where}: {name} in {source} cannot be read ({unread}){counted}"
    count = len(collection.names)
    if collection.names == [str(number) for number in range(count)]:
        return f"{row.where}: no image {name} in {source}, whose images are 0 to {count - 1}{counted}"
    base = [each for each in collection.names if each.rpartition("/")[2] == name.rpartition("/")[2]]
    hint = f"; did you mean '{base[0]}'?" if base else ""
    if not base and concerned < queries:
        hint = did_you_mean(name, collection.names)
    return f"{row.where}: no image {name!r} in {source}{hint}{counted}"
