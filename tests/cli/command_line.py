"""Commands as a user runs them, and what every error of theirs looks like."""

import pytest

from gedi_nesy.__main__ import main


def error_of(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int = 1) -> str:
    """The one line that a command ends with; it prints nothing else, and has this exit code."""
    assert main(arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert captured.err.endswith("\n")
    assert "Traceback" not in captured.err
    return captured.err
