"""Compiled templates on disk, under a hash of everything they depend on; plain numbers and JSON, no pickle."""

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from gedi_nesy.logic.circuits.layers import Layer, LayeredCircuit, SumBlock
from gedi_nesy.logic.circuits.template import Report, Template
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.grounding.graph import ConstantWeight, LearnableWeight, NeuralWeight, Variable
from gedi_nesy.logic.grounding.ground import Request
from gedi_nesy.logic.grounding.slots import Slot
from gedi_nesy.logic.language.source import Source, parse_query

FORMAT = 7
WORTH_STORING = 0.5
"""Seconds of compilation below which a file is not worth its reading."""

_WEIGHTS = {"neural": NeuralWeight, "constant": ConstantWeight, "learnable": LearnableWeight}


class Store:
    """One program's compiled templates in a folder; a file that is torn, foreign or altered is compiled anew."""

    def __init__(self, folder: Path, program: str, worth_storing: float = WORTH_STORING):
        self.folder = folder
        self.program = program
        self.worth_storing = worth_storing

    @staticmethod
    def default(source: Source, files: Mapping[str, str]) -> "Store | None":
        """In $GEDI_NESY_CACHE, else the user's cache folder; None where $GEDI_NESY_CACHE is empty."""
        home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        folder = os.environ.get("GEDI_NESY_CACHE", os.path.join(home, "gedi_nesy"))
        texts = json.dumps([source.text, sorted(files.items())])
        return Store(Path(folder), texts) if folder else None

    def get(self, request: Request, compile_template: Callable[[], Template]) -> Template:
        """The stored template, or a new one, stored for next time if it took long."""
        key = self.key(request)
        path = self.folder / f"{key}.npz"
        template = load(path, key) if path.exists() else None
        if template is None:
            template = compile_template()
            if template.report.seconds >= self.worth_storing:
                save(path, key, template)
        return template

    def key(self, request: Request) -> str:
        """A hash that is the same in every process: program, request, and the versions that grounded it."""
        fields = [
            FORMAT,
            [version(name) for name in ("problog", "deepproblog")],
            self.program,
            list(map(str, request.queries)),
            list(map(str, request.evidence)),
            list(request.images),
            request.merge,
            request.keep_false,
        ]
        return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def save(path: Path, key: str, template: Template) -> None:
    """Write atomically; a template whose terms do not survive being written as text is left out, as is a full
    disk.
    """
    terms = [*template.answers, *(value for slot in template.slots for value in slot.domain)]
    if any(parse_query(str(term)) != term for term in terms):
        return
    header = json.dumps({"key": key, **_header(template)})
    arrays = _arrays(template.circuit)
    digest = _digest(header, arrays)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            bags, offsets = arrays["bags"], arrays["offsets"]
            np.savez_compressed(file, header=header, digest=digest, bags=bags, offsets=offsets)
        os.replace(file.name, path)
    except OSError:
        return


def load(path: Path, key: str) -> Template | None:
    """A stored template, or None if the file is not exactly what `save` wrote for this key."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as data:
            header, digest = str(data["header"]), str(data["digest"])
            arrays = {name: data[name] for name in ("bags", "offsets")}
        if digest != _digest(header, arrays):
            return None
        fields = json.loads(header)
        return _template(fields, arrays) if fields["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, ProgramError, EOFError):
        return None


def _digest(header: str, arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256(header.encode())
    for name in sorted(arrays):
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def _arrays(circuit: LayeredCircuit) -> dict[str, np.ndarray]:
    empty = np.zeros(0, dtype=np.int64)
    return {
        "bags": np.concatenate([empty, *(layer.bags for layer in circuit.layers)]),
        "offsets": np.concatenate([empty, *(layer.offsets for layer in circuit.layers)]),
    }


def _header(template: Template) -> dict[str, Any]:
    names = {kind: name for name, kind in _WEIGHTS.items()}
    return {
        "leaves": template.circuit.leaves,
        "roots": template.circuit.roots,
        "layers": [
            [
                [[block.count, block.length] for block in layer.blocks],
                layer.plain,
                len(layer.bags),
                len(layer.offsets),
            ]
            for layer in template.circuit.layers
        ],
        "variables": [
            [variable.names, [[names[type(weight)], asdict(weight)] for weight in variable.weights]]
            for variable in template.variables
        ],
        "slots": [
            [
                slot.network,
                list(map(str, slot.inputs)),
                slot.images,
                slot.predicate,
                list(map(str, slot.domain)),
            ]
            for slot in template.slots
        ],
        "answers": list(map(str, template.answers)),
        "conditional": template.conditional,
        "report": asdict(template.report),
        "evidence": template.evidence,
    }


def _template(fields: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Template:
    layers = []
    leaves = [(variable, value) for variable, value in fields["leaves"]]
    row, product, bag, offset = 1 + len(leaves), 0, 0, 0
    for blocks, plain, bags, offsets in fields["layers"]:
        part = arrays["bags"][bag : bag + bags], arrays["offsets"][offset : offset + offsets]
        layers.append(Layer(*part, tuple(SumBlock(*block) for block in blocks), plain, row, product))
        if part[0].size and not 0 <= part[0].min() <= part[0].max() < row:
            raise ValueError("a product refers to a row that does not exist yet")
        row, product = row + layers[-1].rows, product + layers[-1].products
        bag, offset = bag + bags, offset + offsets
    return Template(
        circuit=LayeredCircuit(leaves, layers, fields["roots"]),
        variables=tuple(
            Variable(tuple(names), tuple(_WEIGHTS[kind](**weight) for kind, weight in weights))
            for names, weights in fields["variables"]
        ),
        slots=tuple(
            Slot(
                network,
                tuple(map(parse_query, inputs)),
                tuple(images),
                predicate,
                tuple(map(parse_query, domain)),
            )
            for network, inputs, images, predicate, domain in fields["slots"]
        ),
        answers=tuple(map(parse_query, fields["answers"])),
        conditional=fields["conditional"],
        report=Report(**fields["report"]),
        evidence=fields["evidence"],
    )
