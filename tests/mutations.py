"""Random damage to files: what disks, transfers and people do to them."""

import json
import random
from pathlib import Path
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**70,
    1e308,
    float("nan"),
    "",
    "../x",
    [],
    {},
    [[1]],
    "F32",
    "é\n\x1b",
)


def damage(file: Path, rng: random.Random) -> str:
    """Change a file at random; returns how."""
    data = file.read_bytes()
    here, there = sorted(rng.randrange(len(data)) for _ in range(2))
    ways = {
        "flip": lambda: data[:here] + bytes([data[here] ^ 1 << rng.randrange(8)]) + data[here + 1 :],
        "truncate": lambda: data[:here],
        "extend": lambda: data + rng.randbytes(1 + rng.randrange(100)),
        "swap": lambda: data[there:] + data[here:there] + data[:here],
        "zero": lambda: data[:here] + bytes(there - here) + data[there:],
        "cut": lambda: data[:here] + data[there:],
        "length": lambda: rng.randrange(2**64).to_bytes(8, "little") + data[8:],
        "edit": lambda: _with_json(data, rng) if data[:1] == b"{" else _with_header(data, rng),
        "edit again": lambda: _with_json(data, rng) if data[:1] == b"{" else _with_header(data, rng),
    }
    how = rng.choice(list(ways))
    file.write_bytes(ways[how]())
    return how


def _with_json(data: bytes, rng: random.Random) -> bytes:
    return json.dumps(_edited(json.loads(data), rng)).encode()


def _with_header(data: bytes, rng: random.Random) -> bytes:
    """A safetensors file whose header is well formed, and says something else."""
    length = int.from_bytes(data[:8], "little")
    text = _with_json(data[8 : 8 + length], rng)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def _edited(tree: Any, rng: random.Random) -> Any:
    """One place of it replaced, dropped, renamed or doubled."""
    if isinstance(tree, dict) and tree and rng.random() < 0.9:
        name = rng.choice(sorted(tree))
        rest = {key: value for key, value in tree.items() if key != name}
        return rng.choice(
            [
                lambda: tree | {name: _edited(tree[name], rng)},
                lambda: tree | {name: _edited(tree[name], rng)},
                lambda: rest,
                lambda: rest | {rng.choice(["x", "return", "self", name.upper(), "__class__"]): tree[name]},
                lambda: tree | {name: tree[rng.choice(sorted(tree))]},
            ]
        )()
    if isinstance(tree, list) and tree and rng.random() < 0.8:
        place = rng.randrange(len(tree))
        return [*tree[:place], _edited(tree[place], rng), *tree[place + rng.randrange(2) :]]
    return rng.choice(ODD)
