"""Progress without a terminal: a line for every tenth, and in a notebook one line that is written over."""

import sys
import types

from gedi_nesy.progress import progress


def test_a_line_for_every_tenth_of_what_the_total_is_by_then(capsys):
    with progress(10) as report:
        for step in range(1, 11):
            report(step, "nesy -0.1", 20)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in lines] == [f"step {step} of 20" for step in (1, 2, 4, 6, 8, 10)]
    assert lines[0].endswith("s left")


def test_a_notebook_has_one_line(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    with progress(3) as report:
        report(1, "a long line of terms")
        report(2, "terms")
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    first, second = written.strip("\r\n").split("\r")
    assert "step 1 of 3" in first
    assert len(second) >= len(first)
