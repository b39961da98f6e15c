"""Checkpoints: one file each, written whole or not at all, checked when read; nothing is unpickled.

A checkpoint is a safetensors file `checkpoint-00000012.safetensors`. Its metadata holds, as JSON, everything that is no
tensor, the settings of the run and a SHA-256 of all of it, tensors included. Numbers rise with every save.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from torch import OutOfMemoryError, Tensor

from gedi_nesy.errors import ConfigError, GediNesyError, one_line
from gedi_nesy.files import UnreadableError, WriteError, digest, read_tensors, to_bytes, write_whole

FORMAT = "gedi_nesy.checkpoint/2"
HASHED = ("format", "settings", "about", "state")
NAME = re.compile(r"checkpoint-(\d{8,})\.safetensors")

Tree = Any
"""Nested dicts (keys: text, whole numbers) and lists of tensors, numbers, text, booleans, None; tuples become lists."""


class CheckpointError(GediNesyError, OSError):
    """A checkpoint could not be written, and those written before are as they were; or it holds something else."""


@contextmanager
def restoring() -> Iterator[None]:
    """Within, a state is taken apart that a checkpoint held: CheckpointError if it is that of something else."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        if isinstance(error, GediNesyError | OutOfMemoryError):
            raise
        reason = one_line(f"{type(error).__name__}: {error}")[:200]
        raise CheckpointError(
            f"the checkpoint does not hold the state of this run ({reason}); without its checkpoints it begins again"
        ) from error


class Loaded(NamedTuple):
    """The newest readable checkpoint (None if there is none), and a line for each file that was passed over."""

    state: Tree | None
    about: dict[str, str]
    file: Path | None
    warnings: list[str]


def save(
    folder: Path,
    state: Tree,
    settings: Mapping[str, Any],
    about: Mapping[str, str] | None = None,
    keep: int = 3,
) -> Path:
    """Write the next checkpoint to `folder`, then remove all but the newest `keep`.

    `settings` are what a run must share to go on from it, `about` what is merely worth knowing (versions, commit).
    CheckpointError if it cannot be written: a full disk loses nothing that was saved.
    """
    if keep < 1:
        raise ConfigError(f"keep={keep} must be at least 1")
    tensors: dict[str, Tensor] = {}
    metadata = {
        "format": FORMAT,
        "settings": json.dumps(settings, sort_keys=True, default=str),
        "about": json.dumps(dict(about or {})),
        "state": json.dumps(_take_tensors(state, "state", tensors)),
    }
    metadata["sha256"] = digest(metadata, tensors)
    numbers = sorted(_files(folder))
    target = folder / f"checkpoint-{(numbers[-1] if numbers else 0) + 1:08d}.safetensors"
    try:
        write_whole(target, to_bytes(tensors, metadata))
    except WriteError as error:
        raise CheckpointError(str(error)) from error
    files = _files(folder)
    for number in sorted(files)[:-keep]:
        files[number].unlink(missing_ok=True)
    return target


def load_latest(folder: Path, settings: Mapping[str, Any]) -> Loaded:
    """The newest checkpoint in `folder` that is whole and ours; what a torn write left behind is removed.

    ValueError if it was made with other settings, naming them.
    """
    files = _files(folder)
    for partial in folder.glob(".checkpoint-*.partial"):
        partial.unlink(missing_ok=True)
    warnings: list[str] = []
    for number in sorted(files, reverse=True):
        try:
            before, about, state = _read(files[number])
        except UnreadableError as error:
            warnings.append(f"{files[number]} {error}; the one before it is taken")
            continue
        _check_settings(files[number], before, settings)
        return Loaded(state, about, files[number], warnings)
    if warnings:
        warnings[-1] = warnings[-1].replace("the one before it is taken", "there is none before it")
    return Loaded(None, {}, None, warnings)


def remove(folder: Path) -> None:
    """Delete all checkpoints in `folder`, and the folder if nothing else is in it."""
    for file in (*_files(folder).values(), *folder.glob(".checkpoint-*.partial")):
        file.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _files(folder: Path) -> dict[int, Path]:
    if not folder.is_dir():
        return {}
    return {int(match[1]): file for file in folder.iterdir() if (match := NAME.fullmatch(file.name))}


def _take_tensors(tree: Tree, name: str, tensors: dict[str, Tensor]) -> Any:
    """The tree with a reference in each tensor's place; the tensors are copied, for they may share memory."""
    if isinstance(tree, Tensor):
        assert name not in tensors, name
        tensors[name] = tree.detach().to("cpu", copy=True).contiguous()
        return {"__tensor__": name}
    if isinstance(tree, dict):
        parts = {key: _take_tensors(part, f"{name}/{key}", tensors) for key, part in tree.items()}
        return parts if all(isinstance(key, str) for key in parts) else {"__items__": list(parts.items())}
    if isinstance(tree, (list, tuple)):
        return [_take_tensors(part, f"{name}/{index}", tensors) for index, part in enumerate(tree)]
    return tree


def _put_tensors(tree: Any, tensors: dict[str, Tensor]) -> Tree:
    if isinstance(tree, dict):
        if tree.keys() == {"__tensor__"}:
            return tensors[tree["__tensor__"]]
        pairs = tree["__items__"] if tree.keys() == {"__items__"} else tree.items()
        return {key: _put_tensors(part, tensors) for key, part in pairs}
    if isinstance(tree, list):
        return [_put_tensors(part, tensors) for part in tree]
    return tree


def _read(file: Path) -> tuple[dict[str, Any], dict[str, str], Tree]:
    """Settings, what is worth knowing, and the state."""
    metadata, tensors = read_tensors(file)
    if metadata.get("format") != FORMAT:
        raise UnreadableError(f"is no checkpoint of this version (format {metadata.get('format')!r})")
    if metadata.keys() != {*HASHED, "sha256"}:
        raise UnreadableError(f"is damaged (it holds {', '.join(sorted(metadata))})")
    if metadata["sha256"] != digest({key: metadata[key] for key in HASHED}, tensors):
        raise UnreadableError("is damaged (its checksum does not fit)")
    try:
        before, about, state = (json.loads(metadata[key]) for key in ("settings", "about", "state"))
        if not isinstance(before, dict) or not isinstance(about, dict):
            raise UnreadableError("is damaged (its settings are none)")
        return before, about, _put_tensors(state, tensors)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableError(f"is damaged (its state is none: {str(error).splitlines()[0][:80]})") from error


def _check_settings(file: Path, before: dict[str, Any], settings: Mapping[str, Any]) -> None:
    now = json.loads(json.dumps(settings, default=str))
    changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    if changed:
        differences = ", ".join(f"{name} was {before.get(name)}, is {now.get(name)}" for name in changed)
        raise ConfigError(f"{file} was made with other settings: {differences}")
