"""Labels by file and by folder."""

import pytest

from gedi_nesy.cli.label_files import labels_by_folder, read_labels
from gedi_nesy.data.dataset import DataError


def test_labels_come_in_the_order_of_the_inputs(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text('\ufefflabel,image,more\n7,"b, c.png",x\n"a ""b""",a.png,\n7,"b, c.png",again\n')
    assert read_labels(file, ["a.png", "none.png", "b, c.png"]) == ['a "b"', None, "7"]


def test_labels_of_one_network_of_several(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text("image,symbol,network\na.png,7,digit_net\na.png,red,colour_net\nb.png,8,\n")
    assert read_labels(file, ["a.png", "b.png"], "digit_net") == ["7", "8"]
    assert read_labels(file, ["a.png", "b.png"], "colour_net") == ["red", "8"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must name the columns image and label"),
        ("image\na.png\n", "must name the columns image and label"),
        ("image,label\nz.png,1\n", "line 2: 'z.png' is none of the run's inputs, such as 'a.png'"),
        ("image,label\na.png,1\na.png,2\n", "line 3: 'a.png' has two labels, '1' and '2'"),
        ("image,label\na.png\n", "line 2 has no label"),
        ("image,label\n,1\n", "line 2 has no image"),
        ('image,label\n"a.png,1\n', "unexpected end of data"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, text, said):
    file = tmp_path / "labels.csv"
    file.write_text(text)
    with pytest.raises(DataError) as error:
        read_labels(file, ["a.png"])
    assert said in str(error.value)
    assert str(file) in str(error.value)


def test_the_folder_of_an_image_is_its_label():
    assert labels_by_folder(["cat/1.png", "2.png", "dog/old/3.png"]) == ["cat", None, "dog/old"]
    with pytest.raises(DataError, match="no image lies in a sub-folder"):
        labels_by_folder(["1.png"])
