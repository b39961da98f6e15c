"""`python -m benchmarks.circuits --peers`, without DeepLog."""

import itertools
from pathlib import Path

import pytest
import torch

from benchmarks.circuits import peer_worker, peers
from benchmarks.circuits.config import CircuitsConfig
from benchmarks.circuits.peer_worker import PEERS, circuit_module
from benchmarks.circuits.report import PEERS as PART
from benchmarks.circuits.report import body

ANSWERS = {
    "one": lambda a, b: a + b,
    "formula-3": lambda a, o, b: (a + b, a - b, a * b)[o] if o < 3 else None,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_programs_mean_what_they_say(name):
    """All answers by enumeration."""
    peer = PEERS[name]()
    module, answers, _ = circuit_module(peer)
    xs = [torch.softmax(torch.randn(2, 1, 10, dtype=torch.float64), 2) for _ in range(peer.images)]
    expected = dict.fromkeys(answers, 0.0)
    for values in itertools.product(range(10), repeat=peer.images):
        if (answer := ANSWERS[name](*values)) is not None:
            expected[str(answer)] += float(
                torch.stack([x[1, 0, value] for x, value in zip(xs, values, strict=True)]).prod()
            )
    assert module(*xs).exp()[1].tolist() == pytest.approx([expected[answer] for answer in answers])


def test_one_sum_of_many_digits_is_one_of_them():
    """Networks that are sure of 321 and of 1000."""
    module, answers, _ = circuit_module(PEERS["three"]())
    assert answers == ["true"]

    def sure(number: int) -> list[torch.Tensor]:
        return [torch.eye(10)[number // 10**place % 10][None, None] for place in range(3)]

    def probability(a: int, b: int) -> float:
        pairs = zip(sure(a), sure(b), strict=True)
        return float(module(*(x for pair in pairs for x in pair)).exp())

    assert probability(321, 1000 - 0) == pytest.approx(0.0, abs=1e-6)
    assert probability(721, 600) == pytest.approx(1.0)
    assert probability(721, 601) == pytest.approx(0.0, abs=1e-6)


def test_expressions_have_operators_as_functors():
    assert peer_worker._parsed(["A", "0", "B", "2", "C"]) == "+(A, *(B, C))"
    assert peer_worker._parsed(["A", "1", "B", "0", "C"]) == "+(-(A, B), C)"
    assert peer_worker._parsed(["A", "2", "B", "2", "C"]) == "*(*(A, B), C)"


def test_without_a_newer_python_deeplog_is_left_out(monkeypatch, tmp_path):
    monkeypatch.setattr(peers, "LEAST", (99, 0))
    with pytest.raises(peers.LeftOutError, match="needs Python 99"):
        peers.measure("one", tmp_path / "none", 2, 1, 60.0)


def test_what_fails_is_said_in_a_line(tmp_path):
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\\necho one >&2; echo no such thing >&2; exit 1\\n".replace("\\n", "\n"))
    python.chmod(0o755)
    with pytest.raises(peers.LeftOutError, match=r"python -c import .*: no such thing"):
        peers.measure("one", tmp_path, 2, 1, 60.0)
    row = {"program": "one", "note": "left out: no such thing"}
    (run,) = body(CircuitsConfig(peers=True, peers_environment=Path(tmp_path)), [{"part": PART, "row": row}])[
        "runs"
    ]
    assert run == {"seed": 0, **row, "metrics": {"solved": 0.0}}
