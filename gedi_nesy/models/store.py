"""A model in a folder: weights and config in one file, written whole, and nothing of a foreign folder is trusted.

`model.safetensors` holds the weights and, in its metadata, the config, which weights are tied, and a SHA-256 of it all;
`config.json` shows the config to people, and stands in for it where a model was saved before it was in the weights.
"""

import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from gedi_nesy.errors import ConfigError
from gedi_nesy.files import UnreadableError, digest, read_tensors, to_bytes, write_whole
from gedi_nesy.models.stored_config import ModelError, arguments_of, parse_config, read_text

WEIGHTS_FILE, CONFIG_FILE = "model.safetensors", "config.json"

HEAD = ("num_clusters", "tau", "hidden", "activation", "start_rank", "standardised")
"""Arguments of a model beside its backbone."""
LATER: dict[str, Any] = {"activation": "silu", "standardised": False}
"""Those that models have not, which were saved before there was a choice."""
FLOATS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}

Model = TypeVar("Model", bound=nn.Module)


class Saved(NamedTuple):
    """What a folder holds: the config, the weights by name, and which names stand for the weights of another."""

    file: Path
    config: dict[str, Any]
    tensors: dict[str, Tensor]
    ties: dict[str, str]


def write(folder: Path, config: Mapping[str, Any], model: nn.Module) -> None:
    """Write a model to a folder; one that is there stays until the new one is on disk. WriteError if that fails."""
    state, ties = _untied(model)
    text = json.dumps(config, indent=2)
    metadata = {"config": text, "ties": json.dumps(ties)}
    metadata["sha256"] = digest(metadata, state)
    write_whole(folder / WEIGHTS_FILE, to_bytes(state, metadata))
    write_whole(folder / CONFIG_FILE, f"{text}\n".encode())


def read(folder: Path) -> Saved:
    """Read what `write` wrote, or an earlier version of it. ModelError says what is wrong with it."""
    file = folder / WEIGHTS_FILE
    found = [name for name in (WEIGHTS_FILE, CONFIG_FILE) if (folder / name).exists()]
    for name in found:
        if (folder / name).resolve().parent != folder.resolve():
            raise ModelError(f"{folder / name}: a link that leads out of its folder is not followed")
    if WEIGHTS_FILE not in found:
        raise ModelError(f"{folder}: no GEDI model here ({WEIGHTS_FILE} is missing)")
    shown = (
        parse_config(folder / CONFIG_FILE, read_text(folder / CONFIG_FILE)) if CONFIG_FILE in found else None
    )
    try:
        metadata, tensors = read_tensors(file)
    except UnreadableError as error:
        raise ModelError(f"{file}: no weights of this model: it {error}") from error
    if "sha256" not in metadata:
        if shown is None:
            raise ModelError(f"{folder}: no GEDI model here ({CONFIG_FILE} is missing)")
        return Saved(file, shown, tensors, {})
    claimed = metadata.pop("sha256")
    if metadata.keys() != {"config", "ties"}:
        raise ModelError(f"{file}: damaged: it holds {', '.join(sorted(metadata))}")
    if claimed != digest({name: metadata[name] for name in ("config", "ties")}, tensors):
        raise ModelError(f"{file}: damaged: its checksum does not fit")
    config = parse_config(file, metadata["config"])
    if shown is not None and config != shown:
        warnings.warn(f"{folder / CONFIG_FILE} differs from the config in {file}, which counts", stacklevel=3)
    return Saved(file, config, tensors, _ties(file, metadata["ties"], tensors))


