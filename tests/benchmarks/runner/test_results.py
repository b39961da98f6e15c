"""Settings in results.json."""

import json
from pathlib import Path

import pytest

from benchmarks.runner.results import RESULTS_FILE, kept_results, portable, summarise
from gedi_nesy.errors import ConfigError

BUNDLED = Path(__file__).parents[3] / "programs" / "addition.pl"


def test_a_bundled_program_is_named_from_the_project(monkeypatch, tmp_path):
    assert portable(BUNDLED) == portable(str(BUNDLED)) == "programs/addition.pl"
    monkeypatch.chdir(BUNDLED.parents[1])
    assert portable(Path("programs/addition.pl")) == "programs/addition.pl"


def test_any_other_setting_is_as_it_was(tmp_path):
    own = tmp_path / "programs" / "addition.pl"
    own.parent.mkdir()
    own.write_text("a.")
    for value in (own, BUNDLED.with_name("none.pl"), BUNDLED.parent, "programs", "all", 3, None):
        assert portable(value) == value


def test_a_folder_from_before_is_gone_on_with(tmp_path):
    document = {"config": {"program": str(BUNDLED)}, "runs": [{"seed": 0}]}
    (tmp_path / RESULTS_FILE).write_text(json.dumps(document))
    assert kept_results(tmp_path, {"program": "programs/addition.pl"}) == document
    with pytest.raises(ConfigError, match=r"program was programs/addition\.pl, is mine\.pl"):
        kept_results(tmp_path, {"program": "mine.pl"})


def test_a_metric_that_some_runs_lack_is_of_those_that_have_it():
    found = summarise([{"accuracy": 0.5}, {"accuracy": 0.7, "estimate": 0.9}])
    assert found["accuracy"]["mean"] == pytest.approx(0.6)
    assert found["estimate"] == {"median": 0.9, "mean": 0.9, "std": 0.0, "min": 0.9, "max": 0.9}
