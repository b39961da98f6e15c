"""What a seed leaves in its folder while it goes on, when it goes on again, and when it is over."""

import json
import sys
import types
from pathlib import Path

import pytest

from benchmarks.addition.config import AdditionConfig
from benchmarks.runner.devices import device_of
from benchmarks.runner.record import RunRecord, heard_by
from benchmarks.runner.results import about
from gedi_nesy.training.records import Record


def step(number: int, phase: str = "refine", gen: float | None = 0.5) -> Record:
    return Record(phase, number, {"gen": gen, "inv": -1.0, "prior": -2.0, "nesy": None, "satisfaction": None})


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


def test_run_json_is_there_at_once_and_the_history_line_by_line(tmp_path):
    record = RunRecord(
        tmp_path / "seed-3", {"benchmark": "addition", "seed": 3, "config": {"out": Path("x")}}
    )
    about = json.loads((tmp_path / "seed-3" / "run.json").read_text())
    assert about == {"benchmark": "addition", "seed": 3, "config": {"out": "x"}}
    record(step(0))
    assert lines(tmp_path / "seed-3") == [
        {
            "phase": "refine",
            "step": 0,
            "gen": 0.5,
            "inv": -1.0,
            "prior": -2.0,
            "nesy": None,
            "satisfaction": None,
        }
    ]


def test_what_a_killed_process_wrote_beyond_its_checkpoint_is_left_out(tmp_path):
    killed = RunRecord(tmp_path, {})
    for number in range(4):
        killed(step(number))
    again = RunRecord(tmp_path, {})
    again.resumed([step(0), step(1)])
    again(step(2))
    again.close([step(0), step(1), step(2)])
    assert [line["step"] for line in lines(tmp_path)] == [0, 1, 2]


def test_a_run_that_begins_anew_has_a_new_history(tmp_path):
    RunRecord(tmp_path, {})(step(0))
    RunRecord(tmp_path, {}).close([])
    assert lines(tmp_path) == []


def test_tensorboard_hears_every_term_on_one_axis(tmp_path, monkeypatch):
    heard = []

    class Writer:
        def __init__(self, folder: str, purge_step: int | None):
            heard.append((Path(folder).name, purge_step))

        def add_scalar(self, *scalar: object) -> None:
            heard.append(scalar)

        def close(self) -> None:
            heard.append("closed")

    module = types.ModuleType("tensorboard")
    module.SummaryWriter = Writer  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    record = RunRecord(tmp_path, {}, tensorboard=True)
    history = [step(number, "attempt 1") for number in range(5)]
    record.resumed(history)
    record(step(0, gen=None))
    record.close([*history, step(0, gen=None)])
    # what an earlier process wrote from step 5 on is void
    assert heard == [("tensorboard", 5), ("terms/inv", -1.0, 5), ("terms/prior", -2.0, 5), "closed"]


def test_without_tensorboard_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ValueError, match=r"install it with: pip install 'gedi_nesy\[tensorboard\]'"):
        AdditionConfig(tensorboard=True, device="cpu").prepare()


def test_all_hear():
    first, second = [], []
    heard_by(first.append, second.append)(step(0))
    assert first == second == [step(0)]


def test_the_head_says_what_was_asked_of_which_code_on_what():
    found = about("addition", {"triples": 3}, device_of("cpu"))
    assert found["benchmark"] == "addition"
    assert found["config"] == {"triples": 3}
    assert {"torch", "python"} <= found["versions"].keys()
    assert found["device"].startswith("cpu")
    assert found["ranks"] == 1
    assert found["commit"]
