"""Published tables are those that their files give."""

import json

import pytest

from benchmarks.figures.__main__ import keep, made, pages, stale
from benchmarks.figures.distil import distil, read
from benchmarks.figures.tables import TABLES
from benchmarks.figures.text import NOT_GENERATED, filled, names

HEAD = {
    "benchmark": "toy",
    "command": "python -m benchmarks.toy --threads 1 --seeds 0 1 --out runs/x",
    "commit": "abc1234",
    "versions": {"torch": "2.15.0"},
    "device": "cpu",
}


def _run(seed, nmi, method="GEDI", **more):
    metrics = {"nmi": nmi, "samples_near": 0.5, "seconds": 3.0}
    return {"seed": seed, "dataset": "moons", "method": method, "metrics": metrics, **more}


TOY = {
    **HEAD,
    "runs": [
        _run(0, 0.25, search="3 restarts"),
        _run(1, 0.75, search="3 restarts"),
        _run(0, 0.1, "k-means"),
        _run(1, 0.3, "k-means"),
    ],
}


def test_what_readme_and_docs_say_is_what_the_files_say(root):
    changed = stale(root, made(root / "docs" / "figures"))
    assert [page.name for page in changed] == [], "run: make figures"


def test_every_file_is_read_by_a_table_and_every_table_stands_somewhere(root):
    files = {file.stem for file in (root / "docs" / "figures").glob("*.json")}
    assert files <= {file for table in TABLES.values() for file in table.files}
    assert {name for page in pages(root) for name in names(page.read_text())} == set(TABLES)


def test_a_table_has_medians_and_minima_by_hand(tmp_path):
    (tmp_path / "toy.json").write_text(json.dumps(TOY))
    tables = made(tmp_path)
    assert tables["toy"] == "\n".join(
        [
            "| method | search | moons, median (min.) | samples near the manifold |",
            "| --- | --- | --- | --- |",
            "| GEDI | 3 restarts | 0.50 (0.25) | 0.50 |",
            "| k-means |  | 0.20 (0.10) | 0.50 |",
        ]
    )
    assert tables["addition"] is None


def test_a_text_that_differs_from_its_file_is_found(tmp_path):
    (tmp_path / "docs").mkdir()
    page = tmp_path / "README.md"
    page.write_text("Before.\n<!-- table: toy -->\n| 0.51 |\n<!-- end -->\nAfter.\n")
    tables = {"toy": "| 0.50 |"}
    changed = stale(tmp_path, tables)
    assert changed == {page: "Before.\n<!-- table: toy -->\n| 0.50 |\n<!-- end -->\nAfter.\n"}
    page.write_text(changed[page])
    assert stale(tmp_path, tables) == {}


def test_a_table_without_its_files_stays_and_says_so():
    text = "<!-- table: toy -->\n| by hand |\n<!-- end -->"
    once = filled(text, {"toy": None})
    assert once == f"<!-- table: toy{NOT_GENERATED} -->\n| by hand |\n<!-- end -->"
    assert filled(once, {"toy": None}) == once
    assert filled(once, {"toy": "| new |"}) == "<!-- table: toy -->\n| new |\n<!-- end -->"


def test_a_table_nobody_defines_is_refused():
    with pytest.raises(ValueError, match="table: sums -->: no such table; known: toy"):
        filled("<!-- table: sums -->\n<!-- end -->", {"toy": None})


def test_a_run_folder_becomes_a_small_file(tmp_path):
    learned = {"map": {"digit_net": {"0": "0", "1": "1"}}, "number": 1, "sentence": "..."}
    attempts = [{"objective": -1.0}, {"objective": -0.5}]
    results = {**TOY, "runs": [_run(0, 1 / 3, learned=learned, attempts=attempts, sentence="a b")]}
    (tmp_path / "results.json").write_text(json.dumps({**results, "config": {"a": 1}}))
    file = keep(tmp_path, "toy", "", tmp_path / "figures")
    kept = read(file)
    assert kept == {
        **HEAD,
        "runs": [
            {
                "seed": 0,
                "dataset": "moons",
                "method": "GEDI",
                "metrics": {"nmi": 0.33333, "samples_near": 0.5, "seconds": 3.0},
                "restarts": 2,
                "learned": "the identity",
            }
        ],
    }


def test_verdicts_stand_side_by_side_from_run_to_table(tmp_path):
    grounded = {"verdict": "grounded", "held_out": 1.0, "readings": 1}
    ambiguous = {"verdict": "ambiguous", "held_out": 0.95, "readings": 8}
    told = {"labels": 3.0, "accuracy_with_labels": 0.98}
    runs = [
        {"row": "max", "seed": 0, "metrics": {"accuracy": 0.99, "right": 1.0}, "verdict": grounded},
        {
            **{"row": "max", "seed": 1, "metrics": {"accuracy": 0.6, "right": 0.0, **told}},
            **{"verdict": ambiguous, "verdict_with_labels": grounded},
        },
    ]
    (tmp_path / "results.json").write_text(json.dumps({**HEAD, "benchmark": "verdict", "runs": runs}))
    kept = read(keep(tmp_path, "verdict", "", tmp_path / "figures"))
    assert kept["runs"][1]["verdict_with_labels"] == "grounded"
    (head, _, row) = (made(tmp_path / "figures")["verdicts"] or "").splitlines()
    assert head.startswith("| rule, or what is wrong | accuracy |")
    assert row == (
        "| max | 0.990, 0.600 |  | 1.00, 0.95 | 1, 8 | 1 x grounded, 1 x ambiguous | 1 of 2 | -, 3 | -, 0.980 |"
    )