def load(
    folder: Path,
    kind: type[Model],
    backbones: Mapping[str, Callable[..., nn.Module]],
    backbone: nn.Module | None,
) -> Model:
    """A model of `kind` from a folder, over the backbone that its config names, or over the one that is given."""
    saved = read(folder)
    config = LATER | saved.config
    for key in (*HEAD, "backbone", "backbone_config"):
        if key not in config:
            raise ModelError(f"{saved.file}: its config has no {key}")
    head = arguments_of(saved.file, kind, {key: config[key] for key in HEAD}, "its config")
    name, own = str(config["backbone"]), config["backbone_config"]
    if backbone is None:
        if name not in backbones:
            raise ModelError(f"{saved.file}: backbone {name[:60]!r} is not ours; pass it as backbone=")
        own = arguments_of(saved.file, backbones[name], own, "its backbone_config")

    def make() -> Model:
        return kind(backbones[name](**own) if backbone is None else backbone, **head)

    try:
        return build(saved, make)
    except ConfigError as error:
        raise ModelError(f"{saved.file}: {error}") from error


def build(saved: Saved, make: Callable[[], Model]) -> Model:
    """The model that `make` makes, with the saved weights, in eval mode. ModelError if they do not fit.

    It is made without memory first: what a config claims costs nothing until the weights agree.
    """
    try:
        with torch.device("meta"):
            _check_fit(saved, make())
    except (RuntimeError, OverflowError, TypeError) as error:  # what torch says of sizes beyond all bounds
        reason = str(error).splitlines()[0][:120]
        raise ModelError(f"{saved.file}: its config asks for an impossible network: {reason}") from error
    with torch.random.fork_rng(devices=[]):
        model = make()
    for alias, name in saved.ties.items():
        _tie(model, alias, name)
    for name, value in model.state_dict(keep_vars=True).items():
        value.data = value.data.to(saved.tensors[saved.ties.get(name, name)].dtype)
    model.load_state_dict(saved.tensors | {alias: saved.tensors[name] for alias, name in saved.ties.items()})
    return model.eval()


def _untied(model: nn.Module) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Weights by name, those that are one and the same once, and the other names with the one that is kept."""
    state, ties, seen = {}, {}, {}
    for name, value in model.state_dict(keep_vars=True).items():
        kept = seen.setdefault(id(value), name)
        if kept == name:
            # a copy of its own, for what merely shares memory
            state[name] = value.detach().to("cpu", copy=True).contiguous()
        else:
            ties[name] = kept
    return state, ties


def _tie(model: nn.Module, alias: str, name: str) -> None:
    (place, _, own), (there, _, other) = alias.rpartition("."), name.rpartition(".")
    setattr(model.get_submodule(place), own, getattr(model.get_submodule(there), other))


def _ties(file: Path, text: str, tensors: Mapping[str, Tensor]) -> dict[str, str]:
    try:
        ties = json.loads(text)
    except json.JSONDecodeError:
        ties = None
    if not isinstance(ties, dict) or not all(
        isinstance(name, str) and name in tensors for name in ties.values()
    ):
        raise ModelError(f"{file}: damaged: it does not say which weights are tied")
    return ties


def _check_fit(saved: Saved, model: nn.Module) -> None:
    """Names, shapes and kinds of the weights against those of the model."""
    expected = model.state_dict()
    found = saved.tensors | {alias: saved.tensors[name] for alias, name in saved.ties.items()}
    odd = sorted(expected.keys() ^ found.keys())
    if odd:
        what = "is missing" if odd[0] in expected else "belongs to another"
        raise ModelError(f"{saved.file}: no weights of this model: {odd[0][:80]} {what}")
    for name, value in expected.items():
        if value.shape != found[name].shape:
            shapes = f"{tuple(found[name].shape)}, not {tuple(value.shape)}"
            raise ModelError(f"{saved.file}: no weights of this model: {name} is {shapes}")
        if value.dtype != found[name].dtype and not {value.dtype, found[name].dtype} <= FLOATS:
            raise ModelError(
                f"{saved.file}: no weights of this model: {name} is {found[name].dtype}, not {value.dtype}"
            )
        if found[name].is_floating_point() and not found[name].isfinite().all():
            raise ModelError(f"{saved.file}: {name} holds values that are not finite")
