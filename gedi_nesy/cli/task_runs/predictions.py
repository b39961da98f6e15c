"""What the networks of a run of `train` read in further images, and which answers follow in further queries."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from gedi_nesy.cli.task_runs.folder import Network, TaskFolder
from gedi_nesy.cli.task_runs.inputs import is_image_of
from gedi_nesy.cli.task_runs.tables import read_images, symbol_rows
from gedi_nesy.cli.trained import read_inputs_for
from gedi_nesy.data.dataset import Collection, DataError
from gedi_nesy.data.pixels import to_float
from gedi_nesy.tasks.files.assemble import SHARED, Pools, assemble
from gedi_nesy.tasks.files.query_files import FACTS, TABLES, Stated, read_query_file
from gedi_nesy.tasks.files.stated_queries import StatedTemplate, templates_of
from gedi_nesy.tasks.programs import readings_of

QUERY_COLUMNS = ("query", "answer", "probability", "reading", "stated", "stated_probability")
AT_ONCE = 256
"""Queries that are explained in one go."""
IMAGE = re.compile(r"\bImage(\d+)\b")


def is_query_file(path: Path, run: TaskFolder) -> bool:
    """Whether further queries are in a file, rather than images or points."""
    points = any(
        len(network.model.input_shape) == 1 and not network.reads_features
        for network in run.networks.values()
    )
    endings = FACTS if points else (*FACTS, *TABLES)
    return path.suffix.lower() in endings and not path.is_dir()


def rows_of_images(
    networks: Mapping[str, Network], source: Path, several: bool
) -> tuple[list[list[str]], list[str]]:
    """A row for each image and network, and what there is to say of the images."""
    rows, notes = [], dict[str, None]()
    collections: dict[tuple[int, ...], Collection] = {}
    for name, network in networks.items():
        shape = network.model.input_shape
        collection = collections.get(shape) or collections.setdefault(
            shape, read_inputs_for(network.model, source)
        )
        notes |= dict.fromkeys(collection.notes)
        found = read_images(network, collection.inputs)
        rows += symbol_rows(collection.names, network, found, name if several else None)
    return rows, list(notes)


def rows_of_queries(
    run: TaskFolder, file: Path, images: Sequence[str] | None, query: str | None, allow_python: bool
) -> list[list[str]]:
    """A row for each query, in the order of the file: its most probable answer, and what is read for that."""
    program = run.program(allow_python)
    if query is None and file.suffix.lower() in TABLES:
        query = run.settings.get("query")
    stated = read_query_file(file, program.source, query, asking=True)
    pools = _pools(run, images)
    templates = templates_of(stated, program, is_image_of(pools))
    task = assemble(program.source.name, templates, pools, {})
    rows: dict[int, list[str]] = {}
    for template, queries in zip(templates, task.queries, strict=True):
        inputs = {}
        for image, indices in queries.images.items():
            network = next((name for name, each in readings_of(template.query) if each == image), None)
            pool = pools.of(network) if network else next(iter(pools.collections))
            inputs[image] = pools.collections[pool].inputs[torch.as_tensor(indices)]
            if network:
                inputs[image] = run.networks[network].prepared(inputs[image])
        rows |= _answered(template, inputs, stated)
    return [rows[number] for number in sorted(rows)]


def _pools(run: TaskFolder, images: Sequence[str] | None) -> Pools:
    """The images of the training, where they lay, or others; each as the networks that read them were given theirs."""
    given = list(images or run.settings["images"])
    collections, sources = {}, {}
    for text in given:
        name, equals, rest = text.partition("=")
        own, path = (name, rest) if equals and not Path(text).exists() else (SHARED, text)
        network = run.networks.get(own) or next(iter(run.networks.values()))
        if not Path(path).exists():
            raise DataError(
                f"{path}: no such file or folder; --images says where the images of the queries are"
            )
        collections[own], sources[own] = read_inputs_for(network.model, Path(path)), path
    return Pools(collections, sources)


def _answered(
    template: StatedTemplate, inputs: Mapping[str, Tensor], stated: Sequence[Stated]
) -> Iterator[tuple[int, list[str]]]:
    query = template.query
    for start in range(0, len(template.rows), AT_ONCE):
        rows = template.rows[start : start + AT_ONCE]
        part = {name: _as_float(value[start : start + AT_ONCE]) for name, value in inputs.items()}
        with torch.no_grad():
            distribution = query.distribution(**part)
        explained = query.explain(**part)
        for row, own, found in zip(rows, distribution, explained, strict=True):
            best = int(own.argmax())
            answer = "true" if query.answer is None else str(query.answers[best])
            told, probability = "", ""
            if query.answer is not None and row.answer is not None:
                column = int(query.columns_of([row.answer])[0])
                told, probability = str(row.answer), f"{own[column].item():.6g}"
            reading = ", ".join(_with_names(each, row.images) for each in (*found.symbols, *found.facts))
            yield (
                row.number,
                [str(stated[row.number].term), answer, f"{own[best].item():.6g}", reading, told, probability],
            )


def _as_float(inputs: Tensor) -> Tensor:
    """Pixels between 0 and 1; features, of 16 bits, with 32."""
    return inputs.float() if inputs.dtype == torch.float16 else to_float(inputs)


def _with_names(text: str, images: Sequence[str]) -> str:
    """The same with the names of its images."""
    return IMAGE.sub(lambda found: images[int(found[1]) - 1], text)
