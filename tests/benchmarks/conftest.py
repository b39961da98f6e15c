import pytest

from benchmarks.addition import run as addition


@pytest.fixture
def no_report(monkeypatch):
    """Runs of the addition benchmark without audit, pictures and page: most of what a tiny one takes."""
    monkeypatch.setattr(addition.audits, "audited", lambda program, queries: (None, "No audit"))
    for name in ("draw", "write_page"):
        monkeypatch.setattr(addition, name, lambda *arguments: None)
