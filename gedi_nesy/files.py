"""Files written whole or not at all, text of a bounded length, and tensors: checked when read, never unpickled."""

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load as from_bytes
from safetensors.torch import save
from torch import Tensor

from gedi_nesy.errors import GediNesyError

MOST_TEXT = 64 << 20
"""Bytes of the longest program, or file of queries or labels."""


class TensorFile(NamedTuple):
    """What a safetensors file holds."""

    metadata: dict[str, str]
    tensors: dict[str, Tensor]


class WriteError(GediNesyError, OSError):
    """A file could not be written; what was there before is as it was."""


class UnreadableError(Exception):
    """Why a file holds no tensors; the message continues a sentence that begins with its name."""


def write_whole(target: Path, data: bytes) -> None:
    """Under another name first, then renamed: whoever looks finds all of the file, or what was there before.

    What is no file, such as /dev/stdout or a pipe, is written to as it stands. WriteError if it cannot be written, as
    on a full disk.
    """
    if target.exists() and not (target.resolve().is_file() or target.is_dir()):
        return _write_to(target, data)
    partial = target.with_name(f".{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise WriteError(f"{target} was not written: {reason}; what was saved before is intact") from error


def _write_to(target: Path, data: bytes) -> None:
    """To a device or a pipe, which must stay what it is."""
    try:
        with target.open("wb") as stream:
            stream.write(data)
    except OSError as error:
        raise WriteError(f"{target} was not written: {error.strerror or error}") from error


def read_text(file: str | os.PathLike[str]) -> str:
    """The UTF-8 text of a file, without a byte-order mark; OSError also where it is longer than any text should be.

    So a device that never ends does not fill the memory.
    """
    with Path(file).open("rb") as stream:
        content = stream.read(MOST_TEXT + 1)
    if len(content) > MOST_TEXT:
        raise OSError(errno.EFBIG, f"it is longer than {MOST_TEXT >> 20} MiB", str(file))
    return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def read_tensors(file: Path) -> TensorFile:
    """All of a safetensors file. UnreadableError if it is anything else."""
    if not file.is_file():
        raise UnreadableError("is not a file")
    if file.resolve().parent != file.parent.resolve():
        raise UnreadableError("is a link that leads out of its folder")
    try:
        data = file.read_bytes()
        tensors = from_bytes(data)
    except (OSError, ValueError, SafetensorError) as error:
        raise UnreadableError(f"cannot be read ({str(error).strip().splitlines()[0]})") from error
    # what safetensors accepts has a header of this form, and its metadata are text
    length = int.from_bytes(data[:8], "little")
    return TensorFile(json.loads(data[8 : 8 + length]).get("__metadata__") or {}, tensors)


def to_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """A safetensors file, the same bytes for the same content: safetensors itself writes metadata in any order."""
    data = save(dict(tensors), dict(metadata))
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    # spaces behind the header are part of the format: tensors begin at a multiple of 8
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def digest(metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of the metadata, in their order, and of every tensor's name, type, shape and bytes."""
    found = hashlib.sha256()
    for key, text in metadata.items():
        found.update(f"{key} {len(text)} {text}\n".encode())
    for name in sorted(tensors):
        value = tensors[name]
        found.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        found.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _sync_folder(folder: Path) -> None:
    """A rename lasts once the folder itself is on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