def test_methods_stand_side_by_side(tmp_path):
    verdict = {"verdict": "grounded", "held_out": 1.0, "readings": 1}
    runs = [
        {
            **{"task": "xor", "method": method, "seed": seed, "queries": 300, "verdict": verdict},
            "metrics": {"accuracy": accuracy - 0.1 * seed, "clustering_accuracy": 0.995},
        }
        for method, accuracy in (("gedi", 0.99), ("nesy", 0.5), ("supervised", 1.0))
        for seed in range(2)
    ]
    (tmp_path / "results.json").write_text(json.dumps({**HEAD, "benchmark": "grounding", "runs": runs}))
    keep(tmp_path, "grounding", "", tmp_path / "figures")
    (head, _, row) = (made(tmp_path / "figures")["grounding"] or "").splitlines()
    assert head.startswith("| task | seeds | queries | GEDI | renamed | verdict |")
    assert row == (
        "| xor | 2 | 300 | **0.940** (0.890) | 0.995 | 2 x grounded | 1, 1 | 0.450 (0.400) |  |  | 0.950 (0.900) |"
    )


def test_other_sets_are_kept_and_told_apart_in_a_column_each(tmp_path):
    metrics = {"nmi": 0.9, "clustering_accuracy": 0.95, "ari": 0.9, "linear_probe": 0.99, "knn": 0.98}
    runs = [
        {
            **{"row": "GEDI", "seed": seed, "metrics": {**metrics, "ece": 0.01, "fd": 100.0 + seed}},
            "ood": {"noise": {"energy": {"auroc": 1.0 - 0.2 * seed, "aupr": 0.7, "fpr95": 0.1}}},
        }
        for seed in range(3)
    ]
    (tmp_path / "results.json").write_text(json.dumps({**HEAD, "benchmark": "images", "runs": runs}))
    keep(tmp_path, "images-mnist5k", "", tmp_path / "figures")
    tables = made(tmp_path / "figures")
    assert (tables["out-of-distribution"] or "").splitlines()[2] == "| GEDI | energy | 0.800 (0.600) |"
    found = (tables["images"] or "").splitlines()[2]
    assert found == (
        "| GEDI | 3 | 0.900 (0.900) | 0.950 (0.950) | 0.900 (0.900) | 0.990 | 0.980 | 0.010 | 100, 101, 102 |"
    )


def test_photographs_have_a_row_a_command(tmp_path):
    for name, flags in (
        ("photographs", "--extra-images"),
        ("photographs-300", "--extra-images --triples 300"),
    ):
        figures = {"accuracy": 0.86, "accuracy_held_out": 0.9, "supervised": 0.88, "kmeans": 0.7}
        runs = [
            {
                "seed": 0,
                "metrics": {**figures, "estimated_accuracy": 0.88},
                "verdict": {"verdict": "grounded"},
            },
            {"seed": 1, "metrics": figures, "verdict": {"verdict": "unlearned"}},
        ]
        for run in runs:
            run["verdict"] |= {"held_out": 0.7, "readings": None}
        command = f"python -m benchmarks.photographs --data-root DATA {flags} --seeds 0 1 --workers 2"
        (tmp_path / "results.json").write_text(json.dumps({**HEAD, "command": command, "runs": runs}))
        keep(tmp_path, name, "", tmp_path / "figures")
    *_, row = (made(tmp_path / "figures")["photographs"] or "").splitlines()
    assert row == (
        "| `--extra-images --triples 300 --seeds 0 1` | 0.860, 0.860 | 0.900, 0.900 | 0.880, -"
        " | 1 x grounded, 1 x unlearned | 0.880 | 0.700 |"
    )


@pytest.mark.parametrize(
    ("learned", "meaning"),
    [
        ({"map": {"n": {"0": "1", "1": "0"}}, "number": 2}, "map 2"),
        ({"map": {"n": {"0": "1", "1": "1"}}, "number": None}, "none"),
    ],
)
def test_a_concept_map_is_a_word(learned, meaning):
    assert distil({**HEAD, "runs": [_run(0, 1.0, learned=learned)]}, "")["runs"][0]["learned"] == meaning


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({**TOY, "command": ""}, "name no command"),
        ({**TOY, "commit": ""}, "name no commit"),
        ({**HEAD, "runs": [{"seed": 3, "error": "diverged"}]}, "seed 3 has no metrics \\(diverged\\)"),
    ],
)
def test_a_figure_without_its_origin_is_refused(results, message):
    with pytest.raises(ValueError, match=message):
        distil(results, "")


def test_a_name_no_table_reads_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match="--name 'new' is no file of a table; known: addition-10-extra-images,"
    ):
        keep(tmp_path, "new", "", tmp_path)
