"""The disk cache of compiled templates: what it stores, and what it does not believe."""

import json
import subprocess
import sys

import numpy as np
import torch

from gedi_nesy.logic import Program
from gedi_nesy.logic.circuits.store import Store


def stored(
    tmp_path, text="0.3 :: a. b(1) :- a. b('X y') :- \\+ a. evidence(a, true). t(_) :: c. b([1, 2]) :- c."
):
    program = Program.from_string(text, {})
    program.store = Store(tmp_path, text, worth_storing=0.0)
    return program


def test_the_disk_cache_gives_the_same_shape(tmp_path):
    first = stored(tmp_path).compile("b(X)", [], "X")
    assert len(list(tmp_path.glob("*.npz"))) == 1
    second = stored(tmp_path)
    second.front_end.ground = None  # nothing may be grounded again
    again = second.compile("b(X)", [], "X")
    assert again.answers == first.answers
    assert again.template.report == first.template.report
    torch.testing.assert_close(again.distribution(), first.distribution())


def test_torn_and_foreign_cache_files_are_compiled_anew(tmp_path):
    truth = stored(tmp_path).compile("b(X)", [], "X").distribution()
    (path,) = tmp_path.glob("*.npz")
    whole = path.read_bytes()
    with np.load(path) as data:
        arrays = {name: data[name] for name in data.files}
    header = json.loads(str(arrays["header"]))
    forged = {**arrays, "header": np.array(json.dumps({**header, "answers": ["1", "2", "3"]}))}
    foreign = {**arrays, "bags": arrays["bags"] + 1}
    for content in (
        b"",
        whole[: len(whole) // 2],
        b"not a zip",
        whole[:-10] + b"0123456789",
        forged,
        foreign,
    ):
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            np.savez(path, **content)
        torch.testing.assert_close(stored(tmp_path).compile("b(X)", [], "X").distribution(), truth)
        assert path.read_bytes()[:2] == b"PK"
    assert not list(tmp_path.glob("*.tmp"))


def test_the_cache_key_is_the_same_in_every_process():
    code = (
        "from gedi_nesy.logic import Program; from gedi_nesy.logic.grounding.ground import Request;"
        "from gedi_nesy.logic.language.source import parse_query; from gedi_nesy.logic.circuits.store import Store;"
        "from pathlib import Path;"
        "print(Store(Path(), 'a.').key(Request('q', (parse_query('p(X, [a])'),), (), ('X',), True)))"
    )
    keys = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(keys) == 1
    assert len(keys.pop().strip()) == 64
