"""Files of points as users have them, and what is said of bad ones."""

import numpy as np
import pytest
import torch

from gedi_nesy.data.point_files import load_file

ROWS = [f"{i},{i * 0.5 - 3}" for i in range(12)]


def written(path, lines):
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("header", [[], ["x,y"]])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_csv_with_and_without_header(tmp_path, header, delimiter):
    lines = [line.replace(",", delimiter) for line in [*header, *ROWS]]
    found = load_file(written(tmp_path / "mine.csv", lines))
    assert torch.equal(found.inputs[:, 0], torch.arange(12.0, dtype=torch.float64))
    assert found.inputs[4, 1] == -1
    assert len(found.labels) == 0


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["10", "2", "-1"], [2, 1, 0]),
        (["cat", "10", "ant"], [2, 0, 1]),
    ],
)
def test_labels_are_numbered_in_their_order(tmp_path, labels, expected):
    lines = ["0,1,Label"] + [f"{row},{labels[i % 3]}" for i, row in enumerate(ROWS)]
    found = load_file(written(tmp_path / "mine.csv", lines))
    assert found.inputs.shape == (12, 2)
    assert found.labels.tolist() == expected * 4


def test_quotes_blank_lines_spaces_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("\ufeff" + '"a", b\r\n' + "\r\n\r\n".join(f'"{i}", 1e-{i}' for i in range(10)))
    assert load_file(path).inputs[3].tolist() == [3, 1e-3]


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_arrays_of_any_width(tmp_path, dtype):
    array = np.arange(60).reshape(12, 5).astype(dtype)
    np.save(tmp_path / "mine.npy", array)
    found = load_file(tmp_path / "mine.npy")
    assert (found.inputs.numpy() == array).all()
    assert len(found.labels) == 0


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([*ROWS, "1,two"], "row 13 holds 'two', which is not a number"),
        (["1,two", *ROWS], "row 1 holds 'two'"),
        (["x,y", *ROWS, "1,2,3"], "row 14 has 3 columns, the rows before it 2"),
        ([*ROWS, "1"], "row 13 has 1 columns"),
        ([*ROWS, "1,"], "row 13 has an empty cell"),
        (["x,y", "", *ROWS, "1,nan"], "NaN or infinity in row 15"),
        ([*ROWS, "inf,1"], "NaN or infinity in row 13"),
        ([*ROWS, "1e999,1"], "NaN or infinity in row 13"),
        (ROWS[:9], "9 rows of numbers, at least 10"),
        (["x,y"], "0 rows of numbers"),
        ([""], "0 rows of numbers"),
        ([row.split(",")[0] for row in ROWS], "1 column of numbers, at least 2"),
        (["x,label", *ROWS], "1 column of numbers, at least 2"),
        (["x,y,label", *(f"{row},a" for row in ROWS), "1,2,"], "row 14 has no label"),
        ([*ROWS, "1,2\0"], "mine.csv"),
    ],
)
def test_bad_csv_is_one_line_with_file_and_row(tmp_path, lines, message):
    path = written(tmp_path / "mine.csv", lines)
    with pytest.raises(ValueError, match=message) as caught:
        load_file(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def nan_row() -> np.ndarray:
    array = np.ones((12, 2))
    array[6, 1] = np.nan
    return array


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (nan_row(), "NaN or infinity in row 7"),
        (np.ones((9, 2)), "9 rows"),
        (np.ones((12, 1)), "1 column"),
        (np.ones(12), r"found float64 \(12,\)"),
        (np.ones((12, 2), dtype=complex), "found complex128"),
        (np.array([["a", "b"]] * 12), "found <U1"),
        (np.array([[{}, 1]] * 12), "never unpickled"),
    ],
)
def test_bad_arrays_are_one_line(tmp_path, array, message):
    path = tmp_path / "mine.npy"
    np.save(path, array, allow_pickle=True)
    with pytest.raises(ValueError, match=message) as caught:
        load_file(path)
    assert "\n" not in str(caught.value)


def test_torn_and_missing_files(tmp_path):
    np.save(tmp_path / "torn.npy", np.ones((12, 2)))
    whole = (tmp_path / "torn.npy").read_bytes()
    for content in (whole[:-40], whole[:20], b"", b"text"):
        (tmp_path / "torn.npy").write_bytes(content)
        with pytest.raises(ValueError, match=r"torn\.npy: no array of numbers"):
            load_file(tmp_path / "torn.npy")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x01" * 20)
    with pytest.raises(ValueError, match="no CSV text"):
        load_file(tmp_path / "binary.csv")
    for name, message in (("none.csv", "no such file"), (".", "no such file")):
        with pytest.raises(ValueError, match=message):
            load_file(tmp_path / name)
    written(tmp_path / "mine.txt", ROWS)
    with pytest.raises(ValueError, match=r"read from \.csv or \.npy"):
        load_file(tmp_path / "mine.txt")
