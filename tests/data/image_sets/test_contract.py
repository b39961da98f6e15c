"""What every data set keeps to: a new file in `image_sets` is tested by being there."""

import re
from pathlib import Path

import pytest
import torch

from gedi_nesy.data.image_sets import SOURCES
from gedi_nesy.data.images import DataError, load

PACKAGED = [name for name, source in SOURCES.items() if source.fetch is None]
FETCHED = [name for name, source in SOURCES.items() if source.fetch is not None]
DOCS = Path(__file__).parents[3] / "docs" / "data-sets.md"


@pytest.mark.parametrize("name", PACKAGED)
def test_what_comes_with_a_package_loads(name):
    dataset, again = load(name), load(name)
    source = SOURCES[name]
    for part, same in ((dataset.train, again.train), (dataset.test, again.test)):
        assert tuple(part.images.shape[1:]) == source.image_shape
        assert torch.equal(part.images, same.images), "the split is fixed"
        assert set(part.labels.tolist()) == set(range(source.num_classes))
    both = torch.cat([dataset.train.images, dataset.test.images]).flatten(1)
    assert len(both.unique(dim=0)) >= len(both) - 2, "no image is in both parts"


@pytest.mark.parametrize("name", FETCHED)
def test_what_is_missing_says_how_to_fetch_it(name, tmp_path):
    with pytest.raises(DataError, match=f"--dataset {name} needs --data-root DIR, the folder that holds "):
        load(name)
    with pytest.raises(DataError) as caught:
        load(name, tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    found = re.search(r'is missing: no .* here; fetch it with: python -c "(.*)"$', message)
    assert found, message
    compile(found[1], "command", "exec")
    assert repr(str(tmp_path)) in found[1]


@pytest.mark.parametrize("name", FETCHED)
def test_a_root_that_is_a_file_is_one_line(name, tmp_path):
    (tmp_path / "root").write_text("no folder")
    with pytest.raises(DataError, match=r"root.*: Not a directory"):
        load(name, tmp_path / "root")


@pytest.mark.parametrize("name", list(SOURCES))
def test_the_docs_have_a_line_for_it(name):
    source = SOURCES[name]
    size = "x".join(map(str, source.image_shape))
    assert (
        f"| `{name}` | {source.title} | {size} | {source.num_classes} | {source.place} |" in DOCS.read_text()
    )
