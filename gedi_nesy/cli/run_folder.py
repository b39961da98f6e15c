"""What `cluster` leaves in its folder, and `predict` and `name` read: settings, model, names, tables."""

import csv
import io
import json
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gedi_nesy.cluster import Assignments
from gedi_nesy.errors import ConfigError, GediNesyError
from gedi_nesy.files import write_whole
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.training.records import Record

FORMAT = "gedi_nesy.clusters/1"
SETTINGS, NAMES, MODEL, TABLE = "run.json", "names.json", "model", "clusters.csv"
HISTORY, PAGE = "history.jsonl", "page.html"
TASK_SETTINGS = "settings.json"
"""What a run of `train` has in place of run.json."""
UNLIKE_SHARE = 0.99
"""Of the training inputs, how many are no more unlikely than the energy beyond which an input is unlike them."""


class RunFolderError(GediNesyError, ValueError):
    """A folder that holds no run of `cluster`, or a damaged one."""


@dataclass(frozen=True)
class RunFolder:
    """A finished run: its model, how inputs are prepared for it, and what its clusters are called."""

    model: GEDI
    settings: Mapping[str, Any]
    names: Mapping[int, str]


def prepared(inputs: Tensor, inverted: bool) -> Tensor:
    """What is inverted has a dark background, as augmentations suppose."""
    return 255 - inputs if inverted else inputs


def read(folder: Path) -> RunFolder:
    """The run in a folder. RunFolderError or ModelError says what is missing or damaged."""
    settings = read_settings(folder)
    return RunFolder(GEDI.load(folder / MODEL), settings, read_names(folder))


def read_settings(folder: Path) -> dict[str, Any]:
    """What run.json holds."""
    found = read_json(folder / SETTINGS)
    if found is None:
        if (folder / TASK_SETTINGS).is_file():
            raise RunFolderError(f"{folder}: a run of `gedi-nesy train`, where one of `cluster` is needed")
        raise RunFolderError(
            f"{folder}: no run of `gedi-nesy cluster` or `train` here (neither {SETTINGS} nor {TASK_SETTINGS})"
        )
    bound = found.get("unlike_above", 0.0)
    if (
        found.get("format") != FORMAT
        or not isinstance(found.get("inverted"), bool)
        or not isinstance(bound, int | float)
    ):
        raise RunFolderError(f"{folder / SETTINGS}: not a run of this version (format is not {FORMAT!r})")
    return found


def read_names(folder: Path) -> dict[int, str]:
    """Names by cluster; none if none was given."""
    found = read_json(folder / NAMES) or {}
    if not all(key.isdecimal() and isinstance(name, str) for key, name in found.items()):
        raise RunFolderError(f"{folder / NAMES}: damaged: it holds no names of clusters")
    return {int(key): name for key, name in found.items()}


def write_names(folder: Path, names: Mapping[int, str]) -> None:
    """Keep names for the predictions to come."""
    write_json(folder / NAMES, {str(cluster): names[cluster] for cluster in sorted(names)})


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    write_whole(file, (json.dumps(content, indent=2) + "\n").encode())


def write_history(file: Path, history: Sequence[Record]) -> None:
    """A line of JSON a step: phase, step, terms."""
    lines = (json.dumps({"phase": each.phase, "step": each.step, **each.terms}) + "\n" for each in history)
    write_whole(file, "".join(lines).encode())


def read_history(file: Path) -> list[Record]:
    """What `write_history` wrote; nothing where there is no such file."""
    if not file.is_file():
        return []
    try:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        return [Record(str(line.pop("phase")), int(line.pop("step")), line) for line in lines]
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise RunFolderError(f"{file}: damaged: it holds no history of a run") from error


def write_table(
    file: Path,
    names: Sequence[str],
    found: Assignments,
    symbols: Mapping[int, str] | None = None,
    unlike_above: float | None = None,
) -> None:
    """CSV with a row an input: image, cluster, probability, energy.

    With `symbols` also what the cluster is called; with `unlike_above`, an energy, also which inputs lie beyond it.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    extra = [] if symbols is None else ["symbol"]
    unlike = [] if unlike_above is None else ["unlike"]
    writer.writerow(["image", "cluster", *extra, "probability", "energy", *unlike])
    best, clusters = (part.tolist() for part in found.probabilities.max(dim=1))
    for name, cluster, sure, energy in zip(names, clusters, best, found.energies.tolist(), strict=True):
        called = [] if symbols is None else [symbols.get(cluster, str(cluster))]
        beyond = [] if unlike_above is None else ["yes" if energy > unlike_above else "no"]
        writer.writerow([name, cluster, *called, f"{sure:.6g}", f"{energy:.6g}", *beyond])
    write_whole(file, text.getvalue().encode())


def energy_bound(energies: Tensor) -> float:
    """The energy that `UNLIKE_SHARE` of the training inputs do not exceed."""
    return float(torch.quantile(energies.double()[:: 1 + len(energies) // 1_000_000], UNLIKE_SHARE))


def sort_into(target: Path, source: Path, names: Sequence[str], clusters: Tensor, link: bool) -> None:
    """Copy, or link, each image into a folder of its cluster; sub-folders become part of its name."""
    width = len(str(int(clusters.max())))
    for name, cluster in zip(names, clusters.tolist(), strict=True):
        place = target / f"{cluster:0{width}d}" / name.replace("/", "__")
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink() or place.exists():
            raise ConfigError(f"--sort-into {target}: {name} and another file would both be {place.name}")
        if link:
            place.symlink_to((source / name).resolve())
        else:
            shutil.copy2(source / name, place)


def without_resume(command_line: str) -> str:
    """What makes the whole run again, by one command that may have gone on with it."""
    return shlex.join(word for word in shlex.split(command_line) if word != "--resume")


def cluster_sizes(found: Assignments) -> list[int]:
    """Inputs by cluster."""
    clusters = found.probabilities.argmax(dim=1)
    return torch.bincount(clusters, minlength=found.probabilities.shape[1]).tolist()


def read_json(file: Path) -> dict[str, Any] | None:
    """The mapping in a JSON file; None where there is no file."""
    if not file.is_file():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunFolderError(f"{file}: damaged: {error}") from error
    if not isinstance(found, dict):
        raise RunFolderError(f"{file}: damaged: it holds no settings")
    return found
